import type { At, Batch, ConsumerHandler } from '@callfold/engine';
import { Refused } from '@callfold/engine';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Trimmed } from '../src/index.ts';
import { openEmbedded } from '../src/index.ts';
import { EMBEDDED_LIMITS } from '../src/lmdb/limits.ts';
import { change, freshToken } from './contract/store-harness.ts';
import type { Opened } from './lmdb-harness.ts';
import { opened, records, standingClock, textsOf, wallClock } from './lmdb-harness.ts';

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

/** A handler that reads from the start and keeps what it is called with. */
function keeper(overrides: Partial<ConsumerHandler> = {}): ConsumerHandler & { batches: Batch[]; calls: string[] } {
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
    async revoked({ topic, partition }) {
      calls.push(`revoked ${topic}/${partition}`);
    },
    ...overrides,
  };
}

describe('append times', () => {
  it("are the clock's, and never go back with it, also over a restart", async () => {
    const clock = standingClock(T);
    const first = await opened({ topics: ['t'], clock });
    await first.embedded.writer.append(at, records('a'));
    clock.set(T - 60_000);
    await first.embedded.writer.append(at, records('b'));
    await first.embedded.close();
    const second = await openEmbedded({ dir: first.dir, clock, topics: [] });
    await second.writer.append(at, records('c'));
    clock.set(T + 5.7);
    await second.writer.append(at, records('d'));
    const { records: read } = await second.member('g', ['t']).log.read(at, 0, 10);
    expect(read.map(({ appendedAt }) => appendedAt)).toEqual([T, T, T, T + 5]);
    await second.close();
    await first.close();
  });
});

describe('a read', () => {
  it('answers the same whether records came alone or together, from any offset and in any step', async () => {
    const embedded = await fresh();
    const { writer } = embedded;
    const texts = Array.from({ length: 700 }, (_, i) => `${i} ${'x'.repeat(i % 300)}`);
    for (let i = 0; i < texts.length; ) {
      const some = 1 + ((i * 7) % 90);
      await writer.append(at, records(...texts.slice(i, i + some)));
      i += some;
    }
    const { log } = embedded.member('g', ['t']);
    for (const from of [0, 1, 333, 698, 699, 700]) {
      for (const step of [1, 7, 10_000]) {
        const batch = await log.read(at, from, step);
        expect(textsOf(batch.records)).toEqual(texts.slice(from, from + step));
        expect({ ...batch, records: [] }).toEqual({ from, records: [], next: Math.min(from + step, 700), end: 700 });
      }
    }
  });

  it('outside the log is refused with what it holds', async () => {
    const embedded = await fresh();
    const { writer } = embedded;
    await writer.append(at, records('a'));
    await expect(embedded.member('g', ['t']).log.read(at, 2, 1)).rejects.toThrow(
      /offset 2 is outside the log, which holds 0 to 1/,
    );
  });

  it('answers no more bytes than its limit, and always something', async () => {
    const embedded = await fresh();
    const { writer } = embedded;
    const big = records('x'.repeat(3 * 1_048_576));
    for (let i = 0; i < 4; i += 1) await writer.append(at, big);
    const batch = await embedded.member('g', ['t']).log.read(at, 0, 1_000);
    expect(batch.records).toHaveLength(Math.ceil(EMBEDDED_LIMITS.readBytes / (3 * 1_048_576)));
    const [huge] = records('y'.repeat(16 * 1_048_576));
    await writer.append(at, [huge!]);
    expect((await embedded.member('g', ['t']).log.read(at, 4, 1_000)).records[0]!.value!.length).toBe(16 * 1_048_576);
  });
});

