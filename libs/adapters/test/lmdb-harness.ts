import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Batch, Clock, ConsumerHandler, Outgoing } from '@callfold/engine';
import { openEmbedded } from '../src/index.ts';
import type { Embedded, EmbeddedOptions } from '../src/index.ts';

export const wallClock: Clock = {
  now: Date.now,
  sleep: (ms) =>
    new Promise((resolve) => {
      setTimeout(resolve, ms);
    }),
};

/** A clock that stands until it is set. */
export function standingClock(ms: number): Clock & { set(to: number): void } {
  let now = ms;
  return {
    now: () => now,
    sleep: (forMs) => wallClock.sleep(forMs),
    set(to) {
      now = to;
    },
  };
}

export type Opened = { readonly embedded: Embedded; readonly dir: string; readonly close: () => Promise<void> };

export function newDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'callfold-lmdb-'));
}

/** An embedded store in a directory of its own, both gone after `close`. */
export async function opened(options: Partial<EmbeddedOptions> = {}): Promise<Opened> {
  const dir = options.dir ?? newDirectory();
  const embedded = await openEmbedded({ clock: wallClock, ...options, dir });
  return {
    embedded,
    dir,
    async close() {
      await embedded.close();
      rmSync(dir, { recursive: true });
    },
  };
}

export function records(...texts: readonly string[]): Omit<Outgoing, 'topic'>[] {
  return texts.map((text) => ({ key: null, value: Buffer.from(text), headers: [] }));
}

export const textsOf = (all: readonly { readonly value: Uint8Array | null }[]): string[] =>
  all.map(({ value }) => Buffer.from(value ?? []).toString());

/** A handler that reads from the start and keeps what it is called with. */
export function keeper(
  overrides: Partial<ConsumerHandler> = {},
): ConsumerHandler & { batches: Batch[]; calls: string[] } {
  const batches: Batch[] = [];
  const calls: string[] = [];
  return {
    batches,
    calls,
    async assigned({ topic, partition }) {
      calls.push(`assigned ${topic}/${partition}`);
      return 0;
    },
    async batch(_, batch) {
      batches.push(batch);
      return batch.next;
    },
    paused: async () => null,
    resumed() {},
    async revoked({ topic, partition }) {
      calls.push(`revoked ${topic}/${partition}`);
      return null;
    },
    ...overrides,
  };
}
