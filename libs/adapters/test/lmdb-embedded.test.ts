import type { At } from '@callfold/engine';
import { Refused } from '@callfold/engine';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openEmbedded } from '../src/index.ts';
import { EMBEDDED_LIMITS } from '../src/lmdb/limits.ts';
import type { Opened } from './lmdb-harness.ts';
import { keeper, opened, records, standingClock, textsOf, wallClock } from './lmdb-harness.ts';

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
        // The same batch over again until the timer has run, with nothing to wait for but the consumer's own pause.
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
  it('tells of each commit that appended to its partition, of no other, and of none once off', async () => {
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
