import type { DerivedRecord, DerivedTopic } from '@callfold/core';
import { AGENT_INTERVALS, AGENT_OFFERS, CALL_OUTCOMES, CHAT_HANDOFFS, CHAT_OUTCOMES } from '@callfold/core';
import type { Site } from './site.ts';

/** The derived topics as they grow, and the last records of them. */

const TOPICS: readonly DerivedTopic[] = [CALL_OUTCOMES, AGENT_OFFERS, CHAT_OUTCOMES, CHAT_HANDOFFS, AGENT_INTERVALS];
const KEPT_RECORDS = 500;

export type Tail = {
  /** What came since the last call, in the order of their topics. */
  poll(): Promise<readonly DerivedRecord[]>;
  /** The newest first. */
  last(limit: number): readonly DerivedRecord[];
};

/** @param from `end`: only what comes from now on */
export async function openTail(site: Site, from: 'start' | 'end'): Promise<Tail> {
  const positions = new Map<string, number>();
  const kept: DerivedRecord[] = [];
  const partitions = await site.partitions(CALL_OUTCOMES);

  async function readOn(topic: DerivedTopic, partition: number, keep: boolean): Promise<DerivedRecord[]> {
    const name = `${topic}/${partition}`;
    const records: DerivedRecord[] = [];
    for (;;) {
      const at = positions.get(name) ?? 0;
      const page = await site.readDerived(topic, partition, at);
      positions.set(name, page.next);
      for (const { value } of page.records) {
        if (value !== null && keep) records.push(site.codec.decodeDerived(topic, value) as unknown as DerivedRecord);
      }
      if (page.next >= page.end || page.next <= at) return records;
    }
  }

  async function poll(keep: boolean): Promise<DerivedRecord[]> {
    const records: DerivedRecord[] = [];
    for (const topic of TOPICS) {
      for (let partition = 0; partition < partitions; partition += 1)
        records.push(...(await readOn(topic, partition, keep)));
    }
    kept.push(...records);
    kept.splice(0, Math.max(0, kept.length - KEPT_RECORDS));
    return records;
  }

  if (from === 'end') await poll(false);
  return { poll: () => poll(true), last: (limit) => kept.slice(-limit).reverse() };
}
