import { createReadStream, createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { RawEvent, Rejection } from '@callfold/core';
import type { JsonItem } from '@callfold/sources';
import { createJsonLineReader, createNdjsonReader, rejectedLine } from '@callfold/sources';
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
const NEVER: Stop = { requested: false, wanted: new Promise(() => undefined) };

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
  stop: Stop = NEVER,
): AsyncGenerator<readonly Item[]> {
  for (const file of files.length === 0 ? ['-'] : files) {
    if (stop.requested) return;
    const reader = open();
    const stream = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: 262_144 });
    void stop.wanted.then(() => stream.destroy());
    try {
      for await (const chunk of stream as AsyncIterable<Uint8Array>) {
        const lines = reader.push(chunk);
        if (lines.length > 0) yield lines;
      }
    } catch (error) {
      if (stop.requested) return;
      throw unreadable(file, error);
    }
    yield reader.end();
  }
}

function unreadable(file: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error;
  return new WrongArgument(`${file} cannot be read: ${error.message}`, { cause: error });
}

export type Rejects = {
  add(line: number, rejection: Rejection): void;
  readonly count: number;
  close(): Promise<void>;
};

/** @param file absent: refused lines are only counted, and the first few shown */
export function openRejects(file: string | undefined, say: (text: string) => void): Rejects {
  const shown = 5;
  const stream = file === undefined ? null : createWriteStream(file);
  let failure: Error | null = null;
  stream?.on('error', (error) => {
    failure ??= new WrongArgument(`--rejects ${file} cannot be written: ${error.message}`, { cause: error });
  });
  let count = 0;
  return {
    add(line, rejection) {
      count += 1;
      stream?.write(`${JSON.stringify(rejectedLine(line, rejection))}\n`);
      if (!stream && count <= shown) say(`line ${line} refused, ${rejection.rejected}: ${rejection.reason}`);
      if (!stream && count === shown + 1) say('more lines are refused; --rejects FILE keeps them all');
    },
    get count() {
      return count;
    },
    async close() {
      if (!stream) return;
      stream.end();
      await finished(stream).catch(() => undefined);
      if (failure) throw failure;
    },
  };
}
