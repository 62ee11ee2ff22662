import { ProblemError } from './problem.ts';

/** The bytes that all requests have in the process: a slow log or many senders fill it, and then more is refused. */
export type HeldBytes = {
  readonly now: number;
  /** Waits for room. @throws ProblemError `busy` when there is none within `waitMs` */
  take(bytes: number, waitMs: number): Promise<void>;
  give(bytes: number): void;
};

const RETRY_SECONDS = 2;

export function createHeldBytes(most: number): HeldBytes {
  let held = 0;
  let waiting: { readonly bytes: number; readonly go: () => void }[] = [];

  // One that is larger than all there is room for goes alone.
  const fits = (bytes: number): boolean => held === 0 || held + bytes <= most;

  function wake(): void {
    while (waiting[0] !== undefined && fits(waiting[0].bytes)) {
      const [first, ...rest] = waiting;
      waiting = rest;
      held += first?.bytes ?? 0;
      first?.go();
    }
  }

  return {
    get now() {
      return held;
    },
    async take(bytes, waitMs) {
      if (bytes <= 0) return;
      if (waiting.length === 0 && fits(bytes)) {
        held += bytes;
        return;
      }
      await new Promise<void>((resolve, reject) => {
        const mine = {
          bytes,
          go: () => {
            clearTimeout(timer);
            resolve();
          },
        };
        const timer = setTimeout(() => {
          waiting = waiting.filter((one) => one !== mine);
          wake();
          const detail = `more than ${most} bytes are under way and not acknowledged by the log; send it again later`;
          reject(new ProblemError('busy', detail, {}, RETRY_SECONDS));
        }, waitMs);
        waiting.push(mine);
      });
    },
    give(bytes) {
      held -= bytes;
      wake();
    },
  };
}
