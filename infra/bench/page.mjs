// docs/benchmarks.md: each kind of run replaces its own part, and leaves what people wrote alone.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { markdownTableOf, timelineOf } from './report.mjs';

const begin = (name) => `<!-- begin ${name}: written by npm run bench -->`;
const end = (name) => `<!-- end ${name} -->`;

export function writePage(file, report) {
  const { live } = report.input;
  const name = `live-${live}`;
  const part = `${begin(name)}\n${partOf(report)}\n${end(name)}`;
  const page = existsSync(file) ? readFileSync(file, 'utf8') : '# Benchmarks\n';
  const from = page.indexOf(begin(name));
  const to = page.indexOf(end(name));
  const text =
    from >= 0 && to > from ? page.slice(0, from) + part + page.slice(to + end(name).length) : `${page}\n${part}\n`;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function partOf({ machine, input, rounds, filled, results, summary, faults, at }) {
  const { events, live, seed, partitions } = input;
  const number = (value) => value.toLocaleString('en-US');
  const command = `npm run bench -- --events ${events} --live ${live} --seed ${seed} --partitions ${partitions} --rounds ${rounds}`;
  return [
    `### ${number(live)} live calls`,
    '',
    `\`${command}\`, ${at.slice(0, 10)}, ${machine.text}.`,
    '',
    `${number(events)} events of ${number(filled.begun)} calls, ${partitions} partitions, ${Math.round(filled.bytes / events)} bytes an event in the log; ` +
      `${number(filled.expected.calls)} calls are over and give ${number(filled.expected.records)} derived records. ` +
      `Medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, in turn. ` +
      (faults.length === 0 ? 'Nothing lost, nothing made up.' : `**${faults.join('; ')}.**`),
    '',
    markdownTableOf(summary),
    '',
    timelineOf(results).split('\n').join('\n\n'),
  ].join('\n');
}
