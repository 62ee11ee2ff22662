import type { Clock, Signal } from './ports.ts';

/** At most so many records a second, however many parts they come in: for rebuilds and replays beside live work. */
export type Pace = {
  /** Records of one part: what waits is short, so that it can be told to end. */
  readonly most: number;
  /** Resolves when so many more may be done. */
  wait(records: number, signal: Signal): Promise<void>;
};

const PART_MS = 100;
/** What others at the processor held up is made up for, as far as this: no burst is longer. */
const CREDIT_MS = 100;

/**
 * @param perSecond null: no pause ever
 * @param partMs what of it comes in one part
 */
export function createPace(clock: Clock, perSecond: number | null, partMs = PART_MS): Pace {
  if (perSecond === null) return { most: Infinity, wait: () => Promise.resolve() };
  let freeAt = 0;
  return {
    most: Math.max(1, Math.ceil((perSecond * partMs) / 1_000)),
    async wait(records, signal) {
      const now = clock.now();
      const from = freeAt === 0 ? now : Math.max(freeAt, now - CREDIT_MS);
      freeAt = from + (records * 1_000) / perSecond;
      if (from > now) await clock.sleep(from - now, signal);
    },
  };
}
