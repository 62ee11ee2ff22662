import type { Code } from '@callfold/core';
import { utf8Bytes, utf8Text } from '@callfold/core';

/** What is committed to be published, and not yet known to stand in its topic. */
export type Entry = RecordEntry | LetterEntry;

type Common = {
  readonly topic: string;
  /** `callfold-seq` */
  readonly seq: number;
  /** Offset, in this raw partition, of the record that caused it. */
  readonly origin: number;
};
export type RecordEntry = Common & {
  readonly what: 'record';
  readonly key: string;
  /** Null: a tombstone. */
  readonly value: Uint8Array | null;
  /** As in `Stood`. */
  readonly correctedAt?: number;
};
/** A dead letter keeps where its bytes stand, not the bytes. */
export type LetterEntry = Common & {
  readonly what: 'letter';
  readonly code: Code;
  readonly reason: string;
  /** The log that had them is no more. Not stored. */
  readonly isGone?: boolean;
};

const LENGTH_BYTES = 4;
const NO_BYTES = new Uint8Array(0);

export function encodeEntry(entry: Entry): Uint8Array {
  const { topic, seq, origin } = entry;
  if (entry.what === 'letter') return framed([topic, seq, origin, null, entry.code, entry.reason], NO_BYTES);
  const { key, value, correctedAt } = entry;
  return framed(
    correctedAt === undefined ? [topic, seq, origin, key] : [topic, seq, origin, key, correctedAt],
    value ?? NO_BYTES,
  );
}

function framed(fields: readonly unknown[], value: Uint8Array): Uint8Array {
  const head = utf8Bytes(JSON.stringify(fields));
  const { length } = head;
  const bytes = new Uint8Array(LENGTH_BYTES + length + value.length);
  for (let at = 0; at < LENGTH_BYTES; at += 1) bytes[at] = (length >>> (8 * (LENGTH_BYTES - 1 - at))) & 0xff;
  bytes.set(head, LENGTH_BYTES);
  bytes.set(value, LENGTH_BYTES + length);
  return bytes;
}

export function decodeEntry(bytes: Uint8Array): Entry {
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  const head: unknown = JSON.parse(utf8Text(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + size)));
  const [topic, seq, origin, key] = head as [string, number, number, string | null];
  const common = { topic, seq, origin };
  if (key === null) {
    const [, , , , code, reason] = head as [unknown, unknown, unknown, unknown, Code, string];
    return { ...common, what: 'letter', code, reason };
  }
  const [, , , , correctedAt] = head as [unknown, unknown, unknown, unknown, number?];
  // No record has no bytes at all: that is a tombstone.
  const value = bytes.length > LENGTH_BYTES + size ? bytes.slice(LENGTH_BYTES + size) : null;
  return { ...common, what: 'record', key, value, ...(correctedAt !== undefined && { correctedAt }) };
}
