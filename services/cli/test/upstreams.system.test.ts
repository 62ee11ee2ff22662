import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readConfig } from '@callfold/adapters/config';
import type { RawEvent, Source } from '@callfold/core';
import { isRejection, partitionOf, rawTopic, subjectKey } from '@callfold/core';
import { readEvent } from '@callfold/sources';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePorts, startKafka, startRedis, startRegistry, testDir } from '../../../infra/parts/index.mjs';
import type { Fault, Stay } from '../../../libs/client/test/vonage-server.ts';
import { CREDENTIALS, rowsOf, startVonageServer } from '../../../libs/client/test/vonage-server.ts';
import { openKafkaSite } from '../src/wiring/kafka.ts';
import type { Running } from './built-command.ts';
import { callfold, checkBuilt, parseLines, ROOT, start, until } from './built-command.ts';

/** Whoever publishes, on real parts: the examples in each language, and the poller that is killed. */

const run = promisify(execFile);
const PARTITIONS = 5;
const MAVEN_MS = 300_000;
const EXAMPLES = join(ROOT, 'docs/examples');

const parts: { stop(how: { wipe: boolean }): Promise<unknown> }[] = [];
const running: Running[] = [];
let env: Record<string, string> = {};
let dir = '';
let classPath = '';

async function kept<Part extends (typeof parts)[number]>(starting: Promise<Part>): Promise<Part> {
  const part = await starting;
  parts.push(part);
  return part;
}

/** As Publish.java says. */
async function fetchClassPath(): Promise<void> {
  const file = join(dir, 'classpath');
  const args = ['-B', '-q', '-f', join(EXAMPLES, 'java/pom.xml'), 'dependency:build-classpath'];
  await run('mvn', [...args, `-Dmdep.outputFile=${file}`], { timeout: MAVEN_MS });
  classPath = await readFile(file, 'utf8');
}

beforeAll(async () => {
  checkBuilt();
  dir = testDir('upstreams');
  const [kafka, registry, redis] = await Promise.all([
    kept(startKafka({ dir: join(dir, 'kafka'), quick: true })),
    kept(startRegistry({ dir: join(dir, 'registry') })),
    kept(startRedis({ dir: join(dir, 'redis') })),
    fetchClassPath(),
  ]);
  env = {
    CALLFOLD_KAFKA_BROKERS: kafka.brokers.join(','),
    CALLFOLD_REGISTRY_URL: registry.url,
    CALLFOLD_REDIS_URL: redis.url,
    CALLFOLD_PARTITIONS: String(PARTITIONS),
  };
  const { code, err } = await callfold(['topics', 'apply', '--execute'], { env });
  if (code !== 0) throw new Error(err);
}, MAVEN_MS);

afterAll(async () => {
  for (const one of running) one.child.kill('SIGKILL');
  await Promise.all(running.map((one) => one.ended));
  await Promise.all(parts.map((part) => part.stop({ wipe: true })));
  rmSync(dir, { recursive: true, force: true });
});

/** A service on a port of its own; which may answer on it or not yet. */
async function serve(args: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const [port = 0] = await freePorts(1);
  const service = start(args, { env: { ...env, ...more, CALLFOLD_HTTP_PORT: String(port) } });
  running.push(service);
  return { service, url: `http://127.0.0.1:${port}` };
}

type Stands = { readonly event: RawEvent; readonly key: string; readonly partition: number };

/** A raw topic as the services read it, each partition in its order. */
async function standing(source: Source): Promise<Stands[]> {
  const site = await openKafkaSite(readConfig(env), () => undefined);
  const found: Stands[] = [];
  try {
    const log = site.log('projector');
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const at = { topic: rawTopic(source), partition };
      const { start: from, end } = await log.bounds(at);
      for (let offset = from; offset < end; ) {
        const { records, next } = await log.read(at, offset, 5_000);
        await site.codec.prepare(records);
        for (const { key, value } of records) {
          const event = site.codec.decode(source, value ?? new Uint8Array());
          if (isRejection(event)) throw new Error(event.reason);
          found.push({ event, key: Buffer.from(key ?? []).toString(), partition });
        }
        offset = next;
      }
    }
    return found;
  } finally {
    await site.close();
  }
}

