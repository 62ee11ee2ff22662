import type { SubjectKind } from '@callfold/core';
import { KIND_OF, unpart } from '@callfold/core';
import type { Finding, SubjectQuery } from '@callfold/engine';
import { explainSubject, Refused, rulesOf } from '@callfold/engine';
import { OUTCOMES } from '@callfold/outcomes';
import { siteWith } from './archiving.ts';
import type { Context, Exit } from './command.ts';
import { EXIT } from './command.ts';
import { explanationText } from './explanation.ts';
import { createProgress, grouped, shownTo } from './progress.ts';
import type { Site } from './site.ts';
import { explainWords, rawOf } from './subject.ts';
import type { Target, TargetOptions } from './targets.ts';
import { targetsOf } from './targets.ts';
import { verifyPartition } from './verification.ts';
import type { Row, Sample } from './verifying.ts';
import { partsOf } from './verifying.ts';

/** `callfold verify`: what it goes through, and what it says. */

export type VerifyOptions = Omit<TargetOptions, 'role'> & {
  /** One subject in so many. */
  readonly sample?: number;
  readonly seed?: number;
  /** Of the first differences: whole explanations of their subjects. */
  readonly explain?: number;
  /** Where what retention took is read from. */
  readonly archive?: string;
};

/** Findings of one partition that are told; `--json` has them all. */
const SHOWN = 5;
const EXPLAINED = 1;
const DETAIL_CHARACTERS = 400;
const SEED_BELOW = 1_000_000;

const KIND_OF_RECORD: Readonly<Record<string, SubjectKind>> = {
  'call-outcome': 'call',
  'agent-offer': 'call',
  'chat-outcome': 'chat',
  'chat-handoff': 'chat',
  'agent-interval': 'agent',
};

/** Whose finding it is; null: nobody's, as of a gap. */
export function subjectOfFinding({ where }: Finding, what: Row['what'], target: Target): SubjectQuery | null {
  if (what === 'aggregates') {
    const [tenantId, id] = where.split(' at position ')[0]?.split('/') ?? [];
    return tenantId === undefined || id === undefined
      ? null
      : { kind: KIND_OF[target.source], tenantId, id: unpart(id) };
  }
  const [kindText = '', ...rest] = where.split(' ');
  const kind = KIND_OF_RECORD[kindText];
  // An id has no space in front of it but its own: what follows the last one is the revision.
  const [tenantId, , id] = rest.join(' ').split('/');
  if (kind === undefined || tenantId === undefined || id === undefined) return null;
  return { kind, tenantId: unpart(tenantId), id: unpart(id.replace(/ revision \d+$/, '')) };
}

function wordsOf({ what, at, same, beforeHorizon, findings, positions, waiting }: Row): string {
  const [from, to] = positions;
  const where = `${at.topic}/${at.partition} ${what} at ${from === to ? `offset ${from}` : `offsets ${from} to ${to}`}`;
  const parts = [
    `${same} the same`,
    ...(beforeHorizon > 0 ? [`${beforeHorizon} before the horizon`] : []),
    ...(waiting > 0 ? [`${waiting} still to be sent`] : []),
    `${findings.length} findings`,
  ];
  return `${where}: ${parts.join(', ')}`;
}

const short = (text: string): string =>
  text.length <= DETAIL_CHARACTERS ? text : `${text.slice(0, DETAIL_CHARACTERS)} ... (--json has all of it)`;

/** What the log says of it, by the one `explain`. */
async function explained(site: Site, query: SubjectQuery, context: Context): Promise<string> {
  const found = await explainSubject(rawOf(site), query, rulesOf(OUTCOMES, context.config.settings));
  if (found.length === 0) return `The log has no event of ${query.kind} ${query.id}.`;
  return found.map(explanationText).join('\n');
}

