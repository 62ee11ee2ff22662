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

/** What stands there already is known to `last`, and is not told by `poll`. */
export async function openTail(site: Site): Promise<Tail> {
  const positions = new Map<string, number>();
  const kept: DerivedRecord[] = [];
  const partitions = await site.partitions(CALL_OUTCOMES);

  /** @param most of them, the last ones */
  async function readOn(topic: DerivedTopic, partition: number, most: number): Promise<DerivedRecord[]> {
    const name = `${topic}/${partition}`;
    let values: Uint8Array[] = [];
    for (;;) {
      const at = positions.get(name) ?? 0;
      const page = await site.readDerived(topic, partition, at);
      positions.set(name, page.next);
      values.push(...page.records.flatMap(({ value }) => value ?? []));
      if (values.length > most) values = values.slice(-most);
      if (page.next >= page.end || page.next <= at) break;
    }
    return values.map((value) => site.codec.decodeDerived(topic, value) as unknown as DerivedRecord);
  }

  async function readAll(most: number): Promise<DerivedRecord[]> {
    const records: DerivedRecord[] = [];
    for (const topic of TOPICS) {
      for (let partition = 0; partition < partitions; partition += 1) {
        records.push(...(await readOn(topic, partition, most)));
      }
    }
    return records;
  }

  function keep(records: readonly DerivedRecord[]): void {
    kept.push(...records);
    kept.splice(0, Math.max(0, kept.length - KEPT_RECORDS));
  }

  const before = await readAll(KEPT_RECORDS);
  keep(before.sort((a, b) => (a.ingestedAt ?? 0) - (b.ingestedAt ?? 0)));
  return {
    async poll() {
      const records = await readAll(Infinity);
      keep(records);
      return records;
    },
    last: (limit) => kept.slice(-limit).reverse(),
  };
}
