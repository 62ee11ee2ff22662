import type {
  Derived,
  DerivedRecord,
  RawEvent,
  Rejection,
  Rules,
  Settings,
  Source,
  State,
  StatusEvent,
  Tombstone,
} from '@callfold/core';
import { emptyState, eraseSubject, fireTimer, foldEvent, isRejection, subjectKey } from '@callfold/core';
import { normalise } from '@callfold/sources';
import { createTimers } from './timers.ts';

/**
 * The fold without a log, a store or a broker: `callfold fold`, and the oracle that everything else is held against.
 * Its log clock is the greatest `occurredAt` seen, or the append times it is given; it drops no state and calls nothing
 * too late.
 */
export type Pushed = {
  /** What timers and the event gave, in order. */
  readonly records: readonly DerivedRecord[];
  readonly rejection: Rejection | null;
};

export type Erased = {
  /** What timers gave before it, in order. */
  readonly records: readonly DerivedRecord[];
  readonly tombstones: readonly Tombstone[];
};

export type OfflineFold = {
  /** @param loggedAt append time where there is a log; else the greatest `occurredAt` so far is taken */
  push(raw: RawEvent, loggedAt?: number): Pushed;
  /** An event whose key and words are known already. */
  fold(subject: string, event: StatusEvent, loggedAt: number): Pushed;
  /** @param named by the erasure */
  erase(source: Source, subject: string, named: readonly Tombstone[], loggedAt: number): Erased;
  /** Time passes with no event, as a tick does. */
  advance(loggedAt: number): readonly DerivedRecord[];
  /** No more will come: every timer fires. */
  end(): readonly DerivedRecord[];
  states(): Iterable<State>;
  /** Undefined: nothing is known of the subject. */
  stateOf(source: Source, subject: string): State | undefined;
  /** As it stands now: another fold can begin from there. */
  standing(): OfflineStanding;
};

/** How a fold stands. A state is never changed, only replaced: those of one moment are the map alone. */
export type OfflineStanding = { readonly states: ReadonlyMap<string, State>; readonly clock: number };

export type OfflineMore = {
  /** Absent: from nothing. */
  readonly from?: OfflineStanding;
  /** Told of each state that is another one now; null: it is gone. */
  readonly changed?: (source: Source, subject: string, state: State | null) => void;
};

/** A file: the whole input is at hand, so nothing is dropped. */
export function fileRules(settings: Settings): Rules {
  return { settings, publishes: true, drops: false };
}

/**
 * @param rules a service's, to be its oracle over the raw log; `fileRules` for a file
 * @param logged give records `ingestedAt`, as on a log; a file has none
 * @param told of each record, before and after the disguise that the rules may ask for
 */
export function createOfflineFold(
  rules: Rules,
  logged = false,
  told: (plain: DerivedRecord, record: DerivedRecord) => void = () => undefined,
  { from, changed }: OfflineMore = {},
): OfflineFold {
  const states = new Map<string, State>(from?.states);
  const timers = createTimers(Infinity);
  timers.load([], true);
  for (const [key, { timer }] of states) if (timer !== null) timers.add({ key, due: timer });
  let clock = from?.clock ?? 0;

  const keyOf = (source: Source, subject: string): string => `${source} ${subject}`;

  function out(derived: readonly Derived[]): DerivedRecord[] {
    return derived.map(({ record: plain }) => {
      const record = rules.settings.disguise?.of(plain) ?? plain;
      told(plain, record);
      return logged ? record : { ...record, ingestedAt: null };
    });
  }

  function put(key: string, was: State | undefined, state: State | null): void {
    if (state === null) states.delete(key);
    else states.set(key, state);
    if (changed && state !== was) {
      const [source, subject] = splitKey(key);
      changed(source, subject, state);
    }
    const due = state?.timer ?? null;
    if (due !== null && due !== (was?.timer ?? null)) timers.add({ key, due });
  }

  function fireUpTo(now: number): DerivedRecord[] {
    const fired: DerivedRecord[] = [];
    for (let timer = timers.peek(); timer && timer.due <= now; timer = timers.peek()) {
      timers.pop();
      const state = states.get(timer.key);
      if (state?.timer !== timer.due) continue;
      const step = fireTimer(state, timer.due, rules);
      put(timer.key, state, step.state);
      fired.push(...out(step.derived));
    }
    return fired;
  }

  function fold(subject: string, event: StatusEvent, loggedAt: number): Pushed {
    clock = Math.max(clock, loggedAt);
    const fired = fireUpTo(clock);
    const key = keyOf(event.source, subject);
    const was = states.get(key);
    const step = foldEvent(was ?? emptyState(event.source, subject), event, loggedAt, rules);
    if (isRejection(step)) return { records: fired, rejection: step };
    put(key, was, step.state);
    return { records: [...fired, ...out(step.derived)], rejection: null };
  }

  return {
    fold,
    erase(source, subject, named, loggedAt) {
      clock = Math.max(clock, loggedAt);
      const records = fireUpTo(clock);
      const key = keyOf(source, subject);
      const was = states.get(key);
      const { state, tombstones } = eraseSubject(was ?? emptyState(source, subject), subject, named, loggedAt, rules);
      put(key, was, state);
      return { records, tombstones };
    },
    push(raw, loggedAt) {
      const subject = subjectKey(raw.tenantId, raw.subjectId);
      return fold(subject, normalise(raw), loggedAt ?? Math.max(clock, raw.occurredAt));
    },
    advance(loggedAt) {
      clock = Math.max(clock, loggedAt);
      return fireUpTo(clock);
    },
    end: () => fireUpTo(Infinity),
    states: () => states.values(),
    stateOf: (source, subject) => states.get(keyOf(source, subject)),
    standing: () => ({ states: new Map(states), clock }),
  };
}

/** No source has a space in its name. */
function splitKey(key: string): readonly [Source, string] {
  const space = key.indexOf(' ');
  return [key.slice(0, space) as Source, key.slice(space + 1)];
}
