import type { Source, State } from '@callfold/core';
import { DERIVED_OF } from '@callfold/core';
import { createCache } from './cache.ts';
import type { Meta } from './checkpoint.ts';
import { commitOf } from './commit.ts';
import type { Work } from './fold.ts';
import { foldInputs } from './fold.ts';
import type { Input } from './inputs.ts';
import { inputOf } from './inputs.ts';
import type { Claimed } from './owner.ts';
import type { At, Batch, Signal } from './ports.ts';
import { createPrefetch } from './prefetch.ts';
import type { Relay } from './relay.ts';
import { createRelay } from './relay.ts';
import type { Retry } from './retry.ts';
import { errorOf, Lost } from './retry.ts';
import type { EngineOptions } from './role.ts';
import { rulesOf } from './role.ts';
import { createTimers } from './timers.ts';

/** One partition in the hands of one owner, from a claim until it is given away, fenced, or found moved. */
export type Partition = {
  /** Folds and commits; the last slice's commit may still be under way when it resolves. */
  take(batch: Batch): Promise<void>;
  /** Commits what was sent since, when nothing else does. */
  rest(): Promise<void>;
  /** Looks whether the store is as this owner left it; throws `Lost` when it is not. */
  confirm(): Promise<void>;
  /** Waits for what is under way. */
  settle(): Promise<void>;
  readonly relay: Relay | null;
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
  /** The relay had to stop, and why. */
  onFailure(error: unknown): void;
};

/**
 * The loop: read what is missing, fold, commit states and position together, hand what was derived to the relay. Slice
 * n+1 is folded while slice n commits; commits follow one another.
 */
export function openPartition(options: EngineOptions, opening: Opening): Partition {
  const { role, limits, ports, settings } = options;
  const { at, source, claimed, retry, signal } = opening;
  const { store, codec, observer } = ports;
  const { claim } = claimed;
  const place = { source, partition: at.partition, partitions: claimed.partitions };
  const rules = rulesOf(role, settings);
  const cache = createCache(limits.cachedSubjects);
  const timers = createTimers(limits.loadedTimers);
  const prefetch = createPrefetch({
    ...opening,
    store,
    cache,
    timers,
    loadedTimers: limits.loadedTimers,
    uncommitted: () => uncommitted,
    settled: () => inFlight,
  });
  let meta: Meta = claimed.meta;
  let expected = claimed.stored;
  let position = claimed.position;
  let committed = claimed.stored;
  let end = claimed.end;
  let inFlight: Promise<void> = Promise.resolve();
  let uncommitted: ReadonlyMap<string, State | null> = new Map();
  let failure: Error | null = null;

  const relay = ports.publisher
    ? createRelay({
        ...opening,
        topics: DERIVED_OF[source],
        publisher: ports.publisher,
        log: ports.log,
        codec,
        clock: ports.clock,
        observer,
        sendRecords: limits.sendRecords,
        sentUpTo: meta.outboxNext,
        published: meta.published,
        confirmOwner: () => commit(nothing(), position),
      })
    : null;
  for (const { number, entry } of claimed.unsent) relay?.add(number, [entry]);
  // The first owner leaves a checkpoint at once: later a witness without one means that the store lost its state.
  if (claimed.stored === null) commit(nothing(), position).catch(() => undefined);

  /** Nothing folded: what was sent is trimmed, and the owner is confirmed. */
  function nothing(): Work {
    return { meta, before: new Map(), states: new Map(), timers: new Map(), entries: [], records: 0 };
  }

  function commit(work: Work, next: number): Promise<void> {
    const before = inFlight;
    meta = { ...work.meta, outboxFirst: relay?.sentUpTo ?? 0, published: relay?.published ?? {} };
    const { states } = work;
    const { clock } = meta;
    const change = commitOf(role, work, meta, expected, next);
    expected = next;
    // A commit of nothing goes between: what the one before it changes is still on its way.
    if (states.size > 0) uncommitted = states;
    for (const [key, state] of states) cache.set(key, state);
    const run = async (): Promise<void> => {
      await before;
      const answer = await retry('committing to the store', signal, () => store.commit(at, claim, change));
      if (!answer.ok) throw new Lost(answer.why);
      committed = next;
      if (uncommitted === states) uncommitted = new Map();
      if (work.records === 0 && work.entries.length === 0) return;
      relay?.add(change.outboxFrom, work.entries);
      observer({
        name: 'batch-committed',
        at,
        records: work.records,
        changed: states.size,
        derived: work.entries.length,
        position: next,
        end,
        clock,
      });
    };
    inFlight = run();
    inFlight.catch((error: unknown) => {
      failure = errorOf(error);
    });
    return inFlight;
  }

  /**
   * Folds as many inputs as the timers loaded allow, or fires some of the timers before the first; answers where it got
   * to.
   */
  async function fold(inputs: readonly Input[], from: number, next: number): Promise<number> {
    const clock = inputs.reduce((latest, { record }) => Math.max(latest, record.appendedAt), meta.clock);
    const loaded = await prefetch.timers(clock);
    const tooFar =
      loaded < clock ? inputs.findIndex(({ record }, index) => index >= from && record.appendedAt > loaded) : -1;
    const to = tooFar < 0 ? inputs.length : tooFar;
    const slice = from === 0 && to === inputs.length ? inputs : inputs.slice(from, to);
    const here = await prefetch.states(slice, loaded);
    if (failure) throw failure;
    const lookup = (key: string): State | null => here.get(key) ?? null;
    const desk = { at, source, rules, codec, timers, observer, standing: claimed.standing, lookup };
    const origin = inputs[to]?.record.offset ?? next;
    const work = foldInputs(slice, meta, desk, to === from ? { upTo: loaded, origin } : null);
    timers.trim();
    await inFlight;
    position = to === inputs.length ? next : Math.max(position, origin);
    commit(work, position).catch(() => undefined);
    return to;
  }

  return {
    async take(batch) {
      end = batch.end;
      for (let from = 0; from < batch.records.length; from += limits.sliceRecords) {
        const records = batch.records.slice(from, from + limits.sliceRecords);
        await retry('reading schemas', signal, () => codec.prepare(records));
        const inputs = records.map((record) => inputOf(record, place, codec));
        const next = batch.records[from + limits.sliceRecords]?.offset ?? batch.next;
        for (let done = 0; done < inputs.length; ) done = await fold(inputs, done, next);
        await relay?.below(limits.outboxEntries);
      }
      if (batch.records.length === 0 && batch.next > position) {
        await inFlight;
        position = batch.next;
        await commit(nothing(), batch.next);
      }
    },
    async rest() {
      if (failure) throw failure;
      if (relay && relay.sentUpTo > meta.outboxFirst) await commit(nothing(), position);
      if (timers.peek() === undefined && timers.loadedUpTo < Infinity) await prefetch.timers(timers.loadedUpTo + 1);
    },
    async confirm() {
      await inFlight;
      const stored = await store.peek(at);
      if (stored !== null && stored.claim.epoch > claim.epoch) throw new Lost('fenced');
      const isOurs = stored?.claim.epoch === claim.epoch && stored.claim.token === claim.token;
      if (!isOurs || stored.next !== committed) throw new Lost('moved');
    },
    async settle() {
      await inFlight;
    },
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
      return meta.clock;
    },
    get nextDue() {
      return timers.earliest;
    },
  };
}
