// The JVM's engines with the same fold (infra/bench/peers): built once with Maven, started one at a time in a process
// of its own, watched by what it says of itself. How each is set up stands here, with the reason.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { findJava } from '../parts/jars.mjs';
import { endWithMe, ended } from '../parts/lifeline.mjs';
import { withLock } from '../parts/lock.mjs';
import { cacheDir } from '../parts/index.mjs';

const SOURCES = fileURLToPath(new URL('peers', import.meta.url));
const LOGGING = join(SOURCES, 'log4j2.properties');
const BUILD_MS = 900_000;
const KEPT_LINES = 20;

/** One thread or slot for each core of the machine that figures come from. */
const THREADS = 2;
/** Both engines commit once a second where it is about throughput, as Flink's users do: fewer and larger commits. */
const THROUGHPUT_COMMIT_MS = 1_000;
/** Kafka Streams's own default for exactly once; for Flink as short as checkpoints are of use. */
const LATENCY_COMMIT_MS = 100;

/** Flink's reflection into the JDK, as its own start scripts allow it. */
const FLINK_OPENS = ['lang', 'net', 'io', 'nio', 'lang.reflect', 'text', 'time', 'util', 'util.concurrent'].map(
  (name) => `--add-opens=java.base/java.${name}=ALL-UNNAMED`,
);

const streams = (name, guarantee) => ({
  name,
  module: 'streams',
  main: 'callfold.peers.streams.Main',
  options: { guarantee, cacheMiB: 128 },
  heapMiB: (live) => (live > 100_000 ? 1_536 : 768),
  java: [],
});

const flink = (name, backend, heapMiB) => ({
  name,
  module: 'flink',
  main: 'callfold.peers.flink.Main',
  // RocksDB's memory is outside of the heap; the heap backend wants none.
  options: { guarantee: 'EXACTLY_ONCE', backend, managedMiB: backend === 'rocksdb' ? 512 : 32 },
  heapMiB,
  java: FLINK_OPENS,
});

/** By name, in the order in which they are measured. */
export const PEERS = {
  'streams-eos': streams('Kafka Streams, RocksDB, exactly once', 'exactly_once_v2'),
  'streams-alo': streams('Kafka Streams, RocksDB, at least once', 'at_least_once'),
  'flink-rocksdb': flink('Flink, RocksDB, exactly once', 'rocksdb', (live) => (live > 100_000 ? 1_536 : 1_024)),
  // Of half a million calls, which stay for a day, a gibibyte is full: it did nothing but collect. Of a million live
  // ones states are that and more, and a checkpoint is a copy of them.
  'flink-heap': flink('Flink, heap, exactly once', 'hashmap', (live) => (live > 100_000 ? 4_096 : 2_048)),
};

function filesOf(dir) {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(java|xml)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.startsWith(join(SOURCES, 'target')))
    .sort();
}

/** By module the class path; null: not built, or its jars have gone from Maven's repository. */
function built(dir) {
  const paths = {};
  for (const module of ['streams', 'flink']) {
    const own = join(dir, `peers-${module}`);
    const file = join(own, 'class-path');
    if (!existsSync(file)) return null;
    // Maven names the fold's jar where it was built; it was moved since.
    const others = readFileSync(file, 'utf8')
      .trim()
      .split(delimiter)
      .filter((jar) => !jar.endsWith('peers-fold-0.jar'));
    if (!others.every((jar) => existsSync(jar))) return null;
    paths[module] = [join(own, `peers-${module}-0.jar`), join(dir, 'peers-fold', 'peers-fold-0.jar'), ...others].join(
      delimiter,
    );
  }
  return paths;
}

function program(name, args, what) {
  try {
    return execFileSync(name, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: BUILD_MS });
  } catch (error) {
    const said = `${error.stdout ?? ''}${error.stderr ?? ''}`.slice(-2_000) || error.message;
    throw new Error(`${what}: ${said}`, { cause: error });
  }
}

/**
 * Class paths by module; built when the sources have changed, with about 200 MB of jars fetched the first time.
 * @throws when there is no JDK or no Maven, or the jars cannot be had
 */
