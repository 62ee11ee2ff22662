/** The real parts, started as tests and `infra:up` start them. */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { Redis } from 'ioredis';
import { Kafka as KafkaClient, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Kafka, Part, Proxy } from '../parts/index.mjs';
import {
  DIR_SETTING,
  freePorts,
  PORT_SETTINGS,
  startKafka,
  startRedis,
  startRegistry,
  testDir,
  VERSIONS,
} from '../parts/index.mjs';
import { findJars } from '../parts/jars.mjs';
import { readPid, startedAt } from '../parts/pid.mjs';

const run = promisify(execFile);
const pathOf = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const dir = testDir('parts');

const WAIT_MS = 60_000;

function clientOf(kafka: Kafka) {
  return new KafkaClient({
    clientId: 'parts-test',
    brokers: [...kafka.brokers],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 30 },
  });
}

async function produce(client: KafkaClient, topic: string, value: Buffer) {
  const producer = client.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  await producer.send({ topic, acks: -1, messages: [{ key: 'key', value }] });
  await producer.disconnect();
}

async function createTopic(client: KafkaClient, topic: string, replicationFactor: number) {
  const admin = client.admin();
  await admin.connect();
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1, replicationFactor }] });
  await admin.disconnect();
}

/** The first `count` values of a topic, read from its start. */
async function consume(client: KafkaClient, topic: string, count: number) {
  const consumer = client.consumer({ groupId: `reader-of-${topic}-${count}`, allowAutoTopicCreation: false });
  const values: Buffer[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ eachMessage: async ({ message }) => void values.push(message.value ?? Buffer.alloc(0)) });
  await vi.waitFor(() => expect(values.length).toBeGreaterThanOrEqual(count), { timeout: WAIT_MS, interval: 50 });
  await consumer.disconnect();
  return values;
}

describe('one of each', () => {
  let kafka: Kafka;
  let registry: Part & { readonly url: string };
  let redis: Part & { readonly url: string };

  beforeAll(async () => {
    [kafka, registry, redis] = await Promise.all([
      startKafka({
        dir: join(dir, 'kafka'),
        quick: true,
        proxied: true,
        settings: { 'broker.session.timeout.ms': '3000' },
      }),
      startRegistry({ dir: join(dir, 'registry') }),
      startRedis({ dir: join(dir, 'redis') }),
    ]);
  });

  afterAll(async () => {
    await Promise.all([kafka, registry, redis].map((part) => part.stop({ wipe: true })));
  });

  test('Kafka keeps a record of 16 MiB and more through kill -9, and makes no topic unasked', async () => {
    const client = clientOf(kafka);
    const large = Buffer.alloc(16 * 1_048_576 + 65_536, 'x');
    await createTopic(client, 'large', 1);
    await produce(client, 'large', large);

    const before = kafka.pids;
    await kafka.kill();
    expect(kafka.nodes.map((node) => node.alive)).toEqual([false]);
    await kafka.start();
    expect(kafka.pids).not.toEqual(before);

    const [value] = await consume(client, 'large', 1);
    expect(value?.equals(large)).toBe(true);

    const admin = client.admin();
    await admin.connect();
    await expect(admin.fetchTopicMetadata({ topics: ['unasked'] })).rejects.toThrow('does not host this topic');
    expect(await admin.listTopics()).not.toContain('unasked');
    await admin.disconnect();
  });

  test('who comes to Kafka through its proxy stays on it, and nobody else is on it', async () => {
    const [proxy] = kafka.proxies as [Proxy];
    const through = clientOf({ ...kafka, brokers: kafka.proxied });
    const direct = clientOf(kafka);
    await createTopic(direct, 'proxied', 1);
    await produce(direct, 'proxied', Buffer.from('direct'));
    expect(proxy.connections).toBe(0);
    await produce(through, 'proxied', Buffer.from('through'));
    await proxy.refuse();
    const waiting = produce(through, 'proxied', Buffer.from('late'));
    await produce(direct, 'proxied', Buffer.from('past it'));
    await proxy.normal();
    await waiting;
    expect((await consume(through, 'proxied', 4)).map(String)).toEqual(['direct', 'through', 'past it', 'late']);
  });

  test('the registry gives a schema the same id after kill -9', async () => {
    const client = new SchemaRegistry({ host: registry.url });
    const schema = JSON.stringify({ type: 'record', name: 'Seen', fields: [{ name: 'at', type: 'long' }] });
    const options = { subject: 'parts-test-value' };
    const { id } = await client.register({ type: SchemaType.AVRO, schema }, options);
    const bytes = await client.encode(id, { at: 1_700_000_000_000 });

    await registry.kill();
    await registry.start();

    const fresh = new SchemaRegistry({ host: registry.url });
    expect(await fresh.decode(bytes)).toEqual({ at: 1_700_000_000_000 });
    expect(await fresh.getLatestSchemaId('parts-test-value')).toBe(id);
  });

  test('Redis never evicts, and keeps what it answered through kill -9', async () => {
    const client = new Redis(redis.url, { maxRetriesPerRequest: 100 });
    client.on('error', () => {});
    const settings = await Promise.all(
      ['maxmemory-policy', 'appendonly', 'appendfsync', 'save'].map((name) => client.config('GET', name)),
    );
    expect(settings).toEqual([
      ['maxmemory-policy', 'noeviction'],
      ['appendonly', 'yes'],
      ['appendfsync', 'everysec'],
      ['save', ''],
    ]);
    await client.set('kept', 'yes');
    await redis.kill();
    await redis.start();
    expect(await client.get('kept')).toBe('yes');
    client.disconnect();
  });

  test('a start that fails names the log and its last lines', async () => {
    const failing = startRedis({ dir: join(dir, 'bad'), config: { 'no-such-setting': 'x' } });
    await expect(failing).rejects.toThrow(
      /Redis ended before it answered \(exit code 1\)[^]*redis\.log[^]*no-such-setting/,
    );
  });
});

