// @ts-check
/** Apache Kafka in KRaft mode: every broker is its own controller too; one of them or three. */

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findJars, findJava } from './jars.mjs';
import { askBrokers } from './kafka-probe.mjs';
import { launch } from './part.mjs';
import { freePorts, HOST } from './ports.mjs';
import { startProxy } from './proxy.mjs';
import { brokerSettings, CLUSTER_ID, JAVA_OPTIONS, QUICK_JAVA_OPTIONS } from './settings.mjs';

const LOGGING = fileURLToPath(new URL('./kafka-log4j2.properties', import.meta.url));

/** @param {Record<string, string>} settings */
const propertiesText = (settings) =>
  Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');

/**
 * @param {number} id
 * @param {string} dir
 * @param {Cluster} cluster
 */
function ownSettings(id, dir, { ports, controllerPorts, doors }) {
  const client = `PLAINTEXT://${HOST}:${ports[id - 1]}`;
  // A listener of its own for those who come through the proxy: they are sent through it again, and nobody else is.
  const door = doors[id - 1];
  const behind = door ? `,PROXIED://${HOST}:${door.behind}` : '';
  return {
    'node.id': String(id),
    'process.roles': 'broker,controller',
    listeners: `${client}${behind},CONTROLLER://${HOST}:${controllerPorts[id - 1]}`,
    'advertised.listeners': door ? `${client},PROXIED://${HOST}:${door.proxy.port}` : client,
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.quorum.voters': controllerPorts.map((port, index) => `${index + 1}@${HOST}:${port}`).join(','),
    'log.dirs': join(dir, 'data'),
  };
}

/**
 * @param {string} java
 * @param {string} classPath
 * @param {string} dir
 * @param {string} config
 * @param {readonly string[]} more
 */
async function format(java, classPath, dir, config, more) {
  const data = join(dir, 'data');
  if (existsSync(join(data, 'meta.properties'))) return;
  // A format that was interrupted leaves files without meta.properties; nothing can be in them yet.
  rmSync(data, { recursive: true, force: true });
  const args = [
    ...QUICK_JAVA_OPTIONS.split(' '),
    '-cp',
    classPath,
    'kafka.tools.StorageTool',
    'format',
    '-t',
    CLUSTER_ID,
    '-c',
    config,
    ...more,
  ];
  await promisify(execFile)(java, args).catch((error) => {
    throw new Error(`Kafka's storage ${data} could not be formatted: ${error.stderr || error.stdout || error.message}`);
  });
}

/**
 * @typedef {object} Cluster what its brokers have in common
 * @property {string} dir
 * @property {readonly number[]} ports
 * @property {readonly number[]} controllerPorts
 * @property {readonly { proxy: import('./index.mjs').Proxy, behind: number }[]} doors one per broker, or none
 * @property {Readonly<Record<string, string>>} settings
 * @property {readonly string[]} formatArgs
 * @property {string} java
 * @property {string} javaOptions
 * @property {string} classPath
 * @property {boolean} keep
 */

/**
 * @param {Cluster} cluster
 * @param {number} port
 * @param {number} index
 */
async function startNode(cluster, port, index) {
  const { ports, java, classPath, keep } = cluster;
  const id = index + 1;
  const dir = join(cluster.dir, `node-${id}`);
  const config = join(dir, 'server.properties');
  mkdirSync(dir, { recursive: true });
  const own = ownSettings(id, dir, cluster);
  writeFileSync(config, propertiesText({ ...brokerSettings(ports.length), ...own, ...cluster.settings }));
  await format(java, classPath, dir, config, cluster.formatArgs);
  const logging = `-Dlog4j2.configurationFile=${LOGGING}`;
  const part = await launch({
    name: `Kafka broker ${id}`,
    dir,
    log: 'kafka.log',
    command: java,
    args: [...cluster.javaOptions.split(' '), logging, '-cp', classPath, 'kafka.Kafka', config],
    port,
    keep,
    async answers() {
      const known = await askBrokers(port);
      return known.controller !== -1 && known.ids.includes(id);
    },
  });
  return Object.assign(part, { id });
}

/**
 * All of them, or none: what was started beside one that failed is killed, what ran before is left alone.
 * @param {Cluster} cluster
 */
async function startNodes(cluster) {
  const starts = await Promise.allSettled(cluster.ports.map((port, index) => startNode(cluster, port, index)));
  const nodes = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  const failed = starts.find((start) => start.status === 'rejected');
  if (!failed) return nodes;
  await Promise.all(nodes.filter((node) => !node.found).map((node) => node.kill()));
  throw failed.reason;
}

/** @param {number} count */
async function openDoors(count) {
  const behind = await freePorts(count);
  return Promise.all(behind.map(async (port) => ({ proxy: await startProxy({ to: port }), behind: port })));
}

/** @type {typeof import('./index.mjs').startKafka} */
export async function startKafka(options) {
  const { dir, brokers: count = 1, settings = {}, quick = false, keep = false, say = () => {} } = options;
  if (count !== 1 && count !== 3) throw new Error(`startKafka: ${count} brokers asked for; it is one or three.`);
  const ports = options.ports ?? (await freePorts(count));
  const controllerPorts = options.controllerPorts ?? (await freePorts(count));
  if (ports.length !== count || controllerPorts.length !== count) {
    throw new Error(`startKafka: ${count} brokers need as many ports and controller ports.`);
  }
  const usual = quick ? `${JAVA_OPTIONS.kafka} ${QUICK_JAVA_OPTIONS}` : JAVA_OPTIONS.kafka;
  const java = findJava();
  const { classPath } = await findJars({ say });
  const javaOptions = options.javaOptions ?? usual;
  const doors = options.proxied ? await openDoors(count) : [];
  const proxies = doors.map(({ proxy }) => proxy);
  const { formatArgs = [] } = options;
  const common = { dir, ports, controllerPorts, doors, settings, formatArgs };
  const nodes = await startNodes({ ...common, java, javaOptions, classPath, keep });

  return {
    brokers: ports.map((port) => `${HOST}:${port}`),
    proxied: proxies.map(({ where }) => where),
    proxies,
    nodes,
    logFile: nodes[0]?.logFile ?? '',
    get pids() {
      return nodes.map((node) => node.pid);
    },
    async kill(signal) {
      await Promise.all(nodes.map((node) => node.kill(signal)));
    },
    async start() {
      await Promise.all(nodes.map((node) => node.start()));
    },
    async stop(how) {
      await Promise.all([...nodes.map((node) => node.stop(how)), ...proxies.map((proxy) => proxy.close())]);
      if (how?.wipe) rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
