// @ts-check
/** docs/reliability.md: each fault that was run replaces its own row between the marks; the rest is people's. */

import { readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { countsOf, isWell } from './report.mjs';

const BEGIN = '<!-- begin faults: written by npm run faults -- --page -->';
const END = '<!-- end faults -->';
const ROW = /^\| `([a-z0-9-]+)` \|/;
const NOT_RUN = 'not run yet';
const TITLES = [
  'fault',
  'what is done',
  'what is promised',
  'times',
  'events in flight',
  'lost',
  'wrong',
  'duplicated',
  'seconds to recover',
  'of at most',
  '',
  'run on',
];

/** @typedef {import('./report.mjs').Result} Result */
/** @typedef {import('./scene.mjs').Fault} Fault */

const lineOf = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |`;

/** @param {Result} result */
export function rowOf(result) {
  const { fault, struck } = result;
  const { lost, wrong, duplicated } = countsOf(result);
  return lineOf([
    `\`${fault.name}\``,
    fault.title,
    fault.promise,
    String(struck?.times ?? 0),
    (struck?.inFlight ?? 0).toLocaleString('en-US'),
    ...[lost, wrong, duplicated].map(String),
    struck && struck.times > 0 ? struck.seconds.toFixed(1) : '-',
    String(fault.boundSeconds),
    isWell(result) ? 'held' : '**did not hold**',
    `${new Date().toISOString().slice(0, 10)}, load ${loadavg()[0]?.toFixed(0)}`,
  ]);
}

/** Of one that no run has told of. @param {Fault} fault */
const emptyRow = ({ name, title, promise, boundSeconds }) =>
  lineOf([`\`${name}\``, title, promise, '-', '-', '-', '-', '-', '-', String(boundSeconds), NOT_RUN, '-']);

/**
 * @param {string} page
 * @param {readonly Result[]} results
 * @param {readonly Fault[]} faults all that there are, in their order: rows of others go
 */
export function pageWith(page, results, faults) {
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END);
  if (from < 0 || to < from) throw new Error(`the page has lost its marks: ${BEGIN} and ${END}`);
  /** @type {Map<string, string>} */
  const rows = new Map();
  for (const line of page.slice(from, to).split('\n')) {
    const name = ROW.exec(line)?.[1];
    if (name !== undefined && !line.includes(NOT_RUN)) rows.set(name, line);
  }
  for (const result of results) rows.set(result.fault.name, rowOf(result));
  const told = faults.map((fault) => rows.get(fault.name) ?? emptyRow(fault));
  const table = [lineOf(TITLES), lineOf(TITLES.map(() => '---')), ...told].join('\n');
  const bounds = [...new Set(faults.map(({ boundSeconds, because }) => `- ${boundSeconds} s: ${because}.`))].join('\n');
  const part = `${table}\n\nWhat the bounds are made of:\n\n${bounds}`;
  return `${page.slice(0, from)}${BEGIN}\n\n${part}\n\n${page.slice(to)}`;
}

/** @param {string} file @param {readonly Result[]} results @param {readonly Fault[]} faults */
export function writePage(file, results, faults) {
  writeFileSync(file, pageWith(readFileSync(file, 'utf8'), results, faults));
}
