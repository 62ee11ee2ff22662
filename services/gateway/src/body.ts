import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import type { HeldBytes } from './held-bytes.ts';
import type { GatewayLimits } from './limits.ts';
import { ProblemError } from './problem.ts';

/** A request's body as bytes: paced, unpacked and bounded. Nothing is held for longer than its reader wants it. */

export type Chunks = AsyncIterable<Uint8Array>;

/** The body's bytes as they come, gzip unpacked. @throws ProblemError for what is no such body */
export function bodyOf(raw: IncomingMessage, limits: GatewayLimits): Chunks {
  const encoding = raw.headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return paced(raw, limits);
  if (encoding === 'gzip' || encoding === 'x-gzip') return unpacked(paced(raw, limits), limits);
  throw new ProblemError('encoding', 'a body may be packed with gzip, or not at all');
}

/** Only the time in which we wait for the sender counts, not that in which it waits for us. */
async function* paced(raw: IncomingMessage, limits: GatewayLimits): AsyncGenerator<Uint8Array> {
  // An early end must leave the connection alone: the answer is still to be sent over it.
  const chunks = raw.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>;
  let bytes = 0;
  let waitedMs = 0;
  for (;;) {
    const askedAt = performance.now();
    const step = await within(limits.silentMs, chunks.next(), () => {
      return new ProblemError('too-slow', `nothing came for ${limits.silentMs} ms in the middle of the body`);
    });
    if (step.done) return;
    waitedMs += performance.now() - askedAt;
    bytes += step.value.length;
    if (waitedMs > limits.slowAfterMs && (bytes * 1_000) / waitedMs < limits.bytesPerSecond)
      throw new ProblemError('too-slow', `the body came with less than ${limits.bytesPerSecond} bytes a second`);
    yield step.value;
  }
}

async function* unpacked(chunks: AsyncGenerator<Uint8Array>, limits: GatewayLimits): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  let packedBytes = 0;
  let bytes = 0;
  async function feed(): Promise<void> {
    for await (const chunk of chunks) {
      packedBytes += chunk.length;
      if (gunzip.destroyed) return;
      if (!gunzip.write(chunk)) await Promise.race([once(gunzip, 'drain'), once(gunzip, 'close')]);
    }
    gunzip.end();
  }
  feed().catch((error: unknown) => gunzip.destroy(error as Error));
  try {
    for await (const chunk of gunzip as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > limits.packedFreeBytes && bytes > packedBytes * limits.unpackedPerByte)
        throw new ProblemError('unpacked-too-large', `${packedBytes} bytes unpack to more than ${bytes}`);
      yield chunk;
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!code.startsWith('Z_')) throw error;
    throw new ProblemError('malformed', 'the body is said to be gzip, and is not', {}, null, error);
  } finally {
    gunzip.destroy();
  }
}

/** All of it, once it is here. `held` counts it until `release`. */
export type Whole = { readonly bytes: Buffer; release(): void };

export async function wholeBody(raw: IncomingMessage, most: number, held: HeldBytes, limits: GatewayLimits) {
  const tooLarge = (): ProblemError =>
    new ProblemError('too-large', `a body of this kind may have ${most} bytes; NDJSON may be of any length`);
  if (Number(raw.headers['content-length'] ?? 0) > most) throw tooLarge();
  const parts: Uint8Array[] = [];
  let bytes = 0;
  const release = (): void => held.give(bytes);
  try {
    for await (const chunk of bodyOf(raw, limits)) {
      if (bytes + chunk.length > most) throw tooLarge();
      await held.take(chunk.length, limits.roomMs);
      bytes += chunk.length;
      parts.push(chunk);
    }
  } catch (error) {
    release();
    throw error;
  }
  return { bytes: Buffer.concat(parts), release } satisfies Whole;
}

/** @param late what is thrown when the promise is not settled in time; its own end is then nobody's. */
export async function within<Value>(ms: number, promise: Promise<Value>, late: () => Error): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
    promise.catch(() => undefined);
  }
}
