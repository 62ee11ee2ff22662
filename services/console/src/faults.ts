import type { ConsoleLimits } from './limits.ts';

/** What was wrong since the console began, as far as it looked: each with its time, and when it was over. */

/** As it is now, once for all places that it is at. */
export type FaultNow = {
  readonly code: string;
  /** Whose it is: a role, a generation, or what the console itself reads. */
  readonly of: string;
  readonly says: string;
  readonly places: number;
};

export type Fault = FaultNow & {
  /** When it was first seen, and seen to be over, epoch ms; null: it is not. */
  readonly from: number;
  readonly until: number | null;
};

export type Faults = {
  /** All that is wrong now. */
  are(now: readonly FaultNow[], at: number): void;
  /** One more is wrong now. */
  began(one: FaultNow, at: number): void;
  /** The last ones first. */
  all(): readonly Fault[];
};

const keyOf = ({ code, of }: FaultNow): string => `${code} ${of}`;

export function createFaults({ faults: most }: ConsoleLimits): Faults {
  let known: readonly Fault[] = [];

  function began(one: FaultNow, at: number): void {
    const before = known.find((fault) => fault.until === null && keyOf(fault) === keyOf(one));
    const rest = known.filter((fault) => fault !== before);
    known = [{ ...one, from: before?.from ?? at, until: null }, ...rest].slice(0, most);
  }

  return {
    are(now, at) {
      const keys = new Set(now.map(keyOf));
      known = known.map((fault) => (fault.until === null && !keys.has(keyOf(fault)) ? { ...fault, until: at } : fault));
      for (const one of now.toReversed()) began(one, at);
    },
    began,
    all: () => known.toSorted((a, b) => b.from - a.from),
  };
}
