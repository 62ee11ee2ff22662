/** Things by time: the earliest first, things of one time in the order in which they were put in. */
export type Schedule<T> = {
  readonly put: (at: number, item: T) => void;
  /** The earliest time, or null when nothing is left. */
  readonly nextAt: () => number | null;
  /** Takes the earliest thing out, or null. */
  readonly take: () => { readonly at: number; readonly item: T } | null;
};

type Entry<T> = { readonly at: number; readonly order: number; readonly item: T };

/** @param limit more entries than this mean that something puts in faster than it takes out: `put` throws. */
export function createSchedule<T>(limit: number): Schedule<T> {
  const heap: Entry<T>[] = [];
  let order = 0;
  return {
    put: (at, item) => {
      if (heap.length >= limit) throw new Error(`schedule: more than ${limit} entries wait`);
      heap.push({ at, order, item });
      order += 1;
      rise(heap);
    },
    nextAt: () => heap[0]?.at ?? null,
    take: () => {
      const first = heap[0];
      const last = heap.pop();
      if (first === undefined || last === undefined) return null;
      if (heap.length > 0) sink(heap, last);
      return { at: first.at, item: first.item };
    },
  };
}

function before<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Lets the last entry rise to its place. */
function rise<T>(heap: Entry<T>[]): void {
  let index = heap.length - 1;
  const entry = heap[index];
  if (entry === undefined) return;
  while (index > 0) {
    const parentIndex = (index - 1) >> 1;
    const parent = heap[parentIndex];
    if (parent === undefined || !before(entry, parent)) break;
    heap[index] = parent;
    heap[parentIndex] = entry;
    index = parentIndex;
  }
}

/** Puts `entry` where the root was and lets it sink to its place. */
function sink<T>(heap: Entry<T>[], entry: Entry<T>): void {
  let index = 0;
  for (;;) {
    const left = heap[2 * index + 1];
    if (left === undefined) break;
    const right = heap[2 * index + 2];
    const childIndex = right !== undefined && before(right, left) ? 2 * index + 2 : 2 * index + 1;
    const child = childIndex === 2 * index + 1 ? left : right;
    if (child === undefined || before(entry, child)) break;
    heap[index] = child;
    index = childIndex;
  }
  heap[index] = entry;
}
