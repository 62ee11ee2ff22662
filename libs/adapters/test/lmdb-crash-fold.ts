/** What the process to be killed writes and folds, so that its judge can do the same without it. */

import { createHash } from 'node:crypto';

export const RAW = 'raw';
export const DERIVED = 'derived';
export const PARTITIONS = 2;

export function valueAt(partition: number, offset: number): string {
  return `${partition}/${offset} ${'x'.repeat((offset * 31) % 400)}`;
}

/** Kept by partition, so that a fold goes on from the last. */
const folds = new Map<number, { count: number; hash: ReturnType<typeof createHash> }>();

/** The fold of the records below an offset, which only ever rises. */
export function folded(partition: number, next: number): { readonly count: number; readonly sum: string } {
  const fold = folds.get(partition) ?? { count: 0, hash: createHash('sha256') };
  folds.set(partition, fold);
  for (; fold.count < next; fold.count += 1) fold.hash.update(valueAt(partition, fold.count));
  return { count: fold.count, sum: fold.hash.copy().digest('hex') };
}

/** The same from the start, whatever was asked before. */
export function foldedAnew(partition: number, next: number): { readonly count: number; readonly sum: string } {
  folds.delete(partition);
  return folded(partition, next);
}
