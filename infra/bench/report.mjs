// From single figures to medians, ratios and tables.
import { PEERS } from './peers.mjs';
import { SESSION_MS } from './recovery.mjs';

export const NAMES = {
  raw: 'kafkajs `eachBatch` + avsc `decode`, nothing else',
  decode: 'our consumer and codec, validated events',
  'call-outcomes': 'outcomes, call-outcomes alone',
  states: 'projector, states alone (publishes nothing)',
  projector: 'projector to Redis',
  ...Object.fromEntries(Object.entries(PEERS).map(([what, { name }]) => [what, name])),
  outcomes: 'outcomes to derived topics',
  both: 'projector and outcomes at once',
  fold: 'fold alone, no IO',
  'fold-command': '`callfold fold` from a file',
  append: 'embedded store: encode and append',
  'embedded-projector': 'embedded store: projector',
  'embedded-outcomes': 'embedded store: outcomes',
};

const MS = 1_000;
const MILLION = 1_000_000;

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const perSecond = ({ count, wallMs }) => (count / wallMs) * MS;
const cpuPerMillion = (ms, count) => ms / MS / (count / MILLION);

/** One row a thing: medians over the rounds, and the ratio to the limit in the same run. */
export function summaryOf(results) {
  const things = [...new Set(results.map(({ what }) => what))];
  const of = (what) => results.filter((one) => one.what === what);
  const limit = of('raw').length > 0 ? median(of('raw').map(perSecond)) : null;
  return things.map((what) => {
    const all = of(what);
    const rates = all.map(perSecond);
    const server = (name) => {
      const known = all.flatMap(({ serversCpuMs, count }) => {
        const ms = serversCpuMs[name];
        return ms > 0 ? [cpuPerMillion(ms, count)] : [];
      });
      return known.length > 0 ? median(known) : null;
    };
    return {
      what,
      perSecond: median(rates),
      slowest: Math.min(...rates),
      fastest: Math.max(...rates),
      ofLimit: limit === null ? null : median(rates) / limit,
      cpuSeconds: median(all.map(({ cpuMs, count }) => cpuPerMillion(cpuMs, count))),
      kafkaCpuSeconds: server('kafka'),
      redisCpuSeconds: server('redis'),
      peakMiB: Math.max(...all.map(({ peakMiB }) => peakMiB)),
      startSeconds: median(all.map(({ startMs }) => startMs)) / MS,
      redisMiB: all.at(-1).redisMiB ?? null,
      load: median(all.map(({ load }) => load)),
    };
  });
}

/**
 * The same fold: the only rows that may be set against a peer. One keeps a state and gives the same derived records;
 * the other keeps states for others to read, and publishes nothing.
 */
const OURS = ['call-outcomes', 'states'];

/** Lines: our throughput over each peer's, by round, so that what the machine does beside strikes both. */
export function ratiosOf(results) {
  const of = (what) => results.filter((one) => one.what === what);
  const pairs = OURS.flatMap((what) => Object.keys(PEERS).map((peer) => [what, peer]));
  return pairs.flatMap(([what, peer]) => {
    const ratios = of(peer).flatMap((theirs) => {
      const ours = of(what).find(({ round }) => round === theirs.round);
      return ours ? [perSecond(ours) / perSecond(theirs)] : [];
    });
    if (ratios.length === 0) return [];
    const spread = ratios.length > 1 ? ` (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})` : '';
    return [`${NAMES[what]}: ${median(ratios).toFixed(2)} of ${PEERS[peer].name}${spread}`];
  });
}

const thousands = (number) => Math.round(number / MS).toString();
const figure = (number, digits = 2) => (number === null ? '' : number.toFixed(digits));

export const COLUMNS = [
  ['thousand a second', (row) => thousands(row.perSecond)],
  ['slowest to fastest', (row) => `${thousands(row.slowest)} to ${thousands(row.fastest)}`],
  ['of the limit', (row) => figure(row.ofLimit)],
  ['CPU s per million', (row) => figure(row.cpuSeconds)],
  ['Kafka CPU s', (row) => figure(row.kafkaCpuSeconds)],
  ['Redis CPU s', (row) => figure(row.redisCpuSeconds)],
  ['peak MiB', (row) => String(row.peakMiB)],
  ['Redis MiB', (row) => (row.redisMiB === null ? '' : String(row.redisMiB))],
  ['start s', (row) => figure(row.startSeconds, 1)],
  ['load', (row) => figure(row.load, 1)],
];

