export { fromBase64, toBase64 } from './base64.ts';
export * from './generated.ts';
export { fromJson, isTopic, NotARecord, toJson } from './json.ts';
export type { FieldSchema, FieldType, RecordSchema, ValueType } from './record-schema.ts';
export { isoTime } from './time.ts';
