import type {
  DerivedRecord,
  PublishedRecord,
  Rejection,
  Rules,
  Source,
  State,
  StatusEvent,
  Step,
} from '@callfold/core';
import {
  changed as stateWith,
  DEAD_LETTERS,
  emptyState,
  eraseSubject,
  fireTimer,
  foldEvent,
  isRejection,
  publishedUnder,
  withPublished,
  withRevision,
} from '@callfold/core';
import type { Meta } from './checkpoint.ts';
import { hashOfRecord } from './checkpoint.ts';
import type { Figures } from './figures.ts';
import { keepFigures } from './figures.ts';
import { firstLogged } from './horizon.ts';
import type { Input } from './inputs.ts';
import type { Entry } from './outbox.ts';
import type { Observer } from './observer.ts';
import type { RequestedRecord } from './requests.ts';
import type { At, Codec, LogRecord } from './ports.ts';
import type { Standing } from './standing.ts';
import type { Timers } from './timers.ts';

/** A subject as it stands, and what it shows in the role's further table; null: that was not worked out. */
export type Kept = { readonly state: State | null; readonly shows: ReadonlyMap<string, string> | null };

/** A subject that a slice may touch: as it was before the slice, and as it is now. */
export type Slot = { readonly before: Kept; now: State | null };

/** What one slice of records changes, to be committed as a whole. */
export type Work = {
  readonly meta: Meta;
  /** Every subject of the slice by its key; what is unchanged is the same object before and now. */
  readonly subjects: ReadonlyMap<string, Slot>;
  readonly changed: number;
  readonly entries: readonly Entry[];
  readonly records: number;
  /** Requests that are dealt with, by name. */
  readonly taken: readonly string[];
  readonly figures: Figures;
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
};

/** One slice while it is being folded. */
export type Fold = {
  /** So far. */
  readonly records: number;
  readonly changed: number;
  readonly entries: number;
  /** The log clock, which a broker's clock that was set back does not take back. */
  readonly clock: number;
  knows(key: string): boolean;
  /** The state of a known subject as it is now. */
  stateOf(key: string): State | null;
  /** What was committed of a subject. Every subject must be known before an event or a timer of it is folded. */
  know(key: string, kept: Kept): void;
  /** Timers that are too many to be loaded at once fire on their own, before the record at which they do. */
  fire(upTo: number, origin: number): void;
  take(inputs: readonly Input[]): void;
  /** What a known subject is now, whatever it was. */
  replace(key: string, state: State | null): void;
  /** What was asked for goes out under the next seq. */
  correct(record: RequestedRecord, position: number): void;
  /** A request of this name is dealt with. */
  dealtWith(name: string): void;
  /** A record of a known subject that stands, and of which its state knows only an earlier revision or none. */
  adopt({ subject, suffix, published }: Adopted): void;
  /** The fold is done with. */
  close(): Work;
};

export type Adopted = { readonly subject: string; readonly suffix: string; readonly published: PublishedRecord };

/** No row of its vocabulary has this status. A call told as one record has no word of its own: its label is missing. */
function isUnknown(event: StatusEvent): boolean {
  return event.word === 'unknown' || (event.word === 'record' && event.detail.label === null && event.status !== null);
}

