import { createHash } from 'node:crypto';
import type { LogRecord, SegmentFormat } from '@callfold/engine';
import { decodeContainer, encodeContainer } from '../avro/avsc.ts';

/**
 * A stretch of a raw partition as an Avro object container, with everything that a log record has. It is no topic's
 * shape: nobody but an archive has it, and the container carries it.
 */
const SCHEMA = {
  type: 'record',
  name: 'ArchivedRecord',
  namespace: 'callfold.archive',
  fields: [
    { name: 'offset', type: 'long' },
    { name: 'appendedAt', type: 'long', doc: "The broker's append time, epoch ms." },
    { name: 'key', type: ['null', 'bytes'] },
    { name: 'value', type: ['null', 'bytes'] },
    {
      name: 'headers',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'Header',
          fields: [
            { name: 'name', type: 'string' },
            { name: 'value', type: 'bytes' },
          ],
        },
      },
    },
  ],
};

type Row = {
  readonly offset: number;
  readonly appendedAt: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly { readonly name: string; readonly value: Buffer }[];
};

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const avroSegments: SegmentFormat = {
  ending: 'avro',
  pack(records: readonly LogRecord[]) {
    const rows = records.map(
      ({ offset, appendedAt, key, value, headers }): Row => ({
        offset,
        appendedAt,
        key: key && bufferOf(key),
        value: value && bufferOf(value),
        headers: headers.map((header) => ({ name: header.name, value: bufferOf(header.value) })),
      }),
    );
    return encodeContainer(SCHEMA, rows);
  },
  async unpack(bytes) {
    return (await decodeContainer(bytes)) as unknown as Row[];
  },
  checksum: (bytes) => createHash('sha256').update(bytes).digest('hex'),
};
