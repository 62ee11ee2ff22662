import type { BoardValues } from '../../src/board-values.ts';

/** The last hour of the board's figures, as the console noted them. */

export type Past = {
  readonly everyMs: number;
  readonly samples: readonly (BoardValues & { readonly at: string })[];
};

export type Sample = { readonly at: number; readonly value: number };

export const HOUR_MS = 3_600_000;

/** Of one figure; where it had no value there is none. */
export function samplesOf(past: Past | null, valueOf: (values: BoardValues) => number | null): Sample[] {
  return (past?.samples ?? []).flatMap((one) => {
    const value = valueOf(one);
    return value === null ? [] : [{ at: Date.parse(one.at), value }];
  });
}

export type Line = {
  /** In parts of the hour and of the highest value, each from 0 to 1; another stroke where nothing is known between. */
  readonly strokes: readonly (readonly (readonly [x: number, y: number])[])[];
  readonly low: number;
  readonly high: number;
  /** How long ago it begins, ms; what was before is not known. */
  readonly knownMs: number;
};

/** A sample may come late; two that are further apart than this have something unknown between them. */
const GAP = 2.5;

/** Null: nothing is known. @param value as it is now */
export function lineOf(samples: readonly Sample[], value: number | null, now: number, everyMs: number): Line | null {
  const shown = samples.filter(({ at }) => now - at <= HOUR_MS && at <= now);
  if (value !== null) shown.push({ at: now, value });
  const [first] = shown;
  if (first === undefined) return null;
  const values = shown.map((one) => one.value);
  const high = Math.max(...values);
  const strokes: [number, number][][] = [];
  let before = -Infinity;
  for (const one of shown) {
    if (one.at - before > GAP * everyMs) strokes.push([]);
    strokes.at(-1)?.push([1 - (now - one.at) / HOUR_MS, one.value / Math.max(1, high)]);
    before = one.at;
  }
  return { strokes, low: Math.min(...values), high, knownMs: now - first.at };
}
