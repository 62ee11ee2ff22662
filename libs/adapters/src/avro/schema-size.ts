/**
 * A writer's schema can ask for work that no byte of a value pays for: records of nothing, forty deep, each twice in
 * the next, are a trillion steps. Such a schema is refused as a whole; what others cost is bounded by a value's length.
 */

/** Fields of one record with every record in it written out. */
const FIELDS_MAX = 10_000;
/** Of these, fields that take no byte: nulls, empty records, fixed values of length 0. */
const FREE_MAX = 256;

type Size = { readonly fields: number; readonly free: number };

const ONE: Size = { fields: 1, free: 0 };
const NOTHING: Size = { fields: 1, free: 1 };

/** Throws when the schema is larger than a record of events can sensibly be. */
export function checkSchemaSize(schema: unknown): void {
  sizeOf(schema, '', new Map());
}

type Json = Readonly<Record<string, unknown>>;

/** Names defined so far, with sizes. One that is still being defined counts as one field: recursion ends by itself. */
type Names = Map<string, Size>;

function sizeOf(schema: unknown, namespace: string, names: Names): Size {
  if (schema === 'null') return NOTHING;
  if (typeof schema === 'string') return names.get(fullName(schema, namespace)) ?? names.get(schema) ?? ONE;
  if (Array.isArray(schema)) return largest(schema.map((branch) => sizeOf(branch, namespace, names)));
  if (typeof schema !== 'object' || schema === null) return ONE;
  const { type, name } = schema as Json;
  const own = typeof name === 'string' ? fullName(name, namespaceOf(schema as Json, namespace)) : null;
  const size = sizeOfType(schema as Json, own ?? '', namespace, names);
  if (own !== null && type !== undefined) names.set(own, size);
  return size;
}

function sizeOfType(schema: Json, own: string, namespace: string, names: Names): Size {
  const { type } = schema;
  if (type === 'record' || type === 'error') {
    names.set(own, ONE);
    const fields = Array.isArray(schema['fields']) ? (schema['fields'] as Json[]) : [];
    const inside = own.includes('.') ? own.slice(0, own.lastIndexOf('.')) : namespace;
    return sum(fields.map((field) => sizeOf(field['type'], inside, names)));
  }
  if (type === 'array' || type === 'map') {
    // Every item takes a byte at least, and is checked by itself.
    sizeOf(schema['items'] ?? schema['values'], namespace, names);
    return ONE;
  }
  if (type === 'fixed') return schema['size'] === 0 ? NOTHING : ONE;
  return type === 'enum' ? ONE : sizeOf(type, namespace, names);
}

function namespaceOf(schema: Json, around: string): string {
  return typeof schema['namespace'] === 'string' ? schema['namespace'] : around;
}

function fullName(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
}

function largest(sizes: readonly Size[]): Size {
  return {
    fields: Math.max(1, ...sizes.map(({ fields }) => fields)),
    free: Math.max(0, ...sizes.map(({ free }) => free)),
  };
}

function sum(sizes: readonly Size[]): Size {
  if (sizes.length === 0) return NOTHING;
  const fields = sizes.reduce((all, size) => all + size.fields, 0);
  const free = sizes.reduce((all, size) => all + size.free, 0);
  if (fields > FIELDS_MAX) throw new Error(`the schema has a record of more than ${FIELDS_MAX} fields`);
  if (free > FREE_MAX) throw new Error(`the schema has a record with more than ${FREE_MAX} fields that take no byte`);
  return { fields, free };
}
