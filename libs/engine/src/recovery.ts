import type { Rules, Source, State } from '@callfold/core';
import { DERIVED_OF } from '@callfold/core';
import type { Begun } from './checkpoint.ts';
import { decodeMeta, emptyMeta, encodeMeta } from './checkpoint.ts';
import { erasuresIn } from './erasures.ts';
import { openFold } from './fold.ts';
import type { Horizon } from './horizon.ts';
import { horizonOf } from './horizon.ts';
import { inputOf, subjectOfInput } from './inputs.ts';
import { logPages } from './log-pages.ts';
import type { At, Codec, Log, Store, Stored } from './ports.ts';
import { Refused } from './ports.ts';
import type { DerivedReader } from './read-back.ts';
import { isOwn, standingPages } from './read-back.ts';
import type { Standing } from './standing.ts';
import { createStanding } from './standing.ts';
import { createTimers } from './timers.ts';

/**
 * After a store lost its state: what a fold of the raw log from its start would publish, and the checkpoint from which
 * an owner then folds. The survey is the very fold that the owner makes, with its states in memory and nothing sent.
 */
export type Surveyed = {
  readonly topic: string;
  /** Stand as they are; nothing is sent. */
  readonly same: number;
  /** An earlier revision, which compaction has taken for a later one. */
  readonly superseded: number;
  /** The fold gives them and they do not stand: they are sent. */
  readonly missing: number;
  /** Something else stands: they are sent as the next revision. */
  readonly changed: number;
  /** They stand and the fold does not give them: they are left as they are. */
  readonly surplus: number;
  /** Of subjects that may have begun before the log's start: neither compared nor corrected. */
  readonly beforeHorizon: number;
};

export type Survey = {
  readonly start: number;
  readonly end: number;
  readonly records: number;
  /** Subjects of which a state is kept at the end. */
  readonly subjects: number;
  readonly horizon: Horizon | null;
  /** Empty for a role that publishes nothing. */
  readonly topics: readonly Surveyed[];
};

export type Surveying = {
  readonly at: At;
  readonly source: Source;
  readonly log: Log;
  /** Null: the role publishes nothing. */
  readonly derived: DerivedReader | null;
  readonly codec: Codec;
  readonly rules: Rules;
  readonly standingRecords: number;
  /** There was another log before this one. */
  readonly begun?: Begun | undefined;
  /** Told after each page of the log. */
  progress?(offset: number, end: number): void;
};

const NO_BYTES = new Uint8Array(0);

async function readAll(surveying: Surveying, horizon: Horizon | null): Promise<Standing | null> {
  const { at, source, derived, codec, log, standingRecords } = surveying;
  if (!derived) return null;
  const standing = createStanding(codec, horizon, standingRecords);
  const { start, end } = await log.bounds(at);
  standing.willErase(await erasuresIn(log, at, start, end, await log.partitions(at.topic)));
  for await (const { records } of standingPages(derived, at, DERIVED_OF[source], {}, horizon?.isGrown)) {
    await codec.prepare(records);
    for (const record of records) {
      if (isOwn(record, at)) standing.add(record);
      else standing.addSibling(record);
    }
  }
  return standing;
}

