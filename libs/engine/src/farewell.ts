import { hashFields } from '@callfold/core';
import type { Meta } from './checkpoint.ts';
import type { Stored } from './ports.ts';

/**
 * What an owner says that gives its partition away with everything sent: which checkpoint it leaves. Whoever finds just
 * that one, and was told by the group, knows that nothing of an earlier owner is under way and nothing stands that the
 * store does not know. So it may fold at once, and fence and read back before its first send instead of before that.
 *
 * The store alone cannot say so: after a failover it has an older checkpoint, at which everything was sent as well.
 */
export const farewellOf = (epoch: number, next: number, meta: string): string =>
  `${epoch}/${next}/${hashFields([meta])}`;

/** Nothing is on its way that this checkpoint names, and its owner sends nothing that it does not name. */
export const isAllSent = ({ outboxFirst, outboxNext, standing }: Meta): boolean =>
  outboxFirst === outboxNext && standing === null;

export type Checkpoint = { readonly text: string; readonly meta: Meta };

/**
 * @param answered the last one that is known to stand
 * @param asked of the last commit, answered or not: while there may be a later one nothing is said
 */
export function farewellAt(epoch: number, next: number | null, answered: Checkpoint | null, asked: Meta) {
  if (next === null || answered === null || answered.meta !== asked) return null;
  return isAllSent(asked) ? farewellOf(epoch, next, answered.text) : null;
}

/**
 * Whether what was claimed is what its last owner left.
 * @param left as the group passed it on
 * @param epoch of the last owner
 */
export function isAsLeft(left: string | null, epoch: number | undefined, { next, meta }: Stored): boolean {
  if (epoch === undefined || next === null || meta === null) return false;
  return left === farewellOf(epoch, next, meta);
}
