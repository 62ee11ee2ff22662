import type { At, Claim, Store } from '@callfold/engine';
import { Refused } from '@callfold/engine';

/** How far a poller came, in the store that services keep their positions in; one poller at a time writes it. */

export type Cursor = {
  /** Null: never polled. Epoch ms of the API's clock. */
  readonly upTo: number | null;
  /** @throws Refused when another poller took over since; an error when the store is away or lost the cursor */
  moveTo(upTo: number): Promise<void>;
};

/** @param at the raw topic's first partition: a place that every store has */
export async function claimCursor(store: Store, at: At, token: string): Promise<Cursor> {
  const stored = await store.claim(at, token);
  const claim: Claim = stored.claim;
  let next = stored.next;
  let upTo = upToOf(stored.meta);
  return {
    get upTo() {
      return upTo;
    },
    async moveTo(moved) {
      const answer = await store.commit(at, claim, {
        expected: next,
        next: (next ?? 0) + 1,
        meta: JSON.stringify({ upTo: moved }),
        tables: new Map(),
        timers: new Map(),
        outboxFrom: 0,
        outbox: [],
        outboxTrim: 0,
      });
      if (!answer.ok && answer.why === 'fenced')
        throw new Refused('Another poller of the same API has taken over: this one stops. Run one of them.');
      if (!answer.ok) throw new Error('the store has lost the cursor since: it is claimed again');
      next = (next ?? 0) + 1;
      upTo = moved;
    },
  };
}

function upToOf(meta: string | null): number | null {
  return meta === null ? null : (JSON.parse(meta) as { readonly upTo: number }).upTo;
}
