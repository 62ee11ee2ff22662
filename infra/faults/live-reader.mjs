// @ts-check
/** Reads the derived topics while faults strike, as a consumer of them would, and checks what it sees as it sees it. */

import { createHash } from 'node:crypto';
import { DEAD_LETTERS, DERIVED_OF } from '@callfold/core';
import { createSeqReader, nameOf, stoodOf } from '@callfold/engine';
import { TOPIC } from '../bench/topics.mjs';

const PAGE_RECORDS = 2_000;
const TOPICS = DERIVED_OF.callcenter24;

/** @typedef {import('@callfold/engine').Finding} Finding */
/** @typedef {import('@callfold/engine').LogRecord} LogRecord */
/** @typedef {{ site: import('../../services/cli/dist/site.js').Site, partitions: number, say: (text: string) => void }} Options */

/** @param {LogRecord} record */
const digestOf = ({ key, value, headers }) =>
  createHash('sha1')
    .update(key ?? '')
    .update(value ?? '')
    .update(headers.map(({ name, value: text }) => `${name}=${Buffer.from(text)}`).join())
    .digest('base64');

/** @param {Options} options */
export function createLiveReader({ site, partitions }) {
  const { codec } = site;
  // As a consumer sees a topic: only what is committed, in the order of its offsets.
  const log = site.log('outcomes');
  /** @type {Finding[]} */
  const findings = [];
  let count = 0;
  const places = TOPICS.flatMap((topic) =>
    Array.from({ length: partitions }, (_, partition) => ({
      at: { topic, partition },
      next: 0,
      /** @type {Map<number, string>} */
      seen: new Map(),
    })),
  );
  const seqs = createSeqReader();

  /** @param {import('@callfold/engine').At} at @param {LogRecord} record */
  function check({ topic, partition }, record) {
    const stood = stoodOf({ topic, ...record }, { topic: TOPIC, partition });
    if (!stood) {
      const where = `${topic}/${partition} offset ${record.offset}`;
      findings.push({ fault: 'surplus', where, detail: `is of no record of ${TOPIC}/${partition}` });
      return;
    }
    const one =
      topic === DEAD_LETTERS || stood.value === null
        ? null
        : /** @type {any} */ (codec.decodeDerived(topic, stood.value));
    const revised = one && { id: nameOf(one), revision: one.revision };
    for (const finding of seqs.take(stood, revised))
      findings.push({ ...finding, where: `seen live: ${finding.where}` });
  }

  /** @param {typeof places[number]} place @param {number} from @param {(record: LogRecord) => void} take */
  async function readOn({ at }, from, take) {
    for (let next = from; ; ) {
      const page = await log.read(at, next, PAGE_RECORDS);
      await codec.prepare(page.records);
      page.records.forEach(take);
      if (page.next <= next) return next;
      next = page.next;
      if (next >= page.end) return next;
    }
  }

  async function read() {
    for (const place of places) {
      place.next = await readOn(place, place.next, (record) => {
        // A page that failed half-way comes again.
        if (place.seen.has(record.offset)) return;
        place.seen.set(record.offset, digestOf(record));
        count += 1;
        check(place.at, record);
      });
    }
  }

  return {
    get count() {
      return count;
    },
    read,
    /** Reads to the end, and then once more from the start: what was seen must still stand, as it was. */
    async finish() {
      await read();
      for (const place of places) {
        const left = new Map(place.seen);
        await readOn(place, 0, (record) => {
          const was = left.get(record.offset);
          left.delete(record.offset);
          const where = `${place.at.topic}/${place.at.partition} offset ${record.offset}`;
          if (was !== undefined && was !== digestOf(record))
            findings.push({ fault: 'different', where, detail: 'is another record than the one that was read there' });
        });
        for (const offset of left.keys()) {
          const where = `${place.at.topic}/${place.at.partition} offset ${offset}`;
          findings.push({ fault: 'lost', where, detail: 'was read, and stands there no more' });
        }
      }
      return findings;
    },
  };
}
