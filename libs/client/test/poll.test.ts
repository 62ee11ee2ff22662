import { ApiError, createMemoryWorld, createStatesApi } from '@callfold/adapters';
import type { RawEvent } from '@callfold/core';
import { isRejection, rawTopic } from '@callfold/core';
import type { Clock, Signal } from '@callfold/engine';
import { readEvent } from '@callfold/sources';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../infra/random.mjs';
import type { PollObserver } from '../src/index.ts';
import { pauseAfter, poll } from '../src/index.ts';
import type { Fault, Stay } from './vonage-server.ts';
import { CREDENTIALS, rowsOf, startVonageServer } from './vonage-server.ts';

const START = Date.UTC(2026, 0, 5, 9);
const MINUTE = 60_000;
const DAY = 86_400_000;
const SETTINGS = { tenantId: 'acme', everyMs: 30_000, overlapMs: 10 * MINUTE, lookbackMs: 2 * 3_600_000 };
/** The poller's clock is wrong by more than the overlap, either way. */
const SEEDS = [
  ['one', 15],
  ['two', -15],
  ['three', 12],
] as const;

/** Time that passes when somebody sleeps. */
function createTime() {
  const state = { now: START };
  const clockWith = (skewMs: number): Clock => ({
    now: () => state.now + skewMs,
    sleep: async (ms: number, signal?: Signal) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (!signal?.aborted) state.now += Math.max(ms, 1);
    },
  });
  return { state, clockWith };
}

function someStays(random: ReturnType<typeof createRandom>, agents: number, untilMs: number): Stay[] {
  return Array.from({ length: agents }, (_, agent) => {
    const stays: Stay[] = [];
    for (let at = START - 3_600_000 + random.whole(0, MINUTE); at < START + untilMs; ) {
      const end = at + random.whole(5_000, 20 * MINUTE);
      const knownAt = at + random.whole(0, 2 * MINUTE);
      const endKnownAt = Math.max(knownAt, end + random.whole(0, 2 * MINUTE));
      const state = ['Ready', 'Busy', 'Wrap', 'Away'][random.whole(0, 3)] ?? 'Ready';
      stays.push({ agentId: String(100 + agent), state, start: at, end, knownAt, endKnownAt });
      at = end;
    }
    return stays;
  }).flat();
}

/** Ids of every stay with its end, as the poller should have published them. */
function idsOf(stays: readonly Stay[]): string[] {
  return rowsOf(stays, Infinity, -Infinity, Infinity).map((row) => {
    const event = readEvent({ source: 'vonage', tenantId: SETTINGS.tenantId, ...row });
    if (isRejection(event)) throw new Error(event.reason);
    return event.eventId;
  });
}

type Scene = {
  readonly stays: readonly Stay[];
  readonly skewMs?: number;
  readonly faultOf?: () => Fault;
  /** Told before each publish: may throw. */
  readonly onPublish?: () => void;
};

async function openScene({ stays, skewMs = 0, faultOf, onPublish }: Scene) {
  const time = createTime();
  const server = await startVonageServer({ stays, now: () => time.state.now, ...(faultOf && { faultOf }) });
  const world = createMemoryWorld({ clock: { now: () => time.state.now } });
  world.topics.create(rawTopic('vonage'), 1);
  const published: RawEvent[] = [];
  const rounds: { upTo: number; rows: number; published: number }[] = [];
  const aheads: number[] = [];
  const failures: unknown[] = [];
  const refused: string[] = [];
  const observer: PollObserver = {
    polled(round) {
      rounds.push(round);
      aheads.push(round.upTo - time.state.now);
    },
    refused: (code) => void refused.push(code),
    failed: (error) => void failures.push(error),
  };
  let tokens = 0;
  /** Runs a poller until the condition holds; a process of its own each time, with the same store. */
  async function runUntil(isOver: () => boolean): Promise<void> {
    const signal = {
      get aborted() {
        return isOver();
      },
    };
    const clock = time.clockWith(skewMs);
    const ports = {
      api: createStatesApi({
        url: server.url,
        tokenUrl: server.tokenUrl,
        ...CREDENTIALS,
        pageRows: 20,
        // Short where a page may be slow on purpose; on a busy machine every page may be.
        timeoutMs: faultOf ? 200 : 10_000,
        now: clock.now,
      }),
      publish: async (events: readonly RawEvent[]) => {
        onPublish?.();
        published.push(...events);
      },
      store: world.ports().store('callfold.poll.vonage'),
      clock,
      random: () => 0.5,
      newToken: () => `token-${(tokens += 1)}`,
      observer,
    };
    await poll(SETTINGS, ports, signal);
  }
  const idsPublished = (): Set<string> => new Set(published.map(({ eventId }) => eventId));
  return { time, server, published, idsPublished, rounds, aheads, failures, refused, runUntil };
}

const FAULTS: readonly Fault[] = ['expire', 'throttle', 'break', 'cut', 'short', 'slow'];

