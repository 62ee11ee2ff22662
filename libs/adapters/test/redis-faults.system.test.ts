import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startProxy } from '../../../infra/parts/index.mjs';
import type { At, Claim, Commit, CommitAnswer } from '@callfold/engine';
import { Refused } from '@callfold/engine';
import type { RedisStore } from '../src/index.ts';
import { checkpointKey, outboxKey, tableKey, timersKey } from '../src/index.ts';
import { bytes, change, freshToken, place, sight, states } from './contract/store-harness.ts';
import type { TestRedis } from './redis-server.ts';
import { openRedis, SPACE } from './redis-server.ts';

const OK: CommitAnswer = { ok: true };
const ANSWERED_WITHIN_MS = 20_000;
const PAUSE_MS = 5;
/** Connections killed in the test that kills many, and how often it tries to. */
const KILLS = 15;
const COMMITS = 50;
const KILL_EVERY_MS = 60;
const soon = { timeout: 20_000, interval: 20 };

let redis!: TestRedis;
let store!: RedisStore;
let at!: At;
let claim!: Claim;

beforeAll(async () => {
  redis = await openRedis('redis-faults');
  store = redis.store();
});
afterAll(async () => redis?.close());
beforeEach(async () => {
  at = place();
  const token = freshToken();
  ({ claim } = await vi.waitFor(() => store.claim(at, token), soon));
});

/** A commit of everything that there is to write and to remove. */
function full(expected: number | null, next: number): Commit {
  return change({
    expected,
    next,
    tables: new Map([
      [
        'states',
        new Map([
          ['one', `state ${next}`],
          [`only ${next}`, 'x'],
          [`only ${next - 1}`, null],
        ]),
      ],
      [
        'agents',
        new Map([
          ['agent', `at ${next}`],
          [`agent ${next - 1}`, null],
          [`agent ${next}`, 'x'],
        ]),
      ],
    ]),
    timers: new Map([
      ['one', next],
      [`only ${next}`, next],
      [`only ${next - 1}`, null],
    ]),
    outboxFrom: 2 * next,
    outbox: [bytes(`a ${next}`), bytes(`b ${next}`)],
    outboxTrim: 2 * next - 1,
  });
}

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** As the engine does: the same commit again until it is answered. */
async function untilAnswered(one: RedisStore, mine: Claim, commit: Commit): Promise<CommitAnswer> {
  const last = performance.now() + ANSWERED_WITHIN_MS;
  for (;;) {
    try {
      return await one.commit(at, mine, commit);
    } catch (error) {
      if (error instanceof Refused || performance.now() > last) throw error;
      await pause(PAUSE_MS);
    }
  }
}

describe('scripts', () => {
  it('are sent again where the server has forgotten them', async () => {
    for (let next = 1; next <= 20; next += 1) {
      if (next % 3 === 0) await redis.plain.call('script', ['flush']);
      expect(await store.commit(at, claim, full(next === 1 ? null : next - 1, next))).toEqual(OK);
    }
    await redis.plain.call('script', ['flush']);
    expect((await store.claim(at, freshToken())).next).toBe(20);
  });
});

describe('a key of another type', () => {
  const keys = {
    timers: () => timersKey(SPACE, at),
    outbox: () => outboxKey(SPACE, at),
    states: () => tableKey(SPACE, at, 'states'),
    agents: () => tableKey(SPACE, at, 'agents'),
  };

  it.each(Object.keys(keys) as (keyof typeof keys)[])(
    'among the %s refuses the commit, and nothing is written',
    async (name) => {
      const key = keys[name]();
      await redis.plain.call('rpush', [key, 'planted']);
      const failed = store.commit(at, claim, full(null, 1));
      await expect(failed).rejects.toBeInstanceOf(Refused);
      await expect(failed).rejects.toThrow(key);
      const [, found] = (await redis.plain.call('scan', ['0', 'match', key.replace(name, '*'), 'count', 10_000])) as [
        string,
        string[],
      ];
      expect(found.sort()).toEqual([key, checkpointKey(SPACE, at)].sort());
      expect(await store.peek(at)).toMatchObject({ next: null });
      await redis.plain.call('del', [key]);
      expect(await store.commit(at, claim, full(null, 1))).toEqual(OK);
    },
  );

  it('at the checkpoint refuses claim and commit', async () => {
    const fresh = place();
    await redis.plain.call('set', [checkpointKey(SPACE, fresh), 'planted']);
    await expect(store.claim(fresh, freshToken())).rejects.toBeInstanceOf(Refused);
    await expect(store.commit(fresh, claim, full(null, 1))).rejects.toBeInstanceOf(Refused);
  });

  it('of a layout that another version wrote refuses claim and commit', async () => {
    await redis.plain.call('hset', [checkpointKey(SPACE, at), 'layout', '2']);
    await expect(store.claim(at, freshToken())).rejects.toThrow(/layout 2/);
    await expect(store.commit(at, claim, full(null, 1))).rejects.toThrow(/layout 2/);
    expect(await store.peek(at)).toMatchObject({ next: null });
  });
});

