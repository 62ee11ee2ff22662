import type { Partition } from './partition.ts';
import type { At, Clock, Log, Signal } from './ports.ts';
import type { Observer } from './observer.ts';
import type { Waits } from './retry.ts';
import { errorOf, isVerdict } from './retry.ts';
import type { EngineLimits } from './role.ts';

/** What an owner does for a partition between batches: ticks when time must pass, the witness, a look at the store. */
export type Watch = {
  /** Throws what the ports throw. */
  rest(partition: Partition): Promise<void>;
};

export type WatchOptions = {
  readonly at: At;
  readonly log: Log;
  readonly clock: Clock;
  readonly observer: Observer;
  readonly limits: EngineLimits;
  /** Only `outcomes` writes ticks, and takes requests. */
  readonly ticks: boolean;
};

export function createWatch({ at, log, clock, observer, limits, ticks }: WatchOptions): Watch {
  let tickAfter = 0;
  let tickPauseMs = limits.tickMs;
  let ticksFor: number | null = null;
  let witnessAfter = 0;
  let witnessed: number | null = null;
  let confirmAfter = clock.now() + limits.confirmMs;
  let confirmed: number | null = null;
  let requestsAfter = clock.now() + limits.requestsMs;

  /**
   * At most one in `tickMs`; the pause doubles while ticks do not reach the due time, as when the broker's clock is
   * behind.
   */
  async function tick({ nextDue, position, end }: Partition): Promise<void> {
    if (!ticks) return;
    const now = clock.now();
    if (nextDue !== ticksFor) {
      ticksFor = nextDue;
      tickPauseMs = limits.tickMs;
    }
    if (nextDue === null || nextDue > now || now < tickAfter) return;
    // What was known of the end may be gone since, with an unclean leader: then no record will come to tell.
    if (position < end && position < (await log.bounds(at)).end) {
      tickAfter = now + limits.tickMs;
      return;
    }
    await log.tick(at);
    // Only one that was written counts: after a failure the next look tries again.
    tickAfter = now + tickPauseMs;
    tickPauseMs = Math.min(tickPauseMs * 2, limits.tickMostMs);
    observer({ name: 'ticked', at });
  }

  async function witness({ committed }: Partition): Promise<void> {
    if (committed === null || committed === witnessed || clock.now() < witnessAfter) return;
    await log.setWitness(at, committed);
    witnessAfter = clock.now() + limits.witnessMs;
    witnessed = committed;
  }

  /**
   * A store that lost writes tells so at the next commit. Where none comes, as on a quiet night, the state would stay
   * lost, and nobody would know.
   */
  async function confirm(partition: Partition): Promise<void> {
    if (partition.committed === confirmed && clock.now() < confirmAfter) return;
    if (partition.committed === confirmed) await partition.confirm();
    confirmed = partition.committed;
    confirmAfter = clock.now() + limits.confirmMs;
  }

  /** Only `outcomes` is asked for anything. */
  async function requests(partition: Partition): Promise<void> {
    if (!ticks || clock.now() < requestsAfter) return;
    const wereThere = await partition.takeRequests();
    requestsAfter = wereThere ? 0 : clock.now() + limits.requestsMs;
  }

  return {
    async rest(partition) {
      await partition.rest();
      partition.relay?.freshen(partition.committed);
      await requests(partition);
      await confirm(partition);
      await tick(partition);
      await witness(partition);
    },
  };
}

export type Watching = Omit<WatchOptions, 'log' | 'ticks'> & { readonly signal: Signal; readonly waits: Waits };

/**
 * Looks after a partition again and again, until its signal is set; while what that needs is away, less often.
 * @param onVerdict given what asking again would not change
 */
export async function keepWatch(
  { at, signal, clock, observer, limits, waits }: Watching,
  look: () => Promise<void>,
  onVerdict: (error: Error) => Promise<void>,
): Promise<void> {
  const doing = 'keeping watch';
  const wait = Symbol(doing);
  let failures = 0;
  let pauseMs = limits.idleMs;
  while (!signal.aborted) {
    await clock.sleep(pauseMs, signal);
    if (signal.aborted) return;
    try {
      await look();
      if (failures > 0) observer({ name: 'infrastructure-back', at, doing, attempts: failures + 1 });
      failures = 0;
      pauseMs = limits.idleMs;
      waits.delete(wait);
    } catch (error) {
      if (isVerdict(error)) {
        await onVerdict(error);
        continue;
      }
      const { message } = errorOf(error);
      failures += 1;
      // Not sooner than a tick: one that was not answered may have been written.
      pauseMs = Math.min(Math.max(pauseMs * 2, limits.tickMs), limits.retryMostMs);
      waits.set(wait, `${doing}: ${message}`);
      observer({ name: 'infrastructure-away', at, doing, message, attempt: failures });
    }
  }
}
