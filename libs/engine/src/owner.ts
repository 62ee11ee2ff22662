import type { Source } from '@callfold/core';
import { DERIVED_OF, fingerprint } from '@callfold/core';
import type { Meta } from './checkpoint.ts';
import { emptyMeta, metaOf } from './checkpoint.ts';
import { erasuresIn } from './erasures.ts';
import { horizonOf } from './horizon.ts';
import { inputOf } from './inputs.ts';
import { derivedFor, hasMoved, layoutFor, placingMeta } from './layout.ts';
import { faultOfLog, logFaultText } from './log-fault.ts';
import { isAsLeft } from './farewell.ts';
import type { Entry } from './outbox.ts';
import { decodeEntry } from './outbox.ts';
import { placeWords } from './place.ts';
import type { At, Batch, Claim, Signal, Stored } from './ports.ts';
import { Refused } from './ports.ts';
import type { Stood } from './read-back.ts';
import { firstStanding, isOwn, originOffset, topicPages } from './read-back.ts';
import { missingOf } from './relay.ts';
import type { Correction } from './requests.ts';
import { correctionOf } from './requests.ts';
import { Left } from './retry.ts';
import type { OwnerOptions } from './role.ts';
import type { Standing } from './standing.ts';
import { createStanding } from './standing.ts';

/** Read with a claim: what comes while partitions change hands. A backlog is the consumer's, within its limits. */
const WAITING_RECORDS = 100;

/** What an owner starts from, once it may. */
export type Claimed = {
  readonly claim: Claim;
  /** As stored; null before the first commit. */
  readonly stored: number | null;
  readonly position: number;
  readonly end: number;
  readonly partitions: number;
  readonly meta: Meta;
  /** Outbox entries that do not stand in their topics yet, by number. */
  readonly unsent: readonly { readonly number: number; readonly entry: Entry }[];
  readonly standing: Standing | null;
  /** Asked for by an operator, standing, and of commits that the store lost; in the order in which they were taken. */
  readonly corrections: readonly Correction[];
  /** Fenced and read back; false: nothing of an earlier owner can come, and it is done before the first send. */
  readonly isFenced: boolean;
  /** As it was claimed; null before the first commit. */
  readonly storedMeta: string | null;
  /** What the log has from the position on, as far as one read brings it; null: it could not be read. */
  readonly waiting: Batch | null;
};

function checkSettings(at: At, role: string, meta: Meta, settings: string): void {
  if (meta.settings === settings) return;
  const [was, now] = [meta.settings.split(' '), settings.split(' ')];
  const gone = was.filter((one) => !now.includes(one)).join(', ');
  const come = now.filter((one) => !was.includes(one)).join(', ');
  throw new Refused(
    `${placeWords(at)}: ${role}'s state was made with ${gone || `no ${come}`}, and it is different now. ` +
      'Set it back, or rebuild the state with the new settings (`callfold rebuild`).',
  );
}

/**
 * An event that was folded must still be read as that subject's: a registry in which the ids are other schemas makes
 * dead letters, or other people's calls, of everything that comes.
 */
async function checkReading(options: OwnerOptions, at: At, source: Source, meta: Meta, start: number): Promise<void> {
  const { log, codec } = options.ports;
  const { event = null, partitions } = meta;
  if (event === null || event.offset < start) return;
  const record = await log.readOne(at, event.offset);
  if (!record) return;
  await codec.prepare([record]);
  const input = inputOf(record, { source, partition: at.partition, partitions }, codec);
  if (input.what === 'event' && input.key === event.subject) return;
  const now = input.what === 'rejected' ? `${input.rejection.rejected}: ${input.rejection.reason}` : input.what;
  throw new Refused(
    `${placeWords(at)}: the record at offset ${event.offset} was folded as an event and cannot be read as that any more (${now}). ` +
      'This is another registry than the events were written with, or its ids were given out anew: ' +
      'point CALLFOLD_REGISTRY_URL to the right one, then start again.',
  );
}

/** The state is gone, and something shows that there was one. */
async function checkFirst(options: OwnerOptions, at: At, topics: readonly string[]): Promise<void> {
  const { log, publisher, store } = options.ports;
  const refuse = async (witness: string): Promise<void> => {
    // Another owner may have begun since the store was asked, and its commits come before all that shows.
    const seen = await store.peek(at);
    if (seen !== null && seen.next !== null) return;
    throw new Refused(
      `${placeWords(at)}: ${options.role.name} has no checkpoint in its store, but ${witness}. The store lost its state: ` +
        'run `callfold recover`, which folds again and publishes only what is missing.',
    );
  };
  const witness = await log.witness(at);
  if (witness !== null) return refuse(`its group has read up to offset ${witness}`);
  const topic = publisher && (await firstStanding(publisher, at, topics));
  if (topic) await refuse(`${topic} holds records of this partition`);
}