export async function findPeers({ say = () => {} } = {}) {
  const hash = createHash('sha256');
  for (const file of filesOf(SOURCES)) hash.update(file.slice(SOURCES.length)).update(readFileSync(file));
  const dir = join(cacheDir, `peers-${hash.digest('hex').slice(0, 8)}`);
  const found = built(dir);
  if (found) return found;
  program('javac', ['--version'], 'The peers need a JDK (Debian, Ubuntu: `apt-get install openjdk-17-jdk-headless`)');
  mkdirSync(cacheDir, { recursive: true });
  return withLock(join(cacheDir, 'peers-lock'), BUILD_MS, async () => {
    const meanwhile = built(dir);
    if (meanwhile) return meanwhile;
    say('building the peers with Maven (Kafka Streams and Flink, about 200 MB the first time)');
    const fresh = `${dir}.building`;
    rmSync(fresh, { recursive: true, force: true });
    const args = ['-B', '-q', '-f', join(SOURCES, 'pom.xml'), `-Dcallfold.peers=${fresh}`, 'package'];
    program('mvn', args, 'Maven could not build the peers');
    rmSync(dir, { recursive: true, force: true });
    renameSync(fresh, dir);
    const paths = built(dir);
    if (!paths) throw new Error(`Maven ended well, but ${dir} lacks a class path`);
    return paths;
  });
}

/** The newest checkpoint that is whole; empty when there is none. */
function checkpointIn(dir) {
  const root = join(dir, 'checkpoints');
  if (!existsSync(root)) return '';
  const whole = readdirSync(root, { recursive: true })
    .filter((name) => name.endsWith('_metadata'))
    .map((name) => ({ name, at: statSync(join(root, name)).mtimeMs }))
    .sort((a, b) => b.at - a.at);
  return whole.length > 0 ? `file://${join(root, whole[0].name, '..')}` : '';
}

/**
 * Starts one peer.
 * @param name of PEERS
 * @param site brokers, registry, group, partitions; `dir` holds its state, and with what it left it goes on
 * @param aim what it is set up for: 'throughput' or 'latency'
 * @returns `pid`; `folded`, raw records so far; `reach(count)`, when so many are folded, as performance.now(); `kill`
 */
export async function startPeer(name, { brokers, registry, group, partitions, dir, live, settleMs, aim, paths }) {
  const peer = PEERS[name];
  mkdirSync(dir, { recursive: true });
  const forLatency = aim === 'latency';
  const options = {
    ...peer.options,
    brokers: brokers.join(','),
    registry,
    group,
    partitions,
    dir,
    settleMs,
    threads: Math.min(THREADS, partitions),
    commitMs: forLatency ? LATENCY_COMMIT_MS : THROUGHPUT_COMMIT_MS,
    lingerMs: forLatency ? 0 : 50,
    ...(peer.module === 'flink' && { from: checkpointIn(dir) }),
  };
  const heap = peer.heapMiB(live);
  // Throughput: the collector that takes the least processor time. Latency: the one with short pauses.
  const collector = forLatency ? '-XX:+UseG1GC' : '-XX:+UseParallelGC';
  const java = [`-Xms${heap}m`, `-Xmx${heap}m`, collector, ...peer.java, `-Dlog4j2.configurationFile=${LOGGING}`];
  const args = Object.entries(options).map(([option, value]) => `${option}=${value}`);
  const child = spawn(findJava(), [...java, '-cp', paths[peer.module], peer.main, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  endWithMe(child.pid);
  return watched(name, child);
}

function watched(name, child) {
  const said = [];
  let folded = 0;
  let failure = null;
  let waiting = [];
  const fail = (error) => {
    failure ??= error;
    for (const one of waiting) one.reject(failure);
    waiting = [];
  };
  const progressed = () => {
    const reached = waiting.filter(({ count }) => folded >= count);
    waiting = waiting.filter(({ count }) => folded < count);
    for (const one of reached) one.resolve(performance.now());
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [, count] = /^folded (\d+)$/.exec(line) ?? [];
    if (count === undefined) return;
    folded = Number(count);
    progressed();
  });
  createInterface({ input: child.stderr }).on('line', (line) => {
    said.push(line);
    if (said.length > KEPT_LINES) said.shift();
  });
  const closed = new Promise((resolve) => {
    child.once('close', (code, signal) => {
      ended(child.pid);
      fail(new Error(`${name} ended with ${signal ?? `exit code ${code}`}:\n${said.join('\n')}`));
      resolve();
    });
  });
  return {
    pid: child.pid,
    get folded() {
      return folded;
    },
    reach: (count) =>
      new Promise((resolve, reject) => {
        if (failure !== null) reject(failure instanceof Error ? failure : new Error(String(failure)));
        else if (folded >= count) resolve(performance.now());
        else waiting.push({ count, resolve, reject });
      }),
    async kill() {
      child.kill('SIGKILL');
      await closed;
    },
  };
}
