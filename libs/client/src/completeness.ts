import type { Finding, Published, Revised, SeqPosition } from '@callfold/engine';
import { createSeqReader, stoodFrom } from '@callfold/engine';

/** For consumers of the derived topics: proves, record by record, that nothing is missing and nothing came twice. */

export type CompletenessReader = {
  /**
   * Takes a record of a derived topic, in the order of its partition's offsets; topics and partitions may mix. A
   * tombstone counts as every other; one that somebody else wrote has no place in the count.
   * @param revised its `kind outcomeId` and `revision` once decoded: then an older revision behind a newer one is found
   * @returns empty when it is the very next one
   */
  take(record: Published, revised?: Revised): readonly Finding[];
  /** To be stored together with what was made of the records, and given back after a restart. */
  positions(): readonly SeqPosition[];
};

/**
 * @param from the positions of an earlier reader; empty for one that begins with the topic. Topics are compacted: one
 * that begins later than seven days after a record was published may find it gone for a newer revision, as a gap
 */
export function createCompletenessReader(from: readonly SeqPosition[] = []): CompletenessReader {
  const seqs = createSeqReader(from);
  return {
    take(record, revised = null) {
      const stood = stoodFrom(record);
      if (!stood && record.value === null) return [];
      if (stood) return seqs.take(stood, revised);
      const where = `${record.topic} offset ${record.offset}`;
      return [
        { fault: 'surplus', where, detail: 'has no callfold-origin and callfold-seq: callfold did not publish it' },
      ];
    },
    positions: () => seqs.positions(),
  };
}
