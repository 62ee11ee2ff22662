// What is measured over a raw topic that stands: each thing once, in a process of its own, its counts held against what
// a fold of the same events says.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuMsOf, measure, peakMiBOf } from './children.mjs';
import { measurePeer } from './peer-runs.mjs';
import { PEERS } from './peers.mjs';
import { OUTCOMES_TOPIC, TOPIC } from './topics.mjs';

/** In the order in which they are measured, the limit first, and what is to be compared next to one another. */
export const THINGS = [
  'raw',
  'decode',
  'call-outcomes',
  'states',
  ...Object.keys(PEERS),
  'projector',
  'outcomes',
  'both',
  'fold',
  'fold-command',
  'append',
  'embedded-projector',
  'embedded-outcomes',
];

const COMMAND = fileURLToPath(new URL('../../services/cli/bin/callfold.js', import.meta.url));
/** A file's fold keeps every call. */
const COMMAND_HEAP = '--max-old-space-size=12288';
const SAMPLE_MS = 100;

/** Both services at once, as they run in life: done when the slower one is. */
async function both(options, rest) {
  const [projector, outcomes] = await Promise.all([
    measure('projector', { ...options, group: `${options.group}-p` }, rest),
    measure('outcomes', { ...options, group: `${options.group}-o` }, rest),
  ]);
  return {
    ...outcomes,
    wallMs: Math.max(projector.wallMs, outcomes.wallMs),
    cpuMs: projector.cpuMs + outcomes.cpuMs,
    peakMiB: projector.peakMiB + outcomes.peakMiB,
    startMs: Math.max(projector.startMs, outcomes.startMs),
    samples: [],
  };
}

/** `callfold fold FILE`, from its start to its end; what it prints is counted and thrown away. */
async function foldCommand({ input, file }) {
  if (!existsSync(file)) await measure('ndjson', { input, file });
  const from = performance.now();
  const child = spawn(process.execPath, [COMMAND_HEAP, COMMAND, 'fold', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let records = 0;
  let cpuMs = 0;
  let peakMiB = 0;
  const look = () => {
    cpuMs = cpuMsOf(child.pid) ?? cpuMs;
    peakMiB = peakMiBOf(child.pid) ?? peakMiB;
  };
  const timer = setInterval(look, SAMPLE_MS);
  child.stdout.on('data', (bytes) => {
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) records += 1;
  });
  const code = await new Promise((resolve) => {
    child.once('close', resolve);
  });
  clearInterval(timer);
  if (code !== 0) throw new Error(`callfold fold ended with exit code ${code}`);
  const wallMs = performance.now() - from;
  return { count: input.events, wallMs, cpuMs, peakMiB, startMs: 0, samples: [], serversCpuMs: {}, records };
}

/**
 * @param check hears counts as they are and as they should be
 * @returns figures as a meter gives them
 */
export async function measureThing(what, round, { stage, input, threads, filled, paths, profileDir, check }) {
  const generation = `r${round}-${what}`;
  const { ends, expected } = filled;
  if (what in PEERS) {
    const figures = await measurePeer(what, { stage, input, filled, generation, paths });
    check(`${what}, derived records that stand`, figures.standing.records, expected.outcomes);
    return figures;
  }
  const publishes = what === 'outcomes' || what === 'call-outcomes' || what === 'both';
  if (publishes) await stage.freshDerived();
  const keepsStates = what === 'states' || what === 'projector';
  const isRedis = publishes || keepsStates;
  if (isRedis) await stage.freshRedis();
  const dir = join(stage.dir, `embedded-${round}`);
  const options = { env: stage.env(generation), brokers: stage.brokers, group: generation, ends, input, threads, dir };
  const rest = { servers: stage.servers, profileDir };
  if (what === 'fold-command') {
    const figures = await foldCommand({ input, file: join(stage.dir, 'input.ndjson') });
    check('fold-command, calls', figures.records >= expected.subjects, true);
    return figures;
  }
  const figures = what === 'both' ? await both(options, rest) : await measure(what, options, rest);
  check(`${what}, events`, figures.count, input.events);
  if (isRedis) figures.redisMiB = await stage.redisMiB();
  if (what === 'fold') check('fold, calls', figures.calls, expected.subjects);
  if (keepsStates) await checkStates(what, generation, { stage, input, expected, check });
  if (publishes) await checkStanding(what, options, { stage, expected, check });
  return figures;
}

/** Of every call that began something is kept: positions that move say nothing of that. */
async function checkStates(what, generation, { stage, input, expected, check }) {
  const { store, close } = await stage.storeOf('projector', generation);
  let calls = 0;
  for (let partition = 0; partition < input.partitions; partition += 1) {
    // A scan may tell a field twice.
    const keys = new Set();
    for await (const slice of store.scan({ topic: TOPIC, partition }, 'states'))
      for (const [key] of slice) keys.add(key);
    calls += keys.size;
  }
  await close();
  check(`${what}, calls in the store`, calls, expected.subjects);
}

async function checkStanding(what, options, { stage, expected, check }) {
  const topics = what === 'call-outcomes' ? [OUTCOMES_TOPIC] : stage.derived;
  const standing = await measure('count', { ...options, topics });
  const should = what === 'call-outcomes' ? expected.outcomes : expected.records;
  check(`${what}, derived records that stand`, standing.records, should);
  check(`${what}, calls published`, standing.calls, expected.calls);
}
