import type { Rejection } from './codes.ts';
import { isRejection } from './codes.ts';
import type { StatusEvent } from './event.ts';
import { deciderOf } from './explain-decision.ts';
import type { Decision, Evidence, LoggedAt } from './explain-evidence.ts';
import { NOTHING_ELSE } from './explain-evidence.ts';
import type { Change, Said } from './explain-said.ts';
import { changesBetween, changesOfRecord, nameOf, readingsOf, saidOf } from './explain-said.ts';
import type { Firing } from './explain-timer.ts';
import { firingOf, nextOf } from './explain-timer.ts';
import type { Saying } from './explain-words.ts';
import { eventPhrase, saying } from './explain-words.ts';
import { phrase } from './phrase.ts';
import type { Fact } from './fact.ts';
import { factOf } from './fact.ts';
import { subjectKey } from './key.ts';
import { openReports } from './stay.ts';
import type { DerivedDraft, DerivedRecord } from './record.ts';
import type { Derived } from './records.ts';
import { contentHash, isClosed } from './records.ts';
import type { State } from './state.ts';
import { addEvent, emptyState } from './state.ts';
import type { Rules } from './step.ts';
import { fireTimer, foldEvent } from './step.ts';

/**
 * The one explanation of a subject: for the command, the API and the page. Made from its raw events alone, by the rules
 * that the services fold by, so that every revision it shows is one that was published, and when.
 */

/** One raw event of the subject, as the log has it. */
export type Seen = {
  readonly event: StatusEvent;
  /** Its own append time, epoch ms. */
  readonly loggedAt: number;
  /**
   * The greatest append time that its partition had seen with it: by it timers fire. Absent: of this subject's events.
   */
  readonly clock?: number;
  /** The log time that had passed where its subject was before it was moved: only of the first one since. */
  readonly passed?: number;
  readonly offset: number | null;
  /** Where it stands, when that is not where its subject is by now. */
  readonly partition?: number;
  /** Why it was refused before it was folded. */
  readonly refused?: Rejection;
};

/**
 * `repeat`: it said nothing new. `late`: what happened after it was in the log before. `refused`: it is a dead letter.
 */
export type EventNote = 'repeat' | 'late' | 'unknown-word' | 'id-reused' | 'no-room' | 'refused';

/** A revision as it was published. */
export type Revision = {
  readonly record: DerivedRecord;
  /** From the revision before; of a first one none. */
  readonly changes: readonly Change[];
};

/** What it says, whatever became of it, and what became of it. */
export type EventMoment = Evidence &
  Saying & {
    readonly what: 'event';
    readonly notes: readonly EventNote[];
    readonly refused: Rejection | null;
    /** What it changed in what is said of the subject. */
    readonly changes: readonly Change[];
    /** Published at once: only where nothing settles. */
    readonly published: readonly Revision[];
  };

export type TimerMoment = Firing & {
  readonly what: 'timer';
  /** The log time at which it fired, epoch ms. */
  readonly due: number;
  readonly changes: readonly Change[];
  readonly published: readonly Revision[];
};

export type ExplainedRecord = {
  /** What was said of it last. */
  readonly record: DerivedDraft;
  /** Which subject's part it is; null: the subject itself. */
  readonly name: string | null;
  /** The last revision that was published; null: none yet. */
  readonly revision: number | null;
  /**
   * `published`: it stands so. `changed`: another revision will follow. `unpublished`: so it would be said if nothing
   * more came. `kept`: published, and what it was made of was dropped since, or says something else today.
   */
  readonly standing: 'published' | 'changed' | 'unpublished' | 'kept';
  readonly decision: Decision;
};

export type Explanation = {
  readonly kind: State['kind'];
  readonly tenantId: string;
  readonly source: State['source'];
  readonly subjectId: string;
  /** In the order in which the log took them, timers where they fired. */
  readonly timeline: readonly (EventMoment | TimerMoment)[];
  /**
   * `silent`: closed by the timer. `dropped`: its state went, a marker is left. `gone`: the marker went, too. `erased`: by
   * `callfold erase`, and nothing more is said of it.
   */
  readonly standing: 'open' | 'closed' | 'silent' | 'dropped' | 'gone' | 'erased';
  readonly records: readonly ExplainedRecord[];
  /** What the timer will do next, if nothing more comes. */
  readonly next: (Saying & { readonly due: number }) | null;
  /** The log time up to which timers fired, epoch ms. */
  readonly clock: number;
};

const byName = (draft: DerivedDraft): string => `${draft.kind} ${draft.outcomeId}`;
const nameOfFact = ({ id, at, word, status }: Fact): string => `${at} ${word} ${id} ${status ?? ''}`;

