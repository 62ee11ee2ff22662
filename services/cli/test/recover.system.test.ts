import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DERIVED_OF, ORIGIN_HEADER, SEQ_HEADER, utf8Bytes } from '@callfold/core';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts, startRedis } from '../../../infra/parts/index.mjs';
import type { RecoveryRow } from '../src/recovery.ts';
import type { Running } from './built-command.ts';
import { callfold, parseLines, start, until } from './built-command.ts';
import type { Parts } from './real-parts.ts';
import { onSite, openParts } from './real-parts.ts';

/** Each role with a Redis of its own, which loses everything, again and again. One story: each test goes on. */

const TOPIC = 'callfold.raw.callcenter24';
const PARTITIONS = 2;
const CALLS = 60;
/** Some hundred commits' worth in each partition, so that a kill finds the fold under way. */
const KILLED_CALLS = 200;
const PATIENCE = { mostMs: 90_000 };

type Role = 'projector' | 'outcomes';
const ROLES = ['projector', 'outcomes'] as const;
type Redis = Awaited<ReturnType<typeof startRedis>>;

let parts: Parts;
const redis: Partial<Record<Role, Redis>> = {};
const ports = { projector: 0, outcomes: 0 };
const services: Partial<Record<Role, Running>> = {};
let published = 0;

function envOf(role: Role, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { ...parts.env, CALLFOLD_REDIS_URL: redis[role]?.url ?? '', ...more };
}

function serve(role: Role, more: Readonly<Record<string, string>> = {}): void {
  services[role] = start(['serve', role], { env: envOf(role, { CALLFOLD_HTTP_PORT: String(ports[role]), ...more }) });
}

async function stopService(role: Role): Promise<void> {
  services[role]?.child.kill('SIGTERM');
  expect(await services[role]?.ended).toMatchObject({ code: 0, signal: null });
}

async function publishCalls(count: number): Promise<void> {
  const words = [
    'Registred in CallCenter24',
    'Participant join (Contact)',
    'Participant leave (Contact)',
    'Call ended',
  ];
  const at = Date.now() - 60_000;
  const lines = Array.from({ length: count }, (_, n) =>
    words.map((status, index) =>
      JSON.stringify({
        source: 'callcenter24',
        callId: `call-${published + n}`,
        occurredAt: at + index * 5_000,
        status,
      }),
    ),
  ).flat();
  const { code, err } = await callfold(['import', '-'], { env: envOf('outcomes'), input: `${lines.join('\n')}\n` });
  expect(code, err).toBe(0);
  published += count;
}

/** Everything that stands in the derived topics, less the ids that the schema registry gave. */
function readDerived(): Promise<string[]> {
  return onSite(envOf('outcomes'), async (site) => {
    const found: string[] = [];
    for (const topic of DERIVED_OF.callcenter24) {
      for (let partition = 0; partition < PARTITIONS; partition += 1) {
        const { start: from } = await site.derived.bounds(topic, partition);
        for (let offset = from; ; ) {
          const page = await site.readDerived(topic, partition, offset);
          for (const { key, value, headers } of page.records) {
            const text = (name: string): string =>
              Buffer.from(headers.find((one) => one.name === name)?.value ?? []).toString();
            const bytes = Buffer.from(value ?? []).toString('base64');
            found.push(
              [topic, partition, text(SEQ_HEADER), text(ORIGIN_HEADER), Buffer.from(key ?? []).toString(), bytes].join(
                ' ',
              ),
            );
          }
          if (page.next >= page.end || page.next <= offset) break;
          offset = page.next;
        }
      }
    }
    return found;
  });
}

function expectGapless(derived: readonly string[]): void {
  const seqs = new Map<string, number[]>();
  for (const line of derived) {
    const [topic, partition, seq] = line.split(' ');
    seqs.set(`${topic} ${partition}`, [...(seqs.get(`${topic} ${partition}`) ?? []), Number(seq)]);
  }
  for (const [where, found] of seqs) expect(found, where).toEqual(found.map((_, index) => index));
}

type StatusRow = {
  readonly role: Role;
  readonly topic: string;
  readonly lag: number;
  readonly position: number | null;
  readonly outbox: number | null;
  readonly nextTimer: number | null;
};

