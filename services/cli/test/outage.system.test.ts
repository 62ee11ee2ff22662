import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import type { Message, Producer } from 'kafkajs';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { readConfig } from '@callfold/adapters/config';
import { DEAD_LETTERS, partitionOf, utf8Bytes } from '@callfold/core';
import type { DeadLetter } from '@callfold/schemas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../../../infra/parts/index.mjs';
import { openKafkaSite } from '../src/wiring/kafka.ts';
import type { Running } from './built-command.ts';
import { callfold, parseLines, ROOT, start, until } from './built-command.ts';
import type { Parts } from './real-parts.ts';
import { openParts } from './real-parts.ts';

/** Real parts that go away under load, one after the other, and services that must lose and double nothing. */

const TOPIC = 'callfold.raw.callcenter24';
const PARTITIONS = 4;
const MIB = 1_048_576;
const DAY = 86_400_000;
/** How long Redis is away. */
const REDIS_AWAY_MS = 5_000;
const CALLS_A_SEND = 10;
const LOAD_PAUSE_MS = 100;
/** On a busy machine; each is a condition that mostly holds much sooner. */
const PATIENCE = { mostMs: 90_000 };

type Role = 'projector' | 'outcomes';
const ROLES = ['projector', 'outcomes'] as const;

let parts: Parts;
let env: Parts['env'] = {};
/** From when the topics are there. */
let upstream: Awaited<ReturnType<typeof openUpstream>>;
const ports = { projector: 0, outcomes: 0 };
const services: Partial<Record<Role, Running>> = {};

/** As any upstream publishes: kafkajs and the registry's client, nothing of ours. */
async function openUpstream() {
  const registry = new SchemaRegistry({ host: parts.registry.url });
  const kafka = new Kafka({ brokers: [...parts.kafka.brokers], logLevel: logLevel.NOTHING, retry: { retries: 2 } });
  const producer: Producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  const schemaId = await registry.getLatestSchemaId(`${TOPIC}-value`);
  const encode = (fields: Record<string, unknown>): Promise<Buffer> =>
    registry.encode(schemaId, {
      tenantId: 'default',
      eventId: null,
      occurredAt: Date.now(),
      status: 'Call ended',
      attributes: null,
      payload: null,
      adapter: null,
      ...fields,
    });
  let calls = 0;

  async function messagesOf(callId: string): Promise<Message[]> {
    const startedAt = Date.now() - 60_000;
    const words = [
      'Registred in CallCenter24',
      'Participant join (Contact)',
      'Participant leave (Contact)',
      'Call ended',
    ];
    return Promise.all(
      words.map(async (status, index) => ({
        key: `default/${callId}`,
        value: await encode({ callId, status, occurredAt: startedAt + index * 10_000 }),
      })),
    );
  }

  /** Sends until the log has it: a repeat is harmless. */
  async function send(messages: readonly Message[]): Promise<void> {
    for (;;) {
      try {
        await producer.send({ topic: TOPIC, acks: -1, messages: [...messages] });
        return;
      } catch (error) {
        if (upstream.isClosed) throw error;
      }
    }
  }

  return {
    encode,
    send,
    isClosed: false,
    get calls() {
      return calls;
    },
    async publishCalls(): Promise<void> {
      const some = Array.from({ length: CALLS_A_SEND }, (_, n) => `call-${calls + n}`);
      await send((await Promise.all(some.map(messagesOf))).flat());
      calls += some.length;
    },
    close: () => producer.disconnect(),
  };
}

/** Publishes some hundred events a second until it is stopped. */
function load() {
  let isOver = false;
  const done = (async () => {
    for (; !isOver; await pause(LOAD_PAUSE_MS)) await upstream.publishCalls();
  })();
  done.catch(() => undefined);
  return {
    async stop(): Promise<void> {
      isOver = true;
      await done;
    },
  };
}

function serve(role: Role): Running {
  const running = start(['serve', role], { env: { ...env, CALLFOLD_HTTP_PORT: String(ports[role]) } });
  services[role] = running;
  return running;
}

