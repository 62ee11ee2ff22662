/**
 * What producers may compress batches with. We write gzip only; upstream producers choose for themselves, and a batch
 * that cannot be read would stop its partition.
 */

import * as zlib from 'node:zlib';
import { decompressLz4 } from './lz4.ts';
import { decompressSnappy } from './snappy.ts';

/** What one batch may hold unpacked: far above what a topic takes, far below what hurts the process. */
export const MAX_UNPACKED_BYTES = 134_217_728;

export const GZIP = 1;
const SNAPPY = 2;
const LZ4 = 3;
const ZSTD = 4;

type Unpack = (bytes: Buffer, limit: number) => Buffer;

/** Node has zstd from 22.15 on. */
const unzstd = (zlib as { zstdDecompressSync?: (bytes: Buffer, options: { maxOutputLength: number }) => Buffer })
  .zstdDecompressSync;

export const ZSTD_HERE = unzstd !== undefined;

/**
 * @param codec the number in the batch's attributes.
 * @param where said in errors: topic, partition, offset.
 */
export function decompress(codec: number, bytes: Buffer, where: string): Buffer {
  const unpack = UNPACK[codec];
  if (unpack === undefined) {
    const how = codec === ZSTD ? 'zstd, which this Node cannot read' : `codec ${codec}, which is unknown`;
    throw new Error(
      `${where}: the batch is compressed with ${how}: ` +
        'run Node 22.15 or later, or set compression.type=gzip on the topic and send the records again',
    );
  }
  try {
    return unpack(bytes, MAX_UNPACKED_BYTES);
  } catch (cause) {
    throw new Error(`${where}: the compressed batch is damaged, or unpacks to more than ${MAX_UNPACKED_BYTES} bytes`, {
      cause,
    });
  }
}

const UNPACK: Readonly<Record<number, Unpack>> = {
  [GZIP]: (bytes, maxOutputLength) => zlib.gunzipSync(bytes, { maxOutputLength }),
  [SNAPPY]: decompressSnappy,
  [LZ4]: decompressLz4,
  ...(unzstd === undefined ? {} : { [ZSTD]: (bytes, maxOutputLength) => unzstd(bytes, { maxOutputLength }) }),
};

export function gzip(bytes: Buffer): Buffer {
  return zlib.gzipSync(bytes, { level: zlib.constants.Z_BEST_SPEED });
}
