import { describe, expect, it, vi } from 'vitest';
import type { LogScene } from './log-contract.ts';
import type { Member, MemberOptions } from './log-harness.ts';
import { freshName, message, runMember, SOON_MS } from './log-harness.ts';

const soon = { timeout: SOON_MS, interval: 20 };

/** Runs one member of the scene's group for the length of `work`, and checks what holds in every history. */
export async function withMember(
  scene: LogScene,
  options: MemberOptions & { readonly positions?: Map<string, number>; readonly topics?: readonly string[] },
  work: (member: Member) => Promise<void>,
): Promise<Member> {
  const consumer = await scene.harness.consumer(scene.group, options.topics ?? [scene.topic]);
  const member = runMember(consumer, options.positions ?? new Map<string, number>(), options);
  try {
    await work(member);
  } finally {
    await member.stop();
  }
  await member.ran;
  expect(member.wrong).toEqual([]);
  return member;
}

export function consumerTests(get: () => LogScene): void {
  describe('a consumer', () => {
    it('alone in its group gets every partition of every topic, and gives them back when it stops', async () => {
      const second = freshName('raw');
      await get().harness.topic(second, 3);
      const { topic } = get();
      const all = [topic, second].flatMap((name) => [0, 1, 2].map((partition) => `${name}/${partition}`));
      const member = await withMember(get(), { topics: [topic, second] }, async ({ held }) => {
        await vi.waitFor(() => expect([...held].sort()).toEqual([...all].sort()), soon);
      });
      expect(member.held.size).toBe(0);
    });

    it('reads what stands there and what comes later, each partition in order', async () => {
      const { topic, harness } = get();
      const writer = await harness.writer();
      for (const partition of [0, 2]) await writer.append({ topic, partition }, ['a', 'b'].map(message));
      await withMember(get(), {}, async ({ seen }) => {
        await vi.waitFor(() => expect([...seen.keys()].sort()).toEqual([`${topic}/0`, `${topic}/2`]), soon);
        for (const partition of [0, 1]) await writer.append({ topic, partition }, ['c', 'd'].map(message));
        const expected = {
          [`${topic}/0`]: ['a', 'b', 'c', 'd'],
          [`${topic}/1`]: ['c', 'd'],
          [`${topic}/2`]: ['a', 'b'],
        };
        await vi.waitFor(() => expect(Object.fromEntries(seen)).toEqual(expected), soon);
      });
    });

    it('reads from the position that `assigned` answers, whatever the group has witnessed', async () => {
      const { topic, harness, group } = get();
      const at = { topic, partition: 0 };
      await (await harness.writer()).append(at, ['a', 'b', 'c', 'd'].map(message));
      const log = await harness.log(group);
      await log.setWitness(at, 1);
      await withMember(get(), { positions: new Map([[`${topic}/0`, 2]]) }, async ({ seen }) => {
        await vi.waitFor(() => expect(seen.get(`${topic}/0`)).toEqual(['c', 'd']), soon);
      });
    });

    it('reads again from another position when `batch` answers one', async () => {
      const { topic, harness } = get();
      const at = { topic, partition: 0 };
      await (await harness.writer()).append(at, ['a', 'b', 'c', 'd'].map(message));
      let back = true;
      const batch: MemberOptions['batch'] = async (_, { next }) => {
        if (!back || next < 4) return undefined;
        back = false;
        return 1;
      };
      await withMember(get(), { batch }, async ({ seen }) => {
        await vi.waitFor(() => expect(seen.get(`${topic}/0`)?.slice(-3)).toEqual(['b', 'c', 'd']), soon);
      });
      expect(back).toBe(false);
    });

    it('leaves a partition alone when `assigned` answers null, and the others not', async () => {
      const { topic, harness } = get();
      const writer = await harness.writer();
      for (const partition of [0, 1]) await writer.append({ topic, partition }, [message('a')]);
      const assigned: MemberOptions['assigned'] = async (at) => (at.partition === 0 ? null : 0);
      await withMember(get(), { assigned }, async ({ seen }) => {
        await vi.waitFor(() => expect(seen.get(`${topic}/1`)).toEqual(['a']), soon);
        await writer.append({ topic, partition: 0 }, [message('b')]);
        await writer.append({ topic, partition: 1 }, [message('b')]);
        await vi.waitFor(() => expect(seen.get(`${topic}/1`)).toEqual(['a', 'b']), soon);
        expect(seen.get(`${topic}/0`)).toBeUndefined();
      });
    });

    it('leaves a partition alone when `batch` answers null, and the others not', async () => {
      const { topic, harness } = get();
      const writer = await harness.writer();
      for (const partition of [0, 1]) await writer.append({ topic, partition }, [message('a')]);
      let calls = 0;
      const batch: MemberOptions['batch'] = async (at) => {
        if (at.partition !== 0) return undefined;
        calls += 1;
        return null;
      };
      await withMember(get(), { batch }, async ({ seen }) => {
        await vi.waitFor(() => expect(calls).toBe(1), soon);
        await writer.append({ topic, partition: 0 }, [message('b')]);
        await writer.append({ topic, partition: 1 }, [message('b')]);
        await vi.waitFor(() => expect(seen.get(`${topic}/1`)).toEqual(['a', 'b']), soon);
      });
      expect(calls).toBe(1);
    });

    it('reads from another offset when it is sought between two batches', async () => {
      const { topic, harness } = get();
      const at = { topic, partition: 0 };
      await (await harness.writer()).append(at, ['a', 'b', 'c'].map(message));
      await withMember(get(), {}, async ({ seen, seek }) => {
        await vi.waitFor(() => expect(seen.get(`${topic}/0`)).toEqual(['a', 'b', 'c']), soon);
        seek(at, 1);
        await vi.waitFor(() => expect(seen.get(`${topic}/0`)).toEqual(['a', 'b', 'c', 'b', 'c']), soon);
      });
    });

    it('leaves a partition alone when null is sought, until an offset is', async () => {
      const { topic, harness } = get();
      const writer = await harness.writer();
      const at = { topic, partition: 0 };
      for (const partition of [0, 1]) await writer.append({ topic, partition }, [message('a')]);
      await withMember(get(), {}, async ({ seen, seek }) => {
        await vi.waitFor(() => expect([...seen.keys()].sort()).toEqual([`${topic}/0`, `${topic}/1`]), soon);
        seek(at, null);
        for (const partition of [0, 1]) await writer.append({ topic, partition }, [message('b')]);
        await vi.waitFor(() => expect(seen.get(`${topic}/1`)).toEqual(['a', 'b']), soon);
        expect(seen.get(`${topic}/0`)).toEqual(['a']);
        seek(at, 1);
        await vi.waitFor(() => expect(seen.get(`${topic}/0`)).toEqual(['a', 'b']), soon);
      });
    });

    it('reads a partition that `assigned` left alone once an offset is sought', async () => {
      const { topic, harness } = get();
      const at = { topic, partition: 2 };
      await (await harness.writer()).append(at, ['a', 'b'].map(message));
      const assigned: MemberOptions['assigned'] = async () => null;
      await withMember(get(), { assigned }, async ({ held, seen, seek }) => {
        await vi.waitFor(() => expect(held.size).toBe(3), soon);
        seek(at, 1);
        await vi.waitFor(() => expect(seen.get(`${topic}/2`)).toEqual(['b']), soon);
      });
    });

    it('lets a running handler finish before it stops, tells it to hurry, and calls none after', async () => {
      const { topic, harness } = get();
      const writer = await harness.writer();
      await writer.append({ topic, partition: 0 }, [message('a')]);
      let started = false;
      let finished = false;
      const batch: MemberOptions['batch'] = async (_, __, signal) => {
        started = true;
        await vi.waitFor(() => expect(signal.aborted).toBe(true), soon);
        finished = true;
        return undefined;
      };
      const member = await withMember(get(), { batch }, async () => {
        await vi.waitFor(() => expect(started).toBe(true), soon);
      });
      expect(finished).toBe(true);
      const calls = member.events.length;
      await writer.append({ topic, partition: 0 }, [message('b')]);
      expect(member.seen.get(`${topic}/0`)).toEqual(['a']);
      expect(member.events.length).toBe(calls);
    });

    it('knows the end of the log', async () => {
      const { topic, harness } = get();
      await (await harness.writer()).append({ topic, partition: 0 }, ['a', 'b', 'c'].map(message));
      const ends: number[] = [];
      const batch: MemberOptions['batch'] = async (_, { end }) => {
        ends.push(end);
        return undefined;
      };
      await withMember(get(), { batch }, async ({ seen }) => {
        await vi.waitFor(() => expect(seen.get(`${topic}/0`)).toEqual(['a', 'b', 'c']), soon);
      });
      expect(ends.at(-1)).toBe(3);
    });
  });
}
