import type { DerivedRecord, DerivedTopic } from '@callfold/core';
import { AGENT_INTERVALS, AGENT_OFFERS, CALL_OUTCOMES, CHAT_HANDOFFS, CHAT_OUTCOMES } from '@callfold/core';
import type { Site } from './site.ts';

/** The derived topics as they grow. */

const TOPICS: readonly DerivedTopic[] = [CALL_OUTCOMES, AGENT_OFFERS, CHAT_OUTCOMES, CHAT_HANDOFFS, AGENT_INTERVALS];

export type Tail = {
  /** What came since the last call, in the order of their topics. */
  poll(): Promise<readonly DerivedRecord[]>;
};

/** What stands there already is not told. */
export async function openTail(site: Site): Promise<Tail> {
  const positions = new Map<string, number>();
  const partitions = await site.partitions(CALL_OUTCOMES);

  async function readOn(topic: DerivedTopic, partition: number): Promise<DerivedRecord[]> {
    const name = `${topic}/${partition}`;
    const values: Uint8Array[] = [];
    for (;;) {
      const at = positions.get(name) ?? 0;
      const page = await site.readDerived(topic, partition, at);
      positions.set(name, page.next);
      values.push(...page.records.flatMap(({ value }) => value ?? []));
      if (page.next >= page.end || page.next <= at) break;
    }
    return values.map((value) => site.codec.decodeDerived(topic, value) as unknown as DerivedRecord);
  }

  for (const topic of TOPICS) {
    for (let partition = 0; partition < partitions; partition += 1) {
      const { end } = await site.derived.bounds(topic, partition);
      positions.set(`${topic}/${partition}`, end);
    }
  }
  return {
    async poll() {
      const records: DerivedRecord[] = [];
      for (const topic of TOPICS) {
        for (let partition = 0; partition < partitions; partition += 1)
          records.push(...(await readOn(topic, partition)));
      }
      return records;
    },
  };
}
