import type { LetterRow } from '@callfold/engine';

const base64 = (bytes: Uint8Array | null): string | null => bytes && Buffer.from(bytes).toString('base64');

/** A dead letter as JSON: for `callfold dlq --json` and the console. Bytes are base64. */
export function letterJson({ partition, offset, letter, dealt }: LetterRow): Readonly<Record<string, unknown>> {
  const { key, value, headers, originAppendedAt, ...rest } = letter;
  return {
    partition,
    offset,
    ...rest,
    originAppendedAt: originAppendedAt === 0 ? null : new Date(originAppendedAt).toISOString(),
    key: base64(key),
    value: base64(value),
    headers: headers.map((header) => ({ name: header.name, value: base64(header.value) })),
    dealt,
  };
}
