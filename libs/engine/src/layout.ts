import { partitionOf } from '@callfold/core';
import type { Meta } from './checkpoint.ts';
import { metaOf } from './checkpoint.ts';
import { placeWords } from './place.ts';
import type { At, Log, Store, Stored } from './ports.ts';
import type { RoleName } from './role.ts';
import { Refused } from './ports.ts';

/**
 * Where subjects are when partitions were added to a raw topic. The number becomes a multiple of what it was, so that
 * those of a partition stay in it or go to one that was added, and hash modulo a derived topic's number stays as it is.
 * Until they are moved (`grow.ts`) a partition of before is folded by the number of before: it takes every subject that
 * it took, whoever publishes by which number.
 */

export type Counts = { readonly was: number; readonly now: number };

export const isMultiple = ({ was, now }: Counts): boolean => now > was && now % was === 0;

/** What happened, without what to do. */
export function countsText({ was, now }: Counts): string {
  return `the topic has ${now} partitions, the state was made with ${was}`;
}

/** What helps where the one number is no multiple of the other. */
export function unfitText({ was, now }: Counts): string {
  if (now < was) return `make the topic anew with ${was}`;
  return `add partitions until there are ${Math.ceil(now / was) * was}, a multiple, and then \`callfold recover\` moves its subjects`;
}

/**
 * By how many partitions an owner of this one places subjects.
 * @param there how many the topic has
 * @throws Refused when it may not go on
 */
export function layoutFor(at: At, role: string, { partitions: was, growing }: Meta, there: number): number {
  const head = `${placeWords(at)}: `;
  if (growing !== undefined) {
    throw new Refused(
      `${head}${role}'s subjects are on their way from ${was} partitions to ${growing}, and whoever moved them has not ended: ` +
        'run `callfold recover` with --execute and --confirm again.',
    );
  }
  const counts = { was, now: there };
  if (at.partition < was && (was === there || isMultiple(counts))) return was;
  const text = countsText(counts);
  if (!isMultiple(counts)) throw new Refused(`${head}${text} (${role}): ${unfitText(counts)}.`);
  throw new Refused(
    `${head}${text} (${role}): this one was added, and its subjects are in partition ${at.partition % was} still. ` +
      '`callfold recover` moves them.',
  );
}

export function movedText(topic: string, was: number, now: number): string {
  return (
    `${topic} has ${now} partitions, and its records lie by ${was}: those of one subject would stand in two of them, the newest ` +
    `no more behind the older. None can be taken away: make the topic anew with ${was}, and put back what stood there.`
  );
}

/** @throws Refused where a derived topic has other partitions than its records lie by */
export function derivedFor(at: At, { derived = {} }: Pick<Meta, 'derived'>, there: Readonly<Record<string, number>>) {
  for (const [topic, now] of Object.entries(there)) {
    const was = derived[topic] ?? now;
    if (was !== now) throw new Refused(`${placeWords(at)}: ${movedText(topic, was, now)}`);
  }
  return { ...derived, ...there };
}

/** The log as the state has it that it is read for: partitions may have been added that are not in use yet. */
export function logAsPlaced(log: Log, meta: Pick<Meta, 'partitions'> | null): Log {
  return meta === null ? log : { ...log, partitions: async () => meta.partitions };
}

/** How a topic's subjects are placed, as its states say. `growing`: some of them may be in either of two places. */
export type Layout = Counts & { readonly growing: boolean };

async function metaAt(store: Pick<Store, 'peek'>, at: At): Promise<Meta | null> {
  return metaOf(await store.peek(at));
}

/** By which a partition is placed. Of one that was never committed the first tells, which is moved last. */
export async function placingMeta(
  store: Pick<Store, 'peek'>,
  { topic, partition }: At,
  stored: Stored | null,
): Promise<Meta | null> {
  const own = metaOf(stored);
  return own === null && partition > 0 ? metaAt(store, { topic, partition: 0 }) : own;
}

/** Subjects of this partition were moved to one that was added, which has all of them: its owner may have gone on. */
export async function hasMoved(store: Store, at: At, was: number): Promise<boolean> {
  const added = await metaAt(store, { ...at, partition: at.partition + was });
  return added !== null && added.growing === undefined && added.begun?.seqs !== undefined;
}

/** For readers: before a move the number of before counts, and in between both. The first partition is moved last. */
export async function layoutIn(store: PlacingStates, log: Log, topic: string): Promise<Layout> {
  const first = await metaAt(store, { topic, partition: 0 });
  const there = await log.partitions(topic, first?.growing ?? first?.partitions);
  const was = Math.min(first?.partitions ?? there, there);
  return { was, now: first?.growing ?? there, growing: was !== there };
}

export type PlacingStates = Pick<Store, 'peek'>;

/**
 * Whose states tell where subjects' records went: those of `outcomes`, by whose rules they are explained, and which no
 * rebuild makes anew. Of a partition that it never had, the projector's.
 */
export const placingStates = (site: { store(role: RoleName): PlacingStates }): PlacingStates => ({
  peek: async (at) => (await site.store('outcomes').peek(at)) ?? site.store('projector').peek(at),
});

/** A place of a subject, and the number by which it is that. */
export type SubjectAt = { readonly at: At; readonly partitions: number };

/** A part of a partition's log, up to before `until`. */
export type Stretch = SubjectAt & { readonly from: number; readonly until: number };

/** Where a subject's records went before it was moved, the oldest first: as far as the states know it. */
export async function stretchesBefore(
  store: PlacingStates,
  { topic, partition: home }: At,
  tenantId: string,
  subjectId: string,
): Promise<Stretch[]> {
  const first = await metaAt(store, { topic, partition: 0 });
  // While a move is under way the first one, which is moved last, has the number of before it.
  const counts = first ? [...(first.begun?.placedBy ?? []).map(({ partitions }) => partitions), first.partitions] : [];
  const stretches: Stretch[] = [];
  for (const partitions of counts) {
    const at = { topic, partition: partitionOf(tenantId, subjectId, partitions) };
    if (at.partition === home) continue;
    const stored = await store.peek(at);
    const meta = metaOf(stored);
    const placed = meta?.begun?.placedBy ?? [];
    const place = placed.findIndex((one) => one.partitions === partitions);
    const from = place < 0 ? placed.at(-1)?.until : placed[place - 1]?.until;
    // Under its mark nothing is folded: it was placed so up to where it stands.
    const until = place < 0 ? (meta?.growing === undefined ? null : (stored?.next ?? null)) : placed[place]?.until;
    if (typeof until === 'number') stretches.push({ at, partitions, from: from ?? 0, until });
  }
  return stretches;
}

/**
 * Where a subject is. Two places while partitions that were added are not in use yet: first the one in which it is
 * folded now, or will be when the move has ended.
 */
export async function placesIn(
  store: PlacingStates,
  log: Log,
  topic: string,
  tenantId: string,
  subjectId: string,
): Promise<readonly [SubjectAt, ...SubjectAt[]]> {
  const { was, now, growing } = await layoutIn(store, log, topic);
  const by = (partitions: number): SubjectAt => ({
    at: { topic, partition: partitionOf(tenantId, subjectId, partitions) },
    partitions,
  });
  const [before, after] = [by(was), by(now)];
  if (!growing) return [after];
  const meta = await metaAt(store, before.at);
  const isOnItsWay = meta !== null && (meta.growing !== undefined || meta.partitions !== was);
  if (before.at.partition === after.at.partition) return [isOnItsWay ? after : before];
  return isOnItsWay ? [after, before] : [before, after];
}
