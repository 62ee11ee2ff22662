// @ts-check
/** Records as different readers give them, brought into one form: times as epoch milliseconds, numbers as numbers. */

import { SCHEMAS } from '@callfold/schemas';

/** @typedef {Map<string, string>} Rows by outcomeId, as JSON of one form */
/** @typedef {import('@callfold/schemas').FieldType} FieldType */

/** @param {unknown} value epoch ms, or ISO 8601 as databases write it: a blank for the T, hours alone for the zone */
function timeOf(value) {
  if (typeof value !== 'string') return Number(value);
  const ms = Date.parse(value.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'));
  if (Number.isNaN(ms)) throw new Error(`${value} is no time`);
  return ms;
}

/** @param {FieldType} type @param {any} value @returns {unknown} */
function normal(type, value) {
  if (value === null || value === undefined) return null;
  if (Array.isArray(type)) return normal(/** @type {FieldType} */ (type[1]), value);
  if (type === 'long' || type === 'int') return Number(value);
  if (typeof type === 'string') return value;
  const inner = /** @type {Exclude<typeof type, readonly unknown[]>} */ (type);
  switch (inner.type) {
    case 'long':
      return timeOf(value);
    case 'record':
      return Object.fromEntries(inner.fields.map(({ name, type: own }) => [name, normal(own, value[name])]));
    case 'array':
      return value.map((/** @type {unknown} */ item) => normal(inner.items, item));
    case 'map': {
      const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
      return Object.fromEntries(entries.map(([key, item]) => [key, normal(inner.values, item)]));
    }
  }
}

/** @param {readonly any[]} records call outcomes, of which the highest revision counts @returns {Rows} */
export function latestOf(records) {
  const revisions = new Map();
  /** @type {Rows} */
  const rows = new Map();
  for (const record of records) {
    if ((revisions.get(record.outcomeId) ?? 0) >= record.revision) continue;
    revisions.set(record.outcomeId, record.revision);
    rows.set(record.outcomeId, JSON.stringify(normal(SCHEMAS['callfold.call-outcomes'], record)));
  }
  return rows;
}

/** @param {Rows} a @param {Rows} b @returns {string[]} the ids of what is not the same in both */
export function differences(a, b) {
  return [...new Set([...a.keys(), ...b.keys()])].filter((id) => a.get(id) !== b.get(id));
}
