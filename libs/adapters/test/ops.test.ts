import { CODES, rawTopic, SOURCES } from '@callfold/core';
import type { EngineEvent } from '@callfold/engine';
import { afterEach, describe, expect, it } from 'vitest';
import type { Health } from '../src/ops/health.ts';
import type { OpsServer } from '../src/ops/http.ts';
import { startHttp } from '../src/ops/http.ts';
import { createLogger, redactText } from '../src/ops/log.ts';
import { createMetrics } from '../src/ops/engine-metrics.ts';
import { bothObservers, logObserver } from '../src/ops/observer.ts';
import { AT, NOW, status } from './partition-status.ts';

/** One of each: a new kind of event does not compile until it stands here. */
const EVENTS: { readonly [Name in EngineEvent['name']]: Extract<EngineEvent, { name: Name }> } = {
  'partition-claimed': { name: 'partition-claimed', at: AT, epoch: 2, position: 10, end: 20, asLeft: false },
  'partition-released': { name: 'partition-released', at: AT, position: 20 },
  'partition-refused': { name: 'partition-refused', at: AT, message: 'call +49 151 2345678 is not to be here' },
  'partition-fenced': { name: 'partition-fenced', at: AT },
  'partition-moved': { name: 'partition-moved', at: AT },
  'infrastructure-away': {
    name: 'infrastructure-away',
    at: AT,
    doing: 'reading states',
    message: 'ECONNREFUSED',
    attempt: 1,
  },
  'infrastructure-back': { name: 'infrastructure-back', at: AT, doing: 'reading states', attempts: 3 },
  'batch-committed': {
    name: 'batch-committed',
    at: AT,
    records: 5,
    changed: 4,
    derived: 3,
    position: 20,
    end: 20,
    clock: NOW,
    begunAt: NOW,
    oldestAppendedAt: NOW - 2_000,
    lateness: { counts: [3, 0, 0, 1, 0, 0, 0, 0, 0, 1], sumMs: 86_500_000 },
    corrections: { 'callfold.call-outcomes': 2 },
    causes: [],
  },
  'record-rejected': {
    name: 'record-rejected',
    at: AT,
    offset: 12,
    code: 'bad-id',
    reason: 'an id is of a wrong type: callId of Anna Petrova, +49 151 2345678',
  },
  'subject-erased': { name: 'subject-erased', at: AT, offset: 13, tombstones: 3 },
  'unknown-word': { name: 'unknown-word', at: AT },
  'records-sent': { name: 'records-sent', at: AT, records: 3, waiting: 0, oldestAppendedAt: NOW - 3_000 },
  'recovery-ended': { name: 'recovery-ended', at: AT, position: 20, counts: [] },
  'derived-lost': { name: 'derived-lost', at: AT, derived: 'callfold.call-outcomes', end: 90, published: 100 },
  'requests-taken': { name: 'requests-taken', at: AT, published: 1, stands: 0, stale: 0, unread: 0 },
  ticked: { name: 'ticked', at: AT },
  'partition-stalled': { name: 'partition-stalled', at: AT, waitsFor: 'records', forMs: 30_000, message: null },
  'partition-moving': { name: 'partition-moving', at: AT, waitedFor: 'records', forMs: 31_000 },
};

