import { ProblemError } from './problem.ts';

/** Events a second by tenant: what was sent is a debt that time repays. While it is too large, more is refused. */
export type RateLimit = {
  /** @throws ProblemError `rate`, with the seconds until it may be tried again */
  check(): void;
  spend(events: number): void;
  /** For how long a stream is to pause; 0 when it may go on. */
  pauseMs(): number;
};

/** @param now any clock that goes on, ms */
export function createRateLimit(eventsPerSecond: number, burstMs: number, now: () => number): RateLimit {
  let repaidAt = 0;
  const excessMs = (): number => Math.max(0, repaidAt - now() - burstMs);
  return {
    check() {
      const ms = excessMs();
      if (ms === 0) return;
      const seconds = Math.max(1, Math.ceil(ms / 1_000));
      const detail = `this tenant may send ${eventsPerSecond} events a second; try again in ${seconds} s`;
      throw new ProblemError('rate', detail, {}, seconds);
    },
    spend(events) {
      repaidAt = Math.max(repaidAt, now()) + (events * 1_000) / eventsPerSecond;
    },
    pauseMs: excessMs,
  };
}
