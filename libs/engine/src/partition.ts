import type { Source } from '@callfold/core';
import { DERIVED_OF } from '@callfold/core';
import type { Cache } from './cache.ts';
import type { Meta } from './checkpoint.ts';
import { changeOf } from './commit.ts';
import type { Checkpoint } from './farewell.ts';
import { farewellAt } from './farewell.ts';
import type { Fold, Kept, Work } from './fold.ts';
import { openFold } from './fold.ts';
import { NO_FIGURES } from './figures.ts';
import { inputOf } from './inputs.ts';
import type { Claimed } from './owner.ts';
import type { EngineEvent } from './observer.ts';
import type { At, Batch, Claim, LogRecord, Publisher, Signal, Stored } from './ports.ts';
import { createPrefetch } from './prefetch.ts';
import type { Relay } from './relay.ts';
import { createRelay } from './relay.ts';
import { adopt, readRequests, takeRequests } from './requests.ts';
import type { Retry } from './retry.ts';
import { errorOf, Lost } from './retry.ts';
import type { EngineLimits, OwnerOptions } from './role.ts';
import { rulesOf } from './role.ts';
import type { Standing } from './standing.ts';
import { createTimers } from './timers.ts';

/** One partition in the hands of one owner, from a claim until it is given away, fenced, or found moved. */
export type Partition = {
  /**
   * Folds, and commits what fills a slice or ends the log; while more is there to be read a slice stays open for what
   * comes next. The last commit may still be under way when it resolves.
   */
  take(batch: Batch): Promise<void>;
  /** Commits a slice that has been open for long, and what was sent since, when nothing else does. */
  rest(): Promise<void>;
  /** Takes what operators' commands have asked for since: true when there was something. */
  takeRequests(): Promise<boolean>;
  /** Looks whether the store is as this owner left it; throws `Lost` when it is not. */
  confirm(): Promise<void>;
  /** Commits what is folded and waits for what is under way. */
  settle(): Promise<void>;
  /** What the next owner may be told when nothing is done from here on; null: not everything is sent. */
  farewell(): string | null;
  readonly relay: Relay | null;
  /** What is read next; what the open slice holds is not committed. */
  readonly position: number;
  /** Null: nothing has ever been committed of this partition. */
  readonly committed: number | null;
  readonly end: number;
  readonly clock: number;
  /** When the earliest timer is due; null: none is. */
  readonly nextDue: number | null;
};

export type Opening = {
  readonly at: At;
  readonly source: Source;
  readonly claimed: Claimed;
  readonly retry: Retry;
  readonly signal: Signal;
  /** This owner's alone. */
  readonly cache: Cache;
  /** The relay had to stop, and why. */
  onFailure(error: unknown): void;
};

/** What was sent is trimmed, and the owner is confirmed. */
function nothingFolded(meta: Meta): Work {
  return { meta, subjects: new Map(), changed: 0, entries: [], records: 0, taken: [], figures: NO_FIGURES };
}

/** Up to where records are folded in one go: no further than where a correction is to be met. */
function stepEnd(records: readonly LogRecord[], from: number, step: number, stop: number | undefined): number {
  const most = Math.min(from + step, records.length);
  if (stop === undefined) return most;
  let to = from + 1;
  while (to < most && (records[to] as LogRecord).offset < stop) to += 1;
  return to;
}

function isFull({ records, changed, entries }: Fold, limits: EngineLimits): boolean {
  return records >= limits.sliceRecords || changed >= limits.sliceSubjects || entries >= limits.sliceEntries;
}

/** Others have published much since the checkpoint, which the next owner would read back. */
const isFarAhead = ({ published }: Relay, meta: Meta, { freshenRecords }: EngineLimits): boolean =>
  Object.entries(published).some(([topic, end]) => end - (meta.published[topic] ?? 0) >= freshenRecords);

type Committed = Extract<EngineEvent, { name: 'batch-committed' }>;

/** @throws Lost when the partition is another owner's, or the store knows nothing of this one. */
function mustHold(stored: Stored | null, claim: Claim): void {
  if (stored !== null && stored.claim.epoch > claim.epoch) throw new Lost('fenced');
  if (stored?.claim.epoch !== claim.epoch || stored.claim.token !== claim.token) throw new Lost('moved');
}

function committedEvent(
  { records, changed, entries, figures }: Work,
  place: Pick<Committed, 'at' | 'position' | 'end' | 'clock' | 'begunAt'>,
): Committed {
  return { name: 'batch-committed', records, changed, derived: entries.length, ...figures, ...place };
}

const checkpointLeft = ({ isFenced, storedMeta: text, meta }: Claimed): Checkpoint | null =>
  isFenced || text === null ? null : { text, meta };