export async function surveyPartition(surveying: Surveying): Promise<Survey> {
  const { at, source, log, codec, rules, progress } = surveying;
  const { start, end } = await log.bounds(at);
  const horizon = await horizonOf(log, at, rules.settings, 0, surveying.begun);
  const standing = await readAll(surveying, horizon);
  const partitions = await log.partitions(at.topic);
  const states = new Map<string, State>();
  const timers = createTimers(Infinity);
  timers.load([], true);
  const desk = {
    at,
    source,
    rules,
    codec: { ...codec, encode: () => NO_BYTES },
    timers,
    observer: () => undefined,
    standing,
  };
  const sent = new Map<string, number>();
  let meta = emptyMeta('', partitions);
  let records = 0;
  for await (const { records: page, next } of logPages(log, at, start, end)) {
    await codec.prepare(page);
    const inputs = page.map((record) => inputOf(record, { source, partition: at.partition, partitions }, codec));
    const fold = openFold(meta, desk);
    const know = (key: string): void => {
      if (!fold.knows(key)) fold.know(key, { state: states.get(key) ?? null, shows: null });
    };
    for (const input of inputs) {
      const key = subjectOfInput(input);
      if (key !== null) know(key);
    }
    const clock = page.reduce((latest, { appendedAt }) => Math.max(latest, appendedAt), fold.clock);
    for (const key of timers.dueKeys(clock)) know(key);
    fold.take(inputs);
    const work = fold.close();
    for (const [key, { now }] of work.subjects) {
      if (now === null) states.delete(key);
      else states.set(key, now);
    }
    for (const { topic } of work.entries) sent.set(topic, (sent.get(topic) ?? 0) + 1);
    ({ meta } = work);
    records += page.length;
    progress?.(Math.min(next, end), end);
  }
  const topics = standing ? DERIVED_OF[source].map((topic) => surveyed(topic, standing, sent.get(topic) ?? 0)) : [];
  return { start, end, records, subjects: states.size, horizon, topics };
}

function surveyed(topic: string, standing: Standing, sent: number): Surveyed {
  const { same, superseded, changed, beforeHorizon } = standing.tally(topic);
  const left = standing.left(topic);
  return {
    topic,
    same,
    superseded,
    missing: sent - changed,
    changed,
    surplus: left.surplus,
    beforeHorizon: beforeHorizon + left.beforeHorizon,
  };
}

/** Whether a checkpoint is of a fold that a recovery began, and how far it has to go. */
export function recoveryOf({
  next,
  meta,
  claim,
}: Stored): { readonly position: number; readonly until: number | null } | null {
  if (next === null || meta === null) return null;
  const { standing, offered, last, begun, settings } = decodeMeta(meta);
  // One that goes on with another log has its state, and is as always once it is taken.
  const isTaken = begun !== undefined && settings !== '' && offered !== claim.token;
  if (standing === null && (offered === null || last !== null || isTaken)) return null;
  return { position: next, until: standing?.until ?? null };
}

export type Offer = {
  readonly at: At;
  readonly store: Store;
  readonly log: Log;
  /** A random text, new at each call. */
  readonly token: string;
  /** Where the fold is to begin; absent: at the log's start. */
  readonly from?: number;
  /** There was another log before this one. */
  readonly begun?: Begun | undefined;
  /** By which its subjects are placed; absent: by as many as the topic has. */
  readonly partitions?: number;
};

/**
 * Lays down an empty checkpoint at the log's start, or where told, which the partition's owner takes at its next look: it folds from
 * there by its own settings, and what stands in the derived topics is held against what it derives. Safe to repeat.
 * @returns false when there is a checkpoint already, and nothing was done
 */
export async function offerRecovery(offer: Offer): Promise<boolean> {
  const { at, store, log, token, from, begun } = offer;
  const seen = await store.peek(at);
  if (seen !== null && seen.next !== null) return false;
  const { start } = await log.bounds(at);
  const partitions = offer.partitions ?? (await log.partitions(at.topic));
  const { next, claim } = await store.claim(at, token);
  if (next !== null) throw taken(at);
  const answer = await store.commit(at, claim, {
    expected: null,
    next: Math.max(start, from ?? start),
    meta: encodeMeta({ ...emptyMeta('', partitions), offered: token, ...(begun && { begun }) }),
    tables: new Map(),
    timers: new Map(),
    outboxFrom: 0,
    outbox: [],
    outboxTrim: 0,
  });
  if (!answer.ok) throw taken(at);
  return true;
}

function taken({ topic, partition }: At): Refused {
  return new Refused(
    `${topic} partition ${partition}: an owner took it while its checkpoint was laid down. Look again: \`callfold status\`.`,
  );
}
