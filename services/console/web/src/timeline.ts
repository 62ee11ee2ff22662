import type { CallRecord, EventMoment, Explanation, OfferRecord, Said, StayRecord } from './explained.ts';
import { isEvent } from './explained.ts';

/** Where things stand on a line of time that is drawn to scale: lanes of spans, and a mark for each event. Pure. */

export type Span = {
  /** Epoch ms. */
  readonly from: number;
  readonly to: number;
  /** How it is drawn, and its word in the legend. */
  readonly what: What;
  /** It goes on. */
  readonly isOpen: boolean;
  /** Its begin or its end was never seen: drawn from or to where something else says that it must have been. */
  readonly isInferred: boolean;
  /** A vendor's own word, or a name, that is written on it. */
  readonly label: string | null;
};
export type What =
  | ('waits' | 'talks' | 'asked' | 'rings' | 'missed' | 'in' | 'voicemail' | 'record')
  | ('episode' | 'status' | 'person' | 'state' | 'away' | 'unknown');

/** Of a lane of the subject itself a word; of an agent or a state its own name. */
export type Lane = { readonly key: string; readonly name: string | null; readonly spans: readonly Span[] };

export type Mark = {
  readonly at: number;
  /** As its row among the events is numbered, from 1 on. */
  readonly number: number;
  /** `decides`: the outcome. `rests`: the outcome rests on it, too. */
  readonly role: 'decides' | 'rests' | null;
  readonly isRefused: boolean;
};

export type Timeline = {
  readonly from: number;
  readonly to: number;
  /** It goes on: the line ends where it is now. */
  readonly isOpen: boolean;
  readonly lanes: readonly Lane[];
  readonly marks: readonly Mark[];
};

type Stay = { readonly from: number; readonly to: number; readonly isOpen: boolean; readonly isInferred: boolean };

const timeOf = (text: string | null): number | null => (text === null ? null : Date.parse(text));

const eventsOf = ({ timeline }: Explanation): EventMoment[] => timeline.filter(isEvent);

/** Those that were taken, as they happened. */
function happened(explanation: Explanation): EventMoment[] {
  return eventsOf(explanation)
    .filter(({ refused }) => refused === null)
    .sort((a, b) => Date.parse(a.occurredAt) - Date.parse(b.occurredAt));
}

/** By its id, what an event is to what is said of the subject itself: its other records have events of their own. */
export function rolesOf({ records, kind, standing }: Explanation): ReadonlyMap<string, 'decides' | 'rests'> {
  const outcome = kind === 'call' ? 'call-outcome' : 'chat-outcome';
  // Of what goes on nothing is decided yet.
  const isSaid = (one: Said): boolean => standing !== 'open' || one.standing !== 'unpublished';
  const own = records.filter((one) => one.record.kind === outcome && isSaid(one));
  return new Map(
    own.flatMap(({ decision }) =>
      decision.restsOn.map(({ eventId }, index) => [eventId, index === 0 ? 'decides' : 'rests'] as const),
    ),
  );
}

function marksOf(explanation: Explanation): Mark[] {
  const roles = rolesOf(explanation);
  return eventsOf(explanation).map(({ occurredAt, eventId, refused }, index) => ({
    at: Date.parse(occurredAt),
    number: index + 1,
    role: roles.get(eventId) ?? null,
    isRefused: refused !== null,
  }));
}

export type Frame = { readonly from: number; readonly to: number; readonly isOpen: boolean };

/** @param end what has no end yet goes on to there */
function stay(from: number | null, to: number | null, { from: begin, to: end, isOpen }: Frame): Stay {
  return {
    from: from ?? begin,
    to: Math.max(to ?? end, from ?? begin),
    isOpen: to === null && isOpen,
    isInferred: from === null || (to === null && !isOpen),
  };
}

/** When the contact was in, by its joins and leaves. */
function contactStays(events: readonly EventMoment[], record: CallRecord, frame: Frame): Stay[] {
  const stays: Stay[] = [];
  let joined: number | null = null;
  for (const { word, occurredAt } of events) {
    const at = Date.parse(occurredAt);
    if (word === 'contact-joined') joined ??= at;
    // One that was never seen to come was there from the beginning on.
    if (word === 'contact-left' && (joined !== null || stays.length === 0)) {
      stays.push(stay(joined, at, frame));
      joined = null;
    }
  }
  if (joined !== null) stays.push(stay(joined, null, { ...frame, to: timeOf(record.endedAt) ?? frame.to }));
  return stays;
}

