/** docker-compose.yml, its variant with three brokers, pom.xml and the docs say what infra/parts/settings.mjs says. */

import { readFileSync } from 'node:fs';
import { readConfig } from '@callfold/adapters/config';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  brokerSettings,
  CLUSTER_ID,
  JAVA_OPTIONS,
  PORT_SETTINGS,
  PORTS,
  REDIS_SETTINGS,
  REGISTRY_API,
  registrySettings,
  VERSIONS,
} from '../parts/index.mjs';

type Service = {
  readonly image?: string;
  readonly ports?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  readonly volumes?: readonly string[];
  readonly healthcheck?: { readonly test?: readonly string[] };
  readonly profiles?: readonly string[];
};
type Compose = {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
};

const textOf = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const composeOf = (path: string) => parse(textOf(path), { merge: true }) as Compose;

const whole = composeOf('docker-compose.yml');
/** Those that come up by themselves. */
const one = {
  ...whole,
  services: Object.fromEntries(Object.entries(whole.services).filter(([, { profiles }]) => profiles === undefined)),
};
const three = composeOf('infra/compose.three-brokers.yml');

/** What each broker says of itself: names, addresses, folders; everything else must be `brokerSettings`. */
const OWN_SETTINGS = new Set([
  'CLUSTER_ID',
  'KAFKA_HEAP_OPTS',
  'KAFKA_NODE_ID',
  'KAFKA_PROCESS_ROLES',
  'KAFKA_LISTENERS',
  'KAFKA_ADVERTISED_LISTENERS',
  'KAFKA_INTER_BROKER_LISTENER_NAME',
  'KAFKA_CONTROLLER_LISTENER_NAMES',
  'KAFKA_LISTENER_SECURITY_PROTOCOL_MAP',
  'KAFKA_CONTROLLER_QUORUM_VOTERS',
  'KAFKA_LOG_DIRS',
]);

const asVariables = (settings: Readonly<Record<string, string>>, prefix = '') =>
  Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [prefix + name.replaceAll(/[.-]/g, '_').toUpperCase(), value]),
  );

function sharedSettings(service: Service | undefined) {
  const all = Object.entries(service?.environment ?? {});
  return Object.fromEntries(all.filter(([name]) => !OWN_SETTINGS.has(name)));
}

function expectBroker(service: Service | undefined, id: number, name: string, port: string) {
  const environment = service?.environment ?? {};
  expect(environment).toMatchObject({
    CLUSTER_ID,
    KAFKA_HEAP_OPTS: JAVA_OPTIONS.kafka,
    KAFKA_NODE_ID: String(id),
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://${name}:9092,HOST://127.0.0.1:${port}`,
    KAFKA_LOG_DIRS: '/var/lib/kafka/data',
  });
}

describe('docker-compose.yml', () => {
  test('has the parts of infra:up and nothing else, in the same versions', () => {
    const images = Object.fromEntries(Object.entries(one.services).map(([name, { image }]) => [name, image]));
    expect(images).toEqual({
      kafka: `apache/kafka:${VERSIONS.kafka}`,
      registry: `apicurio/apicurio-registry:${VERSIONS.apicurio}`,
      redis: `redis:${VERSIONS.redis}`,
    });
  });

  test.each(['kafka', 'registry', 'redis'] as const)(
    '%s is published on the same port of this machine only',
    (name) => {
      const published = one.services[name]?.ports?.map((port) => port.replace(/:\d+$/, ''));
      expect(published).toEqual([`127.0.0.1:\${${PORT_SETTINGS[name]}:-${PORTS[name]}}`]);
    },
  );

  test('Kafka has the same settings', () => {
    expectBroker(one.services['kafka'], 1, 'kafka', `\${${PORT_SETTINGS.kafka}:-${PORTS.kafka}}`);
    expect(sharedSettings(one.services['kafka'])).toEqual(asVariables(brokerSettings(1), 'KAFKA_'));
    expect(one.services['kafka']?.environment?.['KAFKA_CONTROLLER_QUORUM_VOTERS']).toBe('1@kafka:9093');
  });

  test('the registry has the same settings, and its database lies in the volume', () => {
    const { JAVA_OPTS_APPEND: heap, ...settings } = one.services['registry']?.environment ?? {};
    expect(heap).toBe(JAVA_OPTIONS.registry);
    expect(settings).toEqual(asVariables(registrySettings('/data/registry')));
    expect(one.services['registry']?.volumes).toEqual(['registry-data:/data']);
  });

  test('Redis has the same settings', () => {
    const [program, ...options] = one.services['redis']?.command ?? [];
    const pairs = options.flatMap((word, index) => (index % 2 === 0 ? [[word, options[index + 1]]] : []));
    expect(program).toBe('redis-server');
    expect(Object.fromEntries(pairs)).toEqual(
      Object.fromEntries(Object.entries(REDIS_SETTINGS).map(([name, value]) => [`--${name}`, value])),
    );
    expect(one.services['redis']?.volumes).toEqual(['redis-data:/data']);
  });

  test.each(Object.keys(one.services))('%s is asked a real question for its health, and keeps its data', (name) => {
    const question = { kafka: 'kafka-broker-api-versions.sh', registry: `GET ${REGISTRY_API}/subjects`, redis: 'PONG' };
    const service = one.services[name];
    expect(service?.healthcheck?.test?.join(' ')).toContain(question[name as keyof typeof question]);
    const volumes = service?.volumes?.map((volume) => volume.split(':')[0] ?? '') ?? [];
    expect(volumes).toHaveLength(1);
    expect(Object.keys(one.volumes)).toEqual(expect.arrayContaining(volumes));
  });
});

