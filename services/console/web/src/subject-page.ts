import type { VNode } from 'preact';
import { h } from './dom.ts';
import type { CallRecord, EpisodeRecord, Evidence, Explanation, Said, Told } from './explained.ts';
import { isEvent } from './explained.ts';
import { faultText, reasonText } from './reasons.ts';
import { spoken, spokenEach } from './phrase-words.ts';
import type { Telling } from './subject-tables.ts';
import { eventsView, recordsView, revisionsView, standingText } from './subject-tables.ts';
import type { Timeline } from './timeline.ts';
import { timelineOf } from './timeline.ts';
import { timelineView } from './timeline-view.ts';
import type { SubjectView } from './times.ts';
import { clockOf } from './times.ts';
import type { Say } from './words.ts';
import { span, wordOr } from './words.ts';

/** The page of one call or chat: how it went, what became of it and by which rule, what was said of it and when. */

const DAY_MS = 86_400_000;

export function tellingOf(first: number, scope: string, view: SubjectView): Telling {
  const clock = clockOf(first, view);
  return { scope, say: view.say, language: view.language, clock: (text) => clock(Date.parse(text)) };
}

/** @param scope of which explanation: two sources may know one id */
export function section(part: string, scope: string, title: string, ...inner: readonly (VNode | null)[]): VNode {
  const heading = h('h2', { id: `${scope}-${part}` }, title);
  return h('section', { class: 'list', key: part, 'data-part': part }, heading, ...inner);
}

export type Fact = readonly [name: string, value: string | null];

function callFacts(record: CallRecord, isOpen: boolean, { say, language }: SubjectView): Fact[] {
  const yesNo = (value: boolean): string => say(value ? 'yes' : 'no');
  const { stage, waitMs, talkMs, voicemailLeft, hungUpBy, fault, transferred, personReached, attributes } = record;
  const attached = Object.entries(attributes).map(([name, value]) => `${name} = ${value}`);
  return [
    // What is not known of what goes on says nothing.
    [say('reason'), isOpen ? null : reasonText(record.reason, language)],
    [say('stage'), stage === null ? null : say(stage === 'ring' ? 'ring' : 'queue')],
    [say('waited'), waitMs === null ? null : span(waitMs, say)],
    [say('talked'), talkMs === null ? null : span(talkMs, say)],
    [say('message'), record.outcome === 'voicemail' ? say(voicemailLeft ? 'left' : 'notSeen') : null],
    [say('hungUp'), hungUpBy === null ? null : say(`by.${hungUpBy}`)],
    [say('transferredWord'), transferred ? yesNo(true) : null],
    [say('person'), personReached !== 'unknown' ? say(personReached) : isOpen ? null : say('by.unknown')],
    [say('fault'), fault === null ? null : faultText(fault, language)],
    [say('attributes'), attached.length === 0 ? null : attached.join(', ')],
  ];
}

function chatFacts(record: EpisodeRecord, { say }: SubjectView): Fact[] {
  const dwell = Object.entries(record.dwellMs).map(([status, ms]) => `${status} ${span(ms, say)}`);
  return [
    [say('what'), say('episodeN', { N: record.episode })],
    [say('person'), record.contained ? say('contained') : say('handoffs', { N: record.handoffs })],
    ['', dwell.join(', ')],
  ];
}

export function factsView(facts: readonly Fact[]): VNode {
  const known = facts.filter(([, value]) => value !== null && value !== '');
  return h(
    'dl',
    { class: 'facts' },
    known.map(([name, value]) => h('div', { key: name }, h('dt', null, name), h('dd', null, value))),
  );
}

function evidenceLine(one: Evidence, explanation: Explanation, telling: Telling): VNode {
  const events = explanation.timeline.filter(isEvent);
  const number = events.findIndex((event) => event.eventId === one.eventId && event.occurredAt === one.occurredAt) + 1;
  const text = `${telling.clock(one.occurredAt)}  ${one.status ?? '–'}`;
  return number === 0
    ? h('span', null, text)
    : h('a', { href: `#${telling.scope}-event-${number}` }, `${number}. ${text}`);
}

