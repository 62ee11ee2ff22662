// @ts-check
/** docs/reliability.md: the part between the marks is what a run saw; around it is what people wrote. */

import { readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { machineOf } from '../bench/machine.mjs';
import { ROOT } from '../test/process.mjs';
import { countsOf, isWell } from './report.mjs';

const BEGIN = '<!-- begin faults: written by npm run faults -- --page -->';
const END = '<!-- end faults -->';

/** @typedef {import('./report.mjs').Result} Result */

/** @param {readonly Result[]} results @param {string} command */
export function partOf(results, command) {
  const row = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |`;
  const seen = results.map((result) => {
    const { fault, struck } = result;
    const { lost, wrong, duplicated } = countsOf(result);
    return row([
      `\`${fault.name}\``,
      fault.title,
      fault.promise,
      String(struck?.times ?? 0),
      (struck?.inFlight ?? 0).toLocaleString('en-US'),
      String(lost),
      String(wrong),
      String(duplicated),
      `${struck?.seconds.toFixed(1) ?? '-'} of ${fault.boundSeconds} (${fault.because})`,
      isWell(result) ? 'held' : '**did not hold**',
    ]);
  });
  const titles = [
    'fault',
    'what is done',
    'what is promised',
    'times',
    'events in flight',
    'lost',
    'wrong',
    'duplicated',
  ];
  return [
    `\`${command}\`, ${new Date().toISOString().slice(0, 10)}, ${machineOf(ROOT).text}; load ${loadavg()[0]?.toFixed(1)}.`,
    '',
    row([...titles, 'seconds to recover', '']),
    row([...titles.map(() => '---'), '---', '---']),
    ...seen,
  ].join('\n');
}

/** @param {string} file @param {readonly Result[]} results @param {string} command */
export function writePage(file, results, command) {
  const page = readFileSync(file, 'utf8');
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END);
  if (from < 0 || to < from) throw new Error(`${file} has lost its marks: ${BEGIN} and ${END}`);
  writeFileSync(file, `${page.slice(0, from)}${BEGIN}\n${partOf(results, command)}\n${page.slice(to)}`);
}
