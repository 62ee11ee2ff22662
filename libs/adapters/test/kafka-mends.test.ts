import { describe, expect, it, vi } from 'vitest';
import type { BeforeJoin, JoinHook } from '../src/kafka/mends.ts';
import { mendHeartbeat, mendJoin } from '../src/kafka/mends.ts';

it('sends heartbeats also after the wall clock was set back', async () => {
  /** As kafkajs has it: nothing goes out before the last one and a while. */
  function Group(this: { lastRequest: number }): void {
    this.lastRequest = Date.now() + 3_600_000;
  }
  Group.prototype = {
    async heartbeat(this: { lastRequest: number }, { interval }: { interval: number }) {
      return Date.now() >= this.lastRequest + interval;
    },
  };
  const group = new (Group as unknown as new () => { heartbeat(options: object): Promise<boolean> })();
  expect(await group.heartbeat({ interval: 0 })).toBe(false);
  mendHeartbeat(Group as unknown as Parameters<typeof mendHeartbeat>[0]);
  expect(await group.heartbeat({ interval: 0 })).toBe(true);
  expect(await group.heartbeat({ interval: 60_000 })).toBe(false);
});

type Fake = {
  readonly cluster: object;
  memberId: string | null;
  coordinator: { heartbeat(): Promise<void> };
  readonly tries: string[];
  joinAndSync(): Promise<void>;
  heartbeat(options: object): Promise<unknown>;
};

/** A member as kafkajs has it, whose joins end as they are told to, and whose heartbeats are always answered. */
function joiningMember(joins: (() => Promise<void>)[], letGo: JoinHook): Fake {
  const tries: string[] = [];
  function Group(this: object): void {
    Object.assign(this, { cluster: {}, memberId: 'a', lastRequest: 0, tries });
  }
  const JOIN = Symbol('private:ConsumerGroup:join');
  Group.prototype = {
    async [JOIN](this: Fake) {
      tries.push('join');
      await joins.shift()?.();
      this.memberId ??= 'b';
    },
    async joinAndSync(this: Fake & Record<symbol, () => Promise<void>>): Promise<void> {
      try {
        await this[JOIN]?.();
      } catch (error) {
        if ((error as { readonly type?: unknown }).type !== 'UNKNOWN_MEMBER_ID') throw error;
        this.memberId = null;
        await this[JOIN]?.();
      }
    },
    heartbeat: async () => 'alive',
  };
  const told: BeforeJoin = new WeakMap();
  mendJoin(Group as unknown as Parameters<typeof mendJoin>[0], told);
  mendHeartbeat(Group as unknown as Parameters<typeof mendHeartbeat>[0]);
  const member = new (Group as unknown as new () => Fake)();
  told.set(member.cluster, (...said) => {
    tries.push('let go');
    return letGo(...said);
  });
  return member;
}

describe('a join', () => {
  const nothingHeld: JoinHook = async () => {};
  const away = () => Promise.reject(Object.assign(new Error('the coordinator is gone'), { retriable: true }));

  it('that failed is asked for by each heartbeat, until one succeeds', async () => {
    const member = joiningMember([away, away], nothingHeld);
    expect(await member.heartbeat({})).toBe('alive');
    await expect(member.joinAndSync()).rejects.toThrow('the coordinator is gone');
    // As the client joins at, whatever the coordinator says.
    const asks = { type: 'REBALANCE_IN_PROGRESS', retriable: true };
    await expect(member.heartbeat({})).rejects.toMatchObject(asks);
    await expect(member.heartbeat({})).rejects.toMatchObject(asks);
    await expect(member.joinAndSync()).rejects.toThrow('the coordinator is gone');
    await expect(member.heartbeat({})).rejects.toMatchObject(asks);
    await member.joinAndSync();
    expect(await member.heartbeat({})).toBe('alive');
  });

  it('that failed since its partitions could not be let go is asked for as well', async () => {
    const holds: JoinHook[] = [() => Promise.reject(new Error('not now'))];
    const member = joiningMember([], (...said) => (holds.shift() ?? nothingHeld)(...said));
    await expect(member.joinAndSync()).rejects.toThrow('not now');
    await expect(member.heartbeat({})).rejects.toMatchObject({ type: 'REBALANCE_IN_PROGRESS' });
  });

  const dropped = () => Promise.reject(Object.assign(new Error('who is that?'), { type: 'UNKNOWN_MEMBER_ID' }));

  it('in whose middle the group drops the member, has it give up what rests, before it joins as another', async () => {
    const lost: boolean[] = [];
    const member = joiningMember([dropped], async (isLost) => void lost.push(isLost));
    await member.joinAndSync();
    expect(lost).toEqual([false, true]);
    expect(member.tries).toEqual(['let go', 'join', 'let go', 'join']);
    expect(member.memberId).toBe('b');
    // A member again, it is asked as one.
    await member.joinAndSync();
    expect(lost).toEqual([false, true, false]);
  });

  it('of one that is nobody yet is said to be that once', async () => {
    const lost: boolean[] = [];
    const member = joiningMember([dropped], async (isLost) => void lost.push(isLost));
    member.memberId = null;
    await member.joinAndSync();
    expect(lost).toEqual([true]);
  });

  it('has calls that still run told at once when the group drops the member while it waits for them', async () => {
    vi.useFakeTimers();
    try {
      const lost: boolean[] = [];
      let end: () => void = () => {};
      const member = joiningMember([], async (isLost) => {
        lost.push(isLost);
        if (isLost) end();
        else await new Promise<void>((resolve) => (end = resolve));
      });
      member.coordinator = { heartbeat: dropped };
      const joins = member.joinAndSync();
      await vi.advanceTimersByTimeAsync(5_000);
      // Nothing else would end what is under way.
      await joins;
      expect(lost).toEqual([false, true]);
      expect(member.tries).toEqual(['let go', 'let go', 'join']);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is one, however many fetches ask for it at the same time', async () => {
    const member = joiningMember([], nothingHeld);
    await Promise.all([member.joinAndSync(), member.joinAndSync()]);
    expect(member.tries).toEqual(['let go', 'join']);
    await member.joinAndSync();
    expect(member.tries).toEqual(['let go', 'join', 'let go', 'join']);
  });
});