function relayOf(
  { ports, limits }: OwnerOptions,
  opening: Opening,
  publisher: Publisher,
  confirmOwner: () => Promise<void>,
): Relay {
  const { log, codec, clock, observer } = ports;
  const { meta, isFenced } = opening.claimed;
  const { outboxNext: sentUpTo, published, seqs } = meta;
  const { sendRecords, freshenMs } = limits;
  const parts = { publisher, log, codec, clock, observer };
  const from = { isFenced, sentUpTo, published, seqs };
  const work = { topics: DERIVED_OF[opening.source], sendRecords, freshenMs, ...parts, ...from };
  return createRelay({ ...opening, ...work, confirmOwner });
}

/**
 * The loop: read what is missing, fold, commit states and position together, hand what was derived to the relay. Slice
 * n+1 is folded while slice n commits; commits follow one another.
 */
export function openPartition(options: OwnerOptions, opening: Opening): Partition {
  const { role, limits, ports, settings } = options;
  const { at, source, claimed, retry, signal, cache } = opening;
  const { store, codec, observer } = ports;
  const { claim } = claimed;
  const place = { source, partition: at.partition, partitions: claimed.partitions };
  const timers = createTimers(limits.loadedTimers);
  const held = { store, timers, loadedTimers: limits.loadedTimers };
  const underWay = { uncommitted: () => uncommitted, settled: () => inFlight };
  const prefetch = createPrefetch({ ...opening, ...held, ...underWay });
  let meta: Meta = claimed.meta;
  let expected = claimed.stored;
  let position = claimed.position;
  let committed = claimed.stored;
  /** The checkpoint of the last commit that was answered, or as it was left; null: there was none. */
  let answered = checkpointLeft(claimed);
  let standing: Standing | null = claimed.standing;
  let corrections = claimed.corrections;
  let end = claimed.end;
  let inFlight = Promise.resolve();
  let uncommitted: ReadonlyMap<string, Kept> = new Map();
  let failure: Error | null = null;

  const relay = ports.publisher ? relayOf(options, opening, ports.publisher, () => commitNothing()) : null;
  // When the log took what they came of is not known any more.
  for (const { number, entry } of claimed.unsent) relay?.add(number, [entry], null);
  // The first owner leaves a checkpoint at once: later a witness without one means that the store lost its state.
  if (claimed.stored === null) commit(nothingFolded(meta), position).catch(() => undefined);

  function commit(work: Work, next: number, begunAt = ports.clock.now()): Promise<void> {
    const before = inFlight;
    const from = standing === null ? null : work.meta.standing;
    meta = { ...work.meta, outboxFirst: relay?.sentUpTo ?? 0, published: relay?.published ?? {}, standing: from };
    const { clock } = meta;
    const { commit: change, kept } = changeOf(role, work, meta, expected, next);
    expected = next;
    const asked = meta;
    // A commit of nothing goes between: what the one before it changes is still on its way.
    if (kept.size > 0) uncommitted = kept;
    for (const [key, one] of kept) cache.put(key, one);
    const run = async (): Promise<void> => {
      await before;
      const answer = await retry('committing to the store', signal, () => store.commit(at, claim, change));
      if (!answer.ok) throw new Lost(answer.why);
      committed = next;
      answered = { text: change.meta, meta: asked };
      if (uncommitted === kept) uncommitted = new Map();
      if (work.records === 0 && work.entries.length === 0) return;
      relay?.add(change.outboxFrom, work.entries, work.figures.oldestAppendedAt);
      observer(committedEvent(work, { at, position: next, end, clock, begunAt }));
    };
    inFlight = run();
    inFlight.catch((error: unknown) => {
      failure = errorOf(error);
    });
    return inFlight;
  }

  /** The open slice is not in it. */
  const commitNothing = (): Promise<void> => commit(nothingFolded(meta), expected ?? position);

  const desk = { ...opening, rules: rulesOf(role, settings), codec, timers, observer };
  let slice = openFold(meta, { ...desk, standing });
  let openSince = ports.clock.now();

  /** What stood and is unknown to the state was all met where its last owner had got to. */
  function endRecovery(): void {
    if (standing === null || corrections.length > 0 || position < (meta.standing?.until ?? 0)) return;
    const counts = DERIVED_OF[source].map((topic) => ({ topic, ...standing?.tally(topic), ...standing?.left(topic) }));
    standing = null;
    observer({ name: 'recovery-ended', at, position, counts });
  }

  /** Commits what the open slice has changed without a record. */
  async function commitSlice(): Promise<void> {
    await inFlight;
    endRecovery();
    const done = commit(slice.close(), position, openSince);
    slice = openFold(meta, { ...desk, standing });
    openSince = ports.clock.now();
    await done;
  }

  /** Hands the open slice to its commit, when the one before it is done. @param next the position after it */
  async function closeSlice(next: number): Promise<void> {
    const work = slice.close();
    await inFlight;
    position = Math.max(position, next);
    endRecovery();
    commit(work, position, openSince).catch(() => undefined);
    slice = openFold(meta, { ...desk, standing });
    openSince = ports.clock.now();
    await relay?.below(limits.outboxEntries);
  }

  const isOpenLong = (): boolean => ports.clock.now() - openSince >= limits.sliceMs;

  /** Adds records to the open slice; where not all timers that they fire can be here at once, in several slices. */
  async function fold(records: readonly LogRecord[]): Promise<void> {
    const inputs = records.map((record) => inputOf(record, place, codec));
    const clock = records.reduce((latest, { appendedAt }) => Math.max(latest, appendedAt), slice.clock);
    for (let from = 0; from < inputs.length; ) {
      const origin = records[from]?.offset ?? position;
      // The store tells timers, and those that the open slice has set must stand in it before.
      if (timers.loadedUpTo < clock && slice.records > 0) await closeSlice(origin);
      const loaded = await prefetch.timers(clock);
      const tooFar = loaded < clock ? records.findIndex((one, index) => index >= from && one.appendedAt > loaded) : -1;
      const to = tooFar < 0 ? inputs.length : tooFar;
      const some = from === 0 && to === inputs.length ? inputs : inputs.slice(from, to);
      await prefetch.subjects(slice, some, loaded);
      if (failure) throw failure;
      if (some.length > 0) slice.take(some);
      else slice.fire(loaded, origin);
      timers.trim();
      if (to < inputs.length) await closeSlice(records[to]?.offset ?? position);
      from = to;
    }
  }

  return {
    async take(batch) {
      end = batch.end;
      if (slice.records === 0) openSince = ports.clock.now();
      await retry('reading schemas', signal, () => codec.prepare(batch.records));
      const step = Math.min(limits.foldRecords, limits.sliceRecords);
      for (let from = 0; from < batch.records.length; ) {
        corrections = await adopt(corrections, batch.records[from]?.offset ?? position, slice, prefetch);
        const to = stepEnd(batch.records, from, step, corrections[0]?.position);
        await fold(batch.records.slice(from, to));
        position = batch.records[to]?.offset ?? batch.next;
        const isLast = to >= batch.records.length && batch.next >= batch.end;
        if (isLast || isFull(slice, limits) || isOpenLong()) await closeSlice(position);
        from = to;
      }
      if (batch.records.length > 0 || batch.next <= position) return;
      await closeSlice(batch.next);
      await inFlight;
    },
    async rest() {
      if (failure) throw failure;
      if (slice.records > 0) {
        if (!isOpenLong()) return;
        await closeSlice(position);
      }
      if (standing !== null && position >= (meta.standing?.until ?? 0)) {
        corrections = await adopt(corrections, position, slice, prefetch);
        await commitSlice();
      }
      if (relay && (relay.sentUpTo > meta.outboxFirst || isFarAhead(relay, meta, limits))) await commitNothing();
      if (timers.peek() === undefined && timers.loadedUpTo < Infinity) await prefetch.timers(timers.loadedUpTo + 1);
    },
    async takeRequests() {
      if (standing !== null || relay === null || ports.publisher === null) return false;
      const asked = await readRequests(store, at, limits.requests);
      // What another owner was asked for, and the store lost, must be found by then: it is derived from no record.
      if (asked.size === 0 || !relay.isFenced()) return false;
      await inFlight;
      await relay.below(1);
      if (failure) throw failure;
      if (signal.aborted) return false;
      const counts = await takeRequests({ at, source, reader: ports.publisher, prefetch, slice, position }, asked);
      await commitSlice();
      observer({ name: 'requests-taken', at, ...counts });
      return true;
    },
    async confirm() {
      await inFlight;
      const before = inFlight;
      const stored = await store.peek(at);
      mustHold(stored, claim);
      // A commit that was made meanwhile tells by itself. One that was lost need not have moved the position.
      const isSame = stored?.next === committed && (answered === null || stored.meta === answered.text);
      if (inFlight === before && !isSame) throw new Lost('moved');
    },
    async settle() {
      if (slice.records > 0) await closeSlice(position);
      await inFlight;
    },
    // A fence that is on its way would land behind the next owner's.
    farewell: () => (relay === null || relay.isAtWork ? null : farewellAt(claim.epoch, committed, answered, meta)),
    relay,
    get position() {
      return position;
    },
    get committed() {
      return committed;
    },
    get end() {
      return end;
    },
    get clock() {
      return slice.clock;
    },
    get nextDue() {
      return timers.earliest;
    },
  };
}
