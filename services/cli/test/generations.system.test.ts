import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readConfig } from '@callfold/adapters/config';
import { decodeState } from '@callfold/core';
import { readLive } from '@callfold/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../../../infra/parts/index.mjs';
import { openKafkaSite } from '../src/wiring/kafka.ts';
import type { Ended, Running } from './built-command.ts';
import { callfold, parseLines, start, until } from './built-command.ts';
import type { Parts } from './real-parts.ts';
import { openParts } from './real-parts.ts';

/**
 * Rules change under live load: the threshold of short abandonments, and a bug of an older version that is mended. One
 * story: each test goes on where the one before ended.
 */

const TOPIC = 'callfold.raw.callcenter24';
const PARTITIONS = 2;
const CALLS = 240;
const KILLS = 3;
const PATIENCE = { mostMs: 90_000 };
const BUG = new URL('./voicemail-bug.mjs', import.meta.url).href;
const CHANGED = { CALLFOLD_SHORT_ABANDON_MS: '9000' };
const REBUILD = ['rebuild', 'next', '--rate', '400'] as const;

type Env = Readonly<Record<string, string>>;

let parts: Parts;
const projectors: Running[] = [];
const seed = Number(process.env['CALLFOLD_TEST_SEED'] ?? Date.now() % 1_000_000);

const envOf = (more: Env = {}): Env => ({ ...parts.env, ...more });

async function serve(more: Env = {}): Promise<Running> {
  const [port = 0] = await freePorts(1);
  const running = start(['serve', 'projector'], { env: envOf({ CALLFOLD_HTTP_PORT: String(port), ...more }) });
  projectors.push(running);
  return running;
}

async function run(args: readonly string[], more: Env = {}): Promise<Ended> {
  return callfold(args, { env: envOf(more) });
}

/** A call that is abandoned after 2 to 13 s, one that is sent to voicemail, or one that is answered. */
function linesOf(id: string, kind: number, at: number): string[] {
  const waited = 2 + (kind % 12);
  const ends: readonly (readonly (readonly [second: number, status: string])[])[] = [
    [
      [1 + waited, 'Participant leave (Contact)'],
      [1 + waited, 'Call ended'],
    ],
    [
      [9, 'Redirect to voice mail'],
      [30, 'Participant leave (Contact)'],
    ],
    [
      [5, 'Participant join ([Anna])'],
      [40, 'Participant leave (Contact)'],
      [40, 'Call ended'],
    ],
  ];
  const words = [[0, 'Registred in CallCenter24'] as const, [1, 'Participant join (Contact)'] as const];
  return [...words, ...(ends[kind % 3] ?? [])].map(([second, status]) =>
    JSON.stringify({ source: 'callcenter24', callId: id, occurredAt: at + second * 1_000, status }),
  );
}

const oldLines = Array.from({ length: CALLS }, (_, n) =>
  linesOf(`old-${n}`, n, Date.now() - 3_600_000 + n * 100),
).flat();

/** What `callfold fold` makes of the events, by call. */
async function foldOf(lines: readonly string[], env: Env): Promise<Map<string, Record<string, unknown>>> {
  const file = join(parts.dir, 'events.ndjson');
  writeFileSync(file, `${lines.join('\n')}\n`);
  const { code, out, err } = await callfold(['fold', '--aggregates', file], { env });
  expect(code, err).toBe(0);
  const calls = parseLines(out).filter((one) => one['kind'] === 'call');
  return new Map(calls.map((one) => [`default/${String(one['callId'])}`, one]));
}

/** Calls go on coming: answered ones, whom no rule of these treats differently. */
function load() {
  const running = start(['import', '-'], { env: envOf(), input: null });
  let isOver = false;
  const sending = (async () => {
    for (let n = 0; !isOver; n += 1) {
      running.child.stdin?.write(`${linesOf(`new-${n}`, 2, Date.now()).join('\n')}\n`);
      await pause(10);
    }
    running.child.stdin?.end();
    return running.ended;
  })();
  return {
    async stop() {
      isOver = true;
      expect((await sending).code).toBe(0);
    },
  };
}