describe('a full server', () => {
  it('refuses a commit before the first write, says why, and takes the same one when there is room', async () => {
    await store.commit(at, claim, full(null, 1));
    const before = await sight(store, at);
    await redis.plain.call('config', ['set', 'maxmemory', '1']);
    const commit = full(1, 2);
    await expect(store.commit(at, claim, commit)).rejects.toThrow(/maxmemory/);
    await expect(store.commit(at, claim, commit)).rejects.not.toBeInstanceOf(Refused);
    expect(await sight(store, at)).toEqual(before);
    await redis.plain.call('config', ['set', 'maxmemory', '0']);
    expect(await store.commit(at, claim, commit)).toEqual(OK);
  });

  it('takes a commit whole or not at all when it fills up in the middle of one', async () => {
    const used = /used_memory:(\d+)/.exec(String(await redis.plain.call('info', ['memory'])))?.[1];
    await redis.plain.call('config', ['set', 'maxmemory', String(Number(used) + 600_000)]);
    const refused: number[] = [];
    let next = 0;
    for (let turn = 1; turn <= 8; turn += 1) {
      const fields = Array.from({ length: 400 }, (_, i): [string, string] => [`${turn} ${i}`, 'x'.repeat(500)]);
      const tables = new Map([['states' as const, new Map(fields)]]);
      const commit = change({
        expected: next === 0 ? null : next,
        next: turn,
        tables,
        timers: new Map([['turn', turn]]),
      });
      const answer = await store.commit(at, claim, commit).catch(() => null);
      const there = (
        await store.read(
          at,
          'states',
          fields.map(([field]) => field),
        )
      ).filter((value) => value !== null);
      expect(there.length).toBe(answer === null ? 0 : 400);
      expect((await store.peek(at))?.next ?? 0).toBe(answer === null ? next : turn);
      if (answer === null) refused.push(turn);
      else next = turn;
    }
    await redis.plain.call('config', ['set', 'maxmemory', '0']);
    expect(refused.length).toBeGreaterThan(0);
    expect(next).toBeGreaterThan(0);
  });
});

describe('a commit cut short in the middle', () => {
  it('is made whole by making it again', async () => {
    // A user who may not ZREM: the script fails after most of its writes, which stay.
    await redis.plain.call('acl', ['setuser', 'half', 'on', '>secret', '~*', '+@all', '-zrem']);
    const half = redis.store({ url: redis.url.replace('redis://', 'redis://half:secret@') });
    const taken = await half.claim(at, freshToken());
    const first = change({
      expected: null,
      next: 1,
      tables: states({ 'only 1': 'x' }),
      outboxFrom: 0,
      outbox: [bytes('z')],
    });
    expect(await half.commit(at, taken.claim, first)).toEqual(OK);
    const second = full(1, 2);
    await expect(half.commit(at, taken.claim, second)).rejects.toBeInstanceOf(Error);
    expect(await half.read(at, 'states', ['one'])).toEqual(['state 2']);
    expect(await half.peek(at)).toMatchObject({ next: 1, meta: 'meta of 1' });
    expect((await half.outbox(at)).map(({ number }) => number)).toEqual([0]);

    const twin = place();
    const other = await store.claim(twin, freshToken());
    expect(await store.commit(twin, other.claim, first)).toEqual(OK);
    expect(await store.commit(twin, other.claim, second)).toEqual(OK);
    await redis.plain.call('acl', ['setuser', 'half', '+zrem']);
    expect(await half.commit(at, taken.claim, second)).toEqual(OK);
    expect(await sight(half, at)).toEqual(await sight(store, twin));
  });
});

