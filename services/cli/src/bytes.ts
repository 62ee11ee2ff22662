import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { Readable as ReadableStream } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Context } from './command.ts';
import { WrongArgument } from './command.ts';

/** Bytes of files or standard input; what is gzip, by its first bytes and whatever its name, is unpacked. */

type Stop = Context['stop'];
export const NEVER: Stop = { requested: false, wanted: new Promise(() => undefined) };

const CHUNK_BYTES = 262_144;
const GZIP = [0x1f, 0x8b] as const;

export const STANDARD_INPUT = '-';

/** @param files none: standard input */
export function inputsOf(files: readonly string[]): readonly string[] {
  return files.length === 0 ? [STANDARD_INPUT] : files;
}

/**
 * @param stop ends the reading between two chunks, also while standard input is silent
 * @param taken told of the bytes as they are stored, packed ones too
 * @throws WrongArgument when it cannot be opened
 */
export async function* bytesOf(
  file: string,
  stop: Stop = NEVER,
  taken: (bytes: number) => void = () => undefined,
): AsyncGenerator<Uint8Array> {
  const stream = file === STANDARD_INPUT ? process.stdin : createReadStream(file, { highWaterMark: CHUNK_BYTES });
  void stop.wanted.then(() => stream.destroy());
  try {
    yield* unpacked(counted(stream, taken));
  } catch (error) {
    if (!stop.requested) throw unreadable(file, error);
  }
}

async function* counted(stream: Readable, taken: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    taken(chunk.length);
    yield chunk;
  }
}

async function* unpacked(source: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  let head = new Uint8Array(0);
  while (head.length < GZIP.length) {
    const next = await source.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  if (!GZIP.every((byte, at) => head[at] === byte)) {
    if (head.length > 0) yield head;
    yield* source;
    return;
  }
  const whole = async function* (): AsyncGenerator<Uint8Array> {
    yield head;
    yield* source;
  };
  const gunzip = createGunzip();
  // What goes wrong on the way is thrown where the unpacked bytes are read.
  pipeline(ReadableStream.from(whole(), { objectMode: false }), gunzip).catch(() => undefined);
  yield* gunzip as AsyncIterable<Uint8Array>;
}

function unreadable(file: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const name = file === STANDARD_INPUT ? 'standard input' : file;
  if ('syscall' in error) return new WrongArgument(`${file} cannot be read: ${error.message}`, { cause: error });
  const isPacked = 'code' in error && String(error.code).startsWith('Z_');
  return isPacked ? new Error(`${name} is gzip, and damaged or cut short: ${error.message}`, { cause: error }) : error;
}