type Seen = { readonly readings: Map<string, number>; readonly problems: string[] };
const seen: Seen = { readings: new Map(), problems: [] };
const looking = { isOver: false, done: Promise.resolve() };
const OLD_VOICEMAILS = CALLS / 3;

type Site = Awaited<ReturnType<typeof openKafkaSite>>;

function look(site: Site): Promise<{ name: string; positions: number[]; voicemails: number }> {
  return readLive(site.shelf, async ({ generation, store }) => {
    let voicemails = 0;
    const positions: number[] = [];
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const at = { topic: TOPIC, partition };
      positions.push((await store.peek(at))?.next ?? 0);
      for await (const slice of store.scan(at, 'states')) {
        for (const [key, text] of slice) {
          if (!key.startsWith('default/old-')) continue;
          if (decodeState(text, 'callcenter24', key).facts.some(({ word }) => word === 'redirected')) voicemails += 1;
        }
      }
    }
    return { name: generation.name, positions, voicemails };
  });
}

/** A reader that never looks away: only whole generations, and no partition that goes back. */
async function watch(): Promise<void> {
  const site = await openKafkaSite(readConfig(envOf()), () => undefined);
  let last = [0, 0];
  while (!looking.isOver) {
    const { name, positions, voicemails } = await look(site);
    const should = name === 'next' ? OLD_VOICEMAILS : 0;
    if (voicemails !== should) seen.problems.push(`${name}: ${voicemails} voicemails, and not ${should}`);
    if (positions.some((one, i) => one < (last[i] ?? 0)))
      seen.problems.push(`${name}: ${String(positions)} after ${String(last)}`);
    last = positions;
    seen.readings.set(name, (seen.readings.get(name) ?? 0) + 1);
    await pause(5);
  }
  await site.close();
}

async function statusOf(): Promise<Record<string, unknown>[]> {
  const { out } = await run(['status', '--json']);
  return (parseLines(out)[0] as { generations: Record<string, unknown>[] }).generations;
}

const level = (count: number): Promise<void> =>
  until(
    `${count} generations are folded to the end`,
    async () => {
      const rows = await statusOf();
      return rows.length === count && rows.every(({ lag }) => lag === 0);
    },
    PATIENCE,
  );

beforeAll(async () => {
  parts = await openParts('generations', { env: { CALLFOLD_PARTITIONS: String(PARTITIONS) } });
  await parts.applyTopics();
});

afterAll(async () => {
  looking.isOver = true;
  await looking.done.catch(() => undefined);
  for (const { child } of projectors) child.kill('SIGKILL');
  await parts?.stop();
});

