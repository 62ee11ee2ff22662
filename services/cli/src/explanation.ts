import type { Change, Decision, Evidence, EventNote, ExplainedRecord, Explanation, Revision } from '@callfold/core';
import type { ErasedAt, Explained } from '@callfold/engine';
import { drafted } from '@callfold/engine';
import { isoTime } from '@callfold/schemas';
import { counted, indented, paragraph, visible } from './text-lines.ts';
import { inWords } from './words.ts';

/** An explanation as text for people. */

type Moment = Explanation['timeline'][number];
type EventMoment = Extract<Moment, { what: 'event' }>;

const SECOND_MS = 1_000;

const STANDING: Readonly<Record<Explanation['standing'], string>> = {
  open: 'still open',
  closed: 'closed',
  silent: 'closed as inferred, because nothing more came',
  dropped: 'closed, and its events dropped: its id is kept, what comes now is too late',
  erased: 'erased: nothing of it is kept, and what comes of it is refused',
  gone: 'closed, and forgotten: an event that comes now begins anew',
};

const NOTES: Readonly<Record<EventNote, string>> = {
  repeat: 'a repeat: says nothing new',
  late: 'came late: what happened after it was logged before it',
  'unknown-word': 'an unknown status',
  'id-reused': "its id was another event's: both count",
  'no-room': 'left out: there is more than is kept of one subject',
  refused: 'refused, a dead letter',
};

/** Where the lines of an event's effect begin. */
const FAR = 28;

/** Of a subject that was moved since, with the partition, as origins have it. */
function offsetText({ offset, partition }: Pick<Evidence, 'offset' | 'partition'>): string | null {
  if (offset === null) return null;
  return `offset ${partition === undefined ? '' : `${partition}/`}${offset}`;
}

/** By record, what changed in it. */
function changeLines(changes: readonly Change[], depth: number): string[] {
  const byRecord = new Map<string | null, string[]>();
  for (const { record, says } of changes) byRecord.set(record, [...(byRecord.get(record) ?? []), says]);
  return [...byRecord].flatMap(([record, says]) => {
    const sentences = says.map((one, index) => (index < says.length - 1 ? `${one};` : one));
    return paragraph(record === null ? sentences : [`${record}:`, ...sentences], depth);
  });
}

function revisionLines({ record, changes }: Revision): string[] {
  const own = changes.map((change) => ({ ...change, record: null }));
  return [
    ...paragraph(`published, revision ${record.revision}: ${inWords(record)}`, FAR, FAR + 4),
    ...changeLines(own, FAR + 4),
  ];
}

function eventLines(event: EventMoment, start: number): string[] {
  const after = `+${((event.occurredAt - start) / SECOND_MS).toFixed(1)} s`;
  const status = event.status === null ? '(no status)' : event.status;
  const at = offsetText(event);
  const offset = at === null ? '' : `, ${at}`;
  const lines = [
    indented(`${isoTime(event.occurredAt)}  ${status}`, 2),
    `${indented(`${after}${offset}`, 4).padEnd(FAR - 1)} ${event.says}`,
  ];
  const marks = event.notes.map((note) => NOTES[note]);
  if (event.refused) marks.push(`${event.refused.rejected}: ${event.refused.reason}`);
  if (marks.length > 0) lines.push(...paragraph(`(logged ${isoTime(event.loggedAt)}; ${marks.join('; ')})`, FAR));
  lines.push(...changeLines(event.changes, FAR));
  return [...lines, ...event.published.flatMap(revisionLines)];
}

function momentLines(moment: Moment, start: number): string[] {
  if (moment.what === 'event') return eventLines(moment, start);
  return [
    ...paragraph(`${isoTime(moment.due)}  timer: ${moment.says.join('; ')}`, 2, FAR),
    ...changeLines(moment.changes, FAR),
    ...moment.published.flatMap(revisionLines),
  ];
}

function evidenceText(one: Evidence): string {
  const { occurredAt, status, eventId } = one;
  const where = offsetText(one) ?? `id ${eventId}`;
  return `${isoTime(occurredAt)}  ${status ?? '(no status)'}  (${where})`;
}

