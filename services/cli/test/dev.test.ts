import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Status } from '@callfold/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../../../infra/parts/index.mjs';
import type { Ended, Running } from './built-command.ts';
import { callfold, checkBuilt, emptyFolder, parseLines, start, until } from './built-command.ts';
import { ABANDONED, ANSWERED, CHAT, EVENTS, iso, ndjson, REFUSED, REFUSED_CODES } from './sample-events.ts';

/** A busy machine starts the process in some seconds. */
const START_MS = 40_000;
const STOP_MS = 10_000;
const TOPICS = ['call-outcomes', 'agent-offers', 'chat-outcomes', 'chat-handoffs', 'agent-intervals', 'dead-letters'];

let dir = '';
let port = 0;
let dev: Running | null = null;
const url = (path: string): string => `http://127.0.0.1:${port}${path}`;

function environment(): Record<string, string> {
  return { CALLFOLD_DATA_DIR: join(dir, 'data'), CALLFOLD_HTTP_PORT: String(port), CALLFOLD_SETTLE_MS: '200' };
}

async function lives(at: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${at}/livez`).then(
    (answer) => answer.ok,
    () => false,
  );
}

async function startDev(args: readonly string[] = []): Promise<Running> {
  dev = start(['dev', '--no-demo', ...args], { env: environment() });
  await until('callfold dev answers', () => lives(port), { running: dev, mostMs: START_MS });
  return dev;
}

const run = (args: readonly string[], input?: string): Promise<Ended> =>
  callfold(args, { env: environment(), ...(input !== undefined && { input }) });

async function getJson<Answer>(path: string): Promise<Answer> {
  const answer = await fetch(url(path));
  expect(answer.status, path).toBe(200);
  return (await answer.json()) as Answer;
}

/** As `callfold status` asks for it: of now, where the console may answer what it saw some seconds ago. */
async function statusNow(): Promise<Status> {
  const answer = await fetch(url('/v1/commands/status'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ options: {}, json: true }),
  });
  const told = parseLines(await answer.text()).find((line) => 'out' in line);
  return JSON.parse(String(told?.['out'])) as Status;
}

/** Everything is folded, settled, published, and no timer is due soon. */
async function drained(): Promise<void> {
  await until(
    'everything is folded and published',
    async () => {
      const { partitions: all } = await statusNow();
      const soon = Date.now() + 600_000;
      return (
        all.length === 2 * 4 * 4 &&
        all.every(({ position, end, outbox, nextTimer }) => {
          return (position ?? 0) === end && (outbox ?? 0) === 0 && (nextTimer ?? Infinity) > soon;
        })
      );
    },
    dev === null ? {} : { running: dev },
  );
}

type Page = {
  next: number;
  end: number;
  records: { headers: Record<string, string>; record: Record<string, unknown> }[];
};

/** Every derived record, by topic and partition. */
async function derived(): Promise<Map<string, Page['records']>> {
  const found = new Map<string, Page['records']>();
  for (const topic of TOPICS) {
    for (let partition = 0; partition < 4; partition += 1) {
      const { records } = await getJson<Page>(`/v1/derived/callfold.${topic}/${partition}`);
      if (records.length > 0) found.set(`${topic}/${partition}`, records);
    }
  }
  return found;
}

function expectGapless(pages: ReadonlyMap<string, Page['records']>): void {
  for (const [name, records] of pages) {
    const next = new Map<string, number>();
    for (const { headers } of records) {
      const origin = String(headers['callfold-origin']).split('/').slice(0, 2).join('/');
      expect(Number(headers['callfold-seq']), `${name} of ${origin}`).toBe(next.get(origin) ?? 0);
      next.set(origin, (next.get(origin) ?? 0) + 1);
    }
  }
}

const count = (pages: ReadonlyMap<string, Page['records']>): number =>
  [...pages.values()].reduce((sum, records) => sum + records.length, 0);

beforeAll(async () => {
  checkBuilt();
  dir = emptyFolder('dev');
  [port = 0] = await freePorts(1);
});
afterAll(async () => {
  dev?.child.kill('SIGKILL');
  await dev?.ended;
  rmSync(dir, { recursive: true, force: true });
});

/** One process and its restarts, told as one story: each test goes on from where the one before left it. */
describe('callfold dev', { timeout: 90_000 }, () => {
  it('starts on an empty folder, says what to do next, and is alive and ready', async () => {
    const { err, out } = await startDev();
    expect(err()).toContain('callfold is running on the embedded store in');
    expect(err()).toContain('npx callfold explain call ID');
    expect(out()).toBe('');
    await until('ready', async () => (await fetch(url('/readyz'))).status === 200);
    expect(await getJson('/v1/outcomes')).toMatchObject({ records: [], next: null });
  });

  it('takes what `callfold import` publishes, and the command tells what was refused', async () => {
    const rejects = join(dir, 'rejects.ndjson');
    const { code, out, err } = await run(
      ['import', '-', '--json', '--rejects', rejects],
      ndjson([...EVENTS, ...REFUSED]),
    );
    expect(err).toContain(`${EVENTS.length} events published, ${REFUSED.length} lines refused`);
    expect(code).toBe(0);
    expect(parseLines(out)).toEqual([{ published: EVENTS.length, refused: REFUSED.length }]);
    expect(parseLines(readFileSync(rejects, 'utf8')).map((one) => one['code'])).toEqual(REFUSED_CODES);
    await drained();
    expect((await run(['import', '--strict'], ndjson(REFUSED))).code).toBe(1);
  });

  it('prints what became of them in words, and answers the last outcomes as JSON', async () => {
    await until('the words', () => /call-voicemail {2}sent to voicemail/.test(dev?.out() ?? ''));
    expect(dev?.out()).toContain('call  call/abandoned  abandoned after waiting 30 s, in the queue');
    expect(dev?.out()).toContain('chat  chat-1  back from a person after 5 min 0 s, now Finished');
    const { records } = await getJson<{ records: Record<string, unknown>[] }>('/v1/outcomes');
    const answered = records.find(({ outcomeId }) => outcomeId === 'default/callcenter24/call-answered');
    expect(answered).toMatchObject({ kind: 'call-outcome', outcome: 'answered', answeredAt: iso(8), talkMs: 60_000 });
    expect(new Set(records.map(({ kind }) => kind))).toEqual(
      new Set(['call-outcome', 'agent-offer', 'chat-outcome', 'chat-handoff', 'agent-interval']),
    );
  });

  const SUBJECTS: readonly (readonly [kind: string, id: string, says: RegExp])[] = [
    ['call', 'call-answered', /Participant join \(\[Anna\]\)[^]*answered by Anna/],
    ['call', 'call/abandoned', /Participant leave \(Contact\)[^]*abandoned after waiting 30 s/],
    ['call', 'atlas-1', /Line busy[^]*not connected: Line busy/],
    ['chat', 'chat-1', /Manual[^]*completed, with 1 hand-off/],
    ['agent', '101', /Busy[^]*was Ready for/],
  ];
  it.each(SUBJECTS)('explains %s %s, to people and to programs', async (kind, id, says) => {
    const [text, json] = await Promise.all([run(['explain', kind, id]), run(['explain', kind, id, '--json'])]);
    expect([text.code, text.err]).toEqual([0, '']);
    expect(text.out).toMatch(says);
    expect(json.code).toBe(0);
    const [answer] = parseLines(json.out) as { explanations: Record<string, unknown>[] }[];
    expect(answer?.explanations).toHaveLength(1);
    expect(answer?.explanations[0]).toMatchObject({ kind, subjectId: id, tenantId: 'default' });
    expect(answer?.explanations[0]?.['live']).toMatchObject({ sights: [{ state: 'live' }, { generation: 'today' }] });
  });

  it('explains what stands of a call and what readers see of it, as of now and of a moment', async () => {
    const now = await run(['explain', 'call', 'call-answered']);
    expect(now.out).toMatch(/What stands in the derived topics:\n\n {2}callfold\.call-outcomes seq \d+, revision 1: /);
    expect(now.out).toMatch(/What readers see, by generation 1 \(up to offset \d+\): .*outcome "answered"/);
    const first = /offset (\d+) +/.exec(now.out)?.[1];
    const then = await run(['explain', 'call', 'call-answered', '--at', String(first)]);
    expect(then.out).toContain('What stood in the derived topics by then:\n\n  nothing\n');
  });

  it('says of a subject that it does not know that it does not know it', async () => {
    const { code, out, err } = await run(['explain', 'call', 'nobody']);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('nobody');
  });

  it('`callfold status` tells every partition of both roles, and that nothing is wrong', async () => {
    const [text, json] = await Promise.all([run(['status']), run(['--json', 'status'])]);
    expect([text.code, json.code]).toEqual([0, 0]);
    expect(text.out).toMatch(/^ROLE +TOPIC +PART/);
    expect(text.out.trimEnd().split('\n')).toHaveLength(1 + 2 * 4 * 4 + 1);
    expect(text.err).toContain('Nothing is wrong.');
    const [answer] = parseLines(json.out) as { partitions: Record<string, unknown>[] }[];
    expect(answer?.partitions).toHaveLength(2 * 4 * 4);
    for (const one of answer?.partitions ?? []) expect(one).toMatchObject({ lag: 0, problem: null });
  });

  it('takes events over HTTP: one, a list, lines; and says what was wrong with them', async () => {
    const post = async (type: string, body: string): Promise<[number, unknown]> => {
      const answer = await fetch(url('/v1/events'), { method: 'POST', headers: { 'content-type': type }, body });
      return [answer.status, await answer.json()];
    };
    const again = (index: number): string => JSON.stringify(ANSWERED[index]);
    const taken = (events: number) => ({
      accepted: events,
      refused: 0,
      items: [{ index: 0, count: events, status: 'accepted' }],
    });
    expect(await post('application/json', again(0))).toEqual([202, taken(1)]);
    expect(await post('application/json', `[${again(0)},${again(1)}]`)).toEqual([202, taken(2)]);
    const [status, body] = await post('application/x-ndjson', ndjson([again(0), ...REFUSED]));
    expect(status).toBe(202);
    const items = (body as { items: { status: string; code?: string }[] }).items;
    expect(items.flatMap(({ code }) => code ?? [])).toEqual(REFUSED_CODES);
    expect((await post('application/json', '{"source":"teapot"}'))[0]).toBe(422);
    expect((await post('application/json', '{'))[0]).toBe(400);
    await drained();
  });

  it('answers operators: the same rows as the command, and dead letters, of which there are none', async () => {
    const { partitions, findings } = await getJson<Status>('/v1/status');
    expect(partitions).toHaveLength(2 * 4 * 4);
    expect(findings).toEqual([]);
    expect(await getJson('/v1/dead-letters')).toMatchObject({ letters: [], isComplete: true });
    expect(await run(['dlq', 'list'])).toMatchObject({ code: 0, out: '', err: '0 dead letters.\n' });
    expect((await run(['dlq', 'show', 'callfold.raw.atlas/0/4711'])).code).toBe(4);
  });

  it('takes large events, more than one request of its own takes at once', async () => {
    const text = 'x'.repeat(16_000);
    const attributes = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`note-${n}`, text]));
    const large = Array.from({ length: 30 }, (_, n) => ({
      ...ABANDONED[n % 4],
      callId: 'large',
      attributes,
      eventId: `${n}`,
    }));
    const { code, err } = await run(['import'], ndjson(large));
    expect(err).toContain('30 events published');
    expect(code).toBe(0);
    await drained();
  });

  it('has its folder to itself: a second one there is refused, whatever its port', async () => {
    const [other = 0] = await freePorts(1);
    const second = await callfold(['dev', '--no-demo'], {
      env: { ...environment(), CALLFOLD_HTTP_PORT: String(other) },
    });
    expect(second.code).toBe(4);
    expect(second.err).toContain(join(dir, 'data'));
    expect(second.err).toContain(String(dev?.child.pid));
    expect(second.err).not.toMatch(/\n {4}at /);
  });

  it('has its port to itself: another one, elsewhere, is refused and ends', async () => {
    const env = { ...environment(), CALLFOLD_DATA_DIR: join(dir, 'other') };
    const second = await callfold(['dev', '--no-demo'], { env });
    expect(second.code).toBe(4);
    expect(second.err).toContain(`127.0.0.1:${port} is taken`);
    expect(second.err).toContain('CALLFOLD_HTTP_PORT');
  });

  it('ends on SIGTERM within seconds, with exit code 0', async () => {
    const begun = performance.now();
    dev?.child.kill('SIGTERM');
    const ended = await dev?.ended;
    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(ended?.err).toContain('callfold stopped; everything it took is kept.');
    expect(performance.now() - begun).toBeLessThan(STOP_MS);
  });

  it('knows everything after a restart, and publishes nothing twice, also when everything is sent again', async () => {
    await startDev(['--json']);
    await drained();
    const before = await derived();
    expect(count(before)).toBeGreaterThan(8);
    expectGapless(before);
    const { records } = await getJson<{ records: Record<string, unknown>[] }>('/v1/outcomes');
    expect(records.map(({ outcomeId }) => outcomeId)).toContain('default/callcenter24/call-voicemail');
    const explained = await run(['explain', 'call', 'call-answered']);
    expect(explained.out).toContain('answered by Anna');
    expect((await run(['import'], ndjson(EVENTS))).code).toBe(0);
    await drained();
    expect(await derived()).toEqual(before);
    expect(dev?.out()).toBe('');
  });

  it('survives kill -9, with what was in flight, and goes on without a gap', async () => {
    const before = count(await derived());
    const more = ANSWERED.map((line) => ({ ...line, callId: 'after-the-kill' }));
    expect((await run(['import'], ndjson(more.slice(0, 5)))).code).toBe(0);
    dev?.child.kill('SIGKILL');
    await dev?.ended;
    await startDev(['--json']);
    expect((await run(['import'], ndjson(more.slice(3)))).code).toBe(0);
    await drained();
    const after = await derived();
    expectGapless(after);
    expect(count(after)).toBe(before + 2);
    await until('the new outcome is printed', () => (dev?.out() ?? '').includes('after-the-kill'));
    const printed = parseLines(dev?.out() ?? '');
    const outcome = printed.find(({ kind }) => kind === 'call-outcome');
    expect(outcome).toMatchObject({ callId: 'after-the-kill', outcome: 'answered', answeredAt: iso(8) });
    expect((await run(['explain', 'chat', 'chat-1'])).out).toContain(String(CHAT[1]?.['status']));
  });

  it('refuses other settings than its state was made with, and names the one', async () => {
    dev?.child.kill('SIGTERM');
    await dev?.ended;
    dev = start(['dev', '--no-demo'], { env: { ...environment(), CALLFOLD_TEARDOWN_MS: '1' } });
    await until('it says so', () => (dev?.err() ?? '').includes('partition-refused'), {
      running: dev,
      mostMs: START_MS,
    });
    expect((await fetch(url('/readyz'))).status).toBe(503);
    const status = await run(['status']);
    expect(status.code).toBe(1);
    expect(status.err).toContain('teardownMs=5000');
    dev.child.kill('SIGINT');
    expect(await dev.ended).toMatchObject({ code: 0 });
  });
});
