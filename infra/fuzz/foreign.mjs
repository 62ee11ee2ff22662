// @ts-check
/**
 * Schemas that others might write raw topics with: evolved in ways this project would not, or made to cost a reader as
 * much as they can. Beside this project's own, in one source of schemas.
 */

import { createLocalRegistry } from '@callfold/adapters';
import { rawTopic, SOURCES } from '@callfold/core';
import { SCHEMAS } from '@callfold/schemas';

/** @typedef {import('@callfold/core').Source} Source */
/** @typedef {{ name: string, type: unknown, default?: unknown }} Field */
/** @typedef {{ source: Source, what: string, id: number, schema: any }} Foreign */

const FIRST_ID = 1_001;
const DOUBLINGS = 40;

/** @param {unknown} items */
const list = (items) => ({ type: 'array', items });
/** @param {unknown} values */
const map = (values) => ({ type: 'map', values });
const NODE = { type: 'record', name: 'Node', fields: [{ name: 'next', type: ['null', 'Node'], default: null }] };
const TREE = { type: 'record', name: 'Tree', fields: [{ name: 'all', type: list('Tree') }] };
const EMPTY = { type: 'record', name: 'Empty', fields: [] };

/** A record in which each level holds the one below twice: a trillion steps that no byte pays for. */
function doubled() {
  /** @type {any} */
  let inner = { type: 'record', name: 'D0', fields: [{ name: 'n', type: 'null' }] };
  for (let level = 1; level <= DOUBLINGS; level += 1) {
    const name = `D${level}`;
    inner = {
      type: 'record',
      name,
      fields: ['a', 'b'].map((field, i) => ({ name: field, type: i ? inner.name : inner })),
    };
  }
  return inner;
}

/** @type {Readonly<Record<string, unknown>>} by what it shows, the type of a further field in front of the others */
const FURTHER = {
  'a list of nulls': list('null'),
  'a list of empty records': list(EMPTY),
  'a map of nulls': map('null'),
  'lists five deep': list(list(list(list(list('null'))))),
  'a list that nests': NODE,
  'a tree': TREE,
  'maps of lists of maps': map(list(map('string'))),
  'a fixed of nothing': { type: 'fixed', name: 'Nothing', size: 0 },
  'a large fixed': { type: 'fixed', name: 'Large', size: 2_000 },
  'a union of many': ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string', list('string')],
  'an enum': { type: 'enum', name: 'E', symbols: ['A', 'B'] },
  doubled: doubled(),
};

/** @type {Readonly<Record<string, (field: Field) => Field | null>>} what becomes of each field of ours */
const CHANGED = {
  'ids are numbers': (field) => (field.name.endsWith('Id') ? { name: field.name, type: 'long' } : field),
  'times are texts': (field) => (isTime(field) ? { name: field.name, type: 'string' } : field),
  'all may be null': (field) => ({ ...field, type: Array.isArray(field.type) ? field.type : ['null', field.type] }),
  'null comes second': (field) => {
    const { default: _default, ...rest } = field;
    return Array.isArray(field.type) ? { ...rest, type: [...field.type].reverse() } : rest;
  },
  'attributes may be null': (field) =>
    field.name === 'attributes' ? { ...field, type: ['null', map(['null', 'string'])] } : field,
  'attributes are numbers': (field) =>
    field.name === 'attributes' ? { ...field, type: ['null', map('long')] } : field,
  'times are floats': (field) => (isTime(field) ? { name: field.name, type: 'double' } : field),
  'status is missing': (field) => (field.name === 'status' || field.name === 'state' ? null : field),
  'only ids': (field) => (field.name.endsWith('Id') ? field : null),
  'no field at all': () => null,
};

/** @param {Field} field */
function isTime({ type }) {
  return JSON.stringify(type).includes('timestamp-millis');
}

/** @param {Source} source @returns {[what: string, schema: object][]} */
function foreignOf(source) {
  const topic = /** @type {keyof typeof SCHEMAS} */ (rawTopic(source));
  /** @type {any} */
  const ours = SCHEMAS[topic];
  return [
    ...Object.entries(FURTHER).map(([what, type]) => {
      const fields = [{ name: 'further', type }, ...ours.fields];
      return /** @type {[string, object]} */ ([what, { ...ours, fields }]);
    }),
    ...Object.entries(CHANGED).map(([what, change]) => {
      const fields = ours.fields.flatMap((/** @type {Field} */ field) => change(field) ?? []);
      return /** @type {[string, object]} */ ([what, { ...ours, fields }]);
    }),
    ['another name', { ...ours, name: 'Other', aliases: [ours.name] }],
    ['another namespace', { ...ours, namespace: 'elsewhere' }],
    ['no record', { type: 'string' }],
    ['not usable', { unusable: 'it is of type PROTOBUF, not AVRO' }],
    ['nonsense', { type: 'recrod', fields: 7 }],
  ];
}

/** @type {readonly Foreign[]} */
export const FOREIGN = SOURCES.flatMap((source) =>
  foreignOf(source).map(([what, schema]) => ({ source, what, schema })),
).map((one, index) => ({ ...one, id: FIRST_ID + index }));

/** @returns {import('@callfold/adapters').SchemaSource} */
export function schemaSource() {
  const own = createLocalRegistry();
  const byId = new Map(FOREIGN.map(({ id, schema }) => [id, schema]));
  return {
    schema: (id) => Promise.resolve(byId.get(id) ?? own.schema(id)),
    register: (topic) => own.register(topic),
  };
}