type Ground = {
  readonly meta: Meta;
  readonly start: number;
  readonly position: number;
  readonly end: number;
};

/** Laid down where partitions were added, with all that its subjects have published: its log is its own throughout. */
const isAdded = ({ begun, clock }: Meta): boolean => begun?.seqs !== undefined && clock === 0;

/** From where on records may stand that the state knows nothing of. */
async function unknownFrom(options: OwnerOptions, at: At, { meta, start, position, end }: Ground) {
  // A fold that was under way when its owner ended goes on being held against all that stood at its beginning.
  if (meta.standing) return { ...meta.standing, until: Math.max(meta.standing.until, end) };
  // A state that went on with another log has the clock of that one, and knows what it published.
  const isFirst = meta.last === null && meta.clock === 0 && position === start;
  const isFromStart = isFirst && Object.keys(meta.seqs).length === 0 && !isAdded(meta);
  const horizon = isFromStart ? await horizonOf(options.ports.log, at, options.settings, 0, meta.begun) : null;
  return { from: meta.published, seqs: meta.seqs, until: end, horizon };
}

/** @param isOfBefore what caused it is not in this log: at its offset another record stands */
function entryOf(bytes: Uint8Array, isOfBefore: boolean): Entry {
  const entry = decodeEntry(bytes);
  return isOfBefore && entry.what === 'letter' ? { ...entry, isGone: true } : entry;
}

async function fence({ ports: { publisher } }: OwnerOptions, at: At, topics: readonly string[]): Promise<void> {
  await publisher?.fence(at, topics);
}

async function checkLog({ ports: { log } }: OwnerOptions, at: At, ground: Ground): Promise<void> {
  const fault = await faultOfLog(log, at, ground.position, ground.meta, ground);
  if (fault) throw new Refused(logFaultText(at, fault));
}

/** Waits for all, also when one fails: nothing of a claim goes on behind it. @throws the first one's error, in order */
async function allDone(...works: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(works)).find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
}

/** Of what the store does not know nothing stands. */
const nothingUnknown = (meta: Meta) => ({ meta, unsent: [], standing: null, corrections: [] });

/** What of the earlier owners stands, once they are fenced. */
async function takeOver(options: OwnerOptions, at: At, topics: readonly string[], ground: Ground) {
  const { publisher, store, codec, log } = options.ports;
  const { meta } = ground;
  if (!publisher) return nothingUnknown(meta);
  const [outbox, unknown] = await Promise.all([store.outbox(at), unknownFrom(options, at, ground)]);
  const entries = outbox
    .filter(({ number }) => number >= meta.outboxFirst && number < meta.outboxNext)
    .map(({ number, entry }) => ({ number, entry: entryOf(entry, number < (meta.begun?.outbox ?? 0)) }));
  const wanted = new Set(entries.map(({ entry }) => `${entry.topic}/${entry.seq}`));
  const standing = createStanding(codec, unknown.horizon, options.limits.standingRecords);
  const stood: Stood[] = [];
  const ends: Record<string, number> = {};
  const corrections: Correction[] = [];
  const isDisguised = options.settings.disguise !== undefined;
  // Of a copy that goes on with another log: what was published since it was made is derived from no record again.
  const isAnew = meta.begun !== undefined && meta.last === null && unknown.horizon === null && !isAdded(meta);
  const seqs: Record<string, number> = { ...meta.seqs };
  let { until } = unknown;
  const readTopic = async (topic: string): Promise<void> => {
    const isGrown = unknown.horizon?.isGrown === true;
    for await (const page of topicPages(publisher, at, topic, unknown.from[topic], isGrown)) {
      const { end, lost } = page;
      const records = page.records.filter((record) => isOwn(record, at));
      const siblings = page.records.filter((record) => !isOwn(record, at));
      await codec.prepare(siblings);
      for (const record of siblings) standing.addSibling(record);
      if (lost && ends[topic] === undefined) {
        options.ports.observer({ name: 'derived-lost', at, derived: topic, end, published: unknown.from[topic] ?? 0 });
      }
      ends[topic] = end;
      stood.push(...records.filter(({ seq }) => wanted.has(`${topic}/${seq}`)));
      const beyond = records.filter(({ seq }) => seq >= (unknown.seqs[topic] ?? 0));
      // An owner of another version may have written them, with schemas not met here yet.
      await codec.prepare(beyond);
      for (const record of beyond) {
        standing.add(record);
        // The log's end lost what caused it, and another record may give it again, as it does with a timer.
        if (meta.begun === undefined) until = Math.max(until, originOffset(record) + 1);
        const correction = correctionOf(record, codec, isDisguised, isAnew ? ground.position : record.correctedAt);
        // Of another log it is taken as met at the end of this one.
        if (correction) corrections.push({ ...correction, position: Math.min(correction.position, ground.end) });
        seqs[topic] = Math.max(seqs[topic] ?? 0, record.seq + 1);
      }
    }
  };
  await Promise.all(topics.map(readTopic));
  const entryList = entries.map(({ entry }) => entry);
  const missing = new Set(missingOf(entryList, stood, at));
  const published = missing.size === 0 ? { ...meta.published, ...ends } : meta.published;
  const isMet = standing.size === 0;
  if (!isMet) standing.willErase(await erasuresIn(log, at, ground.position, until, meta.partitions));
  return {
    meta: { ...meta, seqs, published, standing: isMet ? null : { ...unknown, until } },
    unsent: entries.filter(({ entry }) => missing.has(entry)),
    standing: isMet ? null : standing,
    corrections: corrections.toSorted((a, b) => a.position - b.position),
  };
}

