import type { Timer } from './ports.ts';

/**
 * The earliest timers of one partition, in the order in which they fire: by due time, then key bytes. Only those due up
 * to a bound are in the process; the store has them all. An entry may be stale: the subject's state says when its timer
 * is due.
 */
export type Timers = {
  /** Every timer due at or before this is here. */
  readonly loadedUpTo: number;
  add(timer: Timer): void;
  /**
   * Too many: those due later stay in the store only. Between two slices, never in one: what a slice was promised to
   * find here has to fire in it.
   */
  trim(): void;
  peek(): Timer | undefined;
  /** No timer is due before this; null: none is at all, as far as is known. */
  readonly earliest: number | null;
  pop(): Timer | undefined;
  /** Keys of those due at or before `until`, in no order. */
  dueKeys(until: number): string[];
  /** Takes a page of the store's earliest: `complete` when there are no more. */
  load(page: readonly Timer[], complete: boolean): void;
};

/** As bytes of UTF-8 compare: by code point, where JavaScript compares by UTF-16 code unit. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const x = a.charCodeAt(at);
    const y = b.charCodeAt(at);
    if (x === y) continue;
    const surrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;
    if (surrogate(x) !== surrogate(y)) return surrogate(x) ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.due !== b.due ? a.due < b.due : compareKeys(a.key, b.key) < 0;
}

export function createTimers(max: number): Timers {
  let heap: Timer[] = [];
  // No time is before 1970: of an owner that has loaded nothing yet a timer may be due at any time, and it must look.
  let loadedUpTo = -1;

  function up(from: number): void {
    let at = from;
    const timer = heap[at] as Timer;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(timer, heap[parent] as Timer)) break;
      heap[at] = heap[parent] as Timer;
      at = parent;
    }
    heap[at] = timer;
  }

  function down(): void {
    const timer = heap[0] as Timer;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Timer, heap[child] as Timer)) child += 1;
      if (!isBefore(heap[child] as Timer, timer)) break;
      heap[at] = heap[child] as Timer;
      at = child;
    }
    heap[at] = timer;
  }

  function shrink(): void {
    heap.sort((a, b) => (isBefore(a, b) ? -1 : 1));
    const bound = (heap[max] as Timer).due;
    heap = heap.filter((timer) => timer.due < bound);
    loadedUpTo = bound - 1;
  }

  return {
    get loadedUpTo() {
      return loadedUpTo;
    },
    add(timer) {
      if (timer.due > loadedUpTo) return;
      heap.push(timer);
      up(heap.length - 1);
    },
    trim() {
      if (heap.length > 2 * max) shrink();
    },
    peek: () => heap[0],
    get earliest() {
      return heap[0]?.due ?? (Number.isFinite(loadedUpTo) ? loadedUpTo + 1 : null);
    },
    pop() {
      const first = heap[0];
      const last = heap.pop();
      if (last && heap.length > 0) {
        heap[0] = last;
        down();
      }
      return first;
    },
    dueKeys(until) {
      const keys: string[] = [];
      // Behind one that is not due nothing is.
      const places = [0];
      for (let at = places.pop(); at !== undefined; at = places.pop()) {
        const timer = heap[at];
        if (timer === undefined || timer.due > until) continue;
        keys.push(timer.key);
        places.push(2 * at + 1, 2 * at + 2);
      }
      return keys;
    },
    load(page, complete) {
      const last = page.at(-1);
      // Of those due at the page's last instant some may be missing.
      loadedUpTo = complete || !last ? Infinity : last.due - 1;
      heap = page.filter((timer) => timer.due <= loadedUpTo);
    },
  };
}
