import type { At } from '@callfold/engine';

/** What requests and answers say of partitions. */
export type Named<Answer> = readonly { readonly topic: string; readonly partitions: readonly Answer[] }[];

/** Each topic once, as the protocol wants it. */
export function byTopic<Ask>(asked: readonly { readonly at: At; readonly ask: Ask }[]): Named<Ask> {
  const topics = new Map<string, Ask[]>();
  for (const { at, ask } of asked) topics.set(at.topic, [...(topics.get(at.topic) ?? []), ask]);
  return [...topics].map(([topic, partitions]) => ({ topic, partitions }));
}
