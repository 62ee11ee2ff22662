import type { Code, RawEvent } from '@callfold/core';
import { hashFields, isRejection, rawTopic } from '@callfold/core';
import type { Clock, Signal, Store } from '@callfold/engine';
import { Refused } from '@callfold/engine';
import { readFields } from '@callfold/sources';
import type { Cursor } from './poll-cursor.ts';
import { claimCursor } from './poll-cursor.ts';

/**
 * Fetches agents' stays from an API that does not push, and publishes them. Each round asks for an overlapping window:
 * from a while before the point to which everything is in the log, up to now by the API's own clock. The cursor moves
 * only when the log has everything of the window; what is fetched again has the same event ids.
 */

export type PolledPage = {
  readonly items: readonly unknown[];
  readonly pageCount: number;
  readonly totalCount: number;
  readonly upTo: number;
};

export type PollPorts = {
  readonly api: { page(from: number, to: number, page: number): Promise<PolledPage> };
  /** Resolves when the log has all of them. */
  readonly publish: (events: readonly RawEvent[]) => Promise<void>;
  readonly store: Store;
  readonly clock: Clock;
  /** From 0 up to 1: so that pollers that failed together do not come back together. */
  readonly random: () => number;
  readonly newToken: () => string;
  readonly observer: PollObserver;
};

export type PollObserver = {
  /** A round is through: everything up to `upTo` is in the log. */
  polled(round: { readonly upTo: number; readonly rows: number; readonly published: number }): void;
  refused(code: Code, reason: string): void;
  failed(error: unknown, pauseMs: number): void;
};

export type PollSettings = {
  readonly tenantId: string;
  readonly everyMs: number;
  /** How long before the cursor a window begins: for what the API learns late, and for clocks that differ. */
  readonly overlapMs: number;
  /** How far back the first window reaches. */
  readonly lookbackMs: number;
};

/** Of one request for pages: after a long outage the cursor moves in steps, so that what was done stays done. */
export const WINDOW_MS = 6 * 3_600_000;
const PAGES_MOST = 10_000;
const PAUSE_FIRST_MS = 1_000;
const PAUSE_MOST_MS = 300_000;
/** Ids of rows that were published a while ago: what comes again unchanged is not sent again. */
const KNOWN_IDS = 200_000;
const SOURCE = 'vonage';

/** Polls until the signal is aborted. @throws Refused when another poller took over */
export async function poll(settings: PollSettings, ports: PollPorts, signal: Signal): Promise<void> {
  const { store, clock, random, newToken, observer } = ports;
  const at = { topic: rawTopic(SOURCE), partition: 0 };
  const known = new Set<string>();
  let cursor: Cursor | null = null;
  /** What to add to this clock to have the API's. */
  let aheadMs = 0;
  for (let failures = 0; !signal.aborted; ) {
    try {
      cursor ??= await claimCursor(store, at, newToken());
      let isBehind = true;
      while (isBehind && !signal.aborted) {
        const now = clock.now() + aheadMs;
        const from = cursor.upTo === null ? now - settings.lookbackMs : cursor.upTo - settings.overlapMs;
        const to = Math.min(Math.max(now, from + 1), from + WINDOW_MS + settings.overlapMs);
        const round = await pollWindow(from, to, settings, ports, known);
        aheadMs = round.clockAt - clock.now();
        await cursor.moveTo(Math.max(round.upTo, cursor.upTo ?? round.upTo));
        observer.polled(round);
        failures = 0;
        isBehind = to < now;
      }
      await clock.sleep(settings.everyMs, signal);
    } catch (error) {
      if (error instanceof Refused) throw error;
      cursor = null;
      failures += 1;
      const pauseMs = pauseAfter(error, failures, random());
      observer.failed(error, pauseMs);
      await clock.sleep(pauseMs, signal);
    }
  }
}

type Round = { readonly upTo: number; readonly clockAt: number; readonly rows: number; readonly published: number };

async function pollWindow(
  from: number,
  to: number,
  { tenantId }: PollSettings,
  { api, publish, observer }: PollPorts,
  known: Set<string>,
): Promise<Round> {
  const seen = new Set<string>();
  let [rows, published, upTo, clockAt] = [0, 0, to, to];
  for (let page = 1, pageCount = 1; page <= pageCount; page += 1) {
    const got = await api.page(from, to, page);
    if (got.pageCount > PAGES_MOST)
      throw new Error(`a window of ${got.pageCount} pages: at most ${PAGES_MOST} are read`);
    pageCount = got.pageCount;
    clockAt = got.upTo;
    // By the clock of the first page: what came while the others were read may stand before them.
    if (page === 1) upTo = Math.min(to, got.upTo);
    rows += got.items.length;
    const events: RawEvent[] = [];
    for (const [index, item] of got.items.entries()) {
      const fields = typeof item === 'object' && item !== null ? (item as Record<string, unknown>) : {};
      const event = readFields(SOURCE, { ...fields, tenantId });
      if (isRejection(event)) {
        observer.refused(event.rejected, event.reason);
        seen.add(`refused ${page}/${index}`);
        continue;
      }
      seen.add(rowOf(event));
      if (!known.has(event.eventId)) events.push(event);
    }
    await publish(events);
    published += events.length;
    for (const { eventId } of events) known.add(eventId);
    if (page === pageCount && seen.size < got.totalCount)
      throw new Error(`the pages moved while they were read: ${seen.size} rows of ${got.totalCount} were seen`);
  }
  for (const id of known) {
    if (known.size <= KNOWN_IDS) break;
    known.delete(id);
  }
  return { upTo, clockAt, rows, published };
}

function rowOf({ subjectId, occurredAt, status }: RawEvent): string {
  return hashFields([subjectId, occurredAt, status]);
}

/** Twice as long each time, some of it by chance, and never sooner than the API asked for. */
export function pauseAfter(error: unknown, failures: number, chance: number): number {
  const most = Math.min(PAUSE_MOST_MS, PAUSE_FIRST_MS * 2 ** Math.min(failures - 1, 20));
  const own = most / 2 + (most / 2) * chance;
  const asked = (error as { readonly retryAfterMs?: number | null }).retryAfterMs ?? 0;
  return asked > own ? asked + PAUSE_FIRST_MS * chance : own;
}