type Readiness = { status: number; details: string };

async function readiness(role: Role): Promise<Readiness> {
  const answer = await fetch(`http://127.0.0.1:${ports[role]}/readyz`).catch(() => null);
  if (answer === null) return { status: 0, details: 'no answer' };
  const { checks } = (await answer.json()) as { checks: { name: string; ok: boolean; detail: string }[] };
  const wrong = checks.filter(({ ok }) => !ok);
  return { status: answer.status, details: wrong.map(({ name, detail }) => `${name}: ${detail}`).join('\n') };
}

async function untilReady(role: Role): Promise<void> {
  const running = services[role];
  await until(`${role} is ready`, async () => (await readiness(role)).status === 200, {
    ...PATIENCE,
    ...(running && { running }),
  });
}

async function untilUnready(role: Role, says: RegExp): Promise<void> {
  const running = services[role];
  const tells = async (): Promise<boolean> => {
    const { status, details } = await readiness(role);
    return status === 503 && says.test(details);
  };
  await until(`${role} says that it is not ready: ${says.source}`, tells, { ...PATIENCE, ...(running && { running }) });
}

type LogLine = { readonly event: string; readonly doing?: string; readonly message?: string; readonly msg: string };

function logOf(role: Role): LogLine[] {
  return parseLines(services[role]?.err() ?? '') as unknown as LogLine[];
}

const said = (role: Role, event: string, what: RegExp): boolean =>
  logOf(role).some(
    (line) => line.event === event && what.test(`${line.doing ?? ''} ${line.message ?? ''} ${line.msg}`),
  );

async function stopService(role: Role): Promise<void> {
  services[role]?.child.kill('SIGTERM');
  expect(await services[role]?.ended).toMatchObject({ code: 0, signal: null });
}

type Bad = { readonly what: string; readonly code: string; readonly bytes: number; readonly message: Message };

async function badRecords(): Promise<Bad[]> {
  const { encode } = upstream;
  const good = await encode({ callId: 'bad' });
  const key = 'default/bad';
  const unknown = Buffer.from(good);
  unknown.writeInt32BE(987_654, 1);
  const elsewhere = (partitionOf('default', 'bad', PARTITIONS) + 1) % PARTITIONS;
  const bad = (what: string, code: string, value: Buffer | null, more: Partial<Message> = {}): Bad => ({
    what,
    code,
    bytes: value?.length ?? 0,
    message: { key, value, headers: { what }, ...more },
  });
  return [
    bad('text', 'not-avro', Buffer.from('{"callId":"bad"}')),
    bad('nothing', 'not-avro', Buffer.alloc(0)),
    bad('cut', 'not-avro', good.subarray(0, -7)),
    bad('unknown schema', 'unknown-schema', unknown),
    bad('empty id', 'missing-id', await encode({ callId: '' })),
    bad('1980', 'time-out-of-range', await encode({ callId: 'bad', occurredAt: Date.UTC(1980, 0, 1) })),
    bad('2200', 'time-out-of-range', await encode({ callId: 'bad', occurredAt: Date.UTC(2200, 0, 1) })),
    bad('two days ahead', 'time-out-of-range', await encode({ callId: 'bad', occurredAt: Date.now() + 2 * DAY })),
    bad('null', 'no-value', null),
    bad('null without a key', 'no-value', null, { key: null }),
    bad('10 MB', 'too-large', Buffer.alloc(10 * MIB, 7)),
    bad('2 MB that decode', 'too-large', await encode({ callId: 'bad', payload: Buffer.alloc(2 * MIB) })),
    bad('elsewhere', 'wrong-partition', good, { partition: elsewhere }),
  ];
}

