import { chatCloseDue } from './chat.ts';
import type { Rejection } from './codes.ts';
import { reject } from './codes.ts';
import { dropDue, dropOlderHalf, dropOldest } from './drop.ts';
import { isErased } from './erasure.ts';
import type { StatusEvent } from './event.ts';
import { LIMITS } from './limits.ts';
import type { Derived } from './records.ts';
import { isClosed, isOver, publish } from './records.ts';
import type { Settings } from './settings.ts';
import type { State } from './state.ts';
import { addEvent, changed } from './state.ts';
import type { DerivedTopic } from './topics.ts';

/**
 * One step of one subject: an event comes, or its timer is due. Pure: the same state, event and log times give the
 * same answer, next year too. Time is the log's: append times, never a clock.
 */

export type Rules = {
  readonly settings: Settings;
  /** Derived records are wanted (outcomes), or only the aggregate (projector). */
  readonly publishes: boolean;
  /** Of what could be derived only this is wanted; absent: all of it. */
  readonly only?: ReadonlySet<DerivedTopic>;
  /** Closed state goes; false where the whole input is at hand (`callfold fold`). */
  readonly drops: boolean;
};

export type Step = {
  /** Null: nothing is left of the subject. */
  readonly state: State | null;
  readonly derived: readonly Derived[];
};

const NOTHING: readonly Derived[] = [];

function closeDue(state: State, settings: Settings): number | null {
  if (state.kind === 'agent' || isClosed(state)) return null;
  return state.kind === 'chat' ? chatCloseDue(state, settings) : state.changedAt + settings.closeAfterMs;
}

/** When the subject's timer must be due, or null: it needs none. */
export function nextDue(state: State, rules: Rules): number | null {
  if (state.markerUntil !== null) return isErased(state) ? null : state.markerUntil;
  const close = closeDue(state, rules.settings);
  const drop = rules.drops && state.settleAt === null ? dropDue(state, rules.settings) : null;
  const due = Math.min(state.settleAt ?? Infinity, close ?? Infinity, drop ?? Infinity);
  return due === Infinity ? null : due;
}

/** Whether a call's timer is due before anything that could want one: no need to look what that is. */
function isArmedForAll({ kind, timer, settleAt, markerUntil, changedAt }: State, { settings }: Rules): boolean {
  if (kind !== 'call' || timer === null || markerUntil !== null || (settleAt !== null && settleAt < timer))
    return false;
  return timer <= changedAt + Math.min(settings.closeAfterMs, settings.dropAfterMs);
}

/** One timer a subject: it is moved only to be earlier, and looks again when it fires too early. */
function armed(state: State, rules: Rules): State {
  if (isArmedForAll(state, rules)) return state;
  const due = nextDue(state, rules);
  return due !== null && (state.timer === null || due < state.timer) ? changed(state, { timer: due }) : state;
}

/** A whole year may be imported within a minute of log time: then nothing is old enough to go, and something must. */
function isOverfull(state: State, rules: Rules): boolean {
  return rules.drops && state.kind === 'agent' && state.facts.length > LIMITS.agentFactsKept;
}

function awaitsPublishing(state: State): boolean {
  return state.kind !== 'call' || isOver(state);
}

/**
 * @param loggedAt the record's own append time, epoch ms
 * @returns the same state object when the event changed nothing
 */
export function foldEvent(before: State, event: StatusEvent, loggedAt: number, rules: Rules): Step | Rejection {
  // Its words say nothing of whom: what is refused here is kept nowhere.
  if (isErased(before)) return reject('erased', '');
  if (before.markerUntil !== null) {
    return reject('too-late', `${before.kind} ${before.subjectId} of tenant ${before.tenantId}`);
  }
  if (before.horizon !== null && event.at <= before.horizon) {
    const until = new Date(before.horizon).toISOString();
    return reject(
      'too-late',
      `${before.kind} ${before.subjectId} of tenant ${before.tenantId} is closed up to ${until}`,
    );
  }
  let state = addEvent(before, event, loggedAt);
  if (state === before) return { state, derived: NOTHING };
  if (isOverfull(state, rules)) {
    const said = rules.publishes ? publish(state, rules) : { state, derived: NOTHING };
    return { state: armed(dropOlderHalf(said.state), rules), derived: said.derived };
  }
  if (!rules.publishes || state.settleAt !== null || !awaitsPublishing(state)) {
    return { state: armed(state, rules), derived: NOTHING };
  }
  if (rules.settings.settleMs > 0) {
    state = changed(state, { settleAt: loggedAt + rules.settings.settleMs });
    return { state: armed(state, rules), derived: NOTHING };
  }
  const published = publish(state, rules);
  return { state: armed(published.state, rules), derived: published.derived };
}

/**
 * @param due when the timer was due, which is the time it fires at
 */
export function fireTimer(before: State, due: number, rules: Rules): Step {
  let state = changed(before, { timer: null });
  let derived = NOTHING;
  const settles = state.settleAt !== null && state.settleAt <= due;
  const closes = (closeDue(state, rules.settings) ?? Infinity) <= due;
  if (closes) state = changed(state, { silent: true });
  if (rules.publishes && (settles || closes)) ({ state, derived } = publish(state, rules));
  while (rules.drops && state.settleAt === null && state.markerUntil === null) {
    const drop = dropDue(state, rules.settings);
    if (drop === null || drop > due) break;
    state = dropOldest(state, due, rules.settings);
  }
  if (state.markerUntil !== null && state.markerUntil <= due) return { state: null, derived };
  return { state: armed(state, rules), derived };
}
