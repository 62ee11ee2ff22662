// docs/benchmarks.md and its chart: each kind of run replaces its own part, and leaves what people wrote alone.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chartOf } from './chart.mjs';
import { latencyTable, markdownTableOf, ratiosOf, rebuildTable, recoveryTable, timelineOf } from './report.mjs';

const begin = (name) => `<!-- begin ${name}: written by npm run bench -->`;
const end = (name) => `<!-- end ${name} -->`;
const CHART = 'benchmarks.svg';

/** @param page the text as it stands @returns it with the part's new text, at its old place or at the end */
export function withPart(page, name, text) {
  const part = `${begin(name)}\n${text}\n${end(name)}`;
  const from = page.indexOf(begin(name));
  const to = page.indexOf(end(name));
  if (from < 0 || to < from) return `${page.trimEnd()}\n\n${part}\n`;
  return page.slice(0, from) + part + page.slice(to + end(name).length);
}

/** @param dir of the page and its chart */
export function writePage(dir, report) {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, 'benchmarks.md');
  let page = existsSync(file) ? readFileSync(file, 'utf8') : '# Benchmarks\n';
  for (const load of report.loads.filter(({ summary }) => summary.length > 0))
    page = withPart(page, `live-${load.input.live}`, loadText(load, report));
  for (const { input, rebuilt } of report.loads)
    if (rebuilt !== null) page = withPart(page, 'rebuild', rebuildText(input, rebuilt, report));
  if (report.latency.length > 0) page = withPart(page, 'latency', latencyText(report));
  const { summary = [] } = report.loads[0] ?? {};
  // Of a run of some rows it would lack what stands beside it on the page.
  const chart = summary.length > 0 && report.latency.length > 0 ? chartOf({ summary, latency: report.latency }) : null;
  if (chart !== null) {
    writeFileSync(join(dir, CHART), chart);
    page = withPart(page, 'chart', `![Ours beside the peers: speed, latency, processor time, memory](${CHART})`);
  }
  writeFileSync(file, page);
}

const number = (value) => value.toLocaleString('en-US');
const madeBy = (command, { at, machine }) => `\`${command}\`, ${at.slice(0, 10)}, ${machine.text}.`;

function loadText({ input, rounds, filled, results, summary, recovery }, report) {
  const { events, live, seed, partitions } = input;
  const command = `npm run bench -- --events ${events} --live ${live} --seed ${seed} --partitions ${partitions} --threads ${report.plan.threads} --rounds ${rounds}`;
  const { faults } = report;
  const parts = [
    `### ${number(live)} live calls`,
    madeBy(command, report),
    `${number(events)} events of ${number(filled.begun)} calls, ${partitions} partitions, ${Math.round(filled.bytes / events)} bytes an event in the log; ` +
      `${number(filled.expected.calls)} calls are over and give ${number(filled.expected.records)} derived records, ${number(filled.expected.outcomes)} of them call-outcomes. ` +
      `Medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, in turn. ` +
      (faults.length === 0 ? 'Nothing lost, nothing made up.' : `**${faults.join('; ')}.**`),
    markdownTableOf(summary),
    ratiosOf(results)
      .map((line) => `- ${line}`)
      .join('\n'),
    ...timelineOf(results).split('\n'),
    ...(recovery.length > 0 ? [recoveryTable(recovery)] : []),
  ];
  return parts.filter((text) => text !== '').join('\n\n');
}

function rebuildText({ events, live, seed, partitions }, rebuilt, report) {
  const command =
    `npm run bench -- --only rebuild --events ${events} --live ${live} --seed ${seed} --partitions ${partitions} ` +
    `--rebuild-rate ${rebuilt.beside.rounds.map(({ rate }) => rate).join(',') || 'none'}`;
  const { faults } = report;
  const counted = faults.length === 0 ? 'Either generation shows readers the same.' : `**${faults.join('; ')}.**`;
  return ['### Rebuild', madeBy(command, report), counted, rebuildTable(rebuilt)].join('\n\n');
}

function latencyText(report) {
  const { rates, seconds, partitions, seed } = report.plan;
  const command = `npm run bench -- --only latency --rates ${rates} --seconds ${seconds} --seed ${seed} --partitions ${partitions}`;
  return ['### Latency', madeBy(command, report), latencyTable(report.latency)].join('\n\n');
}