const RECORD_STANDING: Readonly<Record<ExplainedRecord['standing'], (revision: number | null) => string>> = {
  published: (revision) => `published, revision ${revision}`,
  changed: (revision) => `changed since revision ${revision}, which is published`,
  unpublished: () => 'not published',
  kept: (revision) => `published, revision ${revision}`,
};

/** One line for each reason, however many outcomes have it. */
function othersLines(others: Decision['others']): string[] {
  const byReason = new Map<string, string[]>();
  for (const { outcome, says } of others) byReason.set(says, [...(byReason.get(says) ?? []), outcome]);
  return [...byReason].flatMap(([says, outcomes]) => paragraph(`not ${outcomes.join(', ')}: ${says}`, 4));
}

function recordLines({ record, revision, standing, decision }: ExplainedRecord): string[] {
  const { rule, says, restsOn, others, passedOver, notes } = decision;
  const rests = restsOn.map((one, index) =>
    indented(`${index === 0 ? 'rests on' : '        '} ${evidenceText(one)}`, 4),
  );
  return [
    '',
    ...paragraph(`${inWords(drafted(record))} [${RECORD_STANDING[standing](revision)}]`, 2),
    ...paragraph(`because ${says} (rule ${rule})`, 4),
    ...rests,
    ...notes.flatMap((note) => paragraph(`note: ${note}`, 4)),
    ...passedOver.flatMap((one) => [indented(`passed over ${evidenceText(one)}`, 4), ...paragraph(one.says, 8)]),
    ...othersLines(others),
  ];
}

function headLines({ explanation, place }: Explained): string[] {
  const { kind, subjectId, tenantId, source, timeline, standing, clock } = explanation;
  const events = timeline.filter(({ what }) => what === 'event').length;
  const stands = kind === 'agent' ? '' : `, ${STANDING[standing]}`;
  const log = `${place.topic}/${place.partition}`;
  const cut = place.start > 0 ? `; it begins at offset ${place.start}, what came before is gone` : '';
  const moved = (place.before ?? []).map(({ partition, upTo }) => `partition ${partition} up to offset ${upTo}`);
  const before = moved.length === 0 ? '' : `; before it was moved, by ${moved.join(', then ')}`;
  return [
    ...paragraph(
      `${kind} ${subjectId} of tenant ${tenantId}, told by ${source}: ${counted(events, 'event')}${stands}`,
      0,
    ),
    ...paragraph(
      `by the log ${log} up to offset ${place.upTo}, exclusive, which is ${isoTime(clock)} of its time${cut}${before}`,
      0,
    ),
  ];
}

/** When it was erased, and what of it the raw log still has. */
function erasedLines({ explanation, place }: Explained, erased: ErasedAt): string[] {
  const { partition, offset, loggedAt, before, after } = erased;
  const { kind, subjectId, tenantId, source } = explanation;
  const where = `${place.topic}/${partition}`;
  return [
    ...paragraph(
      `${kind} ${subjectId} of tenant ${tenantId}, told by ${source}, was erased at offset ${offset} of ${where}, logged ${isoTime(loggedAt)}.`,
      0,
    ),
    ...paragraph(`Nothing of it is kept, and what comes of it is refused: ${after} came since.`, 0),
    ...paragraph(`${before} older events of it are in the raw log until its retention passes them.`, 0),
  ];
}

/** Timeline, each event's effect, what was published and when, the rule behind each record, and why no other. */
export function explanationText(explained: Explained): string {
  if (explained.erased) return `${erasedLines(explained, explained.erased).map(visible).join('\n')}\n`;
  const { kind, timeline, records, standing, next } = explained.explanation;
  const times = timeline.flatMap((moment) => (moment.what === 'event' ? [moment.occurredAt] : []));
  const start = times.reduce((first, time) => Math.min(first, time), Infinity);
  const said =
    standing === 'open' && kind !== 'agent' ? 'What would be said of it if nothing more came:' : 'What is said of it:';
  const lines = [
    ...headLines(explained),
    '',
    'What happened, in the order in which the log took it:',
    '',
    ...timeline.flatMap((moment) => momentLines(moment, start)),
    '',
    said,
    ...records.flatMap(recordLines),
    ...(next ? ['', ...paragraph(`If nothing more comes, at ${isoTime(next.due)} of log time: ${next.says}.`, 0)] : []),
  ];
  return `${lines.map(visible).join('\n')}\n`;
}
