import type { Meta } from './checkpoint.ts';
import { placeWords } from './place.ts';
import type { At } from './ports.ts';
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