/** Folds record by record, timers first: synchronous and without IO, so that it is one step as seen from outside. */
export function openFold(from: Meta, desk: Desk): Fold {
  const { at, rules, timers, codec, standing } = desk;
  const subjects = new Map<string, Slot>();
  const entries: Entry[] = [];
  const seqs: Record<string, number> = { ...from.seqs };
  const erasedSeqs: Record<string, number> = { ...from.erasedSeqs };
  let clock = from.clock;
  let last: LogRecord | null = null;
  let event: Extract<Input, { what: 'event' }> | null = null;
  const taken: string[] = [];
  const figures = keepFigures();
  let records = 0;
  let changed = 0;

  function slotOf(key: string): Slot {
    const slot = subjects.get(key);
    if (slot) return slot;
    throw new Error(`${at.topic}/${at.partition}: subject ${key} was not read before it was folded`);
  }

  function nextSeq(topic: string): number {
    const seq = seqs[topic] ?? 0;
    seqs[topic] = seq + 1;
    return seq;
  }

  function emit(record: DerivedRecord, topic: string, origin: number): void {
    const value = codec.encode(topic, record);
    if (record.correctionOf !== null) figures.corrected(topic);
    entries.push({ what: 'record', topic, seq: nextSeq(topic), origin, key: record.outcomeId, value });
  }

  /** The state as it is once its records are in the outbox, or known to stand already. */
  function release(key: string, was: State | null, { state, derived }: Step, origin: number): State | null {
    let released = state;
    const met = standing ? (firstLogged(was) ?? firstLogged(state)) : undefined;
    const isToGo = standing?.isErased(key) ?? false;
    for (const { topic, record: plain } of derived) {
      const record = rules.settings.disguise?.of(plain) ?? plain;
      const placed = standing?.place(topic, record, met, isToGo) ?? null;
      // The state knows its subject, and names its records by what they are.
      if (placed && released && placed.revision !== record.revision) {
        released = withRevision(released, plain, placed.revision);
      }
      if (!placed) emit(record, topic, origin);
      else if (placed.what === 'next') {
        emit({ ...record, revision: placed.revision, correctionOf: placed.correctionOf }, topic, origin);
      }
    }
    return released;
  }

  function put(key: string, slot: Slot, step: Step, origin: number): void {
    const { now } = slot;
    set(key, slot, step.derived.length === 0 ? step.state : release(key, now, step, origin));
  }

  function set(key: string, slot: Slot, state: State | null): void {
    const was = slot.now;
    if (state === was) return;
    if (was === slot.before.state) changed += 1;
    slot.now = state;
    const due = state === null ? null : state.timer;
    if (due !== null && due !== (was === null ? null : was.timer)) timers.add({ key, due });
  }

  /** Nothing of the subject is left, and what was published of it goes. */
  function erase({ key, named, record: { appendedAt, offset } }: Extract<Input, { what: 'erase' }>): void {
    const slot = slotOf(key);
    const before = slot.now ?? emptyState(desk.source, key);
    const { state, tombstones } = eraseSubject(before, key, named, appendedAt, rules);
    set(key, slot, state);
    for (const { topic, outcomeId, revision } of tombstones) {
      erasedSeqs[topic] = (erasedSeqs[topic] ?? 0) + revision + 1;
      if (standing?.takeTombstone(topic, outcomeId, offset)) continue;
      entries.push({ what: 'record', topic, seq: nextSeq(topic), origin: offset, key: outcomeId, value: null });
    }
    desk.observer({ name: 'subject-erased', at, offset, tombstones: tombstones.length });
  }

  function letter(record: LogRecord, rejection: Rejection): void {
    const { offset } = record;
    desk.observer({ name: 'record-rejected', at, offset, code: rejection.rejected, reason: rejection.reason });
    const { rejected: code, reason } = rejection;
    if (!rules.publishes || standing?.takeLetter(offset, code, record.appendedAt)) return;
    entries.push({ what: 'letter', topic: DEAD_LETTERS, seq: nextSeq(DEAD_LETTERS), origin: offset, code, reason });
  }

  /** All that are due by now, in order; a stale entry is passed over. */
  function fireUpTo(now: number, origin: number): void {
    for (let timer = timers.peek(); timer && timer.due <= now; timer = timers.peek()) {
      timers.pop();
      const slot = slotOf(timer.key);
      const state = slot.now;
      if (state?.timer === timer.due) put(timer.key, slot, fireTimer(state, timer.due, rules), origin);
    }
  }

  function takeOne(input: Input): void {
    const { offset, appendedAt, headers } = input.record;
    figures.record(appendedAt, headers);
    if (appendedAt > clock) clock = appendedAt;
    fireUpTo(clock, offset);
    if (input.what === 'rejected') letter(input.record, input.rejection);
    if (input.what === 'erase') erase(input);
    if (input.what !== 'event') return;
    event = input;
    figures.event(appendedAt, input.event.at);
    if (isUnknown(input.event)) desk.observer({ name: 'unknown-word', at });
    const slot = slotOf(input.key);
    const step = foldEvent(slot.now ?? emptyState(desk.source, input.key), input.event, appendedAt, rules);
    if (isRejection(step)) letter(input.record, step);
    else put(input.key, slot, step, offset);
  }

  return {
    get records() {
      return records;
    },
    get changed() {
      return changed;
    },
    get entries() {
      return entries.length;
    },
    get clock() {
      return clock;
    },
    knows: (key) => subjects.has(key),
    stateOf: (key) => slotOf(key).now,
    know: (key, kept) => subjects.set(key, { before: kept, now: kept.state }),
    fire(upTo, origin) {
      clock = Math.max(clock, upTo);
      fireUpTo(clock, origin);
    },
    take(inputs) {
      for (const input of inputs) takeOne(input);
      last = inputs.at(-1)?.record ?? last;
      records += inputs.length;
    },
    replace: (key, state) => set(key, slotOf(key), state),
    correct({ topic, origin, key, value }, position) {
      const correctedAt = position;
      entries.push({ what: 'record', topic, seq: nextSeq(topic), origin, key, value, correctedAt });
    },
    dealtWith: (name) => taken.push(name),
    adopt({ subject, suffix, published }) {
      const slot = slotOf(subject);
      const { now } = slot;
      const known = now === null ? undefined : publishedUnder(now.published, suffix);
      if (now === null || (known !== undefined && known.revision >= published.revision)) return;
      const book = withPublished(now.published, new Map([[suffix, published]]));
      set(subject, slot, stateWith(now, { published: book }));
    },
    close() {
      const meta = {
        ...from,
        clock,
        seqs,
        ...(Object.keys(erasedSeqs).length > 0 && { erasedSeqs }),
        last: last ? { offset: last.offset, hash: hashOfRecord(last) } : from.last,
        event: event ? { offset: event.record.offset, subject: event.key } : (from.event ?? null),
        outboxNext: from.outboxNext + entries.length,
      };
      return { meta, subjects, changed, entries, records, taken, figures: figures.close() };
    },
  };
}
