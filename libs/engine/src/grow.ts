import type { Source, State } from '@callfold/core';
import { decodeState, DERIVED_OF, partitionOf, readSubjectKey } from '@callfold/core';
import { createCaches } from './cache.ts';
import type { Meta } from './checkpoint.ts';
import { decodeMeta, emptyMeta, encodeMeta, metaOf } from './checkpoint.ts';
import type { Counts } from './layout.ts';
import { countsText, hasMoved, isMultiple, unfitText } from './layout.ts';
import { claimPartition } from './owner.ts';
import { openPartition } from './partition.ts';
import { placeWords } from './place.ts';
import type { At, Claim, Log, Store, TableName } from './ports.ts';
import { Refused } from './ports.ts';
import { createRetry } from './retry.ts';
import type { OwnerOptions } from './role.ts';

/**
 * Partitions were added to a raw topic: the states of subjects whose key belongs to one of them now go there, with all
 * that they know. Partition by partition of those that there were, the first one last, since owners of partitions
 * without a state look at it:
 *
 * 1. As its owner: what the log has up to here is folded by the old number, and what that gives is sent.
 * 2. It is marked `growing`, and keeps the number of before. From here on no owner takes it, and none of the version
 *    before, which knows no mark and holds that number against the topic.
 * 3. Its subjects are copied to each partition that was added, which is marked as well until it has all of them.
 * 4. They are taken away here, and the mark with them, and it has the new number.
 *
 * Whoever dies in between leaves marks behind, and the next run goes on: what is copied twice is the same, since
 * nothing changes under a mark, and a partition without one has everything.
 */

/** Null: nothing is to be moved. Of a move that is under way what it moves, also where more were added meanwhile. */
export async function growthOf(store: Store, log: Log, topic: string): Promise<Counts | null> {
  const metaAt = async (partition: number): Promise<Meta | null> => metaOf(await store.peek({ topic, partition }));
  const first = await metaAt(0);
  if (first === null) return null;
  const was = first.partitions;
  for (let partition = 0; partition < was; partition += 1) {
    const meta = await metaAt(partition);
    const by = meta?.partitions ?? was;
    // The first one moves last: what is behind it has lost a move, or the end of one, when its store failed over.
    if (by < was) return { was: by, now: meta?.growing ?? was };
    const to = meta?.growing ?? by;
    if (to > was) return { was, now: to };
  }
  const now = await log.partitions(topic);
  return now === was ? null : { was, now };
}

export type Growing = {
  readonly topic: string;
  readonly source: Source;
  /** As the role's owners have them. */
  readonly options: OwnerOptions;
};

/** Of one of the partitions that there were. */
export type Grown = At & {
  /** Subjects that it had, and those of them that belong to partitions that were added. */
  readonly subjects: number;
  readonly moves: number;
};

/** One slice of a partition's states: how many, and those that move. */
type Slice = { readonly size: number; readonly moved: readonly Moved[] };

type Moved = { readonly key: string; readonly text: string; readonly state: State; readonly to: number };

/**
 * Those whose key does not belong to this partition of so many.
 * @throws Refused at one that did not belong to it before either
 */
async function* movesOf(store: Store, at: At, source: Source, { was, now }: Counts): AsyncGenerator<Slice> {
  for await (const slice of store.scan(at, 'states')) {
    const moved = slice.flatMap(([key, text]) => {
      const subject = readSubjectKey(key);
      if (subject === null) throw new Refused(`${placeWords(at)}: ${key} is no subject's key. Nothing was moved.`);
      const to = partitionOf(subject.tenantId, subject.subjectId, now);
      // No new partition of this one would get it.
      if (to % was !== at.partition) {
        throw new Refused(
          `${placeWords(at)}: ${key} is here and belongs to partition ${to % was} of ${was}: this state was not made by ` +
            'that number. Nothing was moved. See with `callfold verify` what else is wrong with it first.',
        );
      }
      return to === at.partition ? [] : [{ key, text, state: decodeState(text, source, key), to }];
    });
    yield { size: slice.length, moved };
  }
}

/** `layDown` has ended there, and an owner may have gone on. @throws Refused when somebody folded there without it */
function isLaid(at: At, stored: { readonly meta: string | null }): boolean {
  const meta = metaOf(stored);
  if (meta === null || meta.growing !== undefined) return false;
  if (meta.begun?.seqs !== undefined) return true;
  throw new Refused(
    `${placeWords(at)}: it was added, and has a state already that was not moved there. An instance of a version before ` +
      'may have taken it. Nothing was moved there. Stop those, and put back the copy of Redis of before.',
  );
}