async function statusOf(role: Role): Promise<StatusRow[]> {
  const { out } = await callfold(['status', '--json'], { env: envOf(role) });
  const [answer] = parseLines(out) as { partitions: StatusRow[] }[];
  return (answer?.partitions ?? []).filter((row) => row.role === role);
}

async function drained(role: Role): Promise<void> {
  const isQuiet = ({ position, lag, outbox, nextTimer }: StatusRow): boolean =>
    position !== null && lag === 0 && (outbox ?? 0) === 0 && (nextTimer ?? Infinity) > Date.now() + 600_000;
  await until(`all of ${role} is folded and published`, async () => (await statusOf(role)).every(isQuiet), PATIENCE);
}

async function untilRefused(role: Role): Promise<void> {
  const refused = async (): Promise<boolean> => {
    const answer = await fetch(`http://127.0.0.1:${ports[role]}/readyz`).catch(() => null);
    return answer?.status === 503 && (await answer.text()).includes('callfold recover');
  };
  const running = services[role];
  await until(`${role} says that its state is lost`, refused, { ...PATIENCE, ...(running && { running }) });
}

async function lose(role: Role): Promise<void> {
  const { createRedisClient } = await import('@callfold/adapters');
  const client = createRedisClient({ url: redis[role]?.url ?? '', name: 'test', onEvent: () => undefined });
  await client.call('flushall', []);
  await client.close();
}

async function recover(role: Role, ...more: readonly string[]): Promise<RecoveryRow[]> {
  const { code, out, err } = await callfold(['recover', '--role', role, '--json', ...more], { env: envOf(role) });
  expect(code, err).toBe(0);
  return parseLines(out) as unknown as RecoveryRow[];
}

/** Kills it as soon as its fold of the first partition has passed `from`, or is at the end. @returns where it was */
async function killWhenPast(from: number): Promise<number> {
  return onSite(envOf('outcomes'), async (site) => {
    const at = { topic: TOPIC, partition: 0 };
    const { end } = await site.log('outcomes').bounds(at);
    const positionOf = async (): Promise<number> => (await site.store('outcomes').peek(at))?.next ?? 0;
    const running = services.outcomes;
    for (const giveUpAt = Date.now() + PATIENCE.mostMs; Date.now() < giveUpAt; await pause(1)) {
      const position = await positionOf();
      if (position > from || position >= end) break;
    }
    running?.child.kill('SIGKILL');
    await running?.ended;
    return positionOf();
  });
}

type Counts = Record<'same' | 'missing' | 'changed' | 'surplus' | 'beforeHorizon', number>;

function sumOf(rows: readonly RecoveryRow[]): Counts {
  const sum: Counts = { same: 0, missing: 0, changed: 0, surplus: 0, beforeHorizon: 0 };
  for (const one of rows.flatMap(({ survey }) => survey?.topics ?? [])) {
    for (const name of Object.keys(sum) as (keyof Counts)[]) sum[name] += one[name];
  }
  return sum;
}

async function expectVerified(): Promise<void> {
  for (const role of ROLES) {
    const { code, err } = await callfold(['verify'], { env: envOf(role) });
    expect(err).toContain('Identical');
    expect(code).toBe(0);
  }
}

const admin = () => new Kafka({ brokers: [...parts.kafka.brokers], logLevel: logLevel.NOTHING }).admin();

beforeAll(async () => {
  parts = await openParts('recover', {
    env: { CALLFOLD_SETTLE_MS: '500', CALLFOLD_PARTITIONS: String(PARTITIONS) },
  });
  redis.projector = parts.redis;
  redis.outcomes = await startRedis({ dir: join(parts.dir, 'redis-outcomes') });
  [ports.projector = 0, ports.outcomes = 0] = await freePorts(2);
  await parts.applyTopics(envOf('outcomes'));
});

afterAll(async () => {
  for (const role of ROLES) services[role]?.child.kill('SIGKILL');
  await Promise.all([parts?.stop(), redis.outcomes?.stop({ wipe: true })]);
});