describe('poll', () => {
  it.each(SEEDS)(
    'loses no stay and no end of one, whatever fails (seed %s, a clock %i min ahead)',
    async (seed, skew) => {
      const random = createRandom(seed);
      const stays = someStays(random, 10, 3_600_000);
      const met = new Set<Fault>();
      const scene = await openScene({
        stays,
        skewMs: skew * MINUTE,
        faultOf: () => {
          const fault = random.chance(0.2) ? (FAULTS[random.whole(0, FAULTS.length - 1)] ?? null) : null;
          met.add(fault);
          return fault;
        },
        onPublish: () => {
          if (random.chance(0.05)) throw new Error('Kafka is away');
        },
      });
      // Killed again and again, in the middle of whatever it does.
      for (let kill = 0; kill < 5; kill += 1) {
        const at = scene.server.counts.requests + random.whole(1, 30);
        await scene.runUntil(() => scene.server.counts.requests >= at);
      }
      const end = Math.max(...stays.map(({ endKnownAt }) => endKnownAt)) + 30 * MINUTE;
      await scene.runUntil(() => scene.time.state.now > end && (scene.rounds.at(-1)?.upTo ?? 0) > end - 5 * MINUTE);
      await scene.server.close();
      expect(idsOf(stays).filter((id) => !scene.idsPublished().has(id))).toEqual([]);
      expect(met.size).toBeGreaterThan(4);
      expect(scene.failures.length).toBeGreaterThan(0);
      expect(scene.refused).toEqual([]);
      // The cursor is of the API's clock: it never runs ahead of it.
      expect(Math.max(...scene.aheads)).toBeLessThanOrEqual(0);
    },
  );

  it('publishes a row again only when it changed, and keeps one token', async () => {
    const stays = someStays(createRandom('quiet'), 5, 1_800_000);
    const scene = await openScene({ stays });
    await scene.runUntil(() => scene.rounds.length > 100);
    await scene.server.close();
    expect(scene.published.length).toBe(scene.idsPublished().size);
    expect(scene.rounds.reduce((sum, { rows }) => sum + rows, 0)).toBeGreaterThan(2 * scene.published.length);
    expect(scene.server.counts.tokens).toBe(1);
    expect(scene.failures).toEqual([]);
  });

  it('comes back after days in steps, each of which stays done', async () => {
    const stays = someStays(createRandom('long'), 2, 2 * DAY);
    const scene = await openScene({ stays });
    await scene.runUntil(() => scene.rounds.length > 0);
    scene.time.state.now += 2 * DAY;
    const before = scene.rounds.length;
    await scene.runUntil(() => (scene.rounds.at(-1)?.upTo ?? 0) > START + 2 * DAY);
    await scene.server.close();
    expect(scene.rounds.length - before).toBeGreaterThanOrEqual(8);
    const ended = stays.filter(({ endKnownAt }) => endKnownAt < START + 2 * DAY);
    expect(idsOf(ended).filter((id) => !scene.idsPublished().has(id))).toEqual([]);
  });

  it('stops when another poller has taken over, so that two do not fetch the same', async () => {
    const scene = await openScene({ stays: someStays(createRandom('two'), 2, 3_600_000) });
    const first = scene.runUntil(() => scene.rounds.length > 10_000);
    const second = scene.runUntil(() => scene.rounds.length > 50);
    await expect(first).rejects.toThrow(/Another poller of the same API has taken over/);
    await second;
    await scene.server.close();
  });

  it('says of a wrong secret what to check, and goes on trying', async () => {
    const scene = await openScene({ stays: [] });
    const api = createStatesApi({
      url: scene.server.url,
      tokenUrl: scene.server.tokenUrl,
      clientId: 'callfold-test',
      clientSecret: 'wrong',
      now: () => START,
    });
    await expect(api.page(START, START + 1, 1)).rejects.toThrow(/status 400: check CALLFOLD_VONAGE_CLIENT_ID/);
    await scene.server.close();
  });

  it('counts a row that the validator refuses, and goes on', async () => {
    const good = someStays(createRandom('bad'), 1, MINUTE);
    const scene = await openScene({ stays: [...good, { ...(good[0] as Stay), agentId: '' }] });
    await scene.runUntil(() => scene.rounds.length > 0);
    await scene.server.close();
    expect(scene.refused).toEqual(['missing-id']);
    expect(scene.failures).toEqual([]);
    expect(scene.published.length).toBeGreaterThan(0);
  });
});

describe('pauseAfter', () => {
  it('doubles up to five minutes, half of it by chance, and waits as long as the API asked', () => {
    const own = [1, 2, 3, 9, 30].map((failures) => pauseAfter(new Error('away'), failures, 1));
    expect(own).toEqual([1_000, 2_000, 4_000, 256_000, 300_000]);
    expect(pauseAfter(new Error('away'), 1, 0)).toBe(500);
    expect(pauseAfter(new ApiError('throttled', { retryAfterMs: 90_000 }), 1, 0.5)).toBe(90_500);
    expect(pauseAfter(new ApiError('throttled', { retryAfterMs: 1 }), 1, 0)).toBe(500);
  });
});