/** Records of the log that are to be read, for both roles, as far as can be told beforehand. */
async function recordsIn(site: Site, targets: readonly Target[], sample: Sample): Promise<number> {
  let all = 0;
  for (const { role, at } of targets) {
    const [stored, { start }] = await Promise.all([site.store(role).peek(at), site.log(role).bounds(at)]);
    const records = Math.max(0, (stored?.next ?? start) - start);
    all += role === 'outcomes' ? records * partsOf(records, sample) : records;
  }
  return all;
}

function sampleOf({ sample, seed }: VerifyOptions, say: Context['say']): Sample {
  if (sample === undefined || sample <= 1) return null;
  const chosen = seed ?? Math.floor(Math.random() * SEED_BELOW);
  say(`One subject in ${sample}; --seed ${chosen} compares the same ones again.`);
  return { oneIn: sample, seed: chosen };
}

type Sums = { same: number; found: number; before: number; waiting: number; compared: number; explained: number };

async function tellRow(site: Site, row: Row, target: Target, sums: Sums, options: VerifyOptions, context: Context) {
  sums.compared += 1;
  sums.same += row.same;
  sums.before += row.beforeHorizon;
  sums.waiting += row.waiting;
  sums.found += row.findings.length;
  context.out(context.json ? `${JSON.stringify(row)}\n` : `${wordsOf(row)}\n`);
  for (const finding of row.findings.slice(0, SHOWN)) {
    context.say(`  ${finding.fault}: ${finding.where}: ${short(finding.detail)}`);
    const subject = context.config.settings.disguise ? null : subjectOfFinding(finding, row.what, target);
    if (subject === null) continue;
    context.say(`    ${explainWords(subject)}`);
    if (sums.explained >= (options.explain ?? EXPLAINED)) continue;
    sums.explained += 1;
    for (const line of (await explained(site, subject, context)).trimEnd().split('\n')) context.say(`    ${line}`);
  }
  if (row.findings.length > SHOWN) context.say(`  and ${row.findings.length - SHOWN} more (--json has them)`);
}

export async function verifyOn(topics: Site, options: VerifyOptions, context: Context): Promise<Exit> {
  const { config, say, stop } = context;
  const site = siteWith(topics, options.archive, config);
  const targets = await targetsOf(site, options);
  const sample = sampleOf(options, say);
  const progress = createProgress({
    noun: 'records',
    total: await recordsIn(site, targets, sample),
    ...shownTo(context),
  });
  const out = (text: string): void => {
    progress.clear();
    context.out(text);
  };
  const told: Context = { ...context, say: progress.say, out };
  const sums: Sums = { same: 0, found: 0, before: 0, waiting: 0, compared: 0, explained: 0 };
  let read = 0;
  const more = { sample, progress: (records: number): void => progress.at((read += records)) };
  for (const target of targets.filter(({ role }) => role === 'projector')) {
    if (stop.requested) break;
    const rows = await verifyPartition(site, target.at, target.source, config.settings, {}, more);
    for (const row of rows) await tellRow(site, row, target, sums, options, told);
  }
  const rate = progress.end();
  if (stop.requested) {
    say('Ended before all partitions were compared. The same command compares them from the first one on.');
    return EXIT.failed;
  }
  if (sums.compared === 0) {
    throw new Refused(
      `There is nothing to compare: no role has a checkpoint of generation ${config.generation} here. ` +
        'Start them with `callfold serve projector` and `callfold serve outcomes`, or check CALLFOLD_REDIS_URL.',
    );
  }
  const notCompared =
    sums.before > 0 ? ` ${grouped(sums.before)} are of before the horizon and were not compared.` : '';
  const same = `${grouped(sums.same)} aggregates and records${sample ? ` of a sample` : ''} are what a fresh fold gives`;
  if (sums.found === 0) say(`Identical: ${same}.${notCompared} ${grouped(read)} records read, ${rate}.`);
  else say(`${grouped(sums.found)} differences; ${same}.${notCompared}`);
  return sums.found === 0 ? EXIT.done : EXIT.differences;
}
