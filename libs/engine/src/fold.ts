import type { Derived, DerivedRecord, Rejection, Rules, Source, State, StatusEvent, Step } from '@callfold/core';
import { contentHash, DEAD_LETTERS, emptyState, fireTimer, foldEvent, isRejection, withRevision } from '@callfold/core';
import type { Meta } from './checkpoint.ts';
import { hashOfRecord } from './checkpoint.ts';
import type { Input } from './inputs.ts';
import type { Entry } from './outbox.ts';
import type { Observer } from './observer.ts';
import type { At, Codec, LogRecord } from './ports.ts';
import type { Standing } from './standing.ts';
import type { Timers } from './timers.ts';

/** What one slice of records changes, to be committed as a whole. */
export type Work = {
  readonly meta: Meta;
  /** As they were before the slice, of every subject touched. */
  readonly before: ReadonlyMap<string, State | null>;
  readonly states: ReadonlyMap<string, State | null>;
  readonly timers: ReadonlyMap<string, number | null>;
  readonly entries: readonly Entry[];
  readonly records: number;
};

export type Desk = {
  readonly at: At;
  readonly source: Source;
  readonly rules: Rules;
  readonly codec: Codec;
  readonly timers: Timers;
  readonly observer: Observer;
  /** Of records the store has no memory of; null: there are none. */
  readonly standing: Standing | null;
  /** Must know every subject of the slice and of every timer due in it. */
  lookup(key: string): State | null;
};

/** Timers that are too many to be loaded at once fire on their own, before the record at which they do. */
export type Firing = { readonly upTo: number; readonly origin: number };

/** No row of its vocabulary has this status. A call told as one record has no word of its own: its label is missing. */
function isUnknown(event: StatusEvent): boolean {
  return event.word === 'unknown' || (event.word === 'record' && event.detail.label === null && event.status !== null);
}

/** Folds record by record, timers first: synchronous and without IO, so that it is one step as seen from outside. */
export function foldInputs(inputs: readonly Input[], from: Meta, desk: Desk, firing: Firing | null = null): Work {
  const { at, rules, timers, codec, standing } = desk;
  const before = new Map<string, State | null>();
  const states = new Map<string, State | null>();
  const moved = new Map<string, number | null>();
  const entries: Entry[] = [];
  const seqs: Record<string, number> = { ...from.seqs };
  let clock = from.clock;

  function stateOf(key: string): State | null {
    const changed = states.get(key);
    return changed === undefined ? desk.lookup(key) : changed;
  }

  function nextSeq(topic: string): number {
    const seq = seqs[topic] ?? 0;
    seqs[topic] = seq + 1;
    return seq;
  }

  function emit(record: DerivedRecord, topic: string, origin: number): void {
    const value = codec.encode(topic, record);
    entries.push({ what: 'record', topic, seq: nextSeq(topic), origin, key: record.outcomeId, value });
  }

  /** The state as it is once its records are in the outbox, or known to stand already. */
  function release(state: State | null, derived: readonly Derived[], origin: number): State | null {
    let released = state;
    for (const { topic, record: plain } of derived) {
      const record = rules.settings.disguise?.of(plain) ?? plain;
      const placed = standing?.place(record, contentHash(record)) ?? null;
      // The state knows its subject, and names its records by what they are.
      if (placed && released) released = withRevision(released, plain, placed.revision);
      if (placed?.what === 'stands') continue;
      if (!placed) emit(record, topic, origin);
      else emit({ ...record, revision: placed.revision, correctionOf: placed.correctionOf }, topic, origin);
    }
    return released;
  }

  function put(key: string, was: State | null, step: Step, origin: number): void {
    const state = release(step.state, step.derived, origin);
    if (state === was) return;
    if (!before.has(key)) before.set(key, desk.lookup(key));
    states.set(key, state);
    const due = state?.timer ?? null;
    if (due === (was?.timer ?? null)) return;
    moved.set(key, due);
    if (due !== null) timers.add({ key, due });
  }

  function letter(record: LogRecord, rejection: Rejection): void {
    const { offset } = record;
    desk.observer({ name: 'record-rejected', at, offset, code: rejection.rejected, reason: rejection.reason });
    if (!rules.publishes || standing?.takeLetter(`${at.topic}/${at.partition}/${offset}`)) return;
    const { rejected: code, reason } = rejection;
    entries.push({ what: 'letter', topic: DEAD_LETTERS, seq: nextSeq(DEAD_LETTERS), origin: offset, code, reason });
  }

  /** All that are due by now, in order; a stale entry is passed over. */
  function fireUpTo(now: number, origin: number): void {
    for (let timer = timers.peek(); timer && timer.due <= now; timer = timers.peek()) {
      timers.pop();
      const state = stateOf(timer.key);
      if (state?.timer === timer.due) put(timer.key, state, fireTimer(state, timer.due, rules), origin);
    }
  }

  if (firing) {
    clock = Math.max(clock, firing.upTo);
    fireUpTo(clock, firing.origin);
  }
  for (const input of inputs) {
    const { offset, appendedAt } = input.record;
    clock = Math.max(clock, appendedAt);
    fireUpTo(clock, offset);
    if (input.what === 'rejected') letter(input.record, input.rejection);
    if (input.what !== 'event') continue;
    if (isUnknown(input.event)) desk.observer({ name: 'unknown-word', at });
    const was = stateOf(input.key);
    const step = foldEvent(was ?? emptyState(desk.source, input.key), input.event, appendedAt, rules);
    if (isRejection(step)) letter(input.record, step);
    else put(input.key, was, step, offset);
  }
  const last = inputs.at(-1)?.record;
  const meta = {
    ...from,
    clock,
    seqs,
    last: last ? { offset: last.offset, hash: hashOfRecord(last) } : from.last,
    outboxNext: from.outboxNext + entries.length,
  };
  return { meta, before, states, timers: moved, entries, records: inputs.length };
}