describe('recover, on Kafka, registry and Redis', () => {
  it.each(ROLES)('has running services take up a lost state: %s', async (role) => {
    if (role === 'projector') {
      await publishCalls(CALLS);
      await onSite(envOf('outcomes'), async ({ writer }) => {
        for (let partition = 0; partition < PARTITIONS; partition += 1) {
          await writer.append({ topic: TOPIC, partition }, [{ key: null, value: utf8Bytes('not avro'), headers: [] }]);
        }
      });
      for (const one of ROLES) serve(one);
    }
    for (const one of ROLES) await drained(one);
    const before = await readDerived();
    expect(before).toHaveLength(CALLS + PARTITIONS);
    await lose(role);
    await untilRefused(role);
    const dry = await callfold(['recover', '--role', role], { env: envOf(role) });
    expect(dry.code).toBe(0);
    expect(dry.err.trimEnd().split('\n').at(-1)).toBe(`callfold recover --role ${role} --execute`);
    expect(dry.out).toContain(`${role} ${TOPIC}/0: state lost`);
    if (role === 'outcomes') expect(sumOf(await recover(role))).toEqual({ ...sumOf([]), same: before.length });
    const done = await recover(role, '--execute');
    expect(done.filter(({ executed }) => executed).length).toBeGreaterThanOrEqual(PARTITIONS);
    await drained(role);
    expect(await readDerived()).toEqual(before);
    await expectVerified();
    expect((await recover(role)).map(({ found }) => found)).not.toContain('lost');
  });

  it('goes on after kill -9 in the middle of it, from where it was', async () => {
    await publishCalls(KILLED_CALLS);
    await drained('outcomes');
    const before = await readDerived();
    await stopService('outcomes');
    await lose('outcomes');
    expect((await recover('outcomes', '--execute')).some(({ executed }) => executed)).toBe(true);
    const stoppedAt: number[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      const from = stoppedAt.at(-1) ?? 0;
      serve('outcomes', { CALLFOLD_SLICE_RECORDS: '1' });
      stoppedAt.push(await killWhenPast(from));
      expect(await readDerived()).toEqual(before);
    }
    expect(stoppedAt[0]).toBeLessThan(KILLED_CALLS);
    serve('outcomes');
    await drained('outcomes');
    expect(await readDerived()).toEqual(before);
    await expectVerified();
  });

  it('publishes only what is missing, with the seqs that follow, when the group offsets are gone as well', async () => {
    const before = await readDerived();
    for (const role of ROLES) await stopService(role);
    await publishCalls(CALLS);
    for (const role of ROLES) await lose(role);
    const client = admin();
    await client.connect();
    await client.deleteGroups(['callfold.outcomes', 'callfold.projector']);
    await client.disconnect();
    for (const role of ROLES) serve(role);
    await untilRefused('outcomes');
    // Nothing says that the projector ever ran: it begins by itself.
    await drained('projector');
    const rows = await recover('outcomes');
    expect(rows.filter(({ found }) => found === 'lost').map(({ detail }) => detail)).toEqual(
      Array.from({ length: PARTITIONS }, () => expect.stringContaining('holds records of it') as string),
    );
    expect(sumOf(rows)).toMatchObject({ same: before.length, changed: 0, surplus: 0 });
    await recover('outcomes', '--execute');
    await drained('outcomes');
    const after = await readDerived();
    expect(after).toHaveLength(before.length + CALLS);
    for (const line of before) expect(after).toContain(line);
    expectGapless(after);
    await expectVerified();
  });

  it('neither compares nor corrects what may have begun before the log, when retention took its beginning', async () => {
    const before = await readDerived();
    const client = admin();
    await client.connect();
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, offset: '51' }));
    // The client knows a topic's leaders only after it was asked for its offsets.
    await client.fetchTopicOffsets(TOPIC);
    await client.deleteTopicRecords({ topic: TOPIC, partitions });
    await client.disconnect();
    await lose('outcomes');
    await untilRefused('outcomes');
    const rows = await recover('outcomes');
    const sum = sumOf(rows);
    expect(sum).toMatchObject({ missing: 0, changed: 0, surplus: 0 });
    expect(sum.beforeHorizon).toBeGreaterThan(0);
    expect(sum.same + sum.beforeHorizon).toBeGreaterThanOrEqual(before.length);
    expect(rows.flatMap(({ survey }) => survey?.horizon?.start ?? [])).toEqual([51, 51]);
    await recover('outcomes', '--execute');
    await drained('outcomes');
    expect(await readDerived()).toEqual(before);
    await publishCalls(1);
    await drained('outcomes');
    expect((await readDerived()).length).toBe(before.length + 1);
    for (const role of ROLES) await drained(role);
    for (const role of ROLES) await stopService(role);
    await expectVerified();
  });
});