/** What would be moved; nothing is changed. @throws Refused when not all of it can be */
export async function surveyGrowth(
  { topic, source, store }: { readonly topic: string; readonly source: Source; readonly store: Store },
  counts: Counts,
): Promise<Grown[]> {
  const all: Grown[] = [];
  for (let partition = 0; partition < counts.was; partition += 1) {
    const at = { topic, partition };
    let subjects = 0;
    let moves = 0;
    for await (const { size, moved } of movesOf(store, at, source, counts)) {
      subjects += size;
      moves += moved.length;
    }
    all.push({ ...at, subjects, moves });
  }
  for (let partition = counts.was; partition < counts.now; partition += 1) {
    const at = { topic, partition };
    const seen = await store.peek(at);
    if (seen !== null) isLaid(at, seen);
  }
  return all;
}

const READ_RECORDS = 1_000;

/** Nothing is asked of the outbox but to stay as it is. */
const outboxOf = ({ outboxFirst, outboxNext }: Meta) => ({
  outboxFrom: outboxNext,
  outbox: [],
  outboxTrim: outboxFirst,
});

type Held = { readonly at: At; readonly claim: Claim; readonly next: number; readonly meta: Meta };

function taken(at: At): Refused {
  return new Refused(
    `${placeWords(at)}: another owner took it meanwhile. Run the same again: it goes on where it was left.`,
  );
}

async function commitMeta({ options: { ports } }: Growing, held: Held, meta: Meta): Promise<Held> {
  const { at, claim, next } = held;
  const nothing = { tables: new Map(), timers: new Map(), ...outboxOf(meta) };
  const answer = await ports.store.commit(at, claim, { expected: next, next, meta: encodeMeta(meta), ...nothing });
  if (!answer.ok) throw taken(at);
  return { ...held, meta };
}

async function heldOf(store: Store, at: At, claim: Claim): Promise<Held> {
  const seen = await store.peek(at);
  if (seen === null || seen.next === null || seen.meta === null || seen.claim.token !== claim.token) throw taken(at);
  return { at, claim, next: seen.next, meta: decodeMeta(seen.meta) };
}

/** As its owner: folds what there is by the number that it has, sends it, and marks it. */
async function settleAndMark(growing: Growing, at: At, now: number): Promise<Held> {
  const { options, source } = growing;
  const { clock, observer, log, store, newToken } = options.ports;
  const signal = { aborted: false };
  const claimed = await claimPartition(options, at, source, newToken(), undefined, null, signal);
  const retry = createRetry(at, clock, observer, options.limits, new Map());
  const cache = createCaches(options.limits.cachedSubjects).open();
  const partition = openPartition(options, { at, source, claimed, retry, signal, cache, onFailure: () => undefined });
  try {
    const { end } = await log.bounds(at);
    while (partition.position < end) {
      const batch = await log.read(at, partition.position, READ_RECORDS);
      if (batch.next <= partition.position) break;
      await partition.take(batch);
    }
    await partition.settle();
    await partition.relay?.below(1);
    await partition.rest();
  } finally {
    signal.aborted = true;
    partition.relay?.stop();
  }
  const held = await heldOf(store, at, claimed.claim);
  if (held.meta.standing !== null) {
    throw new Refused(
      `${placeWords(at)}: a recovery is under way: let ${options.role.name} end it first (\`callfold status\`).`,
    );
  }
  return commitMeta(growing, held, { ...held.meta, growing: now });
}

/** One slice of subjects, set or taken away, under the mark. */
async function commitSlice(
  growing: Growing,
  held: Held,
  expected: number | null,
  some: readonly Moved[],
  isSet: boolean,
) {
  const { role, ports } = growing.options;
  const viewed = new Map<string, string | null>();
  for (const { state } of some)
    for (const [field, value] of role.view?.fieldsOf(state) ?? []) viewed.set(field, isSet ? value : null);
  const tables = new Map<TableName, ReadonlyMap<string, string | null>>([
    ['states', new Map(some.map(({ key, text }) => [key, isSet ? text : null]))],
  ]);
  if (role.view) tables.set(role.view.table, viewed);
  const answer = await ports.store.commit(held.at, held.claim, {
    expected,
    next: held.next,
    meta: encodeMeta(held.meta),
    tables,
    timers: new Map(some.map(({ key, state }) => [key, isSet ? state.timer : null])),
    ...outboxOf(held.meta),
    feed: role.feeds,
  });
  if (!answer.ok) throw taken(held.at);
}

