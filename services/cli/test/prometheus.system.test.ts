import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Prometheus } from '../../../infra/parts/index.mjs';
import { freePorts, startPrometheus, whyNoPrometheus } from '../../../infra/parts/index.mjs';
import type { Running } from './built-command.ts';
import { start, until } from './built-command.ts';
import type { Parts } from './real-parts.ts';
import { openParts } from './real-parts.ts';

/**
 * A real Prometheus beside the services on real parts: it reads what they export, knows the alert rules, and says so
 * when something is wrong. One story: each test goes on where the one before ended. What each rule means:
 * infra/observability/alerts-test.yml.
 */

const ROLES = ['projector', 'outcomes', 'gateway', 'console'] as const;
const RULES = fileURLToPath(new URL('../../../infra/observability/alerts.yml', import.meta.url));
const PATIENCE = { mostMs: 120_000 };
const TOPIC = 'callfold.raw.atlas';

const why = whyNoPrometheus();
if (why !== null) process.stderr.write(`!!! NOT RUN: no real Prometheus read the metrics. ${why}\n`);

type Series = {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [at: number, text: string];
};
type Alert = { readonly labels: Readonly<Record<string, string>>; readonly state: 'pending' | 'firing' };

// Where there is none, because Prometheus is no part that callfold itself needs; in CI it is to be there.
describe.skipIf(why !== null)('a real Prometheus', { timeout: 180_000 }, () => {
  let parts: Parts;
  let prometheus: Prometheus;
  const services: Running[] = [];

  async function query(text: string): Promise<readonly Series[]> {
    const { result } = (await prometheus.ask(`query?query=${encodeURIComponent(text)}`)) as { result: Series[] };
    return result;
  }

  /** Waits until the alert is in the state, or past it, and answers its labels. */
  async function alerted(name: string, state: Alert['state']): Promise<Alert['labels']> {
    let found: Alert | undefined;
    const isThere = async (): Promise<boolean> => {
      const { alerts } = (await prometheus.ask('alerts')) as { alerts: Alert[] };
      found = alerts.find(({ labels }) => labels['alertname'] === name);
      return found !== undefined && (found.state === state || found.state === 'firing');
    };
    await until(`${name} is ${state}`, isThere, PATIENCE);
    return found?.labels ?? {};
  }

  beforeAll(async () => {
    parts = await openParts('prometheus', { env: { CALLFOLD_PARTITIONS: '1' } });
    await parts.applyTopics();
    const ports = await freePorts(ROLES.length);
    for (const [n, role] of ROLES.entries())
      services.push(start(['serve', role], { env: { ...parts.env, CALLFOLD_HTTP_PORT: String(ports[n]) } }));
    const targets = ports.map((port) => `127.0.0.1:${port}`);
    prometheus = await startPrometheus({ dir: join(parts.dir, 'prometheus'), targets, rules: [RULES] });
  });
  afterAll(async () => {
    for (const { child } of services) child.kill('SIGKILL');
    await Promise.all([prometheus?.stop({ wipe: true }), parts?.stop()]);
  });

  it('scrapes every service, and refuses no sample of theirs', async () => {
    type Target = { readonly health: string; readonly lastError: string };
    let targets: readonly Target[] = [];
    const areUp = async (): Promise<boolean> => {
      ({ activeTargets: targets } = (await prometheus.ask('targets')) as { activeTargets: readonly Target[] });
      return targets.length === ROLES.length && targets.every(({ health }) => health === 'up');
    };
    await until('all targets are up', areUp, PATIENCE).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${JSON.stringify(targets)}`);
    });
    const owned = () => query('count by (service) (callfold_position)');
    await until('both roles own their partitions', async () => (await owned()).length === 2, PATIENCE);
    const seen = () => query('count by (service) ({__name__=~"callfold_.+"})');
    const isSeen = async () => new Set((await seen()).map(({ metric }) => metric['service'])).size === ROLES.length;
    await until('every service has samples', isSeen, PATIENCE);

    const dropped = 'scrape_samples_scraped - scrape_samples_post_metric_relabeling';
    const counts = async () => (await query(dropped)).map(({ value }) => value[1]);
    await until('every service was scraped', async () => (await counts()).length === ROLES.length, PATIENCE);
    expect(new Set(await counts())).toEqual(new Set(['0']));
    const own = await (await fetch(`${prometheus.url}/metrics`)).text();
    const refused = [...own.matchAll(/^prometheus_target_scrapes_(\w*(?:sample|limit)\w*_total) (\S+)$/gm)];
    expect(refused.length).toBeGreaterThan(3);
    expect(refused.filter(([, , count]) => count !== '0')).toEqual([]);
  });

  it('has the alert rules, all of them well', async () => {
    type Rule = { readonly name: string; readonly health: string; readonly lastError?: string };
    let rules: readonly Rule[] = [];
    const areKnown = async (): Promise<boolean> => {
      const { groups } = (await prometheus.ask('rules')) as { groups: readonly { readonly rules: readonly Rule[] }[] };
      rules = groups.flatMap((group) => group.rules);
      return rules.length > 0 && rules.every(({ health }) => health !== 'unknown');
    };
    await until('the rules were looked at', areKnown, PATIENCE);
    expect(rules.length).toBeGreaterThan(10);
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
  });

  it('says that Redis has no replica, as it has none', async () => {
    const labels = await alerted('CallfoldRedisWithoutReplica', 'pending');
    expect(labels['severity']).toBe('ticket');
    expect(labels['server']).toContain(String(parts.redis.port));
  });

  it('fires for the first dead letter', async () => {
    const letters = `callfold_dead_letters_total{service="outcomes",topic="${TOPIC}",code="not-avro"}`;
    const count = async (): Promise<string | undefined> => (await query(letters))[0]?.value[1];
    await until('there was none yet', async () => (await count()) === '0', PATIENCE);
    const client = new Kafka({ clientId: 'no-avro', brokers: [...parts.kafka.brokers], logLevel: logLevel.NOTHING });
    const producer = client.producer();
    await producer.connect();
    await producer.send({ topic: TOPIC, messages: [{ key: 'default/a', value: 'no Avro' }] });
    await producer.disconnect();
    const labels = await alerted('CallfoldDeadLetters', 'firing');
    expect(labels).toMatchObject({ topic: TOPIC, code: 'not-avro', severity: 'ticket' });
  });

  it('says that the services wait for Redis once it is away', async () => {
    await parts.redis.kill();
    const labels = await alerted('CallfoldInfrastructureAway', 'pending');
    expect(labels['severity']).toBe('page');
    expect(labels['topic']).toMatch(/^callfold\.raw\./);
    await parts.redis.start();
    const isOver = async (): Promise<boolean> => (await query('callfold_partition_away > 0')).length === 0;
    await until('nothing waits any more', isOver, PATIENCE);
  });
});
