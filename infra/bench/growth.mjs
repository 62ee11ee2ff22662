// How speed and memory go with size, one thing varied at a time: live calls, partitions, tenants, bytes an event, and
// how often a call is not in the cache.
import { loadavg } from 'node:os';
import { measure } from './children.mjs';
import { openStage } from './stage.mjs';

/** What is measured at each point; to be narrowed by `--only`. */
export const GROWTH = ['call-outcomes', 'projector'];

const USUAL = { live: 5_000, partitions: 4, tenants: 1_000, padding: 0, room: null };
const MANY = 1_000_000;
const SOME = 100_000;
/** Each live call gets at least some events. */
const EVENTS_A_CALL = 3;

/** Points with a name; `room` is for how many times the live calls the process has it, its default where null. */
const POINTS = [
  ...[1_000, 10_000, SOME, MANY].map((live) => ({ name: `${live} live calls`, live })),
  ...[1, 16, 64].map((partitions) => ({ name: `${partitions} partitions`, partitions })),
  ...[1, 10_000].map((tenants) => ({ name: `${tenants} tenants`, tenants })),
  ...[1_000, 4_000].map((padding) => ({ name: `${padding} bytes more an event`, padding })),
  ...[4, 1, 0.4].map((room) => ({ name: `${SOME} live calls, room for ${room} times as many`, live: SOME, room })),
  { name: `${SOME} live calls, 32 partitions`, live: SOME, partitions: 32 },
];

/**
 * @param short leaves out what needs a million live calls
 * @param point a part of the names of the points that are wanted; absent: all of them
 */
export async function measureGrowth({ root, seed, things, loads, short, point: wanted = '', say, check }) {
  const [{ events: least }] = loads;
  const rows = [];
  let stage = null;
  let opened = 0;
  try {
    const points = POINTS.filter(({ name, live }) => (!short || live !== MANY) && name.includes(wanted));
    if (points.length === 0) throw new Error(`bench: no point of growth is called ${wanted}`);
    for (const point of points.toSorted((a, b) => (a.partitions ?? 4) - (b.partitions ?? 4))) {
      const { name, room, ...own } = { ...USUAL, ...point };
      const input = { seed, ...own, events: Math.max(least, EVENTS_A_CALL * own.live) };
      if (input.partitions !== opened) {
        await stage?.close();
        stage = await openStage({ root, partitions: input.partitions, say: () => {} });
        opened = input.partitions;
      }
      rows.push(...(await measurePoint({ stage, input, name, room, number: rows.length, things, say, check })));
    }
  } finally {
    await stage?.close();
  }
  return rows;
}

async function measurePoint({ stage, input, name, room, number, things, say, check }) {
  await stage.freshRaw();
  await stage.freshRedis();
  const filled = await measure('fill', { env: stage.env('fill'), input });
  const rows = [];
  for (const what of things) {
    await stage.freshDerived();
    await stage.freshRedis();
    const env = stage.env(`g${number}-${what}`);
    if (room !== null) env.CALLFOLD_CACHED_SUBJECTS = String(Math.ceil(room * input.live));
    const [load] = loadavg();
    const figures = await measure(what, { env, threads: 1, ends: filled.ends, input }, { servers: stage.servers });
    check(`${name}, ${what}, events`, figures.count, input.events);
    const redisMiB = await stage.redisMiB();
    const bytes = Math.round(filled.bytes / input.events);
    rows.push({ name, what, load, bytes, input, redisMiB, ...figures });
    const rate = Math.round(figures.count / figures.wallMs);
    say(
      `${name}, ${what}: ${rate} thousand a second, ${figures.peakMiB} MiB, Redis ${redisMiB} MiB, load ${load.toFixed(1)}`,
    );
  }
  return rows;
}

/** For a terminal and for a page alike. */
export function growthTable(rows) {
  const lines = rows.map(({ name, what, bytes, count, wallMs, cpuMs, peakMiB, redisMiB, missed, load }) => {
    const cells = [Math.round(count / wallMs), (cpuMs / 1_000 / (count / 1e6)).toFixed(1), peakMiB, redisMiB];
    return `| ${[name, what, bytes, ...cells, (missed / count).toFixed(2), load.toFixed(1)].join(' | ')} |`;
  });
  return [
    '| | | bytes an event | thousand a second | CPU s per million | peak MiB | Redis MiB | reads of the store an event | load |',
    '|---|---|--:|--:|--:|--:|--:|--:|--:|',
    ...lines,
  ].join('\n');
}