test('three brokers go on when one is killed', { timeout: 240_000 }, async () => {
  const kafka = await startKafka({ dir: join(dir, 'three'), brokers: 3, quick: true });
  const client = clientOf(kafka);
  await createTopic(client, 'replicated', 3);
  await produce(client, 'replicated', Buffer.from('with all'));
  await kafka.nodes[1]?.kill();
  await produce(client, 'replicated', Buffer.from('with two'));
  await kafka.nodes[1]?.start();
  expect((await consume(client, 'replicated', 2)).map(String)).toEqual(['with all', 'with two']);
  await kafka.stop({ wipe: true });
});

test('a part ends with the process that started it, even when that one is killed', async () => {
  const program = `
    import { startRedis } from ${JSON.stringify(pathOf('parts/index.mjs'))};
    const redis = await startRedis({ dir: ${JSON.stringify(join(dir, 'orphan'))} });
    console.log(redis.pid);
    setInterval(() => {}, 60_000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(said);
  expect(startedAt(pid)).not.toBeNull();
  parent.kill('SIGKILL');
  await vi.waitFor(() => expect(startedAt(pid)).toBeNull(), { timeout: WAIT_MS, interval: 50 });
});

describe('infra:up and infra:down', () => {
  const home = join(dir, 'dev');
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    const [kafka, controller, registry, redis] = await freePorts(4);
    env = {
      ...process.env,
      [DIR_SETTING]: home,
      [PORT_SETTINGS.kafka]: String(kafka),
      [PORT_SETTINGS.controller]: String(controller),
      [PORT_SETTINGS.registry]: String(registry),
      [PORT_SETTINGS.redis]: String(redis),
    };
  });

  const script = (name: string, args: string[], more: NodeJS.ProcessEnv = {}) =>
    run(process.execPath, [pathOf(name), ...args], { env: { ...env, ...more } });
  const failureOf = (...call: Parameters<typeof script>): Promise<{ code?: number; stderr: string }> =>
    script(...call).catch((error: { code: number; stderr: string }) => error);
  const pidOf = (part: string) => readPid(join(home, part, 'pid.json'))?.pid ?? 0;
  const pids = () => ['kafka-1/node-1', 'registry', 'redis'].map(pidOf);

  test('a taken port is named, with the setting that changes it, and nothing is started', async () => {
    const port = Number(env[PORT_SETTINGS.registry]);
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    const failure = await failureOf('up.mjs', []);
    expect(failure.code).toBe(1);
    expect(failure.stderr).toContain(`Port ${port} of 127.0.0.1, wanted for Schema registry, is taken`);
    expect(failure.stderr).toContain(`${PORT_SETTINGS.registry}=`);
    other.close();
    expect((await script('down.mjs', [])).stderr).toContain('nothing was up');
  });

  test('missing programs are named together, with how to install them', async () => {
    const failure = await failureOf('up.mjs', [], { PATH: '/nonexistent', JAVA_HOME: '' });
    expect(failure.code).toBe(1);
    expect(failure.stderr).toMatch(new RegExp(`Java ${VERSIONS.javaAtLeast}[^]*redis-server[^]*not on the PATH`));
    await expect(findJars({ cache: join(dir, 'no-cache'), env: { PATH: '/nonexistent' } })).rejects.toThrow(
      /Maven is needed[^]*`mvn` is not on the PATH/,
    );
  });

  test('up twice, another size refused, down twice; data stays until --wipe', { timeout: 240_000 }, async () => {
    const first = await script('up.mjs', []);
    expect(first.stdout.trim().split('\n')).toEqual([
      `export CALLFOLD_KAFKA_BROKERS=127.0.0.1:${env[PORT_SETTINGS.kafka]}`,
      `export CALLFOLD_REGISTRY_URL=http://127.0.0.1:${env[PORT_SETTINGS.registry]}/apis/ccompat/v7`,
      `export CALLFOLD_REDIS_URL=redis://127.0.0.1:${env[PORT_SETTINGS.redis]}`,
    ]);
    const started = pids();

    const second = await script('up.mjs', []);
    expect(second.stdout).toBe(first.stdout);
    expect(second.stderr.match(/already up/g)).toHaveLength(3);
    expect(pids()).toEqual(started);

    const failure = await failureOf('up.mjs', ['--brokers', '3']);
    expect(failure.stderr).toContain('Kafka is up with 1 broker(s), 3 asked for');

    // One part gone: the next up starts that one alone.
    const client = new Redis(String(/REDIS_URL=(\S+)/.exec(first.stdout)?.[1]), { maxRetriesPerRequest: 100 });
    client.on('error', () => {});
    await client.set('kept', 'yes');
    process.kill(pidOf('redis'), 'SIGKILL');
    const third = await script('up.mjs', []);
    expect(third.stderr.match(/already up/g)).toHaveLength(2);
    expect(third.stderr).toMatch(/Redis: up after/);
    expect(await client.get('kept')).toBe('yes');
    client.disconnect();

    const ended = pids();
    expect((await script('down.mjs', [])).stderr.match(/: stopped/g)).toHaveLength(3);
    expect(ended.map(startedAt)).toEqual([null, null, null]);
    const again = await script('down.mjs', ['--wipe']);
    expect(again.stderr).toContain('nothing was up');
    expect(() => readFileSync(join(home, 'redis', 'redis.conf'))).toThrow('ENOENT');
  });

  afterAll(async () => {
    await script('down.mjs', ['--wipe']);
  });
});