describe('a consumer', () => {
  it('is the only running one of its group, and leaves its place when it stops', async () => {
    const embedded = await fresh();
    const first = embedded.member('g', ['t']).consumer;
    const ran = first.run(keeper());
    await expect(embedded.member('g', ['t']).consumer.run(keeper())).rejects.toThrow(
      /group g has a running member in this process already.*stop that one first/,
    );
    const other = embedded.member('another', ['t']).consumer;
    const otherRan = other.run(keeper());
    await first.stop();
    await ran;
    const third = embedded.member('g', ['t']).consumer;
    const handler = keeper();
    const thirdRan = third.run(handler);
    await vi.waitFor(() => expect(handler.calls).toEqual(['assigned t/0', 'assigned t/1']));
    await Promise.all([third.stop(), other.stop(), thirdRan, otherRan]);
  });

  it('sleeps while there is nothing to read, without looking, and wakes up with an append', async () => {
    const embedded = await fresh();
    const { consumer } = embedded.member('g', ['t']);
    const handler = keeper();
    const ran = consumer.run(handler);
    await vi.waitFor(() => expect(handler.calls).toHaveLength(2));
    await embedded.writer.append({ topic: 'd', partition: 0 }, records('elsewhere'));
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval'] });
    // From here on no timer fires: only the append can wake it.
    await embedded.writer.append(at, records('a'));
    while (handler.batches.length === 0) await setImmediate();
    vi.useRealTimers();
    expect(handler.batches.map((batch) => textsOf(batch.records))).toEqual([['a']]);
    await consumer.stop();
    await ran;
  });

  it('ends its run with the first error of a handler, after the others have finished, and revokes all', async () => {
    const embedded = await fresh();
    await embedded.writer.append(at, records('a'));
    let finished = false;
    const { consumer } = embedded.member('g', ['t']);
    const handler = keeper({
      async assigned({ partition }, signal) {
        if (partition === 0) throw new Refused('must not go on');
        await vi.waitFor(() => expect(signal.aborted).toBe(true));
        finished = true;
        return 0;
      },
    });
    await expect(consumer.run(handler)).rejects.toThrow('must not go on');
    expect(finished).toBe(true);
    expect(handler.calls.sort()).toEqual(['revoked t/0', 'revoked t/1']);
    await consumer.stop();
    await expect(embedded.member('g', ['t']).consumer.run(handler)).rejects.toThrow('must not go on');
  });

  it('lets timers and sockets have their turn while it reads a long log', async () => {
    const embedded = await fresh();
    for (let i = 0; i < 50; i += 1) await embedded.writer.append(at, records(String(i)));
    const { consumer } = embedded.member('g', ['t']);
    let turns = 0;
    let read = 0;
    const ticking = setInterval(() => {
      turns += 1;
    }, 1);
    const handler = keeper({
      async batch(_, { from }) {
        read += 1;
        // One record at a time, and over again until the timer has run: with nothing to wait for but the consumer's own pause.
        return turns < 3 ? from : 50;
      },
    });
    const ran = consumer.run(handler);
    await vi.waitFor(() => expect(turns).toBeGreaterThan(3));
    clearInterval(ticking);
    await consumer.stop();
    await ran;
    expect(read).toBeGreaterThan(1);
  });

  it('refuses to read from where there is no log', async () => {
    const embedded = await fresh();
    const { consumer } = embedded.member('g', ['t']);
    await expect(consumer.run(keeper({ assigned: async () => 5 }))).rejects.toThrow(
      /g is to read t\/. from 5, but it holds 0 to 0/,
    );
  });
});

describe('a restart', () => {
  it('finds witnesses, fences and derived records as they were', async () => {
    const first = await opened({ topics: ['t', 'd'] });
    const before = first.embedded.member('g', ['t']);
    await before.log.setWitness(at, 41);
    await before.publisher.fence(at, ['d']);
    await before.publisher.send(at, [{ topic: 'd', ...records('one')[0]! }]);
    await before.log.setWitness(at, 42);
    await first.embedded.close();
    const second = await openEmbedded({ dir: first.dir, clock: wallClock });
    const after = second.member('g', ['t']);
    expect(await after.log.witness(at)).toBe(42);
    await expect(after.publisher.send(at, [{ topic: 'd', ...records('two')[0]! }])).rejects.toThrow(
      /before it has fenced/,
    );
    await after.publisher.fence(at, ['d']);
    await after.publisher.send(at, [{ topic: 'd', ...records('two')[0]! }]);
    expect(textsOf((await second.readDerived('d', 0, 0, 10)).records)).toEqual(['one', 'two']);
    expect(textsOf((await second.readDerived('d', 0, 1, 10)).records)).toEqual(['two']);
    await second.close();
    await first.close();
  });
});

describe('a watch', () => {
  it('tells of every commit that appended to its partition, of no other, and of none after it was put off', async () => {
    const embedded = await fresh();
    let told = 0;
    const off = embedded.watch({ topic: 'd', partition: 1 }, () => {
      told += 1;
    });
    await embedded.writer.append({ topic: 'd', partition: 0 }, records('a'));
    await embedded.writer.append({ topic: 'd', partition: 1 }, []);
    expect(told).toBe(0);
    await embedded.writer.append({ topic: 'd', partition: 1 }, records('a', 'b'));
    expect(told).toBe(1);
    off();
    await embedded.writer.append({ topic: 'd', partition: 1 }, records('c'));
    expect(told).toBe(1);
  });
});

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
