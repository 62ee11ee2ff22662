/**
 * The server's clock as it is here. What the server says took some way to us, so a difference of clocks is never larger
 * than what we see of it, and the smallest that was seen is nearest to it; what came later was late, and is old.
 */

export type ServerClock = {
  /** Epoch ms; before the server was heard ours. */
  now(): number;
  /** To be given to `answered`, ms. */
  ask(): number;
  /** The server told its time in the answer to what was asked then: its clock was there somewhere in between. */
  answered(told: number, asked: number): void;
  /** The server told its time by itself. */
  heard(told: number): void;
  /** It was told the moment of a replay: from here on it is that, and stands until it is told another. */
  stood(told: number): void;
  /** How long ago a time was told, by this machine, ms; before one was: for ever. */
  silentMs(): number;
};

/** Two clocks come apart by no more than this: else one that runs slower than ours would look late one day. */
const DRIFT = 1e-4;

/** @param local ms that only go forward: the clock of this machine may be set while the page is open */
export function createClock(local: () => number = () => performance.now()): ServerClock {
  let ahead: number | null = null;
  let at = -Infinity;
  let moment: number | null = null;

  function take(told: number): void {
    const now = local();
    const seen = told - now;
    ahead = ahead === null ? seen : Math.max(ahead - (now - at) * DRIFT, seen);
    at = now;
    moment = null;
  }

  return {
    now: () => moment ?? (ahead === null ? Date.now() : local() + ahead),
    ask: local,
    answered(told, asked) {
      take(told);
      // It was not told before it was asked for: a server whose clock was set back is followed.
      ahead = Math.min(ahead ?? 0, told - asked);
    },
    heard: take,
    stood(told) {
      moment = told;
      at = local();
    },
    silentMs: () => local() - at,
  };
}
