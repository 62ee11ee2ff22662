// The whole log folded into another generation: as fast as it goes while nothing else is at work, and at a rate beside
// live events, whose latency is told before it and meanwhile.
import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ended, endWithMe } from '../parts/lifeline.mjs';
import { measure } from './children.mjs';
import { measureLatency, startService } from './latency.mjs';
import { TOPIC } from './topics.mjs';

const COMMAND = fileURLToPath(new URL('../../services/cli/bin/callfold.js', import.meta.url));
const GENERATION = 'rebuild';
/** The keys of the generations that are built beside it, in turn. */
const KEYS = { free: `${GENERATION}.2`, beside: `${GENERATION}.3` };
const LOOK_MS = 50;
const LEVEL_MS = 120_000;
const LIVE_RATE = 2_000;
/** Of live events alone. */
const ALONE_SECONDS = 30;
/** Of the command's start, and of what comes while it folds. */
const MORE = 1.25;
const MORE_SECONDS = 20;
const DIFFERENT = 3;

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** The command to its end. @returns `{ code, out }` */
function callfold(args, env) {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endWithMe(child.pid);
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (out += text));
  return new Promise((resolve) => {
    child.once('close', (code) => {
      ended(child.pid);
      resolve({ code, out });
    });
  });
}

async function must(args, env) {
  const done = await callfold(args, env);
  if (done.code !== 0) throw new Error(`callfold ${args.join(' ')} ended with ${done.code}: ${done.out}`);
}

/**
 * `callfold rebuild NAME`, and from outside when it committed its first record and when it had passed the ends.
 * @param ends by partition
 */
async function rebuild(name, { stage, ends, rate = null }) {
  const env = stage.env(GENERATION);
  const { store, close } = await stage.storeOf('projector', KEYS[name]);
  const begun = performance.now();
  const command = callfold(['rebuild', name, ...(rate === null ? [] : ['--rate', String(rate)])], env);
  const state = { isOver: false };
  const over = command.then(() => (state.isOver = true));
  let first = null;
  let last = null;
  try {
    while (!state.isOver && last === null) {
      const at = await Promise.all(
        ends.map(async (_, partition) => (await store.peek({ topic: TOPIC, partition }))?.next ?? 0),
      );
      if (first === null && sum(at) > 0) first = { at: performance.now(), done: sum(at) };
      if (at.every((next, partition) => next >= ends[partition])) last = performance.now();
      else await Promise.race([pause(LOOK_MS), over]);
    }
    const { code, out } = await command;
    if (code !== 0 || first === null) throw new Error(`rebuild ${name} ended with ${code}: ${out}`);
    last ??= performance.now();
    return {
      commandMs: performance.now() - begun,
      foldMs: last - first.at,
      perSecond: Math.round(((sum(ends) - first.done) * 1_000) / (last - first.at)),
    };
  } finally {
    await close();
  }
}

/** The one that was built beside them has what the live one has. */
async function untilLevel(stage, partitions) {
  const stores = await Promise.all([GENERATION, KEYS.beside].map((key) => stage.storeOf('projector', key)));
  const at = async ({ store }) =>
    sum(
      await Promise.all(
        Array.from(
          { length: partitions },
          async (_, partition) => (await store.peek({ topic: TOPIC, partition }))?.next ?? 0,
        ),
      ),
    );
  try {
    for (const until = Date.now() + LEVEL_MS; ; await pause(LOOK_MS)) {
      const [live, beside] = await Promise.all(stores.map(at));
      if (beside >= live) return;
      if (Date.now() > until)
        throw new Error(`the rebuilt generation is at ${beside} records, the live one at ${live}`);
    }
  } finally {
    await Promise.all(stores.map(({ close }) => close()));
  }
}

/** What two generations show differently: nothing, whatever was done to them. */
async function checkSame(what, name, { stage, check }) {
  const { code, out } = await callfold(['diff', GENERATION, name, '--json'], stage.env(GENERATION));
  if (code !== 0 && code !== DIFFERENT) throw new Error(`diff ${GENERATION} ${name} ended with ${code}: ${out}`);
  const { counts } = JSON.parse(out.split('\n').findLast((line) => line.startsWith('{')) ?? '{}');
  check(`${what}, aggregates that differ`, counts?.different, 0);
  return counts?.same ?? 0;
}

/** Live events alone, and then for as long as the rebuild takes. */
async function besideLive(rate, { stage, input, ends, say }) {
  const seconds = Math.ceil((sum(ends) / rate) * MORE) + MORE_SECONDS;
  let rebuilt = null;
  const kept = {
    generation: GENERATION,
    ends,
    async beside(from) {
      await pause(ALONE_SECONDS * 1_000 - (performance.timeOrigin + performance.now() - from));
      rebuilt = await rebuild('beside', { stage, ends, rate });
      say(`beside ${LIVE_RATE} live events a second: rebuilt in ${Math.round(rebuilt.commandMs / 1_000)} s`);
    },
  };
  const phases = [
    { rate: LIVE_RATE, seconds: ALONE_SECONDS },
    { rate: LIVE_RATE, seconds },
  ];
  const { partitions } = input;
  // By the seed of the log they would be its own calls once more.
  const seed = `${input.seed} live`;
  const found = await measureLatency('projector', 'rebuild', { stage, seed, partitions, phases, kept });
  const [alone, meanwhile] = found.rows;
  return { rate, seconds, alone, meanwhile, missing: found.missing, rebuilt };
}

/** @param rate records a second of the rebuild beside live events */
export async function measureRebuild({ stage, input, filled, rate, say, check }) {
  const { ends } = filled;
  await stage.freshRedis();
  const own = await measure('projector', { env: stage.env(GENERATION), ends, input }, { servers: stage.servers });
  const projectorPerSecond = Math.round((own.count * 1_000) / own.wallMs);
  say(`rebuild: the projector itself folds ${projectorPerSecond} a second`);
  const free = await rebuild('free', { stage, ends });
  const same = await checkSame('rebuild', 'free', { stage, check });
  say(
    `rebuild: ${free.perSecond} a second of ${sum(ends)} records, ${Math.round(free.commandMs / 1_000)} s with its start`,
  );
  check('rebuild, calls', same, filled.expected.subjects);
  await must(['drop', 'free', '--execute', '--confirm', 'free'], stage.env(GENERATION));
  const beside = await besideLive(rate, { stage, input, ends, say });
  check('beside the rebuild, live events never seen', beside.missing, 0);
  const projector = startService('projector', stage.env(GENERATION));
  try {
    await untilLevel(stage, input.partitions);
    await checkSame('rebuild beside live events', 'beside', { stage, check });
  } finally {
    await projector.kill();
  }
  return { live: input.live, events: input.events, records: sum(ends), projectorPerSecond, free, beside };
}
