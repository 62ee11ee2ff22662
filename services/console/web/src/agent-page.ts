import type { VNode } from 'preact';
import type { Day } from './day.ts';
import { dateAway, shownOf } from './day.ts';
import { h } from './dom.ts';
import type { AnyRecord, EventMoment, Explanation, Told } from './explained.ts';
import { isEvent } from './explained.ts';
import type { NamedCalls } from './named-calls.ts';
import { namedLanes } from './named-calls.ts';
import { subjectLink } from './subject-link.ts';
import type { Fact } from './subject-page.ts';
import type { SubjectView } from './times.ts';
import { timeText } from './times.ts';
import { factsView, footView, lineView, once, problemView, section, tellingOf } from './subject-page.ts';
import { eventsView, recordSays, recordsView, revisionsView, table } from './subject-tables.ts';
import type { Timeline } from './timeline.ts';
import { timelineOf } from './timeline.ts';
import { linkTo } from './view.ts';
import { span } from './words.ts';

/** An agent's day: each stay in a state to scale, the events behind them, and the calls that name the agent. */

/** Hours of the day, as clocks have them. */
function hourTick({ zone, language }: SubjectView): (at: number) => string {
  const locale = language === 'ru' ? 'ru' : 'en-GB';
  return (at) => timeText(at, 'minute', locale, zone);
}

/** When what is known of the day begins: stays, offers and calls. */
function beginsOf({ from, to }: Day, { explanations }: Told, named: NamedCalls): number[] {
  const { offers, stays } = named.of({ from, to, isOpen: false });
  const intervals = (explanations ?? []).flatMap(({ records }) =>
    records.flatMap(({ record }) => (record.kind === 'agent-interval' ? [record] : [])),
  );
  return [
    ...intervals.flatMap(({ start, end }) => (end !== null && Date.parse(end) <= from ? [] : [start])),
    ...offers.map(({ offeredAt, screenShownAt }) => offeredAt ?? screenShownAt),
    ...stays.map(({ joinedAt }) => joinedAt),
  ].flatMap((text) => (text === null ? [] : [Date.parse(text)]));
}

/** How long of the day was spent in each state. */
function totalsOf({ lanes }: Timeline, { say }: SubjectView): Fact[] {
  return lanes.map(({ name, spans }) => [
    name ?? say('lane.unknown'),
    span(
      spans.reduce((sum, one) => sum + one.to - one.from, 0),
      say,
    ),
  ]);
}

/** @param day whole, of which the frame is what is drawn */
function staysView(explanation: Explanation, day: Day, frame: Day, view: SubjectView): readonly (VNode | null)[] {
  const { say, now } = view;
  const { source, records } = explanation;
  const telling = tellingOf(frame.from, source, view);
  const line = timelineOf(explanation, now, frame);
  const isOfDay = (record: AnyRecord): boolean => {
    if (record.kind !== 'agent-interval') return false;
    const end = record.end === null ? now : Date.parse(record.end);
    return Date.parse(record.start) < day.to && end > day.from;
  };
  const stays = records.filter(({ record }) => isOfDay(record));
  const isShown = ({ occurredAt }: EventMoment): boolean =>
    Date.parse(occurredAt) >= day.from && Date.parse(occurredAt) < day.to;
  const hasEvents = explanation.timeline.filter(isEvent).some(isShown);
  const part = (name: string, make: () => VNode | null): VNode | null =>
    once(`${source} ${name}`, explanation, view, make, day.date);
  return [
    section(
      'timeline',
      source,
      say('timeline'),
      stays.length === 0 ? h('p', { class: 'empty' }, say('noStays')) : lineView(line, view, hourTick(view)),
    ),
    stays.length > 0 ? section('facts', source, say('totals'), factsView(totalsOf(line, view))) : null,
    part('others', () =>
      stays.length > 0 ? section('others', source, say('stays'), recordsView(stays, telling)) : null,
    ),
    part('events', () =>
      hasEvents ? section('events', source, say('events'), eventsView(explanation, telling, isShown)) : null,
    ),
    part('revisions', () => {
      const revisions = revisionsView(explanation, telling, isOfDay);
      return revisions && section('revisions', source, say('revisions'), revisions);
    }),
    footView(explanation, telling),
  ];
}

function callsView(named: NamedCalls, frame: Day, view: SubjectView): VNode | null {
  const { say, now } = view;
  const within = named.of(frame);
  const { offers, stays } = within;
  if (offers.length === 0 && stays.length === 0) return null;
  const telling = tellingOf(frame.from, 'named', view);
  const line: Timeline = { ...frame, lanes: namedLanes(within, frame, now), marks: [] };
  const rows = [
    ...offers.map((one) => ({
      at: one.screenShownAt ?? one.offeredAt ?? '',
      callId: one.callId,
      tenantId: one.tenantId,
      says: recordSays(one, telling),
    })),
    ...stays.map(({ joinedAt, callId, tenantId }) => ({ at: joinedAt ?? '', callId, tenantId, says: say('span.in') })),
  ].sort((a, b) => (a.at < b.at ? -1 : 1));
  return section(
    'calls',
    'named',
    say('offersAndCalls'),
    lineView(line, view, hourTick(view)),
    table(
      [say('time'), say('call'), say('what')],
      rows.map(({ at, callId, tenantId, says }, index) =>
        h(
          'tr',
          { key: index },
          h('td', null, at === '' ? '–' : telling.clock(at)),
          h('td', null, subjectLink({ kind: 'call', id: callId, tenantId }, callId)),
          h('td', null, says),
        ),
      ),
      'named-calls',
    ),
  );
}

function daysView({ date, isOpen }: Day, { say }: SubjectView): VNode {
  const day = (name: 'dayBefore' | 'dayAfter', days: number): VNode =>
    h('a', { href: linkTo(location.search, { day: dateAway(date, days) }), 'data-go': '' }, say(name));
  return h(
    'nav',
    { class: 'days', 'aria-label': say('dayOf') },
    day('dayBefore', -1),
    h('strong', { 'data-day': date }, date),
    !isOpen && day('dayAfter', 1),
  );
}

/** @param named what calls tell of the agent */
export function agentPageView(told: Told, named: NamedCalls, day: Day, view: SubjectView): VNode {
  const { say, now } = view;
  const { explanations, problem } = told;
  const frame = shownOf(day, beginsOf(day, told, named), now);
  const calls = callsView(named, frame, view);
  // An agent who is only named in calls has no events of its own.
  const isOnlyNamed = problem?.code === 'not-found' && (calls !== null || named.isKnown);
  return h(
    'div',
    { class: 'subject' },
    daysView(day, view),
    isOnlyNamed ? null : problemView(told, say),
    explanations === null && problem === null && h('p', { class: 'empty' }, say('reading')),
    (explanations ?? []).map((one) =>
      h('div', { key: one.source, 'data-source': one.source }, staysView(one, day, frame, view)),
    ),
    calls ?? (isOnlyNamed ? h('p', { class: 'empty' }, say('noStays')) : null),
  );
}
