import type { FieldType, RecordSchema, ValueType } from '@callfold/schemas';
import type { SchemaElement } from 'hyparquet-writer';
import { ByteWriter, parquetWriteRows } from 'hyparquet-writer';
import type { Output } from './output.ts';

/** Derived records as one Parquet file with the schema's columns: times are timestamps, lists and maps nested. */

/** Of one row group, and so in memory at once. */
const ROW_GROUP_ROWS = 50_000;

const isUnion = (type: FieldType): type is readonly ['null', ValueType] => Array.isArray(type);

type Simple = Pick<SchemaElement, 'type' | 'converted_type' | 'logical_type'>;

const TEXT: Simple = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } };
const SIMPLE: Readonly<Record<Extract<ValueType, string>, Simple>> = {
  string: TEXT,
  boolean: { type: 'BOOLEAN' },
  int: { type: 'INT32' },
  long: { type: 'INT64' },
  bytes: { type: 'BYTE_ARRAY' },
};
const TIME: Simple = {
  type: 'INT64',
  converted_type: 'TIMESTAMP_MILLIS',
  logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
};

/** A field with what is inside of it, in the order in which Parquet lists them. */
function elements(name: string, field: FieldType): SchemaElement[] {
  const type = isUnion(field) ? field[1] : field;
  const head = { name, repetition_type: isUnion(field) ? 'OPTIONAL' : 'REQUIRED' } as const;
  if (typeof type === 'string') return [{ ...head, ...SIMPLE[type] }];
  switch (type.type) {
    case 'long':
      return [{ ...head, ...TIME }];
    case 'record':
      return [{ ...head, num_children: type.fields.length }, ...fieldsOf(type)];
    case 'array':
      return [
        { ...head, num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        ...elements('element', type.items),
      ];
    case 'map':
      return [
        { ...head, num_children: 1, converted_type: 'MAP', logical_type: { type: 'MAP' } },
        { name: 'key_value', repetition_type: 'REPEATED', num_children: 2 },
        { name: 'key', repetition_type: 'REQUIRED', ...TEXT },
        ...elements('value', type.values),
      ];
  }
}

const fieldsOf = (schema: RecordSchema): SchemaElement[] =>
  schema.fields.flatMap(({ name, type }) => elements(name, type));

/** Whole numbers of 64 bits, times among them, are bigints there. */
function valueOf(type: FieldType, value: unknown): unknown {
  if (isUnion(type)) return value === null ? null : valueOf(type[1], value);
  if (type === 'long') return BigInt(value as number);
  if (typeof type === 'string') return value;
  switch (type.type) {
    case 'long':
      return BigInt(value as number);
    case 'record':
      return rowOf(type, value as object);
    case 'array':
      return (value as unknown[]).map((item) => valueOf(type.items, item));
    case 'map':
      return Object.entries(value as object).map(([key, item]) => ({ key, value: valueOf(type.values, item) }));
  }
}

function rowOf(schema: RecordSchema, record: object): Record<string, unknown> {
  const values = record as Readonly<Record<string, unknown>>;
  return Object.fromEntries(schema.fields.map(({ name, type }) => [name, valueOf(type, values[name])]));
}

async function* rowsOf(schema: RecordSchema, records: AsyncIterable<object>): AsyncGenerator<Record<string, unknown>> {
  for await (const record of records) yield rowOf(schema, record);
}

/** @param records of the schema, times as epoch ms */
export async function writeParquet(
  schema: RecordSchema,
  records: AsyncIterable<object>,
  output: Output,
): Promise<void> {
  const writer = new ByteWriter();
  const flush = async (): Promise<void> => {
    // A copy: what comes next is written over it while it is on its way.
    const bytes = writer.getBytes().slice();
    writer.index = 0;
    await output.write(bytes);
  };
  await parquetWriteRows({
    writer: Object.assign(writer, { flush, finish: flush }),
    rows: rowsOf(schema, records),
    columns: schema.fields.map(({ name }) => ({ name })),
    schema: [{ name: 'root', num_children: schema.fields.length }, ...fieldsOf(schema)],
    rowGroupSize: ROW_GROUP_ROWS,
    createdBy: 'callfold',
  });
}