describe('generations, on Kafka, registry and Redis', () => {
  let working: ReturnType<typeof load> | undefined;
  let should: string[] = [];

  it('are folded beside the live one, and again after kill -9, by the same command', async () => {
    const older = await serve({ NODE_OPTIONS: `--import ${BUG}` });
    const imported = await callfold(['import', '-'], { env: envOf(), input: `${oldLines.join('\n')}\n` });
    expect(imported.code, imported.err).toBe(0);
    await until('all is folded', async () => (await statusOf()).every(({ lag, all }) => lag === 0 && Number(all) > 0), {
      ...PATIENCE,
      running: older,
    });
    older.child.kill('SIGTERM');
    await older.ended;
    await Promise.all([serve(), serve()]);
    const [was, is] = [await foldOf(oldLines, { NODE_OPTIONS: `--import ${BUG}` }), await foldOf(oldLines, CHANGED)];
    should = [...is].filter(([key, one]) => JSON.stringify(was.get(key)) !== JSON.stringify(one)).map(([key]) => key);
    expect(should.length).toBeGreaterThan(OLD_VOICEMAILS);
    working = load();
    looking.done = watch();
    process.stderr.write(`kills by CALLFOLD_TEST_SEED=${seed}\n`);
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const rebuilding = start(REBUILD, { env: envOf(CHANGED) });
      await Promise.race([pause(1_500 + ((seed * kill * 7_919) % 2_000)), rebuilding.ended]);
      rebuilding.child.kill('SIGKILL');
      expect(await rebuilding.ended).toMatchObject({ signal: 'SIGKILL' });
    }
    const stopped = start(REBUILD, { env: envOf(CHANGED) });
    await until('it tells how far it is', async () => stopped.err().includes('a second'), {
      ...PATIENCE,
      running: stopped,
    });
    stopped.child.kill('SIGINT');
    const said = await stopped.ended;
    expect(said.code, said.err).toBe(1);
    expect(said.err.trimEnd().split('\n').at(-1)).toBe(`callfold ${REBUILD.join(' ')}`);
    expect(await statusOf()).toMatchObject([{ state: 'live' }, { generation: 'next', state: 'building' }]);
    const done = await run(['rebuild', 'next'], CHANGED);
    expect(done.code, done.err).toBe(0);
    expect(done.err.trimEnd().split('\n').at(-1)).toBe('callfold diff 1 next');
  });

  it('differ in exactly the calls that an independent fold says', async () => {
    const { code, out, err } = await run(['diff', '1', 'next', '--json']);
    expect(code, err).toBe(3);
    const lines = parseLines(out);
    const last = lines.pop();
    expect(last).toMatchObject({ settings: ['shortAbandonMs: 5000 → 9000'], counts: { different: should.length } });
    expect(lines.map(({ key }) => String(key)).toSorted()).toEqual(should.toSorted());
    const text = await run(['diff', '1', 'next', '--sample', '1']);
    expect(text.out).toMatch(/^\d+: short, by the rule \S+$/m);
    expect(text.out).toMatch(/^80: .*outcome.*, by the rules \S+ → \S+$/m);
  });

  it('become live for all readers at once, and the one before again', async () => {
    const dry = await run(['switch', 'next']);
    expect(dry.code, dry.err).toBe(0);
    expect(dry.err.trimEnd().split('\n').at(-1)).toBe('callfold switch next --execute --confirm next');
    const live = await run(['drop', '1', '--execute']);
    expect([live.code, live.err]).toEqual([4, expect.stringContaining('1 is live')]);
    const held: number[] = [];
    for (const name of ['next', '1', 'next']) {
      const { code, out, err } = await run(['switch', name, '--execute', '--confirm', name, '--json']);
      expect(code, err).toBe(0);
      const [done] = parseLines(out) as { to: string; heldMs: number; at: Record<string, number> }[];
      expect(done).toMatchObject({ to: name });
      held.push(done?.heldMs ?? Infinity);
      const before = seen.readings.get(name) ?? 0;
      await until(`readers see ${name}`, async () => (seen.readings.get(name) ?? 0) > before + 20, PATIENCE);
    }
    process.stderr.write(`readers saw a standing generation for ${held.map((ms) => ms.toFixed(0)).join(', ')} ms\n`);
    expect(Math.max(...held)).toBeLessThan(1_000);
    expect(seen.problems).toEqual([]);
  });

  it('stand as a fresh fold of the log has them, and go when they are dropped', async () => {
    await working?.stop();
    await level(2);
    looking.isOver = true;
    await looking.done;
    expect(seen.problems).toEqual([]);
    const right = await run(['verify']);
    expect([right.code, right.err]).toEqual([0, expect.stringContaining('Identical')]);
    expect((await run(['switch', '1', '--execute', '--confirm', '1'])).code).toBe(0);
    const wrong = await run(['verify']);
    expect([wrong.code, wrong.err]).toEqual([3, expect.stringContaining(`${OLD_VOICEMAILS} differences`)]);
    expect((await run(['drop', 'next'])).err).toContain('callfold drop next --execute --confirm next');
    const gone = await run(['drop', 'next', '--execute', '--confirm', 'next']);
    expect(gone.code, gone.err).toBe(0);
    expect(await statusOf()).toMatchObject([{ generation: '1', state: 'live' }]);
    expect((await run(['diff', '1', 'next'])).code).toBe(4);
  });
});
