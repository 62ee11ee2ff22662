// @ts-check
/**
 * A reader of the derived topics, at work all the time: what it sees, in the order in which it sees it, must be gapless
 * by `callfold-seq`, each record once, no lower revision behind a higher one, and nothing that is not committed.
 */

import { DEAD_LETTERS, DERIVED_OF, rawTopic } from '@callfold/core';
import { createSeqReader, nameOf, stoodOf } from '@callfold/engine';

const ALL = 1_000_000;

/** @param {import('@callfold/engine').At} at */
export const placeOf = ({ topic, partition }) => `${topic}/${partition}`;

/**
 * @param {{
 *   topics: import('@callfold/adapters').MemoryLog,
 *   codec: import('@callfold/engine').Codec,
 *   journal: import('./journal.mjs').Journal,
 *   sources: readonly import('@callfold/core').Source[],
 *   partitions: number,
 *   committed: (origin: import('@callfold/engine').At) => number,
 * }} options `committed`: the greatest position that `outcomes` ever committed of a raw partition
 */
export function createReader({ topics, codec, journal, sources, partitions, committed }) {
  /** @type {Map<string, import('@callfold/engine').Stood[]>} */
  const stood = new Map();
  const seqs = createSeqReader();
  /** @type {Map<string, number>} */
  const positions = new Map();
  /** @type {import('@callfold/engine').At[]} */
  const origins = sources.flatMap((source) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic: rawTopic(source), partition })),
  );

  /** @param {import('@callfold/engine').Published} record @param {import('@callfold/engine').At} origin */
  function look(record, origin) {
    const one = stoodOf(record, origin);
    if (one === null) return false;
    const place = placeOf(origin);
    stood.set(place, [...(stood.get(place) ?? []), one]);
    const revised = /** @type {import('@callfold/core').DerivedRecord | null} */ (
      one.topic === DEAD_LETTERS || one.value === null ? null : codec.decodeDerived(one.topic, one.value)
    );
    journal.note(() => `reader: ${one.topic} ${one.key} seq ${one.seq} revision ${revised?.revision} of ${one.origin}`);
    const id = revised && { id: nameOf(revised), revision: revised.revision };
    for (const { fault, where, detail } of seqs.take(one, id))
      journal.fail(`a reader saw: ${fault} ${where}: ${detail}`);
    const offset = Number(one.origin.slice(place.length + 1));
    if (offset > committed(origin)) journal.fail(`a reader saw ${one.key} of ${one.origin}, which is not committed`);
    if (one.topic === DEAD_LETTERS) journal.count('dead letter');
    if (one.value === null) journal.count('tombstone');
    if (id && id.revision > 1) journal.count('revised');
    return true;
  }

  /** @param {import('@callfold/engine').At} at */
  function read(at) {
    const batch = topics.read(at, positions.get(placeOf(at)) ?? 0, ALL);
    positions.set(placeOf(at), batch.next);
    for (const record of batch.records) {
      const known = origins.some(
        (origin) => origin.partition === at.partition && look({ ...record, topic: at.topic }, origin),
      );
      if (!known) journal.fail(`${placeOf(at)} offset ${record.offset} is of no raw partition of this number`);
    }
  }

  for (const topic of new Set(sources.flatMap((source) => DERIVED_OF[source]))) {
    for (let partition = 0; partition < partitions; partition += 1) {
      topics.watch({ topic, partition }, () => read({ topic, partition }));
    }
  }
  return {
    /** @param {import('@callfold/engine').At} origin */
    stoodOf: (origin) => stood.get(placeOf(origin)) ?? [],
    /** How many stand, by topic. @param {import('@callfold/engine').At} origin @param {string} topic */
    countOf: (origin, topic) => (stood.get(placeOf(origin)) ?? []).filter((one) => one.topic === topic).length,
  };
}