function whyView(said: Said, explanation: Explanation, telling: Telling): VNode {
  const { say } = telling;
  const { rule, restsOn, passedOver, others } = said.decision;
  const notes = spokenEach(said.decision.notes, said.decision.noted, telling);
  const byReason = new Map<string, string[]>();
  for (const { outcome, ...why } of others) {
    const against = spoken(why, telling);
    byReason.set(against, [...(byReason.get(against) ?? []), wordOr(`outcome.${outcome}`, outcome, say)]);
  }
  return h(
    'div',
    null,
    h(
      'p',
      { class: 'rule', 'data-rule': rule },
      spoken(said.decision, telling),
      ' ',
      h('small', null, `${say('rule')} `, h('code', null, rule)),
    ),
    restsOn.length > 0 &&
      h(
        'div',
        { class: 'rests' },
        h('h3', null, say('restsOn')),
        h(
          'ol',
          null,
          restsOn.map((one) => h('li', { key: one.eventId }, evidenceLine(one, explanation, telling))),
        ),
      ),
    notes.length > 0 &&
      h(
        'div',
        null,
        h('h3', null, say('notes')),
        h(
          'ul',
          null,
          notes.map((note) => h('li', { key: note }, note)),
        ),
      ),
    passedOver.length > 0 &&
      h(
        'div',
        null,
        h('h3', null, say('passedOver')),
        h(
          'ul',
          null,
          passedOver.map((one) =>
            h('li', { key: one.eventId }, evidenceLine(one, explanation, telling), ': ', spoken(one, telling)),
          ),
        ),
      ),
    byReason.size > 0 &&
      h(
        'details',
        null,
        h('summary', null, say('whyNot')),
        h(
          'ul',
          null,
          [...byReason].map(([against, outcomes]) =>
            h('li', { key: against }, h('strong', null, outcomes.join(', ')), ': ', against),
          ),
        ),
      ),
  );
}

function lengthTick(line: Timeline, view: SubjectView): (at: number) => string {
  // Of what takes days the day is told, of a call how long it went by then.
  if (line.to - line.from > DAY_MS) return clockOf(Number.NaN, view);
  return (at) => span(at - line.from, view.say);
}

export function lineView(line: Timeline, view: SubjectView, tick = lengthTick(line, view)): VNode {
  return timelineView(line, { say: view.say, clock: clockOf(line.from, view), tick });
}

/** What was read of which log, and what will be without anything more. */
export function footView({ place, clock, next }: Explanation, telling: Telling): VNode {
  const { say } = telling;
  const { topic, partition, upTo, start, before = [] } = place;
  return h(
    'p',
    { class: 'foot' },
    say('inLog', { LOG: `${topic}/${partition}`, OFFSET: upTo, TIME: telling.clock(clock) }),
    '. ',
    before.map((was) => `${say('movedFrom', { LOG: `${topic}/${was.partition}`, OFFSET: was.upTo })} `),
    start > 0 && `${say('logBegins', { OFFSET: start })} `,
    next ? [say('next', { TIME: telling.clock(next.due) }), ' ', `${spoken(next, telling)}.`] : say('nothingNext'),
  );
}

const isOwn = ({ record }: Said): boolean => record.kind === 'call-outcome' || record.kind === 'chat-outcome';

function ownOf({ records }: Explanation): Said | undefined {
  // Of a chat its last episode is what is asked about first.
  return records.findLast(isOwn);
}

/** What it is in now: a call's phase, a chat's status. */
function nowText({ timeline }: Explanation, say: Say): string {
  const changes = timeline.flatMap((moment) => moment.changes);
  const last = changes.findLast(({ record, field }) => record === null && (field === 'phase' || field === 'status'));
  const now = typeof last?.to === 'string' ? last.to : '';
  return wordOr(`phase.${now}`, now === '' ? say('stands.open') : now, say);
}

