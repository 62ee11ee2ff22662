import { isoTime } from '@callfold/schemas';
import { sourceOf } from '@callfold/core';
import { WrongArgument } from './command.ts';
import type { OffsetRow, OffsetsOptions, OffsetsPlan } from './offsets.ts';
import { grouped } from './progress.ts';
import { tableLines } from './table.ts';
import { targetWords } from './targets.ts';
import { duration } from './words.ts';

/** What `callfold offsets` says: the table before and after, and which command does what is wanted. */

const BEYOND = { start: 'the log begins here', end: 'the log ends here' } as const;

const timeText = (ms: number | null): string | null => (ms === null ? null : isoTime(ms));

function lineOf(row: OffsetRow): (string | number | null)[] {
  const { first, last } = row.between;
  const span = first === null || last === null ? null : duration(last - first);
  const note = row.beyond === null ? '' : BEYOND[row.beyond];
  return [
    row.role,
    row.topic,
    row.partition,
    row.position,
    timeText(row.positionAt),
    row.offset,
    timeText(row.recordAt),
    row.records,
    span,
    note,
  ];
}

const HEAD = ['ROLE', 'TOPIC', 'PART', 'POSITION', 'RECORD THERE', 'OFFSET', 'RECORD THERE', 'RECORDS', 'SPAN', ''];

/** Before and after, by partition; then how many records that is in all, and what a fold of them would take. */
export function offsetsText({ plan, partitions, fold }: OffsetsPlan): string {
  const back = partitions.reduce((sum, { records }) => sum + Math.max(0, -records), 0);
  const on = partitions.reduce((sum, { records }) => sum + Math.max(0, records), 0);
  const spans = [
    ...(back > 0 ? [`${grouped(back)} records lie before the positions`] : []),
    ...(on > 0 ? [`${grouped(on)} records lie after the positions`] : []),
  ];
  const counted = spans.length === 0 ? 'No record lies in between' : spans.join(', ');
  const rate =
    fold === null
      ? ''
      : `; to fold them takes one process about ${duration(fold.seconds * 1_000)}, at the ${grouped(fold.perSecond)} a second of a sample`;
  return `${tableLines(HEAD, partitions.map(lineOf)).join('\n')}\nPlan ${plan}: ${counted}${rate}.\n`;
}

/** As Kafka's own tools write and read them. @throws WrongArgument where two roles would differ in one line */
export function offsetsCsv({ partitions }: OffsetsPlan): string {
  const offsets = new Map<string, number>();
  for (const { topic, partition, offset } of partitions) {
    const name = `${topic},${partition}`;
    if ((offsets.get(name) ?? offset) !== offset) {
      throw new WrongArgument('--export: the roles have different offsets here. Say which is meant with --role.');
    }
    offsets.set(name, offset);
  }
  return [...offsets].map(([name, offset]) => `${name},${offset}\n`).join('');
}

/** A time that the range of every partition of the role lies behind. */
function sinceOf(partitions: readonly OffsetRow[], role: OffsetRow['role']): string {
  const times = partitions.flatMap((row) =>
    row.role === role && row.recordAt !== null && row.records < 0 ? [row.recordAt] : [],
  );
  return times.length === 0 ? 'earliest' : isoTime(times.reduce((a, b) => Math.min(a, b)));
}

/** `replay` names a source where others name its topic. */
function replayWords({ topic, partition }: OffsetsOptions): string {
  const source = topic === undefined ? null : sourceOf(topic);
  const words = [
    ...(source ? [` --source ${source}`] : []),
    ...targetWords({ ...(partition !== undefined && { partition }) }).map((one) => ` ${one}`),
  ];
  return words.join('');
}

/** What moves nothing, why, and the command that does what is wanted. */
export function offsetsAdvice({ partitions }: OffsetsPlan, options: OffsetsOptions): string[] {
  const isBack = partitions.some(({ records }) => records < 0);
  const isOn = partitions.some(({ records }) => records > 0);
  if (!isBack && !isOn && !options.execute) return [];
  const { role: asked, ...where } = options;
  const roles = new Set(partitions.map((row) => row.role));
  const verify = ['callfold verify', ...targetWords(where)].join(' ');
  const replay = `callfold replay outcomes --from ${sinceOf(partitions, 'outcomes')} --to latest${replayWords(options)}`;
  const rebuild = 'callfold rebuild next';
  const lines = [
    'Nothing was moved. A position stands in the store with the states that were folded up to it, and only with these is it',
    'right; the offset of the Kafka group is a witness and no position.',
  ];
  if (isBack) {
    lines.push(
      'Folded once more, these records would change nothing in states that have them, and those of subjects dropped since',
      'would become dead letters. What you may want:',
      `  is what stands what the log says?       ${verify}`,
      ...(roles.has('outcomes') ? [`  other results, by rules of today         ${replay}`] : []),
      ...(roles.has('projector')
        ? [
            `  aggregates anew, beside the live ones    ${rebuild}`,
            `  ... folded from these offsets on         this command with --json > plan.json, then ${rebuild} --from-file plan.json`,
          ]
        : []),
      '  the store lost its state                 callfold recover',
    );
  }
  if (isOn) {
    lines.push(
      'Records that are passed over are missing in their subjects for good. What you may want:',
      '  a bad record stops nothing; see it at    callfold dlq list',
      `  too far behind: more instances fold      callfold serve ${asked ?? 'outcomes'}`,
      '  what stands still, and why               callfold status',
    );
  }
  return lines;
}