/** Its parts in which somebody else was in too, and those in which nobody was. */
function splitBy(whole: Stay, others: readonly Stay[], within: What, without: What): Span[] {
  const edges = [whole.from, whole.to, ...others.flatMap(({ from, to }) => [from, to])]
    .filter((at) => at >= whole.from && at <= whole.to)
    .sort((a, b) => a - b);
  const spans: Span[] = [];
  for (const [index, from] of edges.entries()) {
    const to = edges[index + 1];
    if (to === undefined || to === from) continue;
    const what = others.some((one) => one.from <= from && one.to >= to) ? within : without;
    const last = spans.at(-1);
    if (last?.what === what) spans[spans.length - 1] = { ...last, to };
    else spans.push({ from, to, what, isOpen: false, isInferred: false, label: null });
  }
  // Where it was not seen to begin or to end is told of the part that it would have been in.
  const last = spans.at(-1);
  if (last) spans[spans.length - 1] = { ...last, isOpen: whole.isOpen, isInferred: whole.isInferred };
  return spans;
}

/** As much of it as was before then; what was cut off there was seen to end. */
function before(span: Span, at: number): Span[] {
  if (span.from >= at) return [];
  return span.to <= at ? [span] : [{ ...span, to: at, isOpen: false, isInferred: false }];
}

function offerSpans({ offeredAt, screenShownAt, ringMs, result }: OfferRecord, closed: number, frame: Frame): Span[] {
  const [asked, shown] = [timeOf(offeredAt), timeOf(screenShownAt)];
  const spans: Span[] = [];
  if (asked !== null) {
    // Where no screen opened it is only known when it was asked.
    const span = stay(asked, shown ?? asked, frame);
    spans.push({ ...span, what: 'asked', label: null });
  }
  if (shown !== null) {
    const end = ringMs === null ? (frame.isOpen ? null : closed) : shown + ringMs;
    const what = result === 'missed' ? 'missed' : 'rings';
    spans.push({ ...stay(shown, end, frame), isInferred: ringMs === null && !frame.isOpen, what, label: null });
  }
  return spans;
}

function callLanes(explanation: Explanation, record: CallRecord, frame: Frame): Lane[] {
  const events = happened(explanation);
  const closed = timeOf(record.endedAt) ?? frame.to;
  const upTo = { ...frame, to: closed };
  if (record.source === 'atlas') {
    const [from, to] = [timeOf(record.startedAt), timeOf(record.endedAt)];
    const span = { ...stay(from, to, frame), what: 'record' as const, label: null };
    return [{ key: 'lane.call', name: null, spans: from === null && to === null ? [] : [span] }];
  }
  const ins = record.agents.map(({ agent, joinedAt, leftAt }) => ({
    agent,
    stay: stay(timeOf(joinedAt), timeOf(leftAt), upTo),
  }));
  const redirect = events.find(({ word }) => word === 'redirected');
  const inAtAll = ins.map((one) => one.stay);
  // Behind a redirect the contact is at the voicemail, which has a lane of its own.
  const redirectedAt = redirect ? Date.parse(redirect.occurredAt) : Infinity;
  const contact = contactStays(events, record, upTo)
    .flatMap((one) => splitBy(one, inAtAll, 'talks', 'waits'))
    .flatMap((one) => before(one, redirectedAt));
  const offers = explanation.records.flatMap(({ record: one }) => (one.kind === 'agent-offer' ? [one] : []));
  const names = [...new Set([...offers.map(({ agent }) => agent), ...ins.map(({ agent }) => agent)])];
  const lanes: Lane[] = [{ key: 'lane.contact', name: null, spans: contact }];
  for (const name of names) {
    const its = ins.filter(({ agent }) => agent === name);
    const spans = [
      ...offers.filter(({ agent }) => agent === name).flatMap((one) => offerSpans(one, closed, frame)),
      ...its.map((one): Span => ({ ...one.stay, what: 'in', label: null })),
    ];
    lanes.push({ key: `agent ${name}`, name, spans: spans.sort((a, b) => a.from - b.from) });
  }
  if (redirect) {
    const span = stay(Date.parse(redirect.occurredAt), timeOf(record.endedAt), frame);
    lanes.push({ key: 'lane.voicemail', name: null, spans: [{ ...span, what: 'voicemail', label: null }] });
  }
  return lanes;
}

const CHAT_LANES = ['Auto', 'Waiting', 'Manual'];
const ENDINGS: ReadonlySet<string> = new Set(['finished', 'blocked', 'stopped']);

