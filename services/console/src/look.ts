import type { Clock } from '@callfold/engine';
import type { ConsoleLimits } from './limits.ts';
import { ProblemError } from './problem.ts';

/** What costs a round of questions to Kafka and the store: asked once for all who look, and not too often. */

export type Look<Seen> = {
  /**
   * As it was some seconds ago at most, or, where it is slow or away, as it was seen last.
   * @throws ProblemError where nothing was seen yet
   */
  latest(): Promise<Looked<Seen>>;
  /** Resolves when nothing is asked any more. */
  stop(): Promise<void>;
};

export type Looked<Seen> = {
  readonly seen: Seen;
  /** Why it could not be seen again; null: it was. */
  readonly trouble: string | null;
};

export type LookPorts = {
  readonly clock: Clock;
  readonly limits: ConsoleLimits;
  /** For messages. */
  readonly what: string;
};

/** Of the time that a look takes, so much passes before the next. */
const REST = 5;

export function createLook<Seen>(read: () => Promise<Seen>, { clock, limits, what }: LookPorts): Look<Seen> {
  let seen: Seen | null = null;
  let trouble: string | null = null;
  let restsUntil = -Infinity;
  let running: Promise<void> | null = null;

  async function run(): Promise<void> {
    const begun = clock.now();
    try {
      seen = await read();
      trouble = null;
    } catch (error) {
      trouble = error instanceof Error ? error.message : String(error);
    }
    const ended = clock.now();
    // What is away answers nobody, so that it took long says nothing of what a look costs.
    const costMs = trouble === null ? Math.min(limits.lookRestMs, REST * (ended - begun)) : 0;
    restsUntil = ended + Math.max(limits.lookMs, costMs);
    running = null;
  }

  /** Nobody waits longer than is told, whatever is away. */
  async function shortly(work: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, limits.lookWaitMs);
    });
    await Promise.race([work, late]);
    clearTimeout(timer);
  }

  return {
    async latest() {
      if (running === null && clock.now() >= restsUntil) running = run();
      if (running !== null) await shortly(running);
      const why = trouble ?? (seen === null ? `still being read: ${what}` : null);
      if (seen !== null) return { seen, trouble: why };
      throw new ProblemError(trouble === null ? 'starting' : 'away', why ?? what);
    },
    async stop() {
      restsUntil = Infinity;
      await running;
    },
  };
}
