import { decodeMeta } from './checkpoint.ts';
import type { At, FeedEntry, Store, Stored } from './ports.ts';

/** Follows one partition's states as its owner commits them: read whole once, and then what the change feed names. */

/** Where the states are kept by whoever follows. */
export type Mirror = {
  /** The states are read anew: what is not put until `end` is not there any more. */
  begin(): void;
  /** A state's text; null: it is gone. */
  put(key: string, text: string | null): void;
  end(): void;
};

export type Follower = {
  /** Brings the mirror up to what is committed now. */
  poll(): Promise<void>;
  /**
   * The same, and looks whether the feed tells everything: an owner of a version before the feed, or a checkpoint laid
   * down by a command, leaves no entry.
   */
  confirm(): Promise<void>;
  /** The position that the mirror has reached, and the log clock there, as last confirmed; null: nothing is there. */
  readonly reached: { readonly next: number; readonly clock: number } | null;
};

/** Entries of one read: with the most subjects in each, some ten thousand states. */
const ENTRIES = 64;

const isSame = (a: FeedEntry | undefined, b: FeedEntry): boolean =>
  a !== undefined && a.number === b.number && a.owner === b.owner && a.next === b.next;

/** @returns what is new behind `last`; null: something between is not known */
function fresh(entries: readonly FeedEntry[], last: FeedEntry): readonly FeedEntry[] | null {
  if (!isSame(entries[0], last)) return null;
  const isGapless = entries.every(({ number, owner }, index) => number === last.number + index && owner === last.owner);
  return isGapless ? entries.slice(1) : null;
}

export function follow(store: Store, at: At, mirror: Mirror): Follower {
  let isRead = false;
  let last: FeedEntry | null = null;
  let stored: Stored | null = null;

  async function readAll(): Promise<void> {
    isRead = false;
    // First the mark, then the states: what is committed meanwhile is read again.
    const mark: FeedEntry | null = (await store.changes(at, 'last', 1))[0] ?? null;
    stored = await store.peek(at);
    mirror.begin();
    for await (const slice of store.scan(at, 'states')) for (const [key, text] of slice) mirror.put(key, text);
    mirror.end();
    last = mark;
    isRead = true;
  }

  async function readOn(): Promise<void> {
    for (;;) {
      const entries = await store.changes(at, last?.number ?? 0, ENTRIES);
      if (last === null) return entries.length > 0 ? readAll() : undefined;
      const news = fresh(entries, last);
      if (news === null) return readAll();
      const subjects = [...new Set(news.flatMap((entry) => entry.subjects))];
      const texts = subjects.length > 0 ? await store.read(at, 'states', subjects) : [];
      for (const [index, key] of subjects.entries()) mirror.put(key, texts[index] ?? null);
      last = news.at(-1) ?? last;
      if (entries.length < ENTRIES) return undefined;
    }
  }

  const poll = (): Promise<void> => (isRead ? readOn() : readAll());

  return {
    poll,
    async confirm() {
      await poll();
      const before: FeedEntry | null = last;
      const known: number | null = stored?.next ?? null;
      const now = await store.peek(at);
      await poll();
      const after: FeedEntry | null = last;
      const position = now?.next ?? null;
      const isBack = before !== null && (position === null || position < before.next);
      const isUntold = position !== null && position > (after?.next ?? -1) && position !== known;
      if (isBack || isUntold) await readAll();
      else stored = now;
    },
    get reached() {
      if (!isRead || stored === null || stored.next === null || stored.meta === null) return null;
      return { next: Math.max(stored.next, last?.next ?? 0), clock: decodeMeta(stored.meta).clock };
    },
  };
}
