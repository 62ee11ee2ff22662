import type { StatusFinding, ProblemOf, Status, StatusRow } from '@callfold/engine';
import { readStatus } from '@callfold/engine';
import type { Context, Exit } from './command.ts';
import { EXIT } from './command.ts';
import { grouped } from './progress.ts';
import type { Site } from './site.ts';
import { generationText } from './generations.ts';
import { tableLines } from './table.ts';
import type { TargetOptions } from './targets.ts';
import { targetsOf } from './targets.ts';
import { duration } from './words.ts';

/** What `callfold status` says. */

const HEAD = [
  'ROLE',
  'TOPIC',
  'PART',
  'OWNER',
  'EPOCH',
  'POSITION',
  'END',
  'LAG',
  'OLDEST',
  'NEXT TIMER',
  'OUTBOX',
  'OLDEST',
  'DEAD LETTERS',
];

function ageText(ms: number | null, count: number | null): string | null {
  return ms === null || count === null || count === 0 ? null : duration(ms);
}

function timerText(due: number | null, now: number): string | null {
  if (due === null) return null;
  return due >= now ? `in ${duration(due - now)}` : `${duration(now - due)} ago`;
}

export function statusTable({ partitions, at }: Status): string[] {
  const rows = partitions.map((row) => [
    row.role,
    row.topic,
    row.partition,
    row.owner,
    row.epoch,
    row.position,
    row.end,
    row.lag,
    ageText(row.lagMs, row.lag),
    timerText(row.nextTimer, at),
    row.outbox,
    ageText(row.outboxMs, row.outbox),
    row.deadLetters,
  ]);
  return tableLines(HEAD, rows);
}

const add = (rows: readonly StatusRow[], of: (row: StatusRow) => number | null): number =>
  rows.reduce((sum, row) => sum + (of(row) ?? 0), 0);
const most = (rows: readonly StatusRow[], of: (row: StatusRow) => number | null): number =>
  rows.reduce((highest, row) => Math.max(highest, of(row) ?? 0), 0);

/** One line for each role and topic: what fits on a screen that is looked at. */
export function summaryTable({ partitions }: Status): string[] {
  const groups = new Map<string, StatusRow[]>();
  for (const row of partitions) {
    const name = `${row.role} ${row.topic}`;
    groups.set(name, [...(groups.get(name) ?? []), row]);
  }
  const rows = [...groups.values()].map((group) => {
    const [first] = group as [StatusRow];
    const owners = new Set(group.flatMap(({ owner }) => owner ?? []));
    return [
      first.role,
      first.topic,
      group.length,
      owners.size,
      add(group, ({ lag }) => lag),
      ageText(
        most(group, ({ lagMs }) => lagMs),
        add(group, ({ lag }) => lag),
      ),
      add(group, ({ outbox }) => outbox),
      add(group, ({ deadLetters }) => deadLetters),
      group.filter(({ problem }) => problem !== null).length,
    ];
  });
  return tableLines(['ROLE', 'TOPIC', 'PARTS', 'OWNERS', 'LAG', 'OLDEST', 'OUTBOX', 'DEAD LETTERS', 'WRONG'], rows);
}

/** For a log: one look, one line. */
export function summaryLine(status: Status): string {
  const { partitions, generations, at } = status;
  const wrong = problemLines(status);
  const [first] = wrong;
  const parts = [
    `lag ${grouped(add(partitions, ({ lag }) => lag))} records, ${duration(most(partitions, ({ lagMs, lag }) => (lag > 0 ? lagMs : 0)))}`,
    `outbox ${grouped(add(partitions, ({ outbox }) => outbox))}`,
    `dead letters ${grouped(add(partitions, ({ deadLetters }) => deadLetters))}`,
    ...generations.filter(({ state }) => state === 'building').map(generationText),
    first === undefined ? 'nothing wrong' : `${wrong.length} wrong: ${first}`,
  ];
  return `${new Date(at).toISOString()}  ${parts.join('; ')}`;
}

function problemLine({ role, topic, partition, generation, says }: StatusFinding): string {
  return generation === null ? `${role} ${topic}/${partition}: ${says}` : `generation ${generation}: ${says}`;
}

const problemLines = ({ findings }: Status): string[] => findings.map(problemLine);

/** What is wrong, and what else there is to look at. */
export function statusWords(status: Status): string[] {
  const { partitions, generation } = status;
  const wrong = problemLines(status);
  const recovering = partitions.flatMap(({ role, topic, partition, position, recovering: one }) => {
    if (one === null) return [];
    const goal = one.until === null ? 'no owner has taken it yet' : `${position} of ${one.until}`;
    return [`${role} ${topic}/${partition}: a recovery folds, ${goal}`];
  });
  const letters = add(partitions, ({ deadLetters }) => deadLetters);
  return [
    ...wrong,
    ...recovering,
    ...(letters > 0
      ? [`${grouped(letters)} dead letters so far: \`callfold dlq list\` has those nobody dealt with.`]
      : []),
    ...(partitions.length > 0 && wrong.length === 0 ? [`Nothing is wrong. Readers see generation ${generation}.`] : []),
  ];
}

/** One look, where the data is. */
export async function statusOn(
  site: Site,
  options: TargetOptions & { readonly show?: 'all' | 'sums' | 'line' },
  context: Context,
  known?: ProblemOf,
): Promise<Exit> {
  const targets = await targetsOf(site, options);
  const status = await readStatus(site, context.config.settings, targets, Date.now(), known);
  const { show = 'all' } = options;
  if (context.json) context.out(`${JSON.stringify(status)}\n`);
  else if (show === 'line') context.out(`${summaryLine(status)}\n`);
  else {
    const table = show === 'all' ? statusTable(status) : summaryTable(status);
    context.out(`${[...table, ...status.generations.map(generationText)].join('\n')}\n`);
  }
  if (show !== 'line') for (const line of [...site.warnings, ...statusWords(status)]) context.say(line);
  return problemLines(status).length === 0 ? EXIT.done : EXIT.failed;
}