describe("callfold's own services, when they are asked for", () => {
  const own = Object.entries(whole.services).filter(([, { profiles }]) => profiles !== undefined);

  test('are one image that is built here, each as what the command takes, on a root that is read only', () => {
    expect(own.map(([name, { command, profiles }]) => [name, command, profiles])).toEqual([
      ['topics', ['topics', 'apply', '--execute'], ['services', 'gateway']],
      ['projector', ['serve', 'projector'], ['services']],
      ['outcomes', ['serve', 'outcomes'], ['services']],
      ['gateway', ['serve', 'gateway'], ['services', 'gateway']],
      ['console', ['serve', 'console'], ['services']],
    ]);
    for (const [, service] of own)
      expect(service).toMatchObject({ image: 'callfold:0.1.0', build: '.', read_only: true, cap_drop: ['ALL'] });
  });

  test.each(own)('%s has settings that it takes, and is asked whether it is ready', (name, service) => {
    const given = Object.fromEntries(
      Object.entries(service.environment ?? {}).map(([key, value]) => [key, value.replace(/^\$\{\w+:-(.*)\}$/, '$1')]),
    );
    const config = readConfig(given);
    expect(config).toMatchObject({ kafka: { brokers: ['kafka:9092'] }, httpHost: '0.0.0.0', httpPort: 8080 });
    expect(config.registry?.url).toBe(`http://registry:8080${REGISTRY_API}`);
    expect(config.redisUrl).toBe('redis://redis:6379');
    const asked = service.healthcheck?.test?.join(' ') ?? '';
    expect(asked.includes('127.0.0.1:8080/readyz')).toBe(name !== 'topics');
  });

  test('gateway and console are published on this machine only', () => {
    const published = own.flatMap(([, { ports }]) => ports ?? []);
    expect(published).toEqual([
      '127.0.0.1:${CALLFOLD_INFRA_GATEWAY_PORT:-24080}:8080',
      '127.0.0.1:${CALLFOLD_INFRA_CONSOLE_PORT:-24082}:8080',
    ]);
  });
});

describe('compose.three-brokers.yml', () => {
  const names = ['kafka', 'kafka-2', 'kafka-3'];

  test('has three brokers with the settings of three, each with data of its own', () => {
    expect(Object.keys(three.services)).toEqual(names);
    for (const [index, name] of names.entries()) {
      const setting = PORT_SETTINGS.kafka + (index === 0 ? '' : `_${index + 1}`);
      const port = `\${${setting}:-${PORTS.kafka + index}}`;
      const service = three.services[name];
      expectBroker(service, index + 1, name, port);
      expect(sharedSettings(service)).toEqual(asVariables(brokerSettings(3), 'KAFKA_'));
      expect(service?.environment?.['KAFKA_CONTROLLER_QUORUM_VOTERS']).toBe(
        names.map((voter, voterIndex) => `${voterIndex + 1}@${voter}:9093`).join(','),
      );
      expect(service?.volumes).toEqual([`kafka-${index + 1}-of-3-data:/var/lib/kafka/data`]);
      expect(Object.keys(three.volumes)).toContain(`kafka-${index + 1}-of-3-data`);
      if (index === 0) continue;
      expect(service?.ports).toEqual([`127.0.0.1:${port}:9094`]);
      expect(service?.image).toBe(one.services['kafka']?.image);
      expect(service?.healthcheck).toEqual(one.services['kafka']?.healthcheck);
    }
  });
});

test('pom.xml fetches the same versions', () => {
  const pom = textOf('infra/pom.xml');
  expect(/<kafka\.version>(.*)<\/kafka\.version>/.exec(pom)?.[1]).toBe(VERSIONS.kafka);
  expect(/<apicurio\.version>(.*)<\/apicurio\.version>/.exec(pom)?.[1]).toBe(VERSIONS.apicurio);
});

test('docs/infra.md names every version, port and variable', () => {
  const docs = textOf('docs/infra.md');
  const words = [
    VERSIONS.kafka,
    VERSIONS.apicurio,
    ...Object.values(PORTS).map(String),
    ...Object.values(PORT_SETTINGS),
  ];
  for (const word of words) expect(docs).toContain(word);
});
