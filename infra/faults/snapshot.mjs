// @ts-check
/** Everything that stands in Redis and in the derived topics, as digests: to say that nothing was touched. */

import { createHash } from 'node:crypto';
import { DERIVED_OF } from '@callfold/core';
import { TOPIC } from '../bench/topics.mjs';

/** @typedef {Map<string, { things: number, digest: string }>} Snapshot by what it is of */
/** @typedef {{ site: import('../../services/cli/dist/site.js').Site, partitions: number }} Options */
/** @typedef {'projector' | 'outcomes'} RoleName */

/** @param {readonly string[]} things in their order */
const summed = (things) => ({
  things: things.length,
  digest: createHash('sha1').update(things.join('\n')).digest('base64'),
});

/** @param {Options} options @param {string} topic @param {number} partition */
async function recordsOf({ site }, topic, partition) {
  /** @type {string[]} */
  const records = [];
  for (let from = 0; ; ) {
    const page = await site.readDerived(topic, partition, from);
    for (const { offset, key, value } of page.records)
      records.push(`${offset} ${Buffer.from(key ?? []).toString()} ${Buffer.from(value ?? []).toString('base64')}`);
    if (page.next >= page.end || page.next <= from) return records;
    from = page.next;
  }
}

/** Not the claim: an owner that refuses has taken it, and that is no harm. */
/** @param {Options} options @param {RoleName} role @param {number} partition */
async function statesOf({ site }, role, partition) {
  const at = { topic: TOPIC, partition };
  const states = [];
  for await (const slice of site.store(role).scan(at, 'states')) states.push(...slice.map((one) => one.join(' ')));
  return [`position ${(await site.store(role).peek(at))?.next}`, ...states.toSorted()];
}

/** @param {Options} options @returns {Promise<Snapshot>} */
export async function snapshotOf(options) {
  /** @type {Snapshot} */
  const snapshot = new Map();
  for (let partition = 0; partition < options.partitions; partition += 1) {
    for (const topic of DERIVED_OF.callcenter24)
      snapshot.set(`${topic}/${partition}`, summed(await recordsOf(options, topic, partition)));
    for (const role of /** @type {const} */ (['projector', 'outcomes']))
      snapshot.set(`${role}'s states of partition ${partition}`, summed(await statesOf(options, role, partition)));
  }
  return snapshot;
}

/** @param {Snapshot} before @param {Snapshot} after @returns {import('@callfold/engine').Finding[]} */
export function differencesOf(before, after) {
  return [...before].flatMap(([where, was]) => {
    const is = after.get(where) ?? { things: 0, digest: '' };
    if (is.digest === was.digest) return [];
    const fault = is.things < was.things ? 'lost' : is.things > was.things ? 'surplus' : 'different';
    return [{ fault, where, detail: `${was.things} things before, ${is.things} now, and not the same` }];
  });
}
