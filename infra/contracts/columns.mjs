// @ts-check
/** What the contracts say of a topic's records: its fields as columns, with their words, from the schemas alone. */

import { TOPICS } from '@callfold/core';
import { currentSchemas } from '../../schemas/generate.mjs';

/**
 * @typedef {import('@callfold/schemas').RecordSchema} RecordSchema
 * @typedef {import('@callfold/schemas').FieldType} FieldType
 * @typedef {import('@callfold/schemas').ValueType} ValueType
 * @typedef {{
 *   name: string,
 *   type: ValueType,
 *   nullable: boolean,
 *   doc: string,
 *   values: readonly string[] | null,
 * }} Column `values` is the closed list that a text, or each item of a list, is chosen from
 * @typedef {{
 *   topic: string,
 *   table: string,
 *   schema: RecordSchema,
 *   spec: import('@callfold/core').TopicSpec,
 *   columns: readonly Column[],
 * }} Contract
 */

/** @param {RecordSchema} schema @returns {Column[]} */
export function columnsOf(schema) {
  return schema.fields.map(({ name, type, doc = '', 'callfold.values': values = null }) => {
    // A union is null and one type: schemas/generate.mjs takes no other.
    const nullable = Array.isArray(type);
    return { name, type: /** @type {ValueType} */ (nullable ? type[1] : type), nullable, doc, values };
  });
}

/** @returns {Contract[]} of every topic, in the order of `TOPICS` */
export function contracts() {
  const schemas = new Map(currentSchemas().map(({ topic, schema }) => [topic, /** @type {RecordSchema} */ (schema)]));
  return TOPICS.map((spec) => {
    const schema = schemas.get(spec.name);
    if (!schema) throw new Error(`${spec.name} has no schema in schemas/avro`);
    const table = spec.name.slice('callfold.'.length).replaceAll(/[.-]/g, '_');
    return { topic: spec.name, table, schema, spec, columns: columnsOf(schema) };
  });
}

/** Those with upserts by `outcomeId`: what analysts load. */
export const derivedContracts = () => contracts().filter(({ spec }) => spec.shape === 'table');

/** @param {ValueType} type */
export const isTime = (type) => typeof type === 'object' && 'logicalType' in type;
