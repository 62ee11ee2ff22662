import type { At, Commit, Store, TableName } from '@callfold/engine';

/** What an adapter's store can do beyond the promises of every store. */
export type StoreFeatures = {
  /** What was committed is there again after `reopen`. */
  readonly durable: boolean;
  /** Two handles may be open at once, as two processes would have them; else `open` answers the one handle again. */
  readonly multiProcess: boolean;
};

export type StoreHarness = {
  /** A handle on the data. The suite asks for two at most when `multiProcess`. */
  open(): Promise<Store>;
  /** Closes every handle, and whatever keeps the data, and opens it again. Called only when `durable`. */
  reopen(): Promise<Store>;
  /** After the last test. */
  close(): Promise<void>;
};

export type MakeStore = () => Promise<StoreHarness>;

/** How long one test of a suite may take: real parts on a busy machine are slow to start, not to answer. */
export const CONTRACT_TEST_MS = 60_000;

let places = 0;

/** A partition that no other test of this run has used. */
export function place(): At {
  places += 1;
  return { topic: `contract.store-${places}`, partition: places % 7 };
}

let tokens = 0;

export function freshToken(): string {
  tokens += 1;
  return `token-${tokens}`;
}

/** A commit of the parts named; the rest is empty. */
export function change(part: Partial<Commit> & Pick<Commit, 'expected' | 'next'>): Commit {
  return {
    meta: `meta of ${part.next}`,
    tables: new Map(),
    timers: new Map(),
    outboxFrom: 0,
    outbox: [],
    outboxTrim: 0,
    ...part,
  };
}

export function states(fields: Readonly<Record<string, string | null>>): Commit['tables'] {
  return new Map([['states', new Map(Object.entries(fields))]]);
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export async function scanAll(store: Store, at: At, table: TableName): Promise<Map<string, string>> {
  const all = new Map<string, string>();
  for await (const slice of store.scan(at, table)) for (const [field, value] of slice) all.set(field, value);
  return all;
}

/** Everything that can be seen of a partition, as plain values, so that two sights can be compared. */
export async function sight(store: Store, at: At): Promise<object> {
  const stored = await store.peek(at);
  const outbox = await store.outbox(at);
  return {
    next: stored?.next ?? null,
    meta: stored?.meta ?? null,
    states: await scanAll(store, at, 'states'),
    agents: await scanAll(store, at, 'agents'),
    requests: await scanAll(store, at, 'requests'),
    timers: await store.timers(at, Number.MAX_SAFE_INTEGER, 100_000),
    outbox: outbox.map(({ number, entry }) => ({ number, entry: [...entry] })),
    // In which order one entry names its subjects says nothing.
    feed: (await store.changes(at, 0, 100_000)).map((one) => ({ ...one, subjects: [...one.subjects].sort() })),
  };
}