describe('a lost answer', () => {
  it('of a commit or a claim is answered the same when the call is made again', async () => {
    const proxy = await startProxy({ to: redis.port });
    const far = redis.store({ url: `redis://${proxy.where}` });
    try {
      const token = freshToken();
      await far.peek(at);
      const mine = (await far.claim(at, token)).claim;
      for (let next = 1; next <= 5; next += 1) {
        const commit = full(next === 1 ? null : next - 1, next);
        const lost = proxy.loseNextAnswer();
        await expect(far.commit(at, mine, commit)).rejects.toBeInstanceOf(Error);
        await lost;
        await vi.waitFor(async () => expect((await store.peek(at))?.next).toBe(next), soon);
        const once = await sight(store, at);
        expect(await untilAnswered(far, mine, commit)).toEqual(OK);
        expect(await sight(store, at)).toEqual(once);
      }
      // What was lost is the answer to the claim's first look, or to its taking: both end in one new epoch.
      const again = freshToken();
      const lost = proxy.loseNextAnswer();
      await expect(far.claim(at, again)).rejects.toBeInstanceOf(Error);
      await lost;
      await vi.waitFor(async () => expect((await far.claim(at, again)).claim.epoch).toBe(mine.epoch + 1), soon);
    } finally {
      await proxy.close();
    }
  });

  it('is survived as often as connections are killed', async () => {
    const victim = redis.store();
    const mine = (await victim.claim(at, freshToken())).claim;
    const kills: number[] = [];
    let next = 0;
    const enough = (): boolean => next >= COMMITS && kills.reduce((sum, one) => sum + one, 0) >= KILLS;
    const killer = async (): Promise<void> => {
      while (!enough()) {
        await pause(KILL_EVERY_MS);
        kills.push(Number(await redis.plain.call('client', ['kill', 'type', 'normal', 'skipme', 'yes'])));
      }
    };
    const worker = async (): Promise<void> => {
      while (!enough()) {
        next += 1;
        expect(await untilAnswered(victim, mine, full(next === 1 ? null : next - 1, next))).toEqual(OK);
      }
    };
    await Promise.all([killer(), worker()]);
    const twin = place();
    const other = await vi.waitFor(() => store.claim(twin, freshToken()), soon);
    for (let one = 1; one <= next; one += 1) {
      expect(await store.commit(twin, other.claim, full(one === 1 ? null : one - 1, one))).toEqual(OK);
    }
    expect(await vi.waitFor(() => sight(victim, at), soon)).toEqual(await sight(store, twin));
  });

  it('comes as an error in time when the server stands still, and the commit is done once after it', async () => {
    const hasty = redis.store({ answerMs: 300 });
    const mine = (await vi.waitFor(() => hasty.claim(at, freshToken()), soon)).claim;
    await redis.kill('SIGSTOP');
    const commit = full(null, 1);
    const started = performance.now();
    await expect(hasty.commit(at, mine, commit)).rejects.not.toBeInstanceOf(Refused);
    expect(performance.now() - started).toBeLessThan(10_000);
    await redis.kill('SIGCONT');
    expect(await untilAnswered(hasty, mine, commit)).toEqual(OK);
    expect(await hasty.commit(at, mine, full(1, 2))).toEqual(OK);
  });
});

describe('the outbox', () => {
  const kept = async (): Promise<number> => Number(await redis.plain.call('hlen', [outboxKey(SPACE, at)]));

  it('gives trimmed entries back to the server', async () => {
    await store.commit(
      at,
      claim,
      change({ expected: null, next: 1, outboxFrom: 0, outbox: ['a', 'b', 'c'].map(bytes) }),
    );
    expect(await kept()).toBe(3);
    await store.commit(at, claim, change({ expected: 1, next: 1, outboxFrom: 3, outboxTrim: 2 }));
    expect(await kept()).toBe(1);
    await store.commit(at, claim, change({ expected: 1, next: 1, outboxFrom: 3, outboxTrim: 3 }));
    expect(await kept()).toBe(0);
  });

  it('gives back a bounded number of entries with each commit, and none of the trimmed is seen', async () => {
    const outbox = Array.from({ length: 25_000 }, (_, i) => bytes(String(i)));
    await store.commit(at, claim, change({ expected: null, next: 1, outbox }));
    await store.commit(at, claim, change({ expected: 1, next: 1, outboxFrom: 25_000, outboxTrim: 24_999 }));
    expect(await kept()).toBe(5_000);
    expect((await store.outbox(at)).map(({ number }) => number)).toEqual([24_999]);
    await store.commit(at, claim, change({ expected: 1, next: 1, outboxFrom: 25_000, outboxTrim: 24_999 }));
    expect(await kept()).toBe(1);
    expect((await store.outbox(at)).map(({ number }) => number)).toEqual([24_999]);
  });

  it('that is empty may go on at any number', async () => {
    await store.commit(
      at,
      claim,
      change({ expected: null, next: 1, outboxFrom: 7, outbox: [bytes('a')], outboxTrim: 8 }),
    );
    const far = Number.MAX_SAFE_INTEGER - 10;
    await store.commit(
      at,
      claim,
      change({ expected: 1, next: 2, outboxFrom: far, outbox: [bytes('b')], outboxTrim: far }),
    );
    expect((await store.outbox(at)).map(({ number }) => number)).toEqual([far]);
    await store.commit(at, claim, change({ expected: 2, next: 3, outboxFrom: far + 1, outboxTrim: far + 1 }));
    expect(await kept()).toBe(0);
  });
});

