/** One partition from the moment it is assigned until it is given back: the calls of its handler, one at a time. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { At, Batch, ConsumerHandler } from '@callfold/engine';

export type Lane = {
  readonly at: At;
  readonly signal: { aborted: boolean };
  /** False once it is being given back: answers count no more. */
  readonly isOpen: boolean;
  /** The handler was told of it, so that it has to be told of its end. */
  readonly isAssigned: boolean;
  /** Where the next batch begins; null: it is left alone. */
  position: number | null;
  /** The handler moved the position while a batch ran. */
  wasMoved: boolean;
  /** The group shares out anew: nothing more is handed over until it is woken. */
  readonly isResting: boolean;
  /** Why the group does not count on this member any more; thrown to the client after the batch. */
  heartbeatError: Error | null;
  /** @param left as `ConsumerHandler.assigned` has it */
  assign(left: string | null): Promise<number | null>;
  take(batch: Batch, heartbeat: () => Promise<void>): Promise<number | null>;
  /** For how long a batch runs already; 0 when none does. */
  runsMs(): number;
  /** Sends a heartbeat for a batch that runs long. `lostMs`: without one for so long, the member is lost. */
  beat(lostMs: number, isLost: (error: unknown) => boolean): void;
  /** Hands nothing more over, and sets the signal of a call that still runs after `graceMs`. */
  hurry(graceMs: number): void;
  /**
   * As `hurry`, and tells the handler when no call is under way. Answers whether the partition can be kept as it is: not
   * when a call had to be told by its signal, nor when it is left alone or was never assigned.
   */
  rest(graceMs: number): Promise<Rested>;
  /** It is still this member's: goes on. */
  wake(): void;
  /**
   * Lets running calls end, sets their signal when they have not after `graceMs`, and tells the handler that the
   * partition is lost when none is under way. Answers what it says of that.
   */
  close(graceMs: number): Promise<string | null>;
};

/** @property farewell what its next owner may be told; null: nothing */
export type Rested = { readonly isKept: boolean; readonly farewell: string | null };

export function createLane(at: At, handler: ConsumerHandler): Lane {
  const signal = { aborted: false };
  let isOpen = true;
  let isAssigned = false;
  let running: Promise<unknown> | null = null;
  let heartbeat: (() => Promise<void>) | null = null;
  let startedAt = 0;
  let lastBeatAt = 0;
  let isBeating = false;
  /** Since when it is to hand nothing more over; null: it is not. */
  let hurriedAt: number | null = null;

  /** Lets the running call end by itself for that long; then sets the signal, and waits on. */
  async function quiet(graceMs: number): Promise<void> {
    const call = running;
    if (call === null) return;
    const over = call.then(
      () => {},
      () => {},
    );
    if (graceMs > 0) await Promise.race([over, sleep(graceMs, undefined, { ref: false })]);
    if (running !== null) signal.aborted = true;
    await over;
  }

  async function track<Result>(call: Promise<Result>): Promise<Result> {
    running = call;
    try {
      return await call;
    } finally {
      running = null;
    }
  }

  const lane: Lane = {
    at,
    signal,
    get isOpen() {
      return isOpen;
    },
    get isAssigned() {
      return isAssigned;
    },
    position: null,
    wasMoved: false,
    heartbeatError: null,

    assign(left) {
      isAssigned = true;
      return track(handler.assigned(at, signal, left));
    },

    async take(batch, sendHeartbeat) {
      startedAt = performance.now();
      lastBeatAt = startedAt;
      heartbeat = sendHeartbeat;
      lane.wasMoved = false;
      try {
        return await track(handler.batch(at, batch, signal));
      } finally {
        heartbeat = null;
      }
    },

    runsMs: () => (heartbeat === null ? 0 : performance.now() - startedAt),

    beat(lostMs, isLost) {
      if (heartbeat === null || isBeating || lane.heartbeatError !== null) return;
      isBeating = true;
      heartbeat().then(
        () => {
          isBeating = false;
          lastBeatAt = performance.now();
        },
        (error: unknown) => {
          isBeating = false;
          if (!isLost(error) && performance.now() - lastBeatAt < lostMs) return;
          lane.heartbeatError = error as Error;
          signal.aborted = true;
        },
      );
    },

    get isResting() {
      return hurriedAt !== null;
    },

    hurry(graceMs) {
      if (hurriedAt !== null) return;
      const since = Date.now();
      hurriedAt = since;
      const call = running;
      void sleep(graceMs, undefined, { ref: false }).then(() => {
        if (call !== null && call === running && hurriedAt === since) signal.aborted = true;
      });
    },

    async rest(graceMs) {
      lane.hurry(graceMs);
      await quiet(Math.max(1, graceMs - (Date.now() - (hurriedAt ?? 0))));
      if (!isOpen || !isAssigned || signal.aborted || lane.position === null) return { isKept: false, farewell: null };
      const farewell = await handler.paused(at);
      return { isKept: !signal.aborted, farewell };
    },

    wake() {
      hurriedAt = null;
      handler.resumed(at);
    },

    async close(graceMs) {
      isOpen = false;
      if (graceMs === 0) signal.aborted = true;
      await quiet(graceMs);
      // Still a chance to send what was committed: nobody else owns the partition yet, when there was time to ask.
      const farewell = isAssigned ? await handler.revoked(at) : null;
      signal.aborted = true;
      return farewell;
    },
  };
  return lane;
}
