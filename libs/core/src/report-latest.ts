import type { DerivedRecord } from './record.ts';
import { contentHash } from './records.ts';
import { RECORD_TOPICS } from './report-input.ts';
import type { DerivedTopic } from './topics.ts';

/** Of every record the row that counts: the highest revision of its id, whatever the order in which they come. */
export type Latest = {
  take(record: DerivedRecord): void;
  /** A tombstone: the record was erased. What came before it is gone. */
  erase(topic: DerivedTopic, outcomeId: string): void;
  /** Whether a row of this id came. */
  has(topic: DerivedTopic, outcomeId: string): boolean;
  /** Ids that are known, also those whose row is not wanted. */
  readonly size: number;
  records(): Iterable<DerivedRecord>;
  /** Rows that a higher revision replaced, or that came twice. */
  readonly replaced: number;
  /** Ids of which two rows of one revision say different things: files of different folds were put together. */
  readonly contradicted: number;
};

/** Of a row that is not wanted only the hash of what it says is kept. */
type Row =
  | { readonly revision: number; readonly record: DerivedRecord }
  | { readonly revision: number; readonly hash: string };

const hashOf = (row: Row): string => ('record' in row ? contentHash(row.record) : row.hash);

/** @param isWanted the others count all the same: a later revision may have moved out of the range, or into it */
export function openLatest(isWanted: (record: DerivedRecord) => boolean): Latest {
  const rows = new Map<string, Row>();
  const contradicted = new Set<string>();
  let replaced = 0;
  // Episodes and hand-offs of a chat have ids of one form.
  const nameOf = (topic: DerivedTopic, outcomeId: string): string => `${topic} ${outcomeId}`;

  function keep(name: string, record: DerivedRecord): void {
    const { revision } = record;
    rows.set(name, isWanted(record) ? { revision, record } : { revision, hash: contentHash(record) });
  }

  return {
    take(record) {
      const name = nameOf(RECORD_TOPICS[record.kind], record.outcomeId);
      const before = rows.get(name);
      if (!before) return keep(name, record);
      replaced += 1;
      if (record.revision < before.revision) return;
      if (record.revision > before.revision) {
        contradicted.delete(name);
        return keep(name, record);
      }
      const [one, other] = [hashOf(before), contentHash(record)];
      if (one !== other) contradicted.add(name);
      if (one < other) keep(name, record);
    },
    erase(topic, outcomeId) {
      rows.delete(nameOf(topic, outcomeId));
      contradicted.delete(nameOf(topic, outcomeId));
    },
    has: (topic, outcomeId) => rows.has(nameOf(topic, outcomeId)),
    get size() {
      return rows.size;
    },
    *records() {
      for (const row of rows.values()) if ('record' in row) yield row.record;
    },
    get replaced() {
      return replaced;
    },
    get contradicted() {
      return contradicted.size;
    },
  };
}
