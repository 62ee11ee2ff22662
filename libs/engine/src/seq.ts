import type { Stood } from './read-back.ts';

/**
 * The one reader of `callfold-seq`: per derived topic and partition of the origin's topic it is gapless from 0, so whoever
 * reads along can prove that nothing is missing and nothing doubled. For `verify`, the fault suite, and consumers
 * (`libs/client`).
 */

export type Fault = 'lost' | 'surplus' | 'different' | 'duplicated' | 'gap' | 'disordered';

export type Finding = { readonly fault: Fault; readonly where: string; readonly detail: string };

/** The id and revision that a record decodes to; null: it has none, or nobody has decoded it. */
export type Revised = { readonly id: string; readonly revision: number } | null;

/** How far one chain was read: the `callfold-seq` that comes next in a topic from one partition of a raw topic. */
export type SeqPosition = {
  readonly topic: string;
  /** `topic/partition` of the raw records. The derived partition has that number, modulo how many there are. */
  readonly origin: string;
  readonly next: number;
};

export type SeqReader = {
  /**
   * Takes the next record in the order of its partition's offsets.
   * @returns what is wrong with it: came again, follows a gap, or its revision stands behind a higher one
   */
  take(record: Stood, revised: Revised): Finding[];
  positions(): SeqPosition[];
};

/** @param from what an earlier reader had come to; a chain that is not in it begins at 0 */
export function createSeqReader(from: readonly SeqPosition[] = []): SeqReader {
  const chains = new Map(from.map((position) => [`${position.topic} ${position.origin}`, position]));
  const highest = new Map<string, number>();
  return {
    take(record, revised) {
      const findings: Finding[] = [];
      const { topic, seq } = record;
      const origin = record.origin.slice(0, record.origin.lastIndexOf('/'));
      const name = `${topic} ${origin}`;
      const next = chains.get(name)?.next ?? 0;
      const where = `${topic} of ${origin} seq ${seq}`;
      if (seq < next) findings.push({ fault: 'duplicated', where, detail: `came again, for ${record.key}` });
      if (seq > next) findings.push({ fault: 'gap', where, detail: `${seq - next} before it are missing` });
      chains.set(name, { topic, origin, next: Math.max(next, seq + 1) });
      if (!revised) return findings;
      const before = highest.get(revised.id) ?? 0;
      if (revised.revision <= before) {
        findings.push({
          fault: 'disordered',
          where: revised.id,
          detail: `revision ${revised.revision} stands behind ${before}`,
        });
      }
      highest.set(revised.id, Math.max(before, revised.revision));
      return findings;
    },
    positions: () => [...chains.values()],
  };
}
