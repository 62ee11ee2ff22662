import type { RawEvent, Rejection, Source } from '@callfold/core';
import { rawTopic, reject, SOURCES } from '@callfold/core';
import type { FieldSchema, RecordSchema } from '@callfold/schemas';
import { SCHEMAS } from '@callfold/schemas';
import { readEvent } from './fields.ts';

/**
 * Rows of a table as raw events: which column is which field, and what a cell's text means there. Whether the event is
 * good, the one validator says.
 */

export type ColumnMapping = {
  /** Header by field. A field that is not named here is taken from the column of its own name. */
  readonly columns: ReadonlyMap<string, string>;
  /** What every row has, by field: `source` of a file that is all of one vendor's. */
  readonly constants: ReadonlyMap<string, string>;
};

export type RowReader = (cells: readonly string[]) => RawEvent | Rejection;

type Meaning = 'text' | 'time' | 'integer';
type Column = { readonly field: string; readonly attribute: string | null; readonly at: number };

const ATTRIBUTE = /^attributes\.(.+)$/;
const EPOCH_MS = /^-?\d{12,15}$/;
const INTEGER = /^-?\d{1,15}$/;

/** Of every source; a name means the same in all that have it. */
const MEANINGS: ReadonlyMap<string, Meaning> = new Map([
  ['source', 'text' as Meaning],
  ...SOURCES.flatMap((source) => fieldsOf(source).map((field) => [field.name, meaningOf(field)] as const)),
]);

function fieldsOf(source: Source): readonly FieldSchema[] {
  const schema: RecordSchema = SCHEMAS[rawTopic(source) as keyof typeof SCHEMAS];
  return schema.fields.filter(({ name }) => !['attributes', 'payload', 'adapter'].includes(name));
}

function meaningOf({ type }: FieldSchema): Meaning {
  const inner: unknown = Array.isArray(type) ? type[1] : type;
  if (typeof inner === 'object') return 'time';
  return inner === 'long' || inner === 'int' ? 'integer' : 'text';
}

/**
 * An empty cell is a field that is not given; a time may be ISO 8601 or epoch milliseconds. Columns that are no field
 * are passed over.
 * @param header the names of the columns, as the file has them
 * @returns a text that says what is wrong with the mapping, where it does not fit
 */
export function createRowReader(header: readonly string[], mapping: ColumnMapping): RowReader | string {
  const given = [...mapping.columns.keys(), ...mapping.constants.keys()];
  const unknown = given.find((field) => !MEANINGS.has(field) && !ATTRIBUTE.test(field));
  if (unknown !== undefined) {
    return `${unknown} is no field of a raw event; known are ${[...MEANINGS.keys()].join(', ')} and attributes.NAME`;
  }
  const missing = [...mapping.columns].find(([, column]) => !header.includes(column));
  if (missing !== undefined) {
    return `there is no column ${JSON.stringify(missing[1])} for ${missing[0]}; the header has ${header.map((one) => JSON.stringify(one)).join(', ')}`;
  }
  const twice = header.find((name, at) => header.indexOf(name) !== at && isMeant(name, mapping));
  if (twice !== undefined) return `the header has ${JSON.stringify(twice)} twice`;
  const columns = columnsOf(header, mapping);
  const constants = [...mapping.constants];
  return (cells) => {
    if (cells.length !== header.length) {
      return reject('not-csv', `it has ${cells.length} cells, the header ${header.length}`);
    }
    const fields: Record<string, unknown> = {};
    const attributes: Record<string, string> = {};
    const put = (field: string, attribute: string | null, text: string): void => {
      if (text === '') return;
      if (attribute === null) fields[field] = valueOf(field, text);
      else Object.defineProperty(attributes, attribute, { value: text, enumerable: true, configurable: true });
    };
    for (const [field, text] of constants) put(field, attributeOf(field), text);
    for (const { field, attribute, at } of columns) put(field, attribute, cells[at] ?? '');
    if (Object.keys(attributes).length > 0) fields['attributes'] = attributes;
    return readEvent(fields);
  };
}

function isMeant(name: string, { columns }: ColumnMapping): boolean {
  return MEANINGS.has(name) || ATTRIBUTE.test(name) || [...columns.values()].includes(name);
}

function columnsOf(header: readonly string[], { columns }: ColumnMapping): Column[] {
  const own = header.filter((name) => (MEANINGS.has(name) || ATTRIBUTE.test(name)) && !columns.has(name));
  const all = [...own.map((name) => [name, name] as const), ...columns];
  return all.map(([field, name]) => ({ field, attribute: attributeOf(field), at: header.indexOf(name) }));
}

function attributeOf(field: string): string | null {
  return ATTRIBUTE.exec(field)?.[1] ?? null;
}

/** A number where the field is one and the text reads as one; else the text, for the validator to judge. */
function valueOf(field: string, text: string): string | number {
  const meaning = MEANINGS.get(field);
  if (meaning === 'time' && EPOCH_MS.test(text)) return Number(text);
  return meaning === 'integer' && INTEGER.test(text) ? Number(text) : text;
}
