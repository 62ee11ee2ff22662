import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../../../infra/parts/index.mjs';
import { openStream } from '../../console/test/console-harness.ts';
import type { Ended, Running } from './built-command.ts';
import { callfold, start, until } from './built-command.ts';
import type { Parts } from './real-parts.ts';
import { openParts } from './real-parts.ts';

/**
 * The console beside a projector and `outcomes`, each a process, on real parts: what it shows is what happened, over a
 * killed owner, a Redis that went away, and a change-over. One story: each test goes on where the one before ended.
 */

const PARTITIONS = 2;
const PATIENCE = { mostMs: 120_000 };
/** A threshold by which a wait of 8 s is short. */
const CHANGED = { CALLFOLD_SHORT_ABANDON_MS: '9000' };

type Env = Readonly<Record<string, string>>;

let parts: Parts;
let url = '';
let projector: Running;
const processes: Running[] = [];

const envOf = (more: Env = {}): Env => ({ ...parts.env, ...more });

async function serve(role: string, more: Env = {}): Promise<Running & { readonly url: string }> {
  const [port = 0] = await freePorts(1);
  const running = start(['serve', role], { env: envOf({ CALLFOLD_HTTP_PORT: String(port), ...more }) });
  processes.push(running);
  return { ...running, url: `http://127.0.0.1:${port}` };
}

const run = (args: readonly string[], more: Env = {}): Promise<Ended> => callfold(args, { env: envOf(more) });

type Word = readonly [second: number, status: string];

/** Words of a call that began so many seconds ago. */
async function say(callId: string, ago: number, words: readonly Word[]): Promise<void> {
  const began = Date.now() - ago * 1_000;
  const lines = words.map(([second, status]) =>
    JSON.stringify({ source: 'callcenter24', callId, occurredAt: began + second * 1_000, status }),
  );
  const { code, err } = await callfold(['import', '-'], { env: envOf(), input: `${lines.join('\n')}\n` });
  expect(code, err).toBe(0);
}

async function get(path: string): Promise<Record<string, unknown>> {
  const answer = await fetch(url + path);
  return (await answer.json()) as Record<string, unknown>;
}

async function phases(): Promise<Record<string, unknown>> {
  const { calls = [] } = await get('/v1/calls');
  const rows = (calls as Record<string, unknown>[]).map((one): [string, unknown] => [
    String(one['callId']),
    one['phase'],
  ]);
  return Object.fromEntries(rows);
}

const sees = (what: string, wanted: object): Promise<void> =>
  until(what, async () => JSON.stringify(await phases()) === JSON.stringify(wanted), PATIENCE);

const JOIN: Word = [1, 'Participant join (Contact)'];

beforeAll(async () => {
  parts = await openParts('console', {
    redis: { config: { appendonly: 'yes' } },
    env: { CALLFOLD_SETTLE_MS: '500', CALLFOLD_PARTITIONS: String(PARTITIONS) },
  });
  await parts.applyTopics();
});
afterAll(async () => {
  for (const { child } of processes) child.kill('SIGKILL');
  await parts?.stop();
});

describe('callfold serve console', { timeout: 180_000 }, () => {
  it('shows calls as they stand, and the figures of callfold report to the digit', async () => {
    projector = await serve('projector');
    await serve('outcomes');
    const console = await serve('console');
    ({ url } = console);
    await say('gave-up', 30, [JOIN, [9, 'Participant leave (Contact)'], [9, 'Call ended']]);
    await say('talked', 30, [
      JOIN,
      [5, 'Participant join ([Anna])'],
      [20, 'Participant leave (Contact)'],
      [20, 'Call ended'],
    ]);
    await say('waits', 5, [JOIN]);
    await until('the console is ready', async () => (await fetch(`${url}/readyz`)).status === 200, {
      ...PATIENCE,
      running: console,
    });
    await sees('one call waits', { waits: 'waiting' });
    await until(
      'both ended calls have settled',
      async () => ((await get('/v1/outcomes?kind=call-outcome'))['records'] as unknown[]).length === 2,
      PATIENCE,
    );
    const { from, to, ...figures } = await get('/v1/figures');
    const report = await run(['report', '--json', '--from', String(from), '--to', String(to)]);
    const expected = JSON.parse(report.out) as Record<string, unknown>;
    expect(figures['callcenter24']).toMatchObject({ calls: 2, offered: 2, outcomes: { answered: 1, abandoned: 1 } });
    expect({ from, to, ...figures, openIntervalsUntil: null }).toEqual({ ...expected, openIntervalsUntil: null });
  });

  it('explains a call as callfold explain does, from whichever place in the log that is before it', async () => {
    /** What does not go on while log time passes. */
    const story = (body: unknown): unknown => {
      const { explanations } = body as { readonly explanations: readonly Record<string, unknown>[] };
      return explanations.map(({ timeline, records, standing }) => ({ timeline, records, standing }));
    };
    const { out } = await run(['explain', 'call', 'gave-up', '--json']);
    const told = story(await get('/v1/explain/call/gave-up'));
    expect(told).toMatchObject([{ standing: 'closed', records: [{ record: { outcome: 'abandoned' }, revision: 1 }] }]);
    expect(told).toEqual(story(JSON.parse(out)));
    const [{ timeline }] = told as [{ timeline: [{ loggedAt: string }] }];
    const from = encodeURIComponent(timeline[0].loggedAt);
    expect(story(await get(`/v1/explain/call/gave-up?from=${from}`))).toEqual(told);
    expect(await get('/v1/explain/call/nobody')).toMatchObject({ status: 404, code: 'not-found' });
  });

  it('goes on when the owner is killed, and tells its readers of what the next one commits', async () => {
    const stream = await openStream(`${url}/v1/changes`);
    await stream.next('ready');
    projector.child.kill('SIGKILL');
    await say('waits', 60, [[50, 'Participant join ([Anna])']]);
    projector = await serve('projector');
    const { data } = await stream.next('change');
    expect(data['changes']).toContainEqual(expect.objectContaining({ callId: 'waits', live: true }));
    await sees('the call is answered', { waits: 'talking' });
    stream.close();
  });

  it('says that Redis is away, in the same stream, and is right again when it is back', async () => {
    const stream = await openStream(`${url}/v1/changes`);
    await stream.next('ready');
    const beat = async (isWell: boolean): Promise<void> => {
      while ((await stream.next('beat')).data['isWell'] !== isWell);
    };
    await parts.redis.kill();
    await beat(false);
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    await parts.redis.start();
    await beat(true);
    await say('later', 2, [JOIN]);
    for (;;) {
      const { changes } = (await stream.next('change')).data as { changes: Record<string, unknown>[] };
      if (changes.some(({ callId }) => callId === 'later')) break;
    }
    await sees('both are there', { later: 'waiting', waits: 'talking' });
    stream.close();
  });

  it('follows the live generation over a change-over, by its settings', async () => {
    expect(await get('/v1/calls/gave-up')).toMatchObject({ outcome: 'abandoned', short: false });
    expect((await run(['rebuild', 'next'], CHANGED)).code).toBe(0);
    const switched = await run(['switch', 'next', '--execute', '--confirm', 'next'], CHANGED);
    expect(switched.code, switched.err).toBe(0);
    expect(await get('/v1/calls/gave-up')).toMatchObject({ outcome: 'abandoned', short: true });
    await say('later', 20, [[19, 'Participant leave (Contact)']]);
    await sees('the live generation is followed', { waits: 'talking' });
  });
});