describe('a copy that comes late', () => {
  it('of an empty commit, behind a newer one at the same position, changes nothing', async () => {
    const outbox = ['a', 'b', 'c'].map(bytes);
    await store.commit(at, claim, change({ expected: null, next: 1, outbox }));
    const early = change({ expected: 1, next: 1, meta: 'early', outboxTrim: 1, tables: states({ a: 'early' }) });
    const late = change({ expected: 1, next: 1, meta: 'late', outboxTrim: 3, tables: states({ a: 'late' }) });
    expect(await store.commit(at, claim, early)).toEqual(OK);
    expect(await store.commit(at, claim, late)).toEqual(OK);
    const before = await sight(store, at);
    expect(await store.commit(at, claim, early)).toEqual({ ok: false, why: 'moved' });
    expect(await sight(store, at)).toEqual(before);
  });
});

describe('a server that lost writes', () => {
  it('answers moved when it lost everything', async () => {
    await store.commit(at, claim, full(null, 1));
    await redis.plain.call('flushall', []);
    expect(await store.commit(at, claim, full(1, 2))).toEqual({ ok: false, why: 'moved' });
    expect(await store.peek(at)).toBeNull();
  });

  it('answers moved when it went back to before the last commits, and takes them again after a claim', async () => {
    const keep = [checkpointKey(SPACE, at), tableKey(SPACE, at, 'states')];
    await store.commit(at, claim, change({ expected: null, next: 1, tables: states({ a: '1' }) }));
    const copies = await Promise.all(keep.map((key) => redis.plain.callBuffer('dump', [key])));
    await store.commit(at, claim, change({ expected: 1, next: 2, tables: states({ a: '2' }) }));
    for (const [i, key] of keep.entries()) await redis.plain.call('restore', [key, 0, copies[i] as Buffer, 'replace']);
    expect(await store.commit(at, claim, full(2, 3))).toEqual({ ok: false, why: 'moved' });
    const again = await store.claim(at, freshToken(), claim.epoch);
    expect(again.next).toBe(1);
    expect(await store.commit(at, again.claim, full(1, 2))).toEqual(OK);
  });

  it('answers moved also where what it lost did not move the position', async () => {
    await store.commit(at, claim, full(null, 1));
    const copy = await redis.plain.callBuffer('dump', [checkpointKey(SPACE, at)]);
    await store.commit(at, claim, change({ expected: 1, next: 1, tables: states({ a: '2' }) }));
    await redis.plain.call('restore', [checkpointKey(SPACE, at), 0, copy as Buffer, 'replace']);
    expect(await store.commit(at, claim, full(1, 2))).toEqual({ ok: false, why: 'moved' });
  });

  it('is waited for while it is away, says so, and goes on with what its log kept', async () => {
    await store.commit(at, claim, full(null, 1));
    await redis.kill('SIGKILL');
    await vi.waitFor(() => expect(store.peek(at)).rejects.toThrow(/not connected|closed/), soon);
    await expect(store.commit(at, claim, full(1, 2))).rejects.not.toBeInstanceOf(Refused);
    await redis.start();
    await vi.waitFor(() => store.peek(at), soon);
    expect(await store.commit(at, claim, full(1, 2))).toEqual(OK);
  });
});
