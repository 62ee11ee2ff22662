import type { Source } from './event.ts';
import { SOURCES } from './event.ts';
import { FORMULAS } from './report-formulas.ts';
import type { ReportFigures, SourceFigures } from './report.ts';

/** A report for people: every figure with its name, its value to the digit, and its formula. */

const TITLES: Readonly<Record<Source, string>> = {
  callcenter24: 'CallCenter24: calls and offers',
  atlas: 'Atlas: calls of the voice AI',
  chatterfy: 'Chatterfy: chat episodes and hand-offs',
  vonage: 'Vonage: agents’ states',
};

/** What is said of a group: one line has no room for more. JSON has all of it. */
const COLUMNS: Readonly<Record<Source, readonly string[]>> = {
  callcenter24: [
    'offered',
    'outcomes.answered',
    'outcomes.abandoned',
    'shortAbandoned',
    'outcomes.missed',
    'outcomes.voicemail',
    'asaSeconds',
    'meanTalkSeconds',
    'report.abandonmentPercent.ofOffered',
    'report.serviceLevelPercent.<T>.ofOffered',
    'offers',
    'offerResults.missed',
  ],
  atlas: [
    'calls',
    'outcomes.answered',
    'outcomes.failed',
    'personReached.yes',
    'personReached.no',
    'personReached.unknown',
    'report.connectPercent.ofYesAndNo',
  ],
  chatterfy: [
    'episodes',
    'outcomes.completed',
    'outcomes.blocked',
    'outcomes.undeliverable',
    'outcomes.stalled',
    'handoffs',
    'report.containmentPercent.ofCompleted',
  ],
  vonage: [
    'agents',
    'timeMs.Busy',
    'timeMs.Wrap',
    'timeMs.Ready',
    'loggedInMs',
    'intervals.Unexpected',
    'report.occupancyPercent.busyAndWrapOfBusyWrapReady',
  ],
};

/** Counted where it occurs: nothing there is none. */
const COUNTED = /^(outcomes|offerResults|intervals|timeMs|personReached)\./;

/** `last` is the last part of the name: an agent's may have dots in it. */
type Found = { readonly name: string; readonly last: string; readonly value: unknown };

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** The values at a path; a part in angle brackets stands for every name there. */
function valuesAt(figures: unknown, path: string): Found[] {
  let found: Found[] = [{ name: '', last: '', value: figures }];
  for (const part of path.split('.')) {
    found = found.flatMap(({ name, value }): Found[] => {
      if (!isTable(value)) return [];
      const parts = part.startsWith('<') ? Object.keys(value) : [part];
      return parts
        .filter((last) => Object.hasOwn(value, last))
        .map((last) => ({ name: name === '' ? last : `${name}.${last}`, last, value: value[last] }));
    });
  }
  return found;
}

const shown = (value: unknown): string => (value === null ? '-' : JSON.stringify(value));

/** Single values by their path. */
function leavesOf(value: unknown, path: string): [path: string, value: string][] {
  if (!isTable(value)) return [[path, shown(value)]];
  return Object.entries(value).flatMap(([name, one]) => leavesOf(one, path === '' ? name : `${path}.${name}`));
}

/** Columns of equal width, those named in `left` to the left. */
function aligned(rows: readonly (readonly string[])[], left: readonly number[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0),
  );
  const cell = (text: string, column: number): string =>
    left.includes(column) ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return rows.map((row) => `  ${row.map(cell).join('  ').trimEnd()}`);
}

/** In the JSON some names stand in one object, `report`; for people they are names like the others. */
const plain = (path: string): string => path.replace(/^report\./, '');

/** A line for every name, a column for every value under it. */
function tableLines(path: string, formula: string, found: readonly Found[]): string[] {
  const rows = found.map(({ last, value }): [string, Map<string, string>] => [last, new Map(leavesOf(value, ''))]);
  const columns = [...new Set(rows.flatMap(([, leaves]) => [...leaves.keys()]))];
  const body = rows.map(([name, leaves]) => [name, ...columns.map((column) => leaves.get(column) ?? '-')]);
  return ['', `  ${plain(path)} = ${formula}`, ...aligned([['', ...columns], ...body], [0])];
}

/** Single figures as a list, with their formulas; below them what has several values a line, as an hour has. */
function sourceLines(source: Source, figures: unknown): string[] {
  const rows: string[][] = [];
  const tables: string[] = [];
  for (const [path, formula] of FORMULAS[source]) {
    const found = valuesAt(figures, path);
    if (found.some(({ value }) => isTable(value))) tables.push(...tableLines(path, formula, found));
    else if (found.length === 0) rows.push([plain(path), 'none', `= ${formula}`]);
    else rows.push(...found.map(({ name, value }) => [plain(name), shown(value), `= ${formula}`]));
  }
  return [TITLES[source], ...aligned(rows, [0, 2]), ...tables, ''];
}

type Group = ReportFigures['groups'][number];

function cellsOf(figures: unknown, columns: readonly string[], heads: readonly string[]): string[] {
  const values = new Map(
    columns.flatMap((path) => valuesAt(figures, path)).flatMap(({ name, value }) => leavesOf(value, name)),
  );
  return heads.map((head) => values.get(head) ?? (COUNTED.test(head) ? '0' : '-'));
}

function groupLines(source: Source, groups: readonly Group[]): string[] {
  const own = groups.flatMap((group) => (group[source] ? [{ key: group.key, figures: group[source] }] : []));
  const first = own[0];
  if (!first) return [];
  const columns = COLUMNS[source];
  const heads = columns.flatMap((path) =>
    path.includes('<') ? valuesAt(first.figures, path).map(({ name }) => name) : [path],
  );
  const dimensions = Object.keys(first.key);
  const body = own.map(({ key, figures }) => [
    ...Object.values(key).map((value) => (value === null ? '-' : String(value))),
    ...cellsOf(figures, columns, heads),
  ]);
  const titles = [...dimensions, ...heads.map(plain)];
  const lines = aligned([titles, ...body], [...dimensions.keys()]);
  return [`${TITLES[source]}, by ${dimensions.join(' and ')}`, ...lines, ''];
}

function headLines(figures: ReportFigures): string[] {
  const { from, to, zone, records, openIntervalsUntil } = figures;
  const open =
    openIntervalsUntil === null ? 'have their time left out' : `count up to ${openIntervalsUntil}, as far as is known`;
  return [
    `Figures of ${records} records, ${from ?? 'the first'} to ${to ?? 'the last'}; days and hours of ${zone}.`,
    ...(figures.vonage ? [`Stays of agents that have no end ${open}.`] : []),
    '',
  ];
}

/** The figures of the whole, then a line a group with the ones that are compared most. */
export function reportText(figures: ReportFigures): string {
  const whole: SourceFigures = figures;
  const lines = SOURCES.flatMap((source) => (whole[source] ? sourceLines(source, whole[source]) : []));
  const groups = SOURCES.flatMap((source) => groupLines(source, figures.groups));
  return [...headLines(figures), ...lines, ...groups].map((line) => `${line}\n`).join('');
}
