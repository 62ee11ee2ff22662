import type { At, GenerationBook } from '@callfold/engine';
import type { Link } from './link.ts';
import type { MemoryStoreServer } from './store-server.ts';

/** The server's side of the book: each method is one atomic call. */
export type MemoryBook = {
  read(): { readonly version: number; readonly text: string } | null;
  write(version: number, text: string): boolean;
};

export function createMemoryBook(): MemoryBook {
  let stored: { readonly version: number; readonly text: string } | null = null;
  return {
    read: () => stored,
    write(version, text) {
      if (stored?.version === version + 1 && stored.text === text) return true;
      if ((stored?.version ?? 0) !== version) return false;
      stored = { version: version + 1, text };
      return true;
    },
  };
}

/** All generations' one place, for the link. */
const BOOK: At = { topic: 'generations', partition: 0 };
const FIELDS_A_SLICE = 1_000;

/** @param serverOf where the generation with a key is kept */
export function createMemoryGenerations(
  book: MemoryBook,
  serverOf: (key: string) => MemoryStoreServer,
  link: Link,
): GenerationBook {
  return {
    read: () => link('book-read', BOOK, () => book.read()),
    write: (version, text) => link('book-write', BOOK, () => book.write(version, text)),
    async *drop(key, at) {
      for (;;) {
        const gone = await link('drop', at, () => serverOf(key).drop(at, FIELDS_A_SLICE));
        if (gone === 0) return;
        yield gone;
      }
    },
  };
}
