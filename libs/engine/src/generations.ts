import type { Settings } from '@callfold/core';
import { fingerprint, settingsOf, undisguised } from '@callfold/core';
import type { GenerationBook, Store } from './ports.ts';
import { Refused } from './ports.ts';

/**
 * Generations of the aggregates: each is a whole of its own, with its own keys, group, positions and owners. Which of
 * them readers see says one book, which is changed as a whole. docs/generations.md has the protocol.
 */

/** `building`: folded by `callfold rebuild` alone. `kept`: every projector keeps it up. `dropping`: it goes. */
export type Phase = 'building' | 'kept' | 'dropping';

export type Generation = {
  readonly name: string;
  /** Its part of the keys and of the group's name; given once, so that what slept through a drop meets nobody else's. */
  readonly key: string;
  /** Fingerprint of the settings that it is folded by, and that its readers read it by. */
  readonly settings: string;
  readonly phase: Phase;
  /** Where its rebuild was told to begin, in the words of whoever told it. */
  readonly asked: string;
  /** By `topic/partition` the offset at which its fold began; one that is not named: the log's start of its time. */
  readonly from: Readonly<Record<string, number>>;
  /** Epoch ms. */
  readonly createdAt: number;
};

export type Generations = {
  /** Name of the one that readers see. */
  readonly live: string;
  readonly generations: readonly Generation[];
  /** Of the next generation's key. */
  readonly next: number;
  /** A change-over under way, by keys, and whose it is; null: none. */
  readonly switching: { readonly from: string; readonly to: string; readonly token: string } | null;
  /** The last one: by `topic/partition` the offset up to which readers saw the one before. */
  readonly switched: {
    readonly from: string;
    readonly to: string;
    readonly at: Readonly<Record<string, number>>;
  } | null;
};

/** Where generations are kept, and how the first of them is called and was set before there was a book. */
export type Shelf = {
  /** Null: this store knows one generation only. */
  readonly book: GenerationBook | null;
  /** Key and name of the first generation, and the beginning of all other keys. */
  readonly root: string;
  /** As the environment has them. */
  readonly settings: Settings;
  storeOf(key: string): Store;
};

export type Read = { readonly version: number; readonly all: Generations };

const CHANGE_TRIES = 64;
const READ_TRIES = 16;
const WRITE_TRIES = 3;

/** As it is before anybody wrote it: the one generation that every service begins with. */
function unwritten({ root, settings }: Shelf): Generations {
  const first = {
    name: root,
    key: root,
    settings: fingerprint(undisguised(settings)),
    from: {},
    asked: 'earliest',
    createdAt: 0,
  };
  return { live: root, generations: [{ ...first, phase: 'kept' }], next: 2, switching: null, switched: null };
}

export async function readGenerations(shelf: Shelf): Promise<Read> {
  const found = await shelf.book?.read();
  if (!found) return { version: 0, all: unwritten(shelf) };
  return { version: found.version, all: JSON.parse(found.text) as Generations };
}

/** A lost answer is asked for again: whether it was written must be known. */
async function written(book: GenerationBook, version: number, text: string): Promise<boolean> {
  for (let turn = 1; ; turn += 1) {
    try {
      return await book.write(version, text);
    } catch (error) {
      if (error instanceof Refused || turn === WRITE_TRIES) throw error;
    }
  }
}

/**
 * Changes the book as a whole, from what stands in it at that moment.
 * @param change null: nothing is to be changed (any more)
 */
export async function changeGenerations(
  shelf: Shelf,
  change: (all: Generations) => Generations | null,
): Promise<Generations | null> {
  const { book } = shelf;
  if (book === null) throw new Refused('The embedded store has one generation only: generations need Kafka and Redis.');
  for (let turn = 0; turn < CHANGE_TRIES; turn += 1) {
    const { version, all } = await readGenerations(shelf);
    const changed = change(all);
    if (changed === null) return null;
    if (await written(book, version, JSON.stringify(changed))) return changed;
  }
  throw new Error(`the generations changed ${CHANGE_TRIES} times while they were to be changed; try again`);
}

export function generationNamed({ generations }: Generations, name: string): Generation {
  const found = generations.find((one) => one.name === name);
  if (found) return found;
  const names = generations.map((one) => one.name).join(', ');
  throw new Refused(`There is no generation ${name}: there are ${names}. \`callfold rebuild ${name}\` makes it.`);
}

export function liveOf(all: Generations): Generation {
  return generationNamed(all, all.live);
}

export function withGeneration(all: Generations, one: Generation): Generations {
  return { ...all, generations: all.generations.map((other) => (other.key === one.key ? one : other)) };
}

/** One generation as its readers need it. */
export type Aggregates = {
  readonly generation: Generation;
  /** Those that it was folded by, whatever the reader's own are. */
  readonly settings: Settings;
  readonly store: Store;
};

export function aggregatesOf(shelf: Shelf, generation: Generation): Aggregates {
  return { generation, settings: settingsOf(generation.settings), store: shelf.storeOf(generation.key) };
}

/**
 * Whatever is read in one call of `read` is of one generation, which was live all the while: what a change-over came
 * between is read again.
 */
export async function readLive<Result>(shelf: Shelf, read: (live: Aggregates) => Promise<Result>): Promise<Result> {
  let before = liveOf((await readGenerations(shelf)).all);
  for (let turn = 0; turn < READ_TRIES; turn += 1) {
    const result = await read(aggregatesOf(shelf, before));
    const after = liveOf((await readGenerations(shelf)).all);
    if (after.key === before.key) return result;
    before = after;
  }
  throw new Error(`the live generation changed ${READ_TRIES} times while it was read; try again`);
}

/**
 * The live generation's store for single questions, each of which looks first which one that is. For what takes more
 * than one question and must be of one generation, `readLive`.
 */
export function liveStore(shelf: Shelf): Store {
  const now = async (): Promise<Store> => shelf.storeOf(liveOf((await readGenerations(shelf)).all).key);
  return {
    claim: async (at, token, above) => (await now()).claim(at, token, above),
    read: async (at, table, fields) => (await now()).read(at, table, fields),
    timers: async (at, upTo, limit) => (await now()).timers(at, upTo, limit),
    outbox: async (at) => (await now()).outbox(at),
    commit: async (at, claim, commit) => (await now()).commit(at, claim, commit),
    ask: async (at, requests) => (await now()).ask(at, requests),
    async *scan(at, table) {
      yield* (await now()).scan(at, table);
    },
    peek: async (at) => (await now()).peek(at),
    changes: async (at, from, limit) => (await now()).changes(at, from, limit),
  };
}

/**
 * The store for owners of a generation. A change-over holds the partitions of the one that is left; whoever takes one
 * of them after that calls it off before it goes on: else readers would see it go on, and then the other one, which may
 * not be as far.
 */
export function ownersStore(shelf: Shelf, key: string): Store {
  const store = shelf.storeOf(key);
  return {
    claim: async (at, token, above) => {
      const stored = await store.claim(at, token, above);
      if (shelf.book === null) return stored;
      await changeGenerations(shelf, (all) => (all.switching?.from === key ? { ...all, switching: null } : null));
      return stored;
    },
    read: (at, table, fields) => store.read(at, table, fields),
    timers: (at, upTo, limit) => store.timers(at, upTo, limit),
    outbox: (at) => store.outbox(at),
    commit: (at, claim, commit) => store.commit(at, claim, commit),
    ask: (at, requests) => store.ask(at, requests),
    scan: (at, table) => store.scan(at, table),
    peek: (at) => store.peek(at),
    changes: (at, from, limit) => store.changes(at, from, limit),
  };
}