/** A logger whose lines are caught. */
function caught(level = 'trace') {
  const lines: string[] = [];
  const logger = createLogger(level, 'test', { write: (line) => void lines.push(line) });
  return {
    logger,
    text: () => lines.join(''),
    json: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

describe('log lines', () => {
  const PEOPLE = ['Anna Petrova', '+49 151 23456789', 'CA-4711', '079 123 45 67', 'hunter2'];

  it('are JSON with level, time, service and a stable event name', () => {
    const { logger, json } = caught();
    const observer = logObserver(logger);
    for (const event of Object.values(EVENTS)) observer(event);
    expect(json().map((line) => [line['event'], line['level']])).toEqual([
      ['partition-claimed', 'info'],
      ['partition-released', 'info'],
      ['partition-refused', 'error'],
      ['partition-fenced', 'warn'],
      ['partition-moved', 'warn'],
      ['infrastructure-away', 'warn'],
      ['infrastructure-back', 'info'],
      ['batch-committed', 'debug'],
      ['record-rejected', 'warn'],
      ['subject-erased', 'info'],
      ['unknown-word', 'debug'],
      ['records-sent', 'debug'],
      ['recovery-ended', 'info'],
      ['derived-lost', 'error'],
      ['requests-taken', 'info'],
      ['ticked', 'debug'],
      ['partition-stalled', 'error'],
      ['partition-moving', 'info'],
    ]);
    for (const line of json()) {
      expect(line).toMatchObject({ service: 'test', topic: AT.topic, partition: AT.partition });
      expect(new Date(String(line['time'])).getTime()).toBeGreaterThan(NOW);
    }
    expect(json()[7]).toMatchObject({ records: 5, changed: 4, derived: 3, position: 20 });
  });

  it('of the engine name what was being done and why it failed, and no person', () => {
    const { logger, text, json } = caught();
    const observer = logObserver(logger);
    for (const event of Object.values(EVENTS)) observer(event);
    expect(json()[5]).toMatchObject({ doing: 'reading states', message: 'ECONNREFUSED', attempt: 1 });
    expect(json()[8]).toMatchObject({ code: 'bad-id', offset: 12 });
    expect(text()).not.toMatch(/Anna|Petrova|2345678/);
  });

  it('lose fields that may hold a person, at any depth, in lists, and in bindings of a child', () => {
    const { logger, text } = caught();
    logger.info({ agent: 'Anna Petrova', callId: 'CA-4711', password: 'hunter2' }, 'top');
    logger.info({ event: { agentId: 'Anna Petrova', raw: { attributes: { number: '+49 151 23456789' } } } }, 'deep');
    logger.info({ calls: [{ callId: 'CA-4711', Phone: '079 123 45 67' }], value: Buffer.from('Anna Petrova') }, 'list');
    logger.info({ a: { b: { c: { d: { e: { f: { g: 'Anna Petrova' } } } } } } }, 'deeper than anything of ours');
    logger.child({ customerId: 'CA-4711', role: 'outcomes' }).info('child');
    for (const one of PEOPLE) expect(text(), one).not.toContain(one);
    expect(text()).toContain('[redacted]');
    expect(text()).toContain('"role":"outcomes"');
  });

  it('lose longer numbers in messages, in texts and in errors with their causes', () => {
    const { logger, text, json } = caught();
    logger.warn('call from +49 151 23456789 was odd');
    logger.warn({ note: 'of 079 123 45 67' }, 'with %s', '+49 151 23456789');
    logger.error({ err: new Error('no answer of +49 151 23456789', { cause: new Error('079 123 45 67') }) }, 'failed');
    for (const one of PEOPLE) expect(text(), one).not.toContain(one);
    expect(text()).toContain('[number]');
    const stack: unknown = expect.stringContaining('ops.test.ts');
    expect(json()[2]?.['err']).toMatchObject({ type: 'Error', message: 'no answer of [number]', stack });
  });

  it('keep what operators need: addresses, dates, offsets, counts', () => {
    const kept = 'redis at 127.0.0.1:24379 since 2026-01-05, offset 1234567, 42 attempts, broker-1.example:9092';
    expect(redactText(kept)).toBe(kept);
    expect(redactText('2026-01-05T09:00:00.000Z')).toBe('2026-01-05T09:00:00.000Z');
  });

  it('warn of what is away once, then about once a minute, and tell every attempt to those who look closer', () => {
    const { logger, json } = caught();
    const observer = logObserver(logger);
    for (let attempt = 1; attempt <= 45; attempt += 1) observer({ ...EVENTS['infrastructure-away'], attempt });
    const warned = json().filter(({ level }) => level === 'warn');
    expect(warned.map(({ attempt }) => attempt)).toEqual([1, 20, 40]);
    expect(json()).toHaveLength(45);
  });

  it('below the level are not written', () => {
    const { logger, text } = caught('warn');
    logger.info('quiet');
    logger.warn('loud');
    expect(text()).not.toContain('quiet');
    expect(text()).toContain('loud');
  });
});

type Sample = { readonly name: string; readonly labels: Record<string, string>; readonly value: number };

/** Prometheus' text format, strictly: help and type once, before the samples, and all samples of a metric together. */
function parseMetrics(text: string): Sample[] {
  const seen = new Map<string, Set<string>>();
  const samples: Sample[] = [];
  const done = new Set<string>();
  let current = '';
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [, what, metric = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (what) {
      const marks = seen.get(metric) ?? new Set();
      expect(marks.has(what), `${what} of ${metric} twice`).toBe(false);
      seen.set(metric, marks.add(what));
      if (metric !== current) {
        expect(done.has(metric), `${metric} in two places`).toBe(false);
        done.add(current);
        current = metric;
      }
      if (what === 'TYPE') expect(['counter', 'gauge', 'histogram', 'summary']).toContain(rest);
      continue;
    }
    const [, name = '', labelText = '', value = ''] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    expect(name.startsWith(current), `"${line}" stands under ${current}`).toBe(true);
    expect(seen.get(current)?.size, `${current} has help and type`).toBe(2);
    const labels = [...labelText.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)",?/g)];
    expect(labels.map(([all]) => all).join('')).toBe(labelText);
    const number = Number(value.replace('Inf', 'Infinity'));
    if (value !== 'Nan') expect(Number.isNaN(number), line).toBe(false);
    samples.push({ name, labels: Object.fromEntries(labels.map(([, key = '', of = '']) => [key, of])), value: number });
  }
  const keys = samples.map(({ name, labels }) => JSON.stringify([name, ...Object.entries(labels).map(String).sort()]));
  expect(new Set(keys).size, 'a sample twice').toBe(keys.length);
  return samples;
}

const servers: OpsServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(options: Partial<Parameters<typeof startHttp>[0]> = {}): Promise<string> {
  const server = await startHttp({ host: '127.0.0.1', port: 0, ready: () => [], metrics: [], ...options });
  servers.push(server);
  return server.url;
}

describe('metrics', () => {
  it('of two roles in one process are one page that parses, each role told by its label', async () => {
    const roles = ['projector', 'outcomes'].map((role, index) =>
      createMetrics(
        role,
        () => [status({ position: 100 + index })],
        () => NOW,
      ),
    );
    const observer = bothObservers(...roles.map((role) => role.observer));
    for (const event of Object.values(EVENTS)) observer(event);
    observer(EVENTS['record-rejected']);
    const url = await serve({ metrics: roles });
    const answer = await fetch(`${url}/metrics`);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const samples = parseMetrics(await answer.text());
    const of = (name: string, labels: Record<string, string> = {}): number[] =>
      samples
        .filter((one) => one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value))
        .map(({ value }) => value);
    expect(of('callfold_position')).toEqual([100, 101]);
    expect(of('callfold_position', { service: 'outcomes', topic: AT.topic, partition: '3' })).toEqual([101]);
    expect(of('callfold_lag_records')).toEqual([20, 19]);
    for (const service of ['projector', 'outcomes']) {
      expect(of('callfold_records_total', { service, partition: '3' })).toEqual([5]);
      expect(of('callfold_derived_records_total', { service })).toEqual([3]);
      expect(of('callfold_sent_records_total', { service })).toEqual([3]);
      expect(of('callfold_dead_letters_total', { service, code: 'bad-id', topic: AT.topic })).toEqual([2]);
      expect(of('callfold_unknown_words_total', { service, topic: AT.topic })).toEqual([1]);
      expect(of('callfold_corrections_total', { service, topic: 'callfold.call-outcomes' })).toEqual([2]);
      expect(of('callfold_infrastructure_errors_total', { service, doing: 'reading states' })).toEqual([1]);
      expect(of('callfold_fenced_total', { service })).toEqual([1]);
      expect(of('callfold_store_moved_total', { service })).toEqual([1]);
      expect(of('callfold_ticks_total', { service })).toEqual([1]);
      expect(of('callfold_stalls_total', { service })).toEqual([1]);
      expect(of('process_resident_memory_bytes', { service })).toHaveLength(1);
    }
  });

  it("have base units, the project's prefix, and no label that names a person", async () => {
    const metrics = createMetrics('outcomes', () => [status()]);
    for (const event of Object.values(EVENTS)) metrics.observer(event);
    const samples = parseMetrics(await metrics.text()).filter(({ name }) => name.startsWith('callfold_'));
    expect(samples.length).toBeGreaterThan(10);
    const labels = new Set(samples.flatMap((one) => Object.keys(one.labels)));
    expect([...labels].sort()).toEqual(['code', 'doing', 'le', 'partition', 'service', 'topic', 'until']);
    for (const { name } of samples) expect(name).not.toMatch(/_ms(_|$)/);
  });

  it('of dead letters and unknown words are there before the first one, so that it shows as an increase', async () => {
    const samples = parseMetrics(await createMetrics('outcomes', () => []).text());
    const of = (name: string) => samples.filter((one) => one.name === name);
    expect(of('callfold_unknown_words_total').map(({ labels }) => labels['topic'])).toEqual(SOURCES.map(rawTopic));
    const letters = of('callfold_dead_letters_total');
    expect(letters).toHaveLength(SOURCES.length * Object.keys(CODES).length);
    for (const { value } of [...letters, ...of('callfold_unknown_words_total')]) expect(value).toBe(0);
  });

  it('have lateness as a histogram of many at once, and latency until the store and until the topics', async () => {
    const { observer, text } = createMetrics(
      'outcomes',
      () => [],
      () => NOW,
    );
    for (let time = 0; time < 2; time += 1) observer(EVENTS['batch-committed']);
    observer(EVENTS['records-sent']);
    observer({ ...EVENTS['records-sent'], oldestAppendedAt: null });
    const samples = parseMetrics(await text());
    const late = (part: string) =>
      samples
        .filter(({ name }) => name === `callfold_event_lateness_seconds_${part}`)
        .map(({ labels, value }) => [labels['le'], value]);
    expect(late('bucket')).toEqual([
      ...['1', '5', '15'].map((le) => [le, 6]),
      ...['60', '300', '900', '3600', '21600', '86400'].map((le) => [le, 8]),
      ['+Inf', 10],
    ]);
    expect(late('sum')).toEqual([[undefined, 173_000]]);
    expect(late('count')).toEqual([[undefined, 10]]);
    const latency = samples.filter(({ name }) => name === 'callfold_e2e_latency_seconds_sum');
    expect(latency.map(({ labels, value }) => [labels['topic'], labels['until'], value])).toEqual([
      [AT.topic, 'committed', 4],
      [AT.topic, 'published', 3],
    ]);
    expect(latency.every(({ labels }) => labels['service'] === 'outcomes')).toBe(true);
  });

  it('of a partition that went away are gone', async () => {
    let partitions = [status(), status({ at: { ...AT, partition: 4 } })];
    const metrics = createMetrics('projector', () => partitions);
    const positions = async (): Promise<number> =>
      parseMetrics(await metrics.text()).filter(({ name }) => name === 'callfold_position').length;
    expect(await positions()).toBe(2);
    partitions = [];
    expect(await positions()).toBe(0);
  });

  it('say which partitions are refused, stalled, late, and which wait for what is away', async () => {
    const stalled = { waitsFor: 'outbox', forMs: 31_000 } as const;
    const metrics = createMetrics('projector', () => [
      status({ refused: 'x', lagMs: null }),
      status({ at: { ...AT, partition: 4 }, away: 'y', stalled, lagMs: 1_500, waitingMs: 32_000 }),
    ]);
    const samples = parseMetrics(await metrics.text());
    const of = (name: string): number[] => samples.filter((one) => one.name === name).map(({ value }) => value);
    expect(of('callfold_partition_refused')).toEqual([1, 0]);
    expect(of('callfold_partition_away')).toEqual([0, 1]);
    expect(of('callfold_partition_stalled')).toEqual([0, 1]);
    expect(of('callfold_lag_seconds')).toEqual([1.5]);
    expect(of('callfold_outbox_oldest_age_seconds')).toEqual([0, 32]);
  });
});

describe('startHttp', () => {
  it('answers /livez while the process lives, ready or not', async () => {
    const url = await serve({ ready: () => [{ name: 'x', ok: false, detail: 'no' }] });
    const answer = await fetch(`${url}/livez`);
    expect([answer.status, await answer.json()]).toEqual([200, { status: 'live' }]);
  });

  it('answers /readyz 503 with the reason as long as one check does not hold, then 200', async () => {
    let checks: readonly Health[] = [
      { name: 'a', ok: true, detail: 'fine' },
      { name: 'b', ok: false, detail: 'Redis is away' },
    ];
    const url = await serve({ ready: async () => checks });
    const away = await fetch(`${url}/readyz`);
    expect(away.status).toBe(503);
    expect(await away.json()).toEqual({ status: 'not ready', checks });
    checks = checks.map((check) => ({ ...check, ok: true }));
    const back = await fetch(`${url}/readyz`);
    expect([back.status, await back.json()]).toEqual([200, { status: 'ready', checks }]);
  });

  it('has the routes of the service, and answers 404 for others', async () => {
    const url = await serve({ routes: (app) => app.get('/mine', () => ({ mine: true })) });
    expect(await (await fetch(`${url}/mine`)).json()).toEqual({ mine: true });
    const other = await fetch(`${url}/other`);
    expect([other.status, other.headers.get('server')]).toEqual([404, 'callfold']);
  });

  it('takes a body up to its limit', async () => {
    const url = await serve({ bodyBytesMax: 100, routes: (app) => app.post('/in', () => ({ taken: true })) });
    const post = async (text: string): Promise<number> => {
      const headers = { 'content-type': 'application/json' };
      return (await fetch(`${url}/in`, { method: 'POST', headers, body: JSON.stringify({ text }) })).status;
    };
    expect(await post('short')).toBe(200);
    expect(await post('x'.repeat(200))).toBe(413);
  });

  it('refuses a port that is taken, and says which setting moves it', async () => {
    const url = await serve();
    const port = Number(new URL(url).port);
    await expect(serve({ port })).rejects.toThrow(`127.0.0.1:${port}`);
    await expect(serve({ port })).rejects.toThrow('CALLFOLD_HTTP_PORT');
  });

  it('closes although a client keeps its connection', async () => {
    const server = await startHttp({ host: '127.0.0.1', port: 0, ready: () => [], metrics: [] });
    await (await fetch(`${server.url}/livez`)).text();
    await server.close();
    await expect(fetch(`${server.url}/livez`)).rejects.toThrow(/fetch failed/);
  });
});
