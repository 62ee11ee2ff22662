import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../../../infra/parts/index.mjs';
import type { Running } from './built-command.ts';
import { callfold, parseLines, start, until } from './built-command.ts';
import type { Parts } from './real-parts.ts';
import { openParts } from './real-parts.ts';
import { EVENTS, ndjson } from './sample-events.ts';

/** `callfold serve` with several threads on real parts. One story: each test goes on where the one before ended. */

const PARTITIONS = 4;
const TOPIC = 'callfold.raw.callcenter24';
/** Of the sample: three calls, a call record, a chat and an agent; a record of each at least. */
const SUBJECTS = 6;
const RECORDS = 6;
const PATIENCE = { mostMs: 120_000 };

type Role = 'projector' | 'outcomes';

let parts: Parts;
const urls: Record<Role, string> = { projector: '', outcomes: '' };
const services: Partial<Record<Role, Running>> = {};

async function serve(role: Role, threads: number): Promise<Running> {
  const [port = 0] = await freePorts(1);
  const env = { ...parts.env, CALLFOLD_THREADS: String(threads), CALLFOLD_HTTP_PORT: String(port) };
  const running = start(['serve', role], { env });
  services[role] = running;
  urls[role] = `http://127.0.0.1:${port}`;
  return running;
}

type Readiness = {
  status: string;
  checks: { name: string; ok: boolean }[];
  partitions: { topic: string; position: number; committed: number; outboxRecords: number }[];
};

async function readiness(role: Role): Promise<Readiness | null> {
  const answer = await fetch(`${urls[role]}/readyz?verbose`).catch(() => null);
  return answer === null ? null : ((await answer.json()) as Readiness);
}

const isReady = async (role: Role): Promise<boolean> => (await readiness(role))?.status === 'ready';

/** Partitions of the topic by the thread that has them. */
async function shares(role: Role): Promise<Map<string, number[]>> {
  const text = await (await fetch(`${urls[role]}/metrics`)).text();
  const lines = text.matchAll(/^callfold_position\{([^}]*)\}/gm);
  const found = new Map<string, number[]>();
  for (const [, labels = ''] of lines) {
    const label = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
    if (label('topic') !== TOPIC) continue;
    const thread = label('thread');
    found.set(thread, [...(found.get(thread) ?? []), Number(label('partition'))]);
  }
  return found;
}

/** Every record is folded, committed, and what came of it sent. */
async function isDone(role: Role, events: number): Promise<boolean> {
  const { partitions = [] } = (await readiness(role)) ?? {};
  const committed = partitions.reduce((sum, one) => sum + (one.committed ?? 0), 0);
  return committed >= events && partitions.every((one) => one.outboxRecords === 0);
}

/** A fresh fold of the log finds everything as it should be. @returns how many subjects and records it compared */
async function compared(): Promise<number> {
  const { code, out, err } = await callfold(['verify', '--json'], { env: parts.env });
  expect([code, out], err).toEqual([0, expect.any(String)]);
  return parseLines(out).reduce((sum, row) => sum + Number(row['same']), 0);
}

async function importSample(): Promise<void> {
  const { code, err } = await callfold(['import', '-'], { env: parts.env, input: ndjson(EVENTS) });
  expect(code, err).toBe(0);
}

beforeAll(async () => {
  parts = await openParts('threads', {
    env: { CALLFOLD_SETTLE_MS: '0', CALLFOLD_PARTITIONS: String(PARTITIONS) },
  });
  await parts.applyTopics();
});
afterAll(async () => {
  for (const { child } of Object.values(services)) child.kill('SIGKILL');
  await parts?.stop();
});

describe('callfold serve with CALLFOLD_THREADS', { timeout: 180_000 }, () => {
  it('shares the partitions out among its threads, and one port tells of all', async () => {
    for (const role of ['projector', 'outcomes'] as const) {
      const running = await serve(role, 2);
      await until(`${role} is ready`, () => isReady(role), { ...PATIENCE, running });
      await until(
        `each thread of ${role} has two partitions`,
        async () => {
          const found = await shares(role);
          return [...found.values()].every((one) => one.length === 2) && found.size === 2;
        },
        { ...PATIENCE, running },
      );
      expect([...(await shares(role)).values()].flat().toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
      const { checks = [], partitions = [] } = (await readiness(role)) ?? {};
      expect(checks.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['thread 0, group', 'thread 1, group', `${TOPIC}/0`, `${TOPIC}/3`]),
      );
      expect(partitions.filter(({ topic }) => topic === TOPIC)).toHaveLength(PARTITIONS);
    }
    const text = await (await fetch(`${urls.projector}/metrics`)).text();
    expect(text.match(/^process_cpu_seconds_total\{/gm)).toHaveLength(1);
    expect(text.match(/^nodejs_eventloop_lag_p99_seconds\{/gm)).toHaveLength(3);
    expect(text.match(/^# TYPE callfold_position /gm)).toHaveLength(1);
  });

  it('folds and derives what one thread does, to the record', async () => {
    await importSample();
    for (const role of ['projector', 'outcomes'] as const) {
      await until(`${role} is done`, () => isDone(role, EVENTS.length), {
        ...PATIENCE,
        running: services[role] as Running,
      });
    }
    expect(await compared()).toBeGreaterThanOrEqual(SUBJECTS + RECORDS);
  });

  it('goes on with another number of threads, and stops when it is asked to', async () => {
    const before = services.outcomes as Running;
    before.child.kill('SIGTERM');
    expect((await before.ended).code).toBe(0);
    await importSample();
    const running = await serve('outcomes', 3);
    const patience = { ...PATIENCE, running };
    await until('outcomes has done the rest', () => isDone('outcomes', 2 * EVENTS.length), patience);
    await until('projector too', () => isDone('projector', 2 * EVENTS.length), PATIENCE);
    expect(await compared()).toBeGreaterThanOrEqual(SUBJECTS + RECORDS);
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(0);
  });

  it('loses and doubles nothing when the process is killed', async () => {
    const running = await serve('outcomes', 2);
    await until('outcomes is ready', () => isReady('outcomes'), { ...PATIENCE, running });
    const importing = importSample();
    running.child.kill('SIGKILL');
    await importing;
    const next = await serve('outcomes', 2);
    const patience = { ...PATIENCE, running: next };
    await until('outcomes has done it all', () => isDone('outcomes', 3 * EVENTS.length), patience);
    await until('projector too', () => isDone('projector', 3 * EVENTS.length), PATIENCE);
    expect(await compared()).toBeGreaterThanOrEqual(SUBJECTS + RECORDS);
  });

  it('ends as a whole when a thread cannot go on, and says why', async () => {
    const [port = 0] = await freePorts(1);
    const fault = `import {isMainThread} from 'node:worker_threads';
      if (!isMainThread) setTimeout(() => { throw new Error('this thread is broken'); }, 2_000);`;
    const env = {
      ...parts.env,
      CALLFOLD_THREADS: '2',
      CALLFOLD_HTTP_PORT: String(port),
      NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(fault)}`,
    };
    const { code, err } = await callfold(['serve', 'projector'], { env });
    expect([code, err]).toEqual([1, expect.stringContaining('this thread is broken')]);
  });
});
