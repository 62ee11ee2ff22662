import { describe, expect, it } from 'vitest';
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
  readonly memberId: string;
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
  Group.prototype = {
    joinAndSync: () => {
      tries.push('join');
      return joins.shift()?.() ?? Promise.resolve();
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

  it('is one, however many fetches ask for it at the same time', async () => {
    const member = joiningMember([], nothingHeld);
    await Promise.all([member.joinAndSync(), member.joinAndSync()]);
    expect(member.tries).toEqual(['let go', 'join']);
    await member.joinAndSync();
    expect(member.tries).toEqual(['let go', 'join', 'let go', 'join']);
  });
});
