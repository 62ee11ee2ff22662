import type { Observer } from './observer.ts';
import type { At, Clock, Signal } from './ports.ts';
import { Refused } from './ports.ts';
import type { EngineLimits } from './role.ts';

/** The work at hand was left because its signal was set. */
export class Left extends Error {
  override readonly name = 'Left';
}

/** The store is not where this owner left it: `fenced` by a newer one, or it lost writes (`moved`). */
export class Lost extends Error {
  override readonly name = 'Lost';
  readonly why: 'fenced' | 'moved';
  constructor(why: 'fenced' | 'moved') {
    super(why);
    this.why = why;
  }
}

/** An answer, not a failure to get one: trying again would not change it. */
export function isVerdict(error: unknown): error is Error {
  return error instanceof Refused || error instanceof Left || error instanceof Lost;
}

/** Whatever was thrown, as an Error. */
export function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

export type Retry = <Result>(doing: string, signal: Signal, work: () => Promise<Result>) => Promise<Result>;

/** What is being waited for now: for what it is wanted, and why it is not to be had. */
export type Waits = Map<symbol, string>;

/**
 * Infrastructure that is away: pause, try again, say so, and say when it is back. A verdict is never tried again.
 * @param waits holds what waits as long as it does
 */
export function createRetry(at: At, clock: Clock, observer: Observer, limits: EngineLimits, waits: Waits): Retry {
  return async (doing, signal, work) => {
    const wait = Symbol(doing);
    let pauseMs = limits.retryFirstMs;
    try {
      for (let attempt = 1; ; attempt += 1) {
        if (signal.aborted) throw new Left(doing);
        try {
          const result = await work();
          if (attempt > 1) observer({ name: 'infrastructure-back', at, doing, attempts: attempt });
          return result;
        } catch (error) {
          if (isVerdict(error)) throw error;
          const { message } = errorOf(error);
          waits.set(wait, `${doing}: ${message}`);
          observer({ name: 'infrastructure-away', at, doing, message, attempt });
          await clock.sleep(pauseMs, signal);
          pauseMs = Math.min(pauseMs * 2, limits.retryMostMs);
        }
      }
    } finally {
      waits.delete(wait);
    }
  };
}