/** All dead letters, with what their header says they are. */
async function readLetters(): Promise<Map<string, DeadLetter>> {
  const site = await openKafkaSite(readConfig(env), () => undefined);
  const letters = new Map<string, DeadLetter>();
  try {
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      for (let from = 0; ; ) {
        const page = await site.readDerived(DEAD_LETTERS, partition, from);
        for (const { value } of page.records) {
          const letter = site.codec.decodeDerived(DEAD_LETTERS, value ?? new Uint8Array()) as unknown as DeadLetter;
          const what = Buffer.from(letter.headers[0]?.value ?? utf8Bytes('?')).toString();
          expect(letters.has(what), `${what} twice`).toBe(false);
          letters.set(what, letter);
        }
        if (page.next >= page.end || page.next <= from) break;
        from = page.next;
      }
    }
  } finally {
    await site.close();
  }
  return letters;
}

/** Everything is folded, settled, sent, and no timer is due soon. */
async function drained(): Promise<void> {
  await until(
    'everything is folded and published',
    async () => {
      const { out } = await callfold(['status', '--json'], { env });
      const [answer] = parseLines(out) as {
        partitions: { lag: number; outbox: number | null; nextTimer: number | null }[];
      }[];
      const soon = Date.now() + 600_000;
      const rows = answer?.partitions ?? [];
      const isQuiet = rows.every(
        ({ lag, outbox, nextTimer }) => lag === 0 && (outbox ?? 0) === 0 && (nextTimer ?? Infinity) > soon,
      );
      return rows.length === ROLES.length * 4 * PARTITIONS && isQuiet;
    },
    PATIENCE,
  );
}

beforeAll(async () => {
  parts = await openParts('outage', {
    kafka: { settings: { 'broker.session.timeout.ms': '3000' } },
    env: { CALLFOLD_SETTLE_MS: '500' },
  });
  ({ env } = parts);
  [ports.projector = 0, ports.outcomes = 0] = await freePorts(2);
});

afterAll(async () => {
  for (const role of ROLES) services[role]?.child.kill('SIGKILL');
  if (upstream) {
    upstream.isClosed = true;
    await upstream.close();
  }
  await parts?.stop();
});

