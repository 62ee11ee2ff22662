import type {
  Derived,
  DerivedRecord,
  Rejection,
  Rules,
  Settings,
  State,
  StatusEvent,
  Tombstone,
} from '../src/index.ts';
import {
  DEFAULT_SETTINGS,
  emptyState,
  eraseSubject,
  fireTimer,
  foldEvent,
  isRejection,
  subjectKey,
  suffixOf,
} from '../src/index.ts';

/** One subject on a log of its own: what the engine does with a partition, without the rest of the engine. */

export type Said = {
  /** Log time. */
  readonly at: number;
  readonly record: DerivedRecord;
};

export type Driver = {
  /** Timers up to the event's log time fire first. */
  push(event: StatusEvent, loggedAt: number): Rejection | null;
  /** It is erased. @param named what the erasure names */
  erase(event: StatusEvent, loggedAt: number, named?: readonly Tombstone[]): readonly Tombstone[];
  /** Time passes, as with a tick. */
  advance(to: number): void;
  /** No more will come: every timer fires. */
  end(): void;
  /** Null: nothing is left of the subject. */
  readonly state: State | null;
  readonly said: readonly Said[];
};

/** More timers than this fire for one subject only when one is set anew at the time it fires at. */
const MOST_TIMERS = 100_000;

export function fileRules(settings: Partial<Settings> = {}): Rules {
  return { settings: { ...DEFAULT_SETTINGS, ...settings }, publishes: true, drops: false };
}

export function serviceRules(settings: Partial<Settings> = {}): Rules {
  return { ...fileRules(settings), drops: true };
}

/** @param restored what becomes of the state after every step, as when it is stored and read again */
export function drive(rules: Rules, restored: (state: State) => State = (state) => state): Driver {
  const said: Said[] = [];
  let state: State | null = null;
  let clock = -Infinity;
  let fired = 0;

  function note(derived: readonly Derived[], at: number): void {
    for (const { record } of derived) said.push({ at, record });
  }

  function fireUpTo(to: number): void {
    clock = Math.max(clock, to);
    while (state?.timer !== null && state?.timer !== undefined && state.timer <= clock) {
      const due = state.timer;
      const step = fireTimer(state, due, rules);
      state = step.state && restored(step.state);
      note(step.derived, due);
      fired += 1;
      if (fired > MOST_TIMERS) throw new Error(`A timer of ${due} fires for ever`);
    }
  }

  return {
    push(event, loggedAt) {
      fireUpTo(loggedAt);
      const before = state ?? emptyState(event.source, subjectKey(event.tenantId, event.subjectId));
      const step = foldEvent(before, event, loggedAt, rules);
      if (isRejection(step)) return step;
      state = step.state && restored(step.state);
      note(step.derived, loggedAt);
      return null;
    },
    erase({ source, tenantId, subjectId }, loggedAt, named = []) {
      fireUpTo(loggedAt);
      const key = subjectKey(tenantId, subjectId);
      const step = eraseSubject(state ?? emptyState(source, key), key, named, loggedAt, rules);
      state = restored(step.state);
      return step.tombstones;
    },
    advance: fireUpTo,
    end: () => fireUpTo(Infinity),
    get state() {
      return state;
    },
    get said() {
      return said;
    },
  };
}

/** What stands in the compacted topics in the end: the last revision of each record, by its name. */
export function standing(said: readonly Said[], state: State): Map<string, DerivedRecord> {
  return new Map(said.map(({ record }) => [suffixOf(state, record), record]));
}
