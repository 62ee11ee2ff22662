import type { Rejection } from '@callfold/core';
import type { Pointed } from '@callfold/adapters';
import { pointerOf } from './pointer-of.ts';

/** What became of each item, in their order: `count` neighbours with the same end are one entry. */
export type ItemResult = {
  /** Of the first of them, from 0. */
  readonly index: number;
  count: number;
  readonly status: 'accepted' | 'refused' | 'ignored';
  /** Of NDJSON, from 1; empty lines count. */
  readonly line?: number;
  /** Of a refusal: the codes of dead letters and of `import --rejects`. */
  readonly code?: Rejection['rejected'];
  readonly reason?: string;
  /** JSON pointer into the item; '' is all of it. */
  readonly pointer?: string;
};

export type Results = {
  readonly items: readonly ItemResult[];
  readonly accepted: number;
  readonly refused: number;
  readonly ignored: number;
  accept(): void;
  /** Told, and not meant for us. */
  ignore(): void;
  refuse(rejection: Rejection, line?: number): void;
  /** Pointers into the whole of what was sent. */
  errors(): Pointed[];
};

/** @param isList whether an item is the body, or stands in a list of them */
export function createResults(isList: boolean): Results {
  const items: ItemResult[] = [];
  const counts = { accepted: 0, refused: 0, ignored: 0 };
  let index = 0;

  function run(status: 'accepted' | 'ignored'): void {
    const last = items.at(-1);
    if (last?.status === status) last.count += 1;
    else items.push({ index, count: 1, status });
    counts[status] += 1;
    index += 1;
  }

  return {
    items,
    get accepted() {
      return counts.accepted;
    },
    get refused() {
      return counts.refused;
    },
    get ignored() {
      return counts.ignored;
    },
    accept: () => run('accepted'),
    ignore: () => run('ignored'),
    refuse(rejection, line) {
      const { rejected: code, reason } = rejection;
      const at = { index, count: 1, status: 'refused', ...(line !== undefined && { line }) } as const;
      items.push({ ...at, code, reason, pointer: pointerOf(rejection) });
      counts.refused += 1;
      index += 1;
    },
    errors: () =>
      items.flatMap(({ index: at, code, reason = '', pointer = '' }) =>
        code === undefined ? [] : [{ pointer: isList ? `/${at}${pointer}` : pointer, code, detail: reason }],
      ),
  };
}