/** One story: each test goes on from where the one before left it. */
describe('services on Kafka, registry and Redis', () => {
  it('find topics and schemas missing, say what would be done, and do it when told', async () => {
    const before = await callfold(['topics', 'check', '--json'], { env });
    expect(before.code).toBe(3);
    const [answer] = parseLines(before.out) as { findings: { topic: string; problem: string; fix: string }[] }[];
    expect(new Set(answer?.findings.map(({ topic }) => topic)).size).toBe(10);
    const dry = await callfold(['topics', 'apply'], { env });
    expect(dry.code).toBe(0);
    expect(dry.err.trimEnd().split('\n').at(-1)).toBe('callfold topics apply --execute');
    const applied = await callfold(['topics', 'apply', '--execute'], { env });
    expect([applied.code, applied.out]).toEqual([0, '']);
    expect(applied.err).toContain('10 schemas registered');
    const after = await callfold(['topics', 'check'], { env });
    expect([after.code, after.out]).toEqual([0, '']);
    const verified = await callfold(['verify'], { env });
    expect(verified.code).toBe(4);
    expect(verified.err).toContain('no role has a checkpoint of generation 1');
    upstream = await openUpstream();
  });

  it('start, say that they are ready, and fold what an upstream publishes, the example of the docs included', async () => {
    for (const role of ROLES) serve(role);
    for (const role of ROLES) await untilReady(role);
    const example = [join(ROOT, 'docs/examples/publish.mjs'), 'example/1', 'Redirect to voice mail'];
    const { stdout } = await promisify(execFile)(process.execPath, example, { env: { ...process.env, ...env } });
    expect(stdout).toContain('example/1');
    await upstream.publishCalls();
    await drained();
    const { code, out } = await callfold(['explain', 'call', 'example/1'], { env });
    expect(code).toBe(0);
    expect(out).toContain('sent to voicemail');
  });

  it('keep every bad record as a dead letter, 10 MB of them too, and fold what follows', async () => {
    const bads = await badRecords();
    for (const { message } of bads) await upstream.send([message]);
    await upstream.publishCalls();
    await drained();
    const letters = await readLetters();
    expect([...letters.keys()].sort()).toEqual(bads.map(({ what }) => what).sort());
    for (const { what, code, bytes, message } of bads) {
      const letter = letters.get(what);
      expect(letter?.code, what).toBe(code);
      expect(letter?.value?.length ?? 0, what).toBe(bytes);
      expect(letter?.key === null ? null : Buffer.from(letter?.key ?? []).toString(), what).toBe(message.key);
    }
    for (const role of ROLES) {
      expect(logOf(role).filter(({ event }) => event === 'record-rejected')).toHaveLength(bads.length);
      await untilReady(role);
    }
  });

  it('wait for Redis under load, say so, and go on', async () => {
    const loading = load();
    const begun = upstream.calls;
    await until('some load', () => upstream.calls >= begun + 5 * CALLS_A_SEND, PATIENCE);
    const { redis } = parts;
    await redis.stop();
    const stoppedAt = Date.now();
    for (const role of ROLES) await untilUnready(role, /Redis 127\.0\.0\.1/);
    await until('it was away for some time', () => Date.now() - stoppedAt >= REDIS_AWAY_MS, PATIENCE);
    for (const role of ROLES) {
      expect((await readiness(role)).status, role).toBe(503);
      expect(said(role, 'infrastructure-away', /Redis 127\.0\.0\.1/), role).toBe(true);
    }
    await redis.start();
    for (const role of ROLES) await untilReady(role);
    for (const role of ROLES) expect(said(role, 'infrastructure-back', /states|store|timers/), role).toBe(true);
    await loading.stop();
  });

  it('are started while the registry is away: alive, not ready, and at work when it is back', async () => {
    const loading = load();
    await parts.registry.stop();
    await stopService('outcomes');
    serve('outcomes');
    await untilUnready('outcomes', /start: the schema registry at http.* did not answer/);
    expect((await fetch(`http://127.0.0.1:${ports.outcomes}/livez`)).status).toBe(200);
    expect((await readiness('projector')).status, 'the projector needs no schema that it does not know').toBe(200);
    await until('it says so', () => said('outcomes', 'infrastructure-away', /starting .*registry/), PATIENCE);
    await parts.registry.start();
    await untilReady('outcomes');
    expect(said('outcomes', 'infrastructure-back', /starting/)).toBe(true);
    await loading.stop();
  });

  it('wait for a broker that was killed, say so, and go on', async () => {
    const loading = load();
    const begun = upstream.calls;
    await until('some load', () => upstream.calls >= begun + 5 * CALLS_A_SEND, PATIENCE);
    await parts.kafka.kill();
    for (const role of ROLES) await untilUnready(role, /Kafka/);
    await parts.kafka.start();
    for (const role of ROLES) await untilReady(role);
    for (const role of ROLES) {
      expect(said(role, 'kafka', /Kafka is away/), role).toBe(true);
      expect(said(role, 'kafka', /Kafka is back/), role).toBe(true);
    }
    await loading.stop();
  });

  it('have then lost nothing and doubled nothing: `callfold verify` finds a fresh fold identical', async () => {
    await upstream.publishCalls();
    await drained();
    const status = await callfold(['status'], { env });
    expect(status).toMatchObject({ code: 0 });
    for (const role of ROLES) await stopService(role);
    const verified = await callfold(['verify', '--json'], { env });
    expect(verified.err).toMatch(/Identical: [\d,]+ aggregates and records are what a fresh fold gives/);
    expect(verified.code).toBe(0);
    const rows = parseLines(verified.out) as { what: string; same: number; findings: unknown[] }[];
    const same = (what: string): number =>
      rows.filter((row) => row.what === what).reduce((sum, row) => sum + row.same, 0);
    // Every call once, the example, and the dead letters, which are compared among the derived records.
    expect(same('aggregates')).toBe(upstream.calls + 1);
    expect(same('derived records')).toBe(upstream.calls + 1 + (await badRecords()).length);
    expect([...(await readLetters()).keys()]).toHaveLength((await badRecords()).length);
  });
});
