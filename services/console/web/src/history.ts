/** Figures of the last hour, one sample in ten seconds, for as long as the page is open. */

const EVERY_MS = 10_000;
export const HOUR_MS = 3_600_000;

export type Sample = { readonly at: number; readonly value: number };

export type History = {
  /** Null is no value, and leaves a gap. */
  note(name: string, at: number, value: number | null): void;
  of(name: string): readonly Sample[];
};

export function createHistory(): History {
  const all = new Map<string, Sample[]>();
  return {
    note(name, at, value) {
      const samples = all.get(name) ?? [];
      const last = samples.at(-1);
      if (value === null || (last && at - last.at < EVERY_MS)) return;
      all.set(name, [...samples.filter((one) => at - one.at <= HOUR_MS), { at, value }]);
    },
    of: (name) => all.get(name) ?? [],
  };
}
