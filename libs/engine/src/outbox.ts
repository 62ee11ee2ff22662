import type { Code } from '@callfold/core';
import { BYTES_PER_UNIT, encodeUtf8, utf8Text } from '@callfold/core';

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

function headOf(entry: Entry): string {
  const { topic, seq, origin } = entry;
  if (entry.what === 'letter') return JSON.stringify([topic, seq, origin, null, entry.code, entry.reason]);
  const { key, correctedAt } = entry;
  return JSON.stringify(correctedAt === undefined ? [topic, seq, origin, key] : [topic, seq, origin, key, correctedAt]);
}

const valueOf = (entry: Entry): Uint8Array | null => (entry.what === 'record' ? entry.value : null);

/** Those of one commit lie in one piece of memory: one of its own for each would cost more than what it holds. */
export function encodeEntries(entries: readonly Entry[]): Uint8Array[] {
  const heads = entries.map(headOf);
  let most = 0;
  entries.forEach((entry, index) => {
    most += LENGTH_BYTES + (heads[index] as string).length * BYTES_PER_UNIT + (valueOf(entry)?.length ?? 0);
  });
  const bytes = new Uint8Array(most);
  let end = 0;
  return entries.map((entry, index) => {
    const start = end;
    const body = start + LENGTH_BYTES;
    end = encodeUtf8(heads[index] as string, bytes, body);
    const length = end - body;
    for (let at = 0; at < LENGTH_BYTES; at += 1) bytes[start + at] = (length >>> (8 * (LENGTH_BYTES - 1 - at))) & 0xff;
    const value = valueOf(entry);
    if (value !== null) bytes.set(value, end);
    end += value?.length ?? 0;
    return bytes.subarray(start, end);
  });
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
