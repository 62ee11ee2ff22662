import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { RawEvent, Rejection } from '@callfold/core';
import type { JsonItem } from '@callfold/sources';
import { createJsonLineReader, createNdjsonReader, rejectedLine } from '@callfold/sources';
import { bytesOf, inputsOf } from './bytes.ts';
import type { Context } from './command.ts';
import { WrongArgument } from './command.ts';

/** NDJSON in, from files or standard input; refused lines out, to a file when one is named. */

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
}

export type Line =
  | { readonly line: number; readonly event: RawEvent }
  | { readonly line: number; readonly rejection: Rejection };

type Stop = Context['stop'];

type Reader<Item> = { push(chunk: Uint8Array): Item[]; end(): Item[] };

/**
 * Raw events.
 * @param files none, or `-`: standard input
 * @param stop ends the reading between two chunks, also while standard input is silent
 */
export function readLines(files: readonly string[], stop?: Stop): AsyncGenerator<readonly Line[]> {
  return readItems(files, () => createNdjsonReader({ decodeUtf8 }), stop);
}

/** Any JSON, a value a line. Parameters as of `readLines`. */
export function readJsonLines(files: readonly string[], stop?: Stop): AsyncGenerator<readonly JsonItem[]> {
  return readItems(files, () => createJsonLineReader({ decodeUtf8 }), stop);
}

async function* readItems<Item>(
  files: readonly string[],
  open: () => Reader<Item>,
  stop?: Stop,
): AsyncGenerator<readonly Item[]> {
  for (const file of inputsOf(files)) {
    if (stop?.requested) return;
    yield* itemsOf(bytesOf(file, stop), open(), stop);
  }
}

/** @param skipLines lines at the start that an earlier run had */
export function ndjsonLines(
  bytes: AsyncIterable<Uint8Array>,
  skipLines: number,
  stop?: Stop,
): AsyncGenerator<readonly Line[]> {
  return itemsOf(bytes, createNdjsonReader({ decodeUtf8, skipLines }), stop);
}

async function* itemsOf<Item>(
  bytes: AsyncIterable<Uint8Array>,
  reader: Reader<Item>,
  stop?: Stop,
): AsyncGenerator<readonly Item[]> {
  for await (const chunk of bytes) {
    const items = reader.push(chunk);
    if (items.length > 0) yield items;
  }
  // Of an input that was left in its midst, the last line is half a line.
  if (!stop?.requested) yield reader.end();
}

export type Rejects = {
  /** @param file where there are several */
  add(line: number, rejection: Rejection, file?: string): void;
  readonly count: number;
  /** By code, the most frequent first. */
  counts(): readonly (readonly [code: string, count: number])[];
  close(): Promise<void>;
};

/**
 * @param file absent: refused lines are only counted, and the first few shown
 * @param isResumed the file goes on where an earlier run left it
 */
export function openRejects(file: string | undefined, say: (text: string) => void, isResumed = false): Rejects {
  const shown = 5;
  const stream = file === undefined ? null : createWriteStream(file, { flags: isResumed ? 'a' : 'w' });
  const counts = new Map<string, number>();
  let failure: Error | null = null;
  stream?.on('error', (error) => {
    failure ??= new WrongArgument(`--rejects ${file} cannot be written: ${error.message}`, { cause: error });
  });
  let count = 0;
  return {
    add(line, rejection, from) {
      count += 1;
      counts.set(rejection.rejected, (counts.get(rejection.rejected) ?? 0) + 1);
      const where = from === undefined ? {} : { file: from };
      stream?.write(`${JSON.stringify({ ...where, ...rejectedLine(line, rejection) })}\n`);
      const at = from === undefined ? `line ${line}` : `${from} line ${line}`;
      if (!stream && count <= shown) say(`${at} refused, ${rejection.rejected}: ${rejection.reason}`);
      if (!stream && count === shown + 1) say('more lines are refused; --rejects FILE keeps them all');
    },
    get count() {
      return count;
    },
    counts: () => [...counts].sort(([one, a], [two, b]) => b - a || (one < two ? -1 : 1)),
    async close() {
      if (!stream) return;
      stream.end();
      await finished(stream).catch(() => undefined);
      if (failure) throw failure;
    },
  };
}
