/** What a slice tells of time and change: for metrics and traces, never for results. */

import type { Header } from './ports.ts';

/** Upper bounds of the lateness that is told apart, ms. */
export const LATENESS_BOUNDS_MS: readonly number[] = [
  1_000, 5_000, 15_000, 60_000, 300_000, 900_000, 3_600_000, 21_600_000, 86_400_000,
];
/** Traces of one slice that it is linked to; more are left out. */
const CAUSES = 32;
/** As W3C's Trace Context has it; who published the record may have set it. */
export const TRACE_HEADER = 'traceparent';
const TRACE_CHARACTERS = 55;

/** How many events were how late: one count for each bound and one for what is later, each event in one of them. */
export type Tally = { readonly counts: readonly number[]; readonly sumMs: number };

export type Figures = {
  /** When the log took the oldest record of the slice, epoch ms; null: it has none. */
  readonly oldestAppendedAt: number | null;
  /** From when an event happened to when the log took it; none is early. */
  readonly lateness: Tally;
  /** By derived topic: records that say otherwise than the revision before. */
  readonly corrections: Readonly<Record<string, number>>;
  /** `traceparent` of records that have one. */
  readonly causes: readonly string[];
};

export const NO_FIGURES: Figures = {
  oldestAppendedAt: null,
  lateness: { counts: [], sumMs: 0 },
  corrections: {},
  causes: [],
};

export type FigureKeeper = {
  record(appendedAt: number, headers: readonly Header[]): void;
  event(appendedAt: number, happenedAt: number): void;
  corrected(topic: string): void;
  close(): Figures;
};

/** Called for every event: it allocates nothing, and looks at headers only where there are any. */
export function keepFigures(): FigureKeeper {
  const counts = Array.from({ length: LATENESS_BOUNDS_MS.length + 1 }, () => 0);
  const corrections: Record<string, number> = {};
  const causes: string[] = [];
  let sumMs = 0;
  let oldestAppendedAt: number | null = null;
  return {
    record(appendedAt, headers) {
      if (oldestAppendedAt === null || appendedAt < oldestAppendedAt) oldestAppendedAt = appendedAt;
      if (headers.length > 0 && causes.length < CAUSES) addCause(headers, causes);
    },
    event(appendedAt, happenedAt) {
      const late = Math.max(0, appendedAt - happenedAt);
      let bucket = 0;
      while (bucket < LATENESS_BOUNDS_MS.length && late > (LATENESS_BOUNDS_MS[bucket] as number)) bucket += 1;
      counts[bucket] = (counts[bucket] as number) + 1;
      sumMs += late;
    },
    corrected(topic) {
      corrections[topic] = (corrections[topic] ?? 0) + 1;
    },
    close: () => ({ oldestAppendedAt, lateness: { counts, sumMs }, corrections, causes }),
  };
}

function addCause(headers: readonly Header[], causes: string[]): void {
  const value = headers.find(({ name }) => name === TRACE_HEADER)?.value;
  if (value?.length !== TRACE_CHARACTERS) return;
  const text = String.fromCharCode(...value);
  if (!causes.includes(text)) causes.push(text);
}