function chatLanes(explanation: Explanation, frame: Frame): Lane[] {
  const episodes = explanation.records.flatMap(({ record }) => (record.kind === 'chat-outcome' ? [record] : []));
  const spans = new Map<string, Span[]>(CHAT_LANES.map((name) => [name, []]));
  const events = happened(explanation);
  for (const [index, { word, status, occurredAt }] of events.entries()) {
    const from = Date.parse(occurredAt);
    const next = events[index + 1];
    const isEnding = ENDINGS.has(word);
    // An ending is of its moment: how long nothing came after it says nothing.
    const to = isEnding ? from : next ? Date.parse(next.occurredAt) : null;
    const name = status ?? '–';
    const what = word === 'manual' ? 'person' : word === 'unknown' ? 'unknown' : 'status';
    spans.set(name, [...(spans.get(name) ?? []), { ...stay(from, to, frame), what, label: null }]);
  }
  const lane: Lane = {
    key: 'lane.episodes',
    name: null,
    spans: episodes.map(({ startedAt, endedAt, episode, inferred }) => ({
      ...stay(timeOf(startedAt), timeOf(endedAt), frame),
      isInferred: inferred && !frame.isOpen,
      what: 'episode',
      label: String(episode),
    })),
  };
  const used = [...spans].filter(([, own]) => own.length > 0);
  return [lane, ...used.map(([name, own]) => ({ key: `status ${name}`, name, spans: own }))];
}

const AWAY: ReadonlySet<string> = new Set(['Away', 'ExtendedAway', 'LoggedOut']);

function stayOf({ state, start, end, description, flags }: StayRecord, frame: Frame): Span {
  const isUnknown = flags.includes('unknown-state');
  return {
    ...stay(Date.parse(start), timeOf(end), frame),
    // What was cut where the next one begins, or is no state that is known.
    isInferred: flags.includes('overlap'),
    what: isUnknown ? 'unknown' : AWAY.has(state) ? 'away' : 'state',
    label: description,
  };
}

function agentLanes(explanation: Explanation, frame: Frame): Lane[] {
  const stays = explanation.records.flatMap(({ record }) => (record.kind === 'agent-interval' ? [record] : []));
  const seen = stays.filter(({ start, end }) => {
    return Date.parse(start) < frame.to && (timeOf(end) ?? frame.to) > frame.from;
  });
  const lanes = new Map<string, Span[]>();
  const gaps: Span[] = [];
  for (const one of seen) {
    const span = stayOf(one, frame);
    lanes.set(one.state, [...(lanes.get(one.state) ?? []), span]);
    const next = seen.map(({ start }) => Date.parse(start)).filter((at) => at >= span.to);
    if (!one.flags.includes('gap-after') || next.length === 0) continue;
    const gap = stay(span.to, Math.min(...next), frame);
    gaps.push({ ...gap, isInferred: true, what: 'unknown', label: null });
  }
  const named = [...lanes].map(([name, spans]) => ({ key: `state ${name}`, name, spans }));
  return gaps.length === 0 ? named : [...named, { key: 'lane.unknown', name: null, spans: gaps }];
}

/** What is of one moment has a length to be drawn in. */
const SHORTEST_MS = 1_000;

/** What is past the frame is cut off there, and a lane that has nothing in it is left out. */
export function within({ from, to }: Frame, lanes: readonly Lane[]): Lane[] {
  const clip = (span: Span): Span => ({ ...span, from: Math.max(from, span.from), to: Math.min(to, span.to) });
  return lanes
    .map((lane) => ({ ...lane, spans: lane.spans.filter((one) => one.from <= to && one.to >= from).map(clip) }))
    .filter(({ spans }) => spans.length > 0);
}

/**
 * @param now epoch ms, by the server's clock
 * @param day of an agent: only what is in it
 */
export function timelineOf(explanation: Explanation, now: number, day: Frame | null = null): Timeline {
  const marks = marksOf(explanation);
  const call = explanation.records.flatMap(({ record }) => (record.kind === 'call-outcome' ? [record] : []))[0];
  const isOpen = explanation.standing === 'open';
  const ends = [call?.startedAt, call?.endedAt].flatMap((text) => (text ? [Date.parse(text)] : []));
  const times = [...marks.map(({ at }) => at), ...ends];
  const first = Math.min(...times);
  const last = Math.max(...times, first + SHORTEST_MS, ...(isOpen ? [now] : []));
  const frame: Frame = day ?? { from: first, to: last, isOpen };
  const lanes =
    explanation.kind === 'agent'
      ? agentLanes(explanation, frame)
      : explanation.kind === 'chat'
        ? chatLanes(explanation, frame)
        : call
          ? callLanes(explanation, call, frame)
          : [];
  const seen = marks.filter(({ at }) => at >= frame.from && at <= frame.to);
  return { ...frame, lanes: within(frame, lanes), marks: seen };
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 7, 14, 30].map((count) => count * DAY),
];

/** Round lengths from the beginning on, so many that there is room for their words. */
export function ticksOf({ from, to }: Pick<Timeline, 'from' | 'to'>, most = 8): readonly number[] {
  const length = to - from;
  const step = STEPS.find((one) => length / one <= most) ?? length;
  if (length <= 0) return [from];
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, index) => from + index * step);
}
