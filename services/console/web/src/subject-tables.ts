import type { VNode } from 'preact';
import { h } from './dom.ts';
import type { AnyRecord, Change, EventMoment, Explanation, Revision, Said, TimerMoment } from './explained.ts';
import { isEvent } from './explained.ts';
import type { Speech } from './phrase-words.ts';
import { refusalText, spoken, spokenEach } from './phrase-words.ts';
import { tableOf } from './table-view.ts';
import { rolesOf } from './timeline.ts';
import type { Say } from './words.ts';
import { span, wordOr } from './words.ts';

/** What happened to one subject event by event, what was said of it and when, and what is said beside its outcome. */

export type Telling = Speech & {
  /** Before the ids of its elements. */
  readonly scope: string;
};

/** A record's name within its subject; null: the subject itself. */
export function recordName(record: AnyRecord, { say, clock }: Telling): string | null {
  switch (record.kind) {
    case 'call-outcome':
      return null;
    case 'agent-offer':
      return say('offerTo', { N: record.n, AGENT: record.agent });
    case 'chat-outcome':
      return say('episodeN', { N: record.episode });
    case 'chat-handoff':
      return say('handoffN', { N: record.n });
    case 'agent-interval':
      return `${record.state} ${clock(record.start)}`;
  }
}

/** What became of it, in a word or two. */
export function recordSays(record: AnyRecord, { say }: Telling): string {
  switch (record.kind) {
    case 'call-outcome':
      return wordOr(`outcome.${record.outcome}`, record.outcome, say);
    case 'agent-offer': {
      const rang = record.ringMs === null ? '' : `, ${say('rangFor', { SPAN: span(record.ringMs, say) })}`;
      const never = record.screenShownAt === null ? `, ${say('screenNever')}` : '';
      return `${wordOr(`result.${record.result}`, record.result, say)}${rang}${never}`;
    }
    case 'chat-outcome': {
      const by = record.contained ? say('contained') : say('handoffs', { N: record.handoffs });
      return `${wordOr(`outcome.${record.outcome}`, record.outcome, say)}, ${by}`;
    }
    case 'chat-handoff':
      return record.dwellMs === null ? say('stands.open') : span(record.dwellMs, say);
    case 'agent-interval': {
      const length = record.durationMs === null ? '' : `${span(record.durationMs, say)}, `;
      const flags = record.flags.map((flag) => `; ${wordOr(`flag.${flag}`, flag, say)}`).join('');
      return `${length}${wordOr(`length.${record.durationFrom}`, record.durationFrom, say)}${flags}`;
    }
  }
}

/** Its texts are read in full. @param titledBy the id of what it is called by */
export const table = (heads: readonly string[], rows: readonly VNode[], titledBy: string): VNode =>
  tableOf(titledBy, heads, rows, 'story');

function changesView(changes: readonly Change[], telling: Telling): VNode | null {
  if (changes.length === 0) return null;
  const byRecord = new Map<string, string[]>();
  for (const { record, named, ...change } of changes) {
    const name = record === null || named === null ? '' : `${spoken({ says: record, said: [named] }, telling)}: `;
    byRecord.set(name, [...(byRecord.get(name) ?? []), spoken(change, telling)]);
  }
  return h(
    'ul',
    { class: 'changes' },
    [...byRecord].map(([name, says]) => h('li', { key: name }, `${name}${says.join('; ')}`)),
  );
}

const SECOND_MS = 1_000;
const SIGNS = { decides: '◆ ', rests: '◇ ' } as const;

function notesOf({ notes, refused }: EventMoment, telling: Telling): string[] {
  const said = notes.map((note) => wordOr(`note.${note}`, note, telling.say));
  return [...said, ...(refused ? [refusalText(refused, telling)] : [])];
}

function eventRow(event: EventMoment, number: number, start: number, decides: Decides, telling: Telling): VNode {
  const { say, clock } = telling;
  const after = (Date.parse(event.occurredAt) - start) / SECOND_MS;
  const role = decides.outcome.get(event.eventId);
  const others = decides.others.get(event.eventId) ?? [];
  const notes = notesOf(event, telling);
  return h(
    'tr',
    {
      key: number,
      id: `${telling.scope}-event-${number}`,
      class: role ?? '',
      'data-event': event.eventId,
    },
    h('td', { class: 'count' }, String(number)),
    h('td', null, clock(event.occurredAt), h('small', null, `+${after.toFixed(1)} ${say('seconds')}`)),
    h('td', { class: 'verbatim' }, event.status ?? '–'),
    h(
      'td',
      null,
      spoken(event, telling),
      role && h('strong', { class: 'role' }, h('span', { 'aria-hidden': 'true' }, SIGNS[role]), say(role)),
      others.map((name) => h('em', { class: 'role', key: name }, say('decidedOther', { NAME: name }))),
      notes.length > 0 && h('small', null, notes.join('; ')),
      changesView(event.changes, telling),
      event.published.map((one) => publishedLine(one, telling)),
    ),
    h('td', { class: 'count' }, offsetShown(event), h('small', null, clock(event.loggedAt))),
  );
}