/** By how many partitions subjects are placed. */
async function layoutOf(options: OwnerOptions, at: At, stored: Stored | null, partitions: number): Promise<number> {
  const { log, store } = options.ports;
  const meta = await placingMeta(store, at, stored);
  const expected = Math.max(meta?.partitions ?? 0, at.partition + 1);
  const there = expected > partitions ? await log.partitions(at.topic, expected) : partitions;
  if (meta === null) return there;
  const placed = layoutFor(at, options.role.name, meta, there);
  if (placed === there || !(await hasMoved(store, at, placed))) return placed;
  throw new Refused(
    `${placeWords(at)}: ${options.role.name}'s subjects were moved to partitions that were added, and the store lost that here: ` +
      'they would be folded twice. `callfold recover` takes them away again.',
  );
}

async function derivedOf({ ports: { publisher } }: OwnerOptions, topics: readonly string[]) {
  if (!publisher) return {};
  const counts = topics.map(async (topic) => [topic, await publisher.partitions(topic)] as const);
  return Object.fromEntries(await Promise.all(counts));
}

/**
 * The whole of the claim: epoch and token, the checkpoint held against log and settings, fence, read-back.
 * @throws Left when it is not wanted any more: taken all the same, the partition would be lost to its next owner.
 */
export async function claimPartition(
  options: OwnerOptions,
  at: At,
  source: Source,
  token: string,
  above: number | undefined,
  left: string | null,
  signal: Signal,
): Promise<Claimed> {
  const { log, store } = options.ports;
  const goOn = (): void => {
    if (signal.aborted) throw new Left(`claiming ${placeWords(at)}`);
  };
  goOn();
  const topics = DERIVED_OF[source];
  const settings = fingerprint(options.settings);
  const [there, { start, end }, before, derived] = await Promise.all([
    log.partitions(at.topic),
    log.bounds(at),
    store.peek(at),
    derivedOf(options, topics),
  ]);
  // Who moves subjects to partitions that were added holds its own claims: a claim that would be refused takes none.
  await layoutOf(options, at, before, there);
  const was = metaOf(before);
  if (was !== null) derivedFor(at, was, derived);
  if (before === null || before.next === null) await checkFirst(options, at, topics);
  goOn();
  const stored: Stored = await store.claim(at, token, above);
  const partitions = await layoutOf(options, at, stored, there);
  const empty = emptyMeta(settings, partitions);
  const kept = metaOf(stored) ?? empty;
  // Laid down for a recovery that has folded nothing yet: there is no state that settings or retention could not fit.
  const isOffered = kept.offered !== null && kept.last === null && (kept.settings === '' || !kept.begun);
  const laid = isOffered ? { ...empty, offered: kept.offered, ...(kept.begun && { begun: kept.begun }) } : kept;
  const known = options.ports.publisher ? { ...laid, derived: derivedFor(at, kept, derived) } : laid;
  const position = isOffered ? Math.max(start, stored.next ?? start) : (stored.next ?? start);
  if (stored.next !== null) checkSettings(at, options.role.name, known, settings);
  const seen = { meta: known, start, position, end };
  // Who reads on tells what is wrong with the log.
  const reading = log.read(at, position, WAITING_RECORDS).catch(() => null);
  // What was laid down by a recovery is begun with other seqs than it has.
  const isLeft = !isOffered && isAsLeft(left, before?.claim.epoch, stored);
  // The claim shuts earlier owners out of the store, so that none of them fences any more.
  await allDone(
    checkLog(options, at, seen),
    checkReading(options, at, source, known, start),
    isLeft ? Promise.resolve() : fence(options, at, topics),
    reading,
  );
  const waiting = await reading;
  // Since the log was first asked another owner may have folded and published on, and the store may have lost that.
  const ground = { ...seen, end: Math.max(end, (waiting ?? (await log.bounds(at))).end) };
  const taken = isLeft ? nothingUnknown(known) : await takeOver(options, at, topics, ground);
  const { claim, next, meta: storedMeta } = stored;
  const owned = { claim, stored: next, storedMeta, position, end: ground.end, partitions, isFenced: !isLeft };
  return { ...owned, ...taken, waiting };
}