describe('the examples', () => {
  // Each language counts the partition for itself; letters of several bytes, and those that a key writes otherwise.
  const CALLS = ['50%/день', '通話-4711'];
  const STATUS = 'Redirect to voice mail';

  test('in kafkajs, in Java and by curl put one call under one key into one partition, where callfold reads it', async () => {
    const { service, url } = await serve(['serve', 'gateway']);
    const isReady = () =>
      fetch(`${url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
    await until('the gateway is ready', isReady, { running: service });
    // Java takes its arguments as the locale has them.
    const inUtf8 = { env: { ...process.env, ...env, LC_ALL: 'C.UTF-8' } };
    async function publishThrice(call: string): Promise<void> {
      const event = { source: 'callcenter24', callId: call, occurredAt: Date.now(), status: `${STATUS} by curl` };
      const java = ['-cp', classPath, join(EXAMPLES, 'java/Publish.java'), call, `${STATUS} by Java`];
      const curl = ['-sS', `${url}/v1/events`, '-H', 'content-type:application/json', '-d', JSON.stringify(event)];
      const [inJs, inJava, byCurl] = await Promise.all([
        run(process.execPath, [join(EXAMPLES, 'publish.mjs'), call, `${STATUS} by kafkajs`], inUtf8),
        run('java', java, inUtf8),
        run('curl', curl),
      ]);
      for (const { stdout } of [inJs, inJava]) expect(stdout).toContain(`published: ${call} `);
      expect(JSON.parse(byCurl.stdout)).toMatchObject({ accepted: 1, refused: 0 });
    }
    await Promise.all(CALLS.map(publishThrice));
    const all = await standing('callcenter24');
    expect(all).toHaveLength(3 * CALLS.length);
    for (const call of CALLS) {
      const own = all.filter(({ event }) => event.subjectId === call);
      const at = { key: subjectKey('default', call), partition: partitionOf('default', call, PARTITIONS) };
      expect(own.map(({ key, partition }) => ({ key, partition }))).toEqual([at, at, at]);
      expect(new Set(own.map(({ event }) => event.status))).toEqual(
        new Set(['kafkajs', 'Java', 'curl'].map((one) => `${STATUS} by ${one}`)),
      );
      expect(own.filter(({ event }) => event.attributes?.['queue'] === 'sales')).toHaveLength(1);
    }
  });
});

describe('callfold poll vonage', () => {
  const MINUTE = 60_000;
  const AGENTS = 8;
  /** The API's clock goes on with each round that begins: hours in the past, so that it never is in the future. */
  const A_ROUND_MS = 15 * MINUTE;
  const SPAN_MS = 60 * MINUTE;
  const LATE_MS = 2 * MINUTE;
  /** By the number of the request for a page. */
  const FAULTS: Readonly<Record<number, Fault>> = { 2: 'expire', 9: 'break', 14: 'cut', 30: 'throttle', 38: 'expire' };
  const KILLS = [6, 22];

  function someStays(from: number): Stay[] {
    return Array.from({ length: AGENTS }, (_, agent) => {
      const stays: Stay[] = [];
      for (let n = 0, at = from - SPAN_MS / 2; at < from + SPAN_MS; n += 1) {
        // Long and short ones, the API learns of each later than it was.
        const end = at + (1 + ((n * 7 + agent * 3) % 11)) * MINUTE;
        const state = ['Ready', 'Busy', 'Wrap'][n % 3] ?? '';
        stays.push({
          agentId: String(100 + agent),
          state,
          start: at,
          end,
          knownAt: at + LATE_MS,
          endKnownAt: end + LATE_MS,
        });
        at = end;
      }
      return stays;
    }).flat();
  }

  const idOf = (row: object): string => {
    const event = readEvent({ source: 'vonage', tenantId: 'acme', ...row });
    if (isRejection(event)) throw new Error(event.reason);
    return event.eventId;
  };

  test('is killed in the middle of pages, twice, under faults: every stay of every agent is in the log, with its end', async () => {
    const begun = Date.now() - 6 * 60 * MINUTE;
    const stays = someStays(begun);
    let [asked, rounds] = [0, 0];
    let poller: Running | null = null;
    const kills: number[] = [];
    const server = await startVonageServer({
      stays,
      now: () => begun + rounds * A_ROUND_MS,
      mostRows: 5,
      faultOf(page) {
        asked += 1;
        if (page === 1) rounds += 1;
        if (!KILLS.includes(asked)) return FAULTS[asked] ?? null;
        kills.push(asked);
        poller?.child.kill('SIGKILL');
        return null;
      },
    });
    const settings = {
      CALLFOLD_VONAGE_URL: server.url,
      CALLFOLD_VONAGE_TOKEN_URL: server.tokenUrl,
      CALLFOLD_VONAGE_CLIENT_ID: CREDENTIALS.clientId,
      CALLFOLD_VONAGE_CLIENT_SECRET: CREDENTIALS.clientSecret,
      CALLFOLD_VONAGE_TENANT_ID: 'acme',
      CALLFOLD_VONAGE_POLL_EVERY_MS: '1000',
      CALLFOLD_VONAGE_LOOKBACK_MS: String(12 * 60 * MINUTE),
    };
    for (const kill of KILLS) {
      ({ service: poller } = await serve(['poll', 'vonage'], settings));
      expect((await poller.ended).signal, poller.err()).toBe('SIGKILL');
      expect(kills.at(-1)).toBe(kill);
    }
    const last = await serve(['poll', 'vonage'], settings);
    poller = last.service;
    const overAt = begun + SPAN_MS + 30 * MINUTE;
    const upTo = (): number =>
      Math.max(
        0,
        ...parseLines(last.service.err()).flatMap((one) =>
          one['event'] === 'polled' ? [Date.parse(String(one['upTo']))] : [],
        ),
      );
    await until('the poller came to the end', () => upTo() > overAt, { running: last.service, mostMs: 60_000 });
    const metrics = await (await fetch(`${last.url}/metrics`)).text();
    expect(metrics).toMatch(/callfold_poll_rounds_total\{[^}]*result="done"[^}]*\} [1-9]/);
    expect(metrics).toMatch(/callfold_poll_rounds_total\{[^}]*result="failed"[^}]*\} [1-9]/);
    expect(metrics).toMatch(/callfold_poll_rows_total\{[^}]*result="published"[^}]*\} [1-9]/);
    last.service.child.kill('SIGTERM');
    expect((await last.service.ended).code).toBe(0);
    await server.close();
    expect(asked).toBeGreaterThan(Math.max(...Object.keys(FAULTS).map(Number)));
    expect(server.counts.tokens).toBeGreaterThanOrEqual(KILLS.length + 3);

    const all = await standing('vonage');
    const ids = new Set(all.map(({ event }) => event.eventId));
    const want = rowsOf(stays, Infinity, -Infinity, Infinity);
    expect(want.length).toBeGreaterThan(100);
    expect(want.filter((row) => !ids.has(idOf(row)))).toEqual([]);
    // By (agentId, start): what stands last of each has its end.
    const upserts = new Map(all.map(({ event }) => [`${event.subjectId} ${event.occurredAt}`, event.duration]));
    const ends = stays.map(({ agentId, start: from, end }) => [`${agentId} ${from}`, end - from] as const);
    expect(upserts).toEqual(new Map(ends));
    for (const { event, key, partition } of all) {
      expect(key).toBe(subjectKey('acme', event.subjectId));
      expect(partition).toBe(partitionOf('acme', event.subjectId, PARTITIONS));
    }
  });
});
