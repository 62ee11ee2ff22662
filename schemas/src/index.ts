export * from './generated.ts';
export type { FieldSchema, FieldType, RecordSchema, ValueType } from './record-schema.ts';
