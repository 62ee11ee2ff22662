import type { At } from '@callfold/engine';
import { Refused } from '@callfold/engine';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Trimmed } from '../src/index.ts';
import { change, freshToken } from './contract/store-harness.ts';
import type { Opened } from './lmdb-harness.ts';
import { keeper, opened, records, standingClock, textsOf } from './lmdb-harness.ts';

const T = 1_767_225_600_000;
const at: At = { topic: 't', partition: 0 };

let open: Opened[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const one of open) await one.close();
  open = [];
});

async function fresh(options: Parameters<typeof opened>[0] = {}): Promise<Opened['embedded']> {
  const one = await opened({ topics: ['t', 'd'], partitions: 2, ...options });
  open.push(one);
  return one.embedded;
}

describe('a trim', () => {
  /** Hours 0 to 9, a record each. */
  async function tenHours(): Promise<{ embedded: Opened['embedded']; clock: ReturnType<typeof standingClock> }> {
    const clock = standingClock(T);
    const embedded = await fresh({ clock });
    for (let hour = 0; hour < 10; hour += 1) {
      clock.set(T + hour * 3_600_000);
      await embedded.writer.append(at, records(`hour ${hour}`));
    }
    return { embedded, clock };
  }
  const hour = (n: number): number => T + n * 3_600_000;

  it('takes what is older than said, keeps offsets, and says how many went', async () => {
    const { embedded } = await tenHours();
    expect(await embedded.trim('t', hour(4))).toEqual({ removed: 4, keptFor: [] });
    const { log } = embedded.member('g', ['t']);
    expect(await log.bounds(at)).toEqual({ start: 4, end: 10 });
    expect(await log.readOne(at, 3)).toBeNull();
    expect(textsOf((await log.read(at, 4, 2)).records)).toEqual(['hour 4', 'hour 5']);
    await expect(log.read(at, 3, 1)).rejects.toBeInstanceOf(Refused);
    expect(await embedded.trim('t', hour(4))).toEqual({ removed: 0, keptFor: [] });
    expect(textsOf((await embedded.readDerived('t', 0, 0, 1)).records)).toEqual(['hour 4']);
  });

  it('keeps the last block, so that offsets and times go on from it', async () => {
    const { embedded, clock } = await tenHours();
    expect((await embedded.trim('t', hour(1_000))).removed).toBe(9);
    clock.set(T);
    await embedded.writer.append(at, records('next'));
    const { records: read } = await embedded.member('g', ['t']).log.read(at, 9, 10);
    expect(read.map(({ offset, appendedAt }) => [offset, appendedAt])).toEqual([
      [9, hour(9)],
      [10, hour(9)],
    ]);
  });

  it('keeps what a group has yet to read, the record before its position too, and says for whom', async () => {
    const { embedded } = await tenHours();
    const { store } = embedded.member('slow', ['t']);
    const fast = embedded.member('fast', ['t']).store;
    const { claim } = await store.claim(at, freshToken());
    expect(await embedded.trim('t', hour(8))).toEqual({ removed: 0, keptFor: ['slow'] });
    await store.commit(at, claim, change({ expected: null, next: 6 }));
    const ahead = await fast.claim(at, freshToken());
    await fast.commit(at, ahead.claim, change({ expected: null, next: 10 }));
    expect(await embedded.trim('t', hour(8))).toEqual({ removed: 5, keptFor: ['slow'] });
    expect(await embedded.member('slow', ['t']).log.readOne(at, 5)).not.toBeNull();
    await store.commit(at, claim, change({ expected: 6, next: 10 }));
    expect(await embedded.trim('t', hour(8))).toEqual({ removed: 3, keptFor: [] });
  });

  it('makes a consumer ask anew when what it was about to read is gone', async () => {
    const { embedded } = await tenHours();
    const { consumer } = embedded.member('g', ['t']);
    let go!: () => void;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const asked: number[] = [];
    const handler = keeper({
      async assigned({ partition }) {
        if (partition === 1) return null;
        asked.push((await embedded.member('g', ['t']).log.bounds(at)).start);
        return asked.at(-1)!;
      },
      async batch(_, batch) {
        handler.batches.push(batch);
        if (handler.batches.length > 1) return batch.next;
        await gate;
        return 2;
      },
    });
    const ran = consumer.run(handler);
    await vi.waitFor(() => expect(handler.batches).toHaveLength(1));
    await embedded.trim('t', hour(5));
    go();
    await vi.waitFor(() => expect(handler.batches).toHaveLength(2));
    expect(asked).toEqual([0, 5]);
    expect(handler.batches[1]).toMatchObject({ from: 5, next: 10 });
    await consumer.stop();
    await ran;
  });

  it('gives its room back to what comes later', async () => {
    const clock = standingClock(T);
    const embedded = await fresh({ clock });
    const some = records(...Array.from({ length: 200 }, (_, i) => `${i} ${'x'.repeat(2_000)}`));
    const sizes: number[] = [];
    for (let hours = 0; hours < 12; hours += 1) {
      clock.set(hour(hours));
      for (let i = 0; i < 5; i += 1) await embedded.writer.append(at, some);
      await embedded.trim('t', hour(hours));
      sizes.push(embedded.size().fileBytes);
    }
    expect(sizes.at(-1)).toBeLessThan(2 * sizes[2]!);
    expect(embedded.size().liveBytes).toBeLessThan(sizes.at(-1)!);
  });

  it('runs by itself only when it is asked to, and tells what it did', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    const clock = standingClock(T);
    const told: [string, Trimmed | Error][] = [];
    const retention = {
      keepMs: 3_600_000,
      everyMs: 60_000,
      told: (topic: string, outcome: Trimmed | Error) => told.push([topic, outcome]),
    };
    const embedded = await fresh({ clock, topics: ['callfold.raw.atlas', 'd'], retention });
    const raw = { topic: 'callfold.raw.atlas', partition: 0 };
    for (const late of [0, 1]) {
      clock.set(hour(late));
      for (const topic of [raw.topic, 'd']) await embedded.writer.append({ ...raw, topic }, records('a'));
    }
    clock.set(hour(1) + 1);
    vi.advanceTimersByTime(60_000);
    await vi.waitFor(() => expect(told).toEqual([[raw.topic, { removed: 1, keptFor: [] }]]));
    // Derived topics are not its business.
    expect((await embedded.readDerived('d', 0, 0, 10)).records).toHaveLength(2);
  });
});
