// The whole log folded into another generation: as fast as it goes while nothing else is at work, and at a rate beside
// live events, whose latency is told before it and meanwhile.
import { setTimeout as pause } from 'node:timers/promises';
import { createCrew } from '../faults/crew.mjs';
import { measure, peakMiBOf } from './children.mjs';
import { measureLatency, startService } from './latency.mjs';
import { nowMs } from './load.mjs';
import { ourPositions } from './watchers.mjs';

const GENERATION = 'rebuild';
/** Of the generations that are built beside it, in turn. */
const keyOf = (index) => `${GENERATION}.${index + 2}`;
const LOOK_MS = 50;
const LEVEL_MS = 120_000;
const LIVE_RATE = 2_000;
/** Of live events alone, before each rebuild. */
const ALONE_SECONDS = 30;
/** Behind it, when the projector keeps up one generation more. */
const KEPT_SECONDS = 15;
/** Of the command's start, and of what comes while it folds. */
const MORE = 1.25;
const MORE_SECONDS = 20;
const DIFFERENT = 3;

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/**
 * `callfold rebuild NAME`, and from outside when it committed its first record and when it had passed the ends.
 * @param ends by partition
 */
async function rebuild(name, { key, crew, stage, ends, rate = null }) {
  const { positions, close } = await ourPositions('projector', key, stage, ends.length);
  const command = crew.ask(['rebuild', name, ...(rate === null ? [] : ['--rate', String(rate)])]);
  const state = { isOver: false };
  const over = command.then(() => (state.isOver = true));
  let first = null;
  let last = null;
  let peakMiB = null;
  try {
    while (!state.isOver) {
      peakMiB = peakMiBOf(command.pid) || peakMiB;
      const at = await positions();
      if (first === null && sum(at) > 0) first = { at: performance.now(), done: sum(at) };
      if (at.every((next, partition) => next >= ends[partition])) last ??= performance.now();
      await Promise.race([pause(LOOK_MS), over]);
    }
    const { code, out, err, ms: commandMs } = await command;
    if (code !== 0 || first === null) throw new Error(`rebuild ${name} ended with ${code}: ${out}${err}`);
    last ??= performance.now();
    return {
      commandMs,
      peakMiB,
      foldMs: last - first.at,
      perSecond: Math.round(((sum(ends) - first.done) * 1_000) / (last - first.at)),
    };
  } finally {
    await close();
  }
}

/** The one that was built beside them has what the live one has. */
async function untilLevel(stage, key, partitions) {
  const both = await Promise.all([GENERATION, key].map((one) => ourPositions('projector', one, stage, partitions)));
  try {
    for (const until = Date.now() + LEVEL_MS; ; await pause(LOOK_MS)) {
      const [live, beside] = await Promise.all(both.map(async ({ positions }) => sum(await positions())));
      if (beside >= live) return;
      if (Date.now() > until)
        throw new Error(`the rebuilt generation is at ${beside} records, the live one at ${live}`);
    }
  } finally {
    await Promise.all(both.map(({ close }) => close()));
  }
}

/** What two generations show differently: nothing, whatever was done to them. */
async function checkSame(what, name, { crew, check }) {
  const { code, out, err } = await crew.ask(['diff', GENERATION, name, '--json']);
  if (code !== 0 && code !== DIFFERENT) throw new Error(`diff ${GENERATION} ${name} ended with ${code}: ${out}${err}`);
  const { counts } = JSON.parse(out.split('\n').findLast((line) => line.startsWith('{')) ?? '{}');
  check(`${what}, aggregates that differ`, counts?.different, 0);
  return counts?.same ?? 0;
}

/**
 * Live events alone, then beside a rebuild, then beside a generation more that is kept up; and again for each rate, so
 * that what else the machine does counts for all of them.
 */
async function besideLive(rates, { crew, stage, input, ends, say }) {
  let seconds = 0;
  for (const rate of rates) {
    const left = sum(ends) + LIVE_RATE * seconds;
    seconds += Math.ceil((left / (rate - LIVE_RATE)) * MORE) + ALONE_SECONDS + KEPT_SECONDS + MORE_SECONDS;
  }
  const rebuilds = [];
  const spans = [];
  async function during(what, rate, work) {
    const from = nowMs();
    const answer = await work();
    spans.push({ what, rate, from, to: nowMs() });
    return answer;
  }
  const kept = {
    generation: GENERATION,
    ends,
    async beside(from) {
      await pause(from - nowMs());
      for (const [index, rate] of rates.entries()) {
        await during('alone', rate, () => pause(ALONE_SECONDS * 1_000));
        const name = `beside-${rate}`;
        const rebuilt = await during('beside', rate, () =>
          rebuild(name, { key: keyOf(index + 1), crew, stage, ends, rate }),
        );
        rebuilds.push(rebuilt);
        say(`beside ${LIVE_RATE} live events a second, ${rate} a second: ${Math.round(rebuilt.commandMs / 1_000)} s`);
        await during('kept', rate, () => pause(KEPT_SECONDS * 1_000));
        if (index < rates.length - 1) await crew.callfold(['drop', name, '--execute', '--confirm', name]);
      }
      return spans;
    },
  };
  const { partitions } = input;
  // By the seed of the log they would be its own calls once more.
  const seed = `${input.seed} live`;
  const phases = [{ rate: LIVE_RATE, seconds }];
  const found = await measureLatency('projector', 'rebuild', { stage, seed, partitions, phases, kept });
  const rounds = rates.map((rate, index) => {
    const [alone, meanwhile, after] = found.spans.filter((span) => span.rate === rate);
    return { rate, rebuilt: rebuilds[index], alone, meanwhile, after };
  });
  return { live: LIVE_RATE, rounds, missing: found.missing };
}

/** @param rates records a second of the rebuilds beside live events, one after the other; none: nothing beside it */
export async function measureRebuild({ stage, input, filled, rates, say, check }) {
  const { ends } = filled;
  await stage.freshRedis();
  const crew = createCrew({ dir: stage.dir, env: stage.env(GENERATION), say });
  const own = await measure(
    'projector',
    { env: stage.env(GENERATION), threads: 1, ends, input },
    { servers: stage.servers },
  );
  const projectorPerSecond = Math.round((own.count * 1_000) / own.wallMs);
  say(`rebuild: the projector itself folds ${projectorPerSecond} a second`);
  const free = await rebuild('free', { key: keyOf(0), crew, stage, ends });
  const same = await checkSame('rebuild', 'free', { crew, check });
  say(
    `rebuild: ${free.perSecond} a second of ${sum(ends)} records, ${Math.round(free.commandMs / 1_000)} s with its start, ` +
      `${free.peakMiB} MiB at most`,
  );
  check('rebuild, calls', same, filled.expected.subjects);
  await crew.callfold(['drop', 'free', '--execute', '--confirm', 'free']);
  const figures = { live: input.live, events: input.events, records: sum(ends), projectorPerSecond, free };
  if (rates.length === 0) return { ...figures, beside: { live: LIVE_RATE, rounds: [] } };
  const beside = await besideLive(rates, { crew, stage, input, ends, say });
  check('beside the rebuild, live events never seen', beside.missing, 0);
  const projector = startService('projector', stage.env(GENERATION));
  try {
    await untilLevel(stage, keyOf(rates.length), input.partitions);
    await checkSame('rebuild beside live events', `beside-${rates.at(-1)}`, { crew, check });
  } finally {
    await projector.kill();
  }
  return { ...figures, beside };
}