/** Where its subject was before, also the partition. */
function offsetShown({ offset, partition }: EventMoment): string {
  if (offset === null) return '–';
  return partition === undefined ? String(offset) : `${partition}/${offset}`;
}

function publishedLine({ record }: Revision, telling: Telling): VNode {
  const { say } = telling;
  const name = recordName(record, telling);
  const text = `${say('published')}: ${name === null ? '' : `${name}: `}${recordSays(record, telling)}`;
  const n = `, ${say('revision')} ${record.revision}`;
  return h('small', { key: `${record.outcomeId} ${record.revision}`, class: 'published' }, `${text}${n}`);
}

function timerRow(moment: TimerMoment, place: number, telling: Telling): VNode {
  const { say, clock } = telling;
  return h(
    'tr',
    { key: `timer ${place}`, class: 'timer' },
    h('td', { class: 'count' }, ''),
    h('td', null, clock(moment.due)),
    h('td', null, say('timer')),
    h(
      'td',
      null,
      spokenEach(moment.says, moment.said, telling).join('; '),
      changesView(moment.changes, telling),
      moment.published.map((one) => publishedLine(one, telling)),
    ),
    h('td', null, ''),
  );
}

type Decides = {
  readonly outcome: ReturnType<typeof rolesOf>;
  /** Names of the other records that an event decided. */
  readonly others: ReadonlyMap<string, readonly string[]>;
};

function decidesOf(explanation: Explanation, telling: Telling): Decides {
  const others = new Map<string, string[]>();
  for (const { record, decision } of explanation.records) {
    const name = recordName(record, telling);
    const [first] = decision.restsOn;
    if (name === null || first === undefined || record.kind === 'chat-outcome') continue;
    others.set(first.eventId, [...(others.get(first.eventId) ?? []), name]);
  }
  return { outcome: rolesOf(explanation), others };
}

/** In the order in which the log took them, timers where they fired. @param isShown which of them */
export function eventsView(
  explanation: Explanation,
  telling: Telling,
  isShown: (event: EventMoment) => boolean = () => true,
): VNode {
  const { say } = telling;
  const { timeline } = explanation;
  const start = Math.min(...timeline.filter(isEvent).map(({ occurredAt }) => Date.parse(occurredAt)));
  const decides = decidesOf(explanation, telling);
  let number = 0;
  const rows = timeline.flatMap((moment, place) => {
    if (!isEvent(moment)) return explanation.kind === 'agent' ? [] : [timerRow(moment, place, telling)];
    number += 1;
    return isShown(moment) ? [eventRow(moment, number, start, decides, telling)] : [];
  });
  const heads = ['#', say('time'), say('words'), say('means'), say('inTheLog')];
  return table(heads, rows, `${telling.scope}-events`);
}

type Stood = Revision & { readonly at: string };

function revisionsOf({ timeline }: Explanation): Stood[] {
  return timeline.flatMap((moment) =>
    moment.published.map((one) => ({ ...one, at: isEvent(moment) ? moment.loggedAt : moment.due })),
  );
}

/** Every revision that was published, when, and what it changed. @param isShown of which records */
export function revisionsView(
  explanation: Explanation,
  telling: Telling,
  isShown: (record: AnyRecord) => boolean = () => true,
): VNode | null {
  const { say, clock } = telling;
  const all = revisionsOf(explanation).filter(({ record }) => isShown(record));
  if (all.length === 0) return null;
  const rows = all.map(({ record, changes, at }) => {
    const corrects = record.correctionOf === null ? '–' : correctionText(record.kind, record.correctionOf, say);
    return h(
      'tr',
      { key: `${record.outcomeId} ${record.revision}`, 'data-revision': record.revision },
      h('td', { class: 'count' }, String(record.revision)),
      h('td', null, clock(at)),
      h('td', null, recordName(record, telling) ?? say('outcome')),
      h('td', null, recordSays(record, telling)),
      h('td', null, corrects),
      h('td', null, record.revision === 1 ? say('first') : changesView(changes, telling)),
    );
  });
  const heads = [say('revision'), say('published'), say('what'), say('outcome'), say('was'), say('changed')];
  return table(heads, rows, `${telling.scope}-revisions`);
}

function correctionText(kind: string, was: string, say: Say): string {
  return wordOr(`${kind === 'agent-offer' ? 'result' : 'outcome'}.${was}`, was, say);
}

export function standingText({ standing, revision }: Said, say: Say): string {
  return say(`record.${standing}`, { N: revision ?? '' });
}

/** Offers, episodes, hand-offs, stays: what became of each, and why. */
export function recordsView(said: readonly Said[], telling: Telling): VNode {
  const { say } = telling;
  const rows = said.map((one, index) => {
    const { decision } = one;
    const notes = spokenEach(decision.notes, decision.noted, telling);
    return h(
      'tr',
      { key: index },
      h('td', null, recordName(one.record, telling) ?? say('outcome')),
      h('td', null, recordSays(one.record, telling)),
      h('td', null, spoken(decision, telling), notes.length > 0 && h('small', null, notes.join('; '))),
      h('td', null, standingText(one, say)),
    );
  });
  return table([say('what'), say('outcome'), say('why'), say('state')], rows, `${telling.scope}-others`);
}