const lineOf = (cells) => `| ${cells.join(' | ')} |`;
const headOf = (titles, words) => [lineOf(titles), lineOf(titles.map((_, index) => (index < words ? '---' : '--:')))];

const LATENCY_NAMES = { ...NAMES, outcomes: 'outcomes, to the derived topic', projector: 'projector, to Redis' };

/** From produce to what can be read, in ms. */
export function latencyTable(latency) {
  const lines = latency.flatMap(({ what, rows, startMs, load }) =>
    rows.map(({ rate, count, p50, p90, p99, p999, max }) => {
      const start = startMs === null ? '' : (startMs / MS).toFixed(1);
      return lineOf([LATENCY_NAMES[what], rate, count, p50, p90, p99, p999, max, start, load.toFixed(1)]);
    }),
  );
  const titles = ['', 'events a second', 'seen', 'p50 ms', 'p90', 'p99', 'p99.9', 'most', 'start to first s', 'load'];
  return [...headOf(titles, 1), ...lines].join('\n');
}

/** From a start after kill -9 to the first commit beyond what was committed before. */
export function recoveryTable(recovery) {
  const seconds = (ms) => (ms === null ? '–' : (ms / MS).toFixed(1));
  const lines = recovery.map(({ what, live, recoveryMs, expiredMs }) =>
    lineOf([NAMES[what], live, seconds(recoveryMs), seconds(expiredMs)]),
  );
  const titles = [
    '',
    'live calls',
    'started at once, s',
    `started when its session of ${SESSION_MS / MS} s was over, s`,
  ];
  return [...headOf(titles, 1), ...lines].join('\n');
}

/** What a rebuild of the whole log takes, and what it costs those who go on meanwhile. */
export function rebuildTable({ records, projectorPerSecond, free, beside }) {
  const seconds = (ms) => (ms / MS).toFixed(0);
  const rows = [
    ['the projector, on the same log', projectorPerSecond, '', '', '', '', ''],
    ['rebuild, nothing else at work', free.perSecond, seconds(free.commandMs), free.peakMiB, '', '', ''],
    ...beside.rounds.flatMap(({ rate, rebuilt, alone, meanwhile, after }) => [
      [`${beside.live} live events a second alone`, '', '', '', alone.p50, alone.p90, alone.p99],
      [
        `and a rebuild at ${rate} a second beside them`,
        rebuilt.perSecond,
        seconds(rebuilt.commandMs),
        rebuilt.peakMiB,
        meanwhile.p50,
        meanwhile.p90,
        meanwhile.p99,
      ],
      ['and then with both generations kept up', '', '', '', after.p50, after.p90, after.p99],
    ]),
  ];
  const head = headOf(
    [`${records} records`, 'records a second', 'command s', 'peak MiB', 'live p50 ms', 'p90', 'p99'],
    1,
  );
  return [...head, ...rows.map(lineOf)].join('\n');
}

/** For a terminal. */
export function tableOf(summary) {
  const names = summary.map(({ what }) => NAMES[what].replaceAll('`', ''));
  const width = Math.max(...names.map((name) => name.length));
  const cells = summary.map((row) => COLUMNS.map(([, of]) => of(row)));
  const widths = COLUMNS.map(([title], index) => Math.max(title.length, ...cells.map((row) => row[index].length)));
  const line = (first, rest) => `${first.padEnd(width)}  ${rest.map((cell, i) => cell.padStart(widths[i])).join('  ')}`;
  return [
    line(
      '',
      COLUMNS.map(([title]) => title),
    ),
    ...names.map((name, index) => line(name, cells[index])),
  ].join('\n');
}

/** For a page. */
export function markdownTableOf(summary) {
  return [
    ...headOf(['', ...COLUMNS.map(([title]) => title)], 1),
    ...summary.map((one) => lineOf([NAMES[one.what], ...COLUMNS.map(([, of]) => of(one))])),
  ].join('\n');
}

const POINTS = 12;

/** How the processes grew: memory over time, of the last round, a dozen points each. */
export function timelineOf(results) {
  const lines = ['projector', 'outcomes'].flatMap((what) => {
    const samples = results.findLast((one) => one.what === what)?.samples ?? [];
    const step = Math.max(1, Math.ceil(samples.length / POINTS));
    const shown = samples.filter((_, index) => index % step === step - 1 || index === samples.length - 1);
    const points = shown.map(({ done, rssMiB }) => `${(done / MILLION).toFixed(2)}: ${rssMiB}`);
    return shown.length > 0 ? [`${what}, resident MiB by million events folded: ${points.join(', ')}`] : [];
  });
  return lines.join('\n');
}
