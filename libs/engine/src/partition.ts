import type { Source, State } from '@callfold/core';
import { decodeState, DERIVED_OF } from '@callfold/core';
import { createCache } from './cache.ts';
import type { Meta } from './checkpoint.ts';
import { commitOf } from './commit.ts';
import type { Work } from './fold.ts';
import { foldInputs } from './fold.ts';
import type { Input } from './inputs.ts';
import { inputOf } from './inputs.ts';
import type { Claimed } from './owner.ts';
import type { At, Batch, Claim, Signal } from './ports.ts';
import type { Relay } from './relay.ts';
import { createRelay } from './relay.ts';
import type { Retry } from './retry.ts';
import { Lost } from './retry.ts';
import type { EngineOptions } from './role.ts';
import { rulesOf } from './role.ts';
import { createTimers } from './timers.ts';

/** One partition in the hands of one owner, from a claim until it is given away, fenced, or found moved. */
export type Partition = {
  /** Folds and commits; the last slice's commit may still be under way when it resolves. */
  take(batch: Batch): Promise<void>;
  /** Commits what was sent since, when nothing else does. */
  rest(): Promise<void>;
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

/**
 * The loop: read what is missing, fold, commit states and position together, hand what was derived to the relay. Slice n+1 is
 * folded while slice n commits; commits follow one another.
 */
export function openPartition(
  options: EngineOptions,
  at: At,
  source: Source,
  claimed: Claimed,
  retry: Retry,
  signal: Signal,
  onFailure: (error: unknown) => void,
): Partition {
  const { role, limits, ports, settings } = options;
  const { store, codec, observer } = ports;
  const { claim }: { claim: Claim } = claimed;
  const place = { source, partition: at.partition, partitions: claimed.partitions };
  const rules = rulesOf(role, settings);
  const cache = createCache(limits.cachedSubjects);
  const timers = createTimers(limits.loadedTimers);
  let meta: Meta = claimed.meta;
  let expected = claimed.stored;
  let position = claimed.position;
  let committed = claimed.stored;
  let end = claimed.end;
  let inFlight: Promise<void> = Promise.resolve();
  let uncommitted: ReadonlyMap<string, State | null> = new Map();
  let failure: unknown = null;

  const relay = ports.publisher
    ? createRelay({
        at, source, topics: DERIVED_OF[source], publisher: ports.publisher, log: ports.log, codec, observer, retry, signal,
        sendRecords: limits.sendRecords, sentUpTo: meta.outboxNext, published: meta.published,
        confirmOwner: () => commit(nothing(), position), onFailure,
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
    uncommitted = states;
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
        name: 'batch-committed', at, records: work.records, changed: states.size, derived: work.entries.length,
        position: next, end, clock,
      });
    };
    inFlight = run();
    inFlight.catch((error: unknown) => {
      failure = error;
    });
    return inFlight;
  }

  /** Until every timer due by then is here, or as many as may be loaded at once: answers up to when they are. */
  async function loadTimers(until: number): Promise<number> {
    for (let limit = limits.loadedTimers; timers.loadedUpTo < until; limit *= 2) {
      await inFlight;
      const page = await retry('reading timers', signal, () => store.timers(at, Infinity, limit));
      timers.load(page, page.length < limit);
      const first = page[0];
      if (first && timers.loadedUpTo >= first.due) break;
    }
    return Math.min(until, timers.loadedUpTo);
  }

  /** The states of every subject that a slice can touch. */
  async function loadStates(inputs: readonly Input[], until: number): Promise<Map<string, State | null>> {
    const here = new Map<string, State | null>();
    const wanted: string[] = [];
    const want = (key: string): void => {
      if (here.has(key)) return;
      const state = uncommitted.get(key) ?? cache.get(key);
      if (state === undefined) wanted.push(key);
      here.set(key, state ?? null);
    };
    for (const input of inputs) if (input.what === 'event') want(input.key);
    for (const key of timers.dueKeys(until)) want(key);
    if (wanted.length === 0) return here;
    const texts = await retry('reading states', signal, () => store.read(at, 'states', wanted));
    wanted.forEach((key, index) => {
      const text = texts[index] ?? null;
      const state = text === null ? null : decodeState(text, source, key);
      here.set(key, state);
      cache.set(key, state);
    });
    return here;
  }

  /** Folds as many inputs as the timers loaded allow, or fires some of the timers before the first; answers where it got to. */
  async function fold(inputs: readonly Input[], from: number, next: number): Promise<number> {
    const clock = inputs.reduce((latest, { record }) => Math.max(latest, record.appendedAt), meta.clock);
    const loaded = await loadTimers(clock);
    const tooFar = loaded < clock ? inputs.findIndex(({ record }, index) => index >= from && record.appendedAt > loaded) : -1;
    const to = tooFar < 0 ? inputs.length : tooFar;
    const slice = from === 0 && to === inputs.length ? inputs : inputs.slice(from, to);
    const here = await loadStates(slice, loaded);
    if (failure) throw failure;
    const lookup = (key: string): State | null => here.get(key) ?? null;
    const desk = { at, source, rules, codec, timers, observer, standing: claimed.standing, lookup };
    const origin = inputs[to]?.record.offset ?? next;
    const work = foldInputs(slice, meta, desk, to === from ? { upTo: loaded, origin } : null);
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
      if (timers.peek() === undefined && timers.loadedUpTo < Infinity) await loadTimers(timers.loadedUpTo + 1);
    },
    async settle() {
      await inFlight;
    },
    relay,
    get position() { return position; },
    get committed() { return committed; },
    get end() { return end; },
    get clock() { return meta.clock; },
    get nextDue() { return timers.earliest; },
  };
}
