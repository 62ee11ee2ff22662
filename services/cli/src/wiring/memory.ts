import { createCodec, createLocalRegistry, createMemoryWorld, systemClock } from '@callfold/adapters';
import type { RawEvent } from '@callfold/core';
import { rawTopic, SOURCES, subjectKey, utf8Bytes } from '@callfold/core';
import type { RawLog } from '@callfold/engine';

/** Raw events of files as a raw log, in this process alone, so that what reads a log reads them. */
export type MemoryRaw = {
  readonly raw: RawLog;
  /** Behind those before it. As `callfold fold` has it, a log takes an event at the greatest `occurredAt` so far. */
  add(event: RawEvent): void;
  /** When it took the last one; null: it has none. */
  readonly lastAt: number | null;
};

export async function openMemoryRaw(): Promise<MemoryRaw> {
  const codec = createCodec(createLocalRegistry());
  await codec.register(SOURCES.map(rawTopic));
  const world = createMemoryWorld({ clock: systemClock });
  for (const source of SOURCES) world.topics.create(rawTopic(source), 1);
  let lastAt: number | null = null;
  return {
    raw: { log: world.ports().log('callfold.board'), codec },
    add(event) {
      const { source, tenantId, subjectId, occurredAt } = event;
      lastAt = Math.max(lastAt ?? occurredAt, occurredAt);
      const record = {
        key: utf8Bytes(subjectKey(tenantId, subjectId)),
        value: codec.encodeRaw(event),
        headers: [],
      };
      world.topics.append({ topic: rawTopic(source), partition: 0 }, [record], lastAt);
    },
    get lastAt() {
      return lastAt;
    },
  };
}