function headline(explanation: Explanation, own: Said | undefined, telling: Telling): VNode {
  const { say } = telling;
  const { standing, tenantId, source, timeline } = explanation;
  const record = own?.record;
  const isOpen = standing === 'open';
  const inferred = record && 'inferred' in record && record.inferred && !isOpen;
  const outcome = record && 'outcome' in record ? record.outcome : null;
  const says = outcome === null ? say(`stands.${standing}`) : wordOr(`outcome.${outcome}`, outcome, say);
  const first = timeline.find(isEvent);
  return h(
    'div',
    { class: `headline ${outcome ?? ''} ${inferred ? 'inferred' : ''}` },
    h(
      'p',
      { class: 'value', 'data-outcome': isOpen ? '' : (outcome ?? '') },
      isOpen ? nowText(explanation, say) : says,
    ),
    h(
      'p',
      null,
      [
        say(`stands.${standing}`),
        own && standingText(own, say),
        first && telling.clock(first.occurredAt),
        `${say('toldBy')} ${source}`,
        `${say('ofTenant')} ${tenantId}`,
      ]
        .filter(Boolean)
        .join(' · '),
    ),
  );
}

type Kept = { readonly of: Explanation; readonly by: string; readonly node: VNode | null };
const kept = new Map<string, Kept>();

/** A long table is made once for what it is of: the page is drawn again for its clock alone. */
export function once(
  part: string,
  of: Explanation,
  { language, zone }: SubjectView,
  make: () => VNode | null,
  day = '',
): VNode | null {
  const by = `${language} ${zone} ${day}`;
  const known = kept.get(part);
  if (known?.of === of && known.by === by) return known.node;
  const node = make();
  kept.set(part, { of, by, node });
  return node;
}

function explanationView(explanation: Explanation, view: SubjectView): VNode {
  const { say } = view;
  const { timeline, records, source } = explanation;
  const first = timeline.find(isEvent);
  const telling = tellingOf(first ? Date.parse(first.occurredAt) : view.now, source, view);
  const own = ownOf(explanation);
  const rest = records.filter((one) => one !== own);
  if (timeline.length === 0) {
    return h('div', { key: source }, headline(explanation, own, telling), footView(explanation, telling));
  }
  const record = own?.record;
  const facts =
    record?.kind === 'call-outcome'
      ? callFacts(record, explanation.standing === 'open', view)
      : record?.kind === 'chat-outcome'
        ? chatFacts(record, view)
        : [];
  const part = (name: string, make: () => VNode | null): VNode | null =>
    once(`${source} ${name}`, explanation, view, make);
  return h(
    'div',
    { key: source, class: 'subject', 'data-source': source },
    headline(explanation, own, telling),
    h(
      'div',
      { class: 'beside' },
      section('facts', source, say(explanation.standing === 'open' ? 'soFar' : 'outcomeTitle'), factsView(facts)),
      own ? section('why', source, say('whyTitle'), whyView(own, explanation, telling)) : null,
    ),
    section('timeline', source, say('timeline'), lineView(timelineOf(explanation, view.now), view)),
    part('others', () =>
      rest.length === 0 ? null : section('others', source, say('others'), recordsView(rest, telling)),
    ),
    part('events', () => section('events', source, say('events'), eventsView(explanation, telling))),
    part('revisions', () => {
      const revisions = revisionsView(explanation, telling);
      return revisions && section('revisions', source, say('revisions'), revisions);
    }),
    footView(explanation, telling),
  );
}

/** What went wrong with the asking, and what helps. */
export function problemView({ problem, explanations }: Told, say: Say): VNode | null {
  if (problem === null) return null;
  const why = wordOr(`problem.${problem.code}`, wordOr(`why.${problem.code}`, say('why.other'), say), say);
  // What the console says of it in its own words is told where ours do not say all of it.
  const isTold = problem.detail === '' || problem.code === 'not-found';
  const own = isTold ? '' : ` ${say('consoleSays')}: ${problem.detail}`;
  const old = explanations === null ? '' : `${say('askAgain')} `;
  return h('p', { class: 'status part', role: 'alert', 'data-problem': problem.code }, `${old}${why}${own}`);
}

export function subjectView(told: Told, view: SubjectView): VNode {
  const { say } = view;
  const { explanations, problem } = told;
  return h(
    'div',
    null,
    problemView(told, say),
    explanations === null && problem === null && h('p', { class: 'empty' }, say('reading')),
    (explanations ?? []).map((one) => explanationView(one, view)),
  );
}