/** A partition that was added gets what the one has from which its subjects come. */
async function layDown(growing: Growing, from: Held, at: At, counts: Counts): Promise<void> {
  const { options, source } = growing;
  const { log, store, newToken } = options.ports;
  const seen = await store.peek(at);
  if (seen !== null && isLaid(at, seen)) return;
  const token = newToken();
  const stored = await store.claim(at, token);
  // Another run was faster.
  if (isLaid(at, stored)) return;
  const { start } = await log.bounds(at);
  const { settings, published, derived } = from.meta;
  // Its log clock is of its own log, where events may have waited while the other one's went on.
  const meta: Meta = {
    ...emptyMeta(settings, counts.now),
    // Nothing of it stands before what its derived partition has by now.
    published,
    ...(derived && { derived }),
    begun: { from: start, outbox: 0, seqs: {}, placedBy: [] },
  };
  const held: Held = {
    at,
    claim: stored.claim,
    next: start,
    meta: { ...meta, partitions: counts.was, growing: counts.now },
  };
  let expected = stored.next;
  for await (const { moved } of movesOf(store, from.at, source, counts)) {
    const some = moved.filter(({ to }) => to === at.partition);
    await commitSlice(growing, held, expected, some, true);
    expected = held.next;
  }
  if (expected === null) await commitSlice(growing, held, null, [], true);
  await commitMeta(growing, held, { ...meta, offered: token });
}

async function markAgain(growing: Growing, at: At, now: number): Promise<Held> {
  const { store, newToken } = growing.options.ports;
  const held = await heldOf(store, at, (await store.claim(at, newToken())).claim);
  const { meta } = held;
  return meta.growing === now ? held : commitMeta(growing, held, { ...meta, growing: now });
}

async function growOne(growing: Growing, at: At, counts: Counts): Promise<Grown | null> {
  const { was, now } = counts;
  const { options, source, topic } = growing;
  const { store } = options.ports;
  const seen = await store.peek(at);
  const before = metaOf(seen);
  if (before?.growing === undefined && before?.partitions === now) return null;
  // What a store that failed over has lost of a move is not folded once more: those who moved are only taken away.
  const isUnderWay = before?.growing !== undefined || (await hasMoved(store, at, was));
  const held = isUnderWay ? await markAgain(growing, at, now) : await settleAndMark(growing, at, now);
  for (let partition = at.partition + was; partition < now; partition += was) {
    await layDown(growing, held, { topic, partition }, counts);
  }
  let moves = 0;
  let subjects = 0;
  for await (const { size, moved } of movesOf(store, at, source, counts)) {
    if (moved.length > 0) await commitSlice(growing, held, held.next, moved, false);
    subjects += size;
    moves += moved.length;
  }
  const { growing: _, ...meta } = held.meta;
  // A fold from the log's start would place by the new number what was placed by the old one, as the last event may be.
  // Of a state that was folded again, or moved by an older version, it is not known how older records were placed.
  const known = meta.begun === undefined ? [] : meta.begun.placedBy;
  const placedBy = known && [...known, { partitions: was, until: held.next }];
  const begun = { from: held.next, outbox: 0, seqs: meta.seqs, ...(placedBy && { placedBy }) };
  await commitMeta(growing, held, { ...meta, partitions: now, event: null, begun, offered: held.claim.token });
  return { ...at, subjects, moves };
}

/** Moves what is to be moved, and has owners take the partitions at their next look. Safe to repeat, whoever died. */
export async function growTopic(growing: Growing, counts: Counts): Promise<Grown[]> {
  const { options, source, topic } = growing;
  if (!isMultiple(counts))
    throw new Refused(`${topic}: ${countsText(counts)}: ${unfitText(counts)}. Nothing was changed.`);
  const { publisher } = options.ports;
  for (const derived of publisher ? DERIVED_OF[source] : []) {
    const count = await publisher?.partitions(derived);
    if (count === undefined || counts.was % count === 0) continue;
    throw new Refused(
      `${topic}: ${derived} has ${count} partitions, of which ${counts.was} is no multiple: what moves would have its records ` +
        'in another of them than before. Nothing was changed.',
    );
  }
  // What cannot be moved shows before anything is.
  await surveyGrowth({ topic, source, store: options.ports.store }, counts);
  const all: Grown[] = [];
  for (let partition = counts.was - 1; partition >= 0; partition -= 1) {
    const grown = await growOne(growing, { topic, partition }, counts);
    if (grown !== null) all.unshift(grown);
  }
  return all;
}