/** What was dropped and the start after it, on which the last of it depends: there may be much more. */
function partUpTo(whole: State, { horizon }: State): State {
  const next = whole.facts.find(({ at }) => at > (horizon ?? -Infinity))?.at ?? Infinity;
  return { ...whole, facts: whole.facts.filter(({ at }) => at <= next) };
}

/** It was made of what was dropped. */
function hasGone(draft: DerivedDraft, rest: State): boolean {
  if (draft.kind === 'agent-interval') return draft.start <= (rest.horizon ?? -Infinity);
  if (draft.kind === 'chat-outcome') return draft.episode <= rest.episodesBefore;
  return draft.kind === 'chat-handoff' ? draft.n <= rest.handoffsBefore : rest.facts.length === 0;
}

function isUnknownWord(event: StatusEvent): boolean {
  return event.word === 'unknown' || (event.word === 'record' && event.detail.label === null && event.status !== null);
}

/** Folds one subject's events and keeps what happens on the way. */
function openTeller(first: StatusEvent, rules: Rules) {
  const key = subjectKey(first.tenantId, first.subjectId);
  const { settings } = rules;
  const timeline: (EventMoment | TimerMoment)[] = [];
  const logged = new Map<string, LoggedAt>();
  const published = new Map<string, DerivedRecord>();
  const reports = openReports();
  /** What was said last of records whose events were dropped. */
  const kept = new Map<string, ExplainedRecord>();
  const ids = new Set<string>();
  let state: State | null = emptyState(first.source, key);
  let latest = -Infinity;
  let latestSaid: (Pick<State, 'facts' | 'attributes' | 'silent' | 'truncated'> & { readonly said: Said }) | null =
    null;

  const loggedAtOf = (fact: Fact): LoggedAt => logged.get(nameOfFact(fact)) ?? { offset: null };

  /** What one event leaves is what the next one finds. */
  function saidAt(one: State, from: number | null): Said {
    if (from !== null && one.kind !== 'call') return saidOf(one, settings, from);
    const { facts, attributes, silent, truncated } = one;
    const same = latestSaid !== null && latestSaid.silent === silent && latestSaid.truncated === truncated;
    if (same && latestSaid?.facts === facts && latestSaid.attributes === attributes) return latestSaid.said;
    const said = saidOf(one, settings);
    latestSaid = { facts, attributes, silent, truncated, said };
    return said;
  }

  function release(derived: readonly Derived[]): Revision[] {
    return derived.map(({ record }) => {
      const before = published.get(byName(record));
      published.set(byName(record), record);
      return { record, changes: before ? changesOfRecord(before, record) : [] };
    });
  }

  function explained(draft: DerivedDraft, decision: Decision): ExplainedRecord {
    const last = published.get(byName(draft));
    const same = last !== undefined && contentHash(last) === contentHash(draft);
    const standing = last === undefined ? 'unpublished' : same ? 'published' : 'changed';
    return { record: draft, name: nameOf(draft), revision: last?.revision ?? null, standing, decision };
  }

  /** Before the events of records go, what is known of those is kept. */
  function keep(whole: State, rest: State | null): void {
    if (rest === null) return;
    const part = partUpTo(whole, rest);
    const decide = deciderOf({ state: part, settings, loggedAtOf, reportsOf: reports.of });
    for (const draft of readingsOf(part, settings)) {
      if (!hasGone(draft, rest) || !published.has(byName(draft))) continue;
      kept.set(byName(draft), { ...explained(draft, decide(draft)), standing: 'kept' });
    }
  }

  function fireUpTo(clock: number): void {
    while (state !== null && state.timer !== null && state.timer <= clock) {
      const before: State = state;
      const due = state.timer;
      const step = fireTimer(before, due, rules);
      const drops = step.state?.horizon !== before.horizon;
      const whole = (drops ? fireTimer(before, due, { ...rules, drops: false }).state : step.state) ?? before;
      const revisions = release(step.derived);
      if (drops) keep(whole, step.state);
      const firing = firingOf({ before, whole, after: step.state }, rules, revisions.length);
      const changes = whole.silent === before.silent ? [] : changesBetween(saidAt(before, null), saidAt(whole, null));
      if (firing.why.length > 0) timeline.push({ what: 'timer', due, ...firing, changes, published: revisions });
      state = step.state;
    }
  }

  function notesOf(event: StatusEvent, before: State, after: State): EventNote[] {
    const notes: EventNote[] = [];
    if (after === before) notes.push('repeat');
    else if (ids.has(event.eventId) && after.facts.length > before.facts.length) notes.push('id-reused');
    if (event.at < latest && after !== before) notes.push('late');
    if (isUnknownWord(event)) notes.push('unknown-word');
    const isKept =
      after === before || after.horizon !== before.horizon || after.facts.some((fact) => fact.id === event.eventId);
    if (!isKept) notes.push('no-room');
    return notes;
  }

  function take({ event, loggedAt, offset, partition, refused }: Seen): void {
    const before = state ?? emptyState(first.source, key);
    const { eventId, status, word, at: occurredAt } = event;
    const where = { offset, ...(partition !== undefined && { partition }) };
    const seen = { eventId, status, word, occurredAt, loggedAt, ...where };
    const says = saying(eventPhrase(event));
    const step = refused ?? foldEvent(before, event, loggedAt, rules);
    if (isRejection(step)) {
      timeline.push({ what: 'event', ...seen, ...says, notes: ['refused'], refused: step, changes: [], published: [] });
      return;
    }
    const after = step.state ?? before;
    const fact = factOf(event, loggedAt);
    if (!logged.has(nameOfFact(fact))) logged.set(nameOfFact(fact), where);
    reports.add(fact);
    const whole = after.horizon === before.horizon ? after : addEvent(before, event, loggedAt);
    // What upstreams attached stands in every record of a chat.
    const from = before.kind === 'agent' || before.attributes === whole.attributes ? event.at : null;
    const changes = after === before ? [] : changesBetween(saidAt(before, from), saidAt(whole, from));
    const revisions = release(step.derived);
    if (whole !== after) keep(whole, after);
    timeline.push({
      what: 'event',
      ...seen,
      ...says,
      notes: notesOf(event, before, after),
      refused: null,
      changes,
      published: revisions,
    });
    ids.add(eventId);
    latest = Math.max(latest, event.at);
    state = after;
  }

  function standingOf(): Explanation['standing'] {
    if (state === null) return 'gone';
    if (state.markerUntil !== null) return 'dropped';
    if (state.silent) return 'silent';
    return isClosed(state) ? 'closed' : 'open';
  }

  function tell(clock: number): Explanation {
    const now = state ?? emptyState(first.source, key);
    const decide = deciderOf({ state: now, settings, loggedAtOf, reportsOf: reports.of });
    const live = readingsOf(now, settings).map((draft) => explained(draft, decide(draft)));
    const told = new Set(live.map(({ record }) => byName(record)));
    const left = [...published.keys()].filter((name) => !told.has(name));
    return {
      kind: now.kind,
      tenantId: now.tenantId,
      source: now.source,
      subjectId: now.subjectId,
      timeline,
      standing: standingOf(),
      records: [...left.flatMap((name) => leftOver(name)), ...live],
      next: state && nextOf(state, rules),
      clock,
    };
  }

  /** A record that was published and that nothing in the state says any more. */
  function leftOver(name: string): ExplainedRecord[] {
    const record = published.get(name);
    const known = kept.get(name);
    if (known || !record) return known ? [known] : [];
    const says = saying(phrase('kept.published-before'));
    const decision = { ...NOTHING_ELSE, rule: 'published-before', ...says, restsOn: [] };
    return [{ record, name: nameOf(record), revision: record.revision, standing: 'kept', decision }];
  }

  return { fireUpTo, take, tell };
}

/** Of a subject that was erased nothing is told, whatever the log still has of it. */
export function explainErased(source: State['source'], key: string, clock: number): Explanation {
  const { kind, tenantId, subjectId } = emptyState(source, key);
  return { kind, tenantId, source, subjectId, timeline: [], standing: 'erased', records: [], next: null, clock };
}

/**
 * @param seen the subject's events in log order
 * @param rules as `outcomes` has them
 * @param clock the log time by now: the greatest append time of the partition; timers due by then have fired
 * @returns null when there are no events
 */
export function explain(seen: readonly Seen[], rules: Rules, clock = -Infinity): Explanation | null {
  const first = seen[0]?.event;
  if (!first) return null;
  const teller = openTeller(first, rules);
  let now = -Infinity;
  for (const one of seen) {
    if (one.passed !== undefined) teller.fireUpTo(one.passed);
    // Each partition has a log clock of its own: that of the one to which it was moved may be behind.
    now = one.clock ?? Math.max(now, one.loggedAt);
    teller.fireUpTo(now);
    teller.take(one);
  }
  now = Math.max(now, clock);
  teller.fireUpTo(now);
  return teller.tell(now);
}
