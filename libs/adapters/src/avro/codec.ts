import type { RawEvent, Rejection, Source } from '@callfold/core';
import { LIMITS, rawTopic, reject, SOURCES } from '@callfold/core';
import type { Codec } from '@callfold/engine';
import { Refused } from '@callfold/engine';
import type { Topic } from '@callfold/schemas';
import { isTopic, SCHEMAS } from '@callfold/schemas';
import { readFields } from '@callfold/sources';
import type { Encode, Shape } from './avsc.ts';
import { asBuffer, createEncode, shapeOf, whyUnread } from './avsc.ts';
import type { KnownSchemas } from './known-schemas.ts';
import { createKnownSchemas } from './known-schemas.ts';
import { lenientSchema, rawFields } from './raw-fields.ts';
import type { SchemaSource } from './schema-source.ts';
import { registerAll } from './schema-source.ts';

/** Confluent's wire format: a zero byte, the schema's id as 4 bytes, most significant first, then the Avro value. */
const MAGIC = 0;
const HEAD_BYTES = 5;

export type AvroCodec = Codec & {
  /** Registers the schemas of the topics that will be written to: once, at start. Ids by topic. */
  register(topics: readonly string[]): Promise<ReadonlyMap<string, number>>;
};

type Writer = { readonly id: number; readonly encode: Encode };

/** @param now epoch ms; says when a schema id that the source did not know is asked for again. */
export function createCodec(source: SchemaSource, now: () => number = Date.now): AvroCodec {
  const known = createKnownSchemas(source, now);
  const shapes = new Map<Topic, Shape>();
  const raw = Object.fromEntries(SOURCES.map((one) => [one, rawReader(one)])) as Record<Source, RawReader>;
  const writers = new Map<string, Writer>();

  /** Made when first needed: each costs some milliseconds, and a process reads few of the topics. */
  function shapeOfTopic(topic: Topic): Shape {
    const shape = shapes.get(topic) ?? shapeOf(SCHEMAS[topic]);
    shapes.set(topic, shape);
    return shape;
  }

  function rawReader(from: Source): RawReader {
    const topic = rawTopic(from) as Topic;
    let lenient: Shape | null = null;
    return createRawReader(
      from,
      known.reading,
      () => shapeOfTopic(topic),
      () => {
        lenient ??= shapeOf(lenientSchema(SCHEMAS[topic]));
        return lenient;
      },
    );
  }

  function encode(topic: string, record: object): Uint8Array {
    const writer = writers.get(topic);
    if (!writer) throw new Refused(`nothing can be written to ${topic}: its schema was not registered at start`);
    try {
      const bytes = writer.encode(record, HEAD_BYTES);
      bytes[0] = MAGIC;
      bytes.writeInt32BE(writer.id, 1);
      return bytes;
    } catch (error) {
      // Its content is ours: this is a fault of the code, and trying again cannot mend it.
      throw new Refused(`a record for ${topic} does not fit its schema, ${(error as Error).message}`, { cause: error });
    }
  }

  return {
    async register(topics) {
      const ids = await registerAll(source, topics);
      for (const [topic, id] of ids) {
        if (!isTopic(topic)) continue;
        writers.set(topic, { id, encode: createEncode(shapeOfTopic(topic)) });
        known.add(id, SCHEMAS[topic]);
      }
      return ids;
    },
    async prepare(records) {
      const wanted = new Set<number>();
      let last = 0;
      for (const { value } of records) {
        if (value === null || !isFramed(value)) continue;
        const id = idOf(value);
        if (id !== last && known.isNew(id)) wanted.add(id);
        last = id;
      }
      if (wanted.size > 0) await known.learn(wanted);
    },
    decode: (from, value) => raw[from](value),
    encodeRaw: (event, received) => encode(rawTopic(event.source), rawFields(event, received)),
    encode,
    decodeDerived(topic, value) {
      const isOurs = isTopic(topic) && isFramed(value);
      const reading = isOurs ? known.reading(idOf(value), shapeOfTopic(topic)) : 'it is not in the wire format';
      if (typeof reading === 'function') return reading(asBuffer(value), HEAD_BYTES);
      const why = reading ?? `schema ${idOf(value)} is unknown to the registry`;
      throw new Refused(`${topic} holds a value that this project did not write: ${why}. Find and stop its writer`);
    },
  };
}

type RawReader = (value: Uint8Array) => RawEvent | Rejection;

/**
 * @param plain reads what this project's own schema wrote, and most that evolved from it, fast.
 * @param lenient is tried where `plain` cannot read a writer's schema: it also takes writers that may leave out, or
 * write otherwise, what the validator then judges.
 */
function createRawReader(
  source: Source,
  reading: KnownSchemas['reading'],
  plain: () => Shape,
  lenient: () => Shape,
): RawReader {
  return (value) => {
    if (value.length > LIMITS.recordBytes) {
      return reject('too-large', `${value.length} bytes, ${LIMITS.recordBytes} are the limit`);
    }
    if (!isFramed(value)) return reject('not-avro', 'it does not begin with a zero byte and a schema id of 4 bytes');
    const id = idOf(value);
    let decode = reading(id, plain());
    if (typeof decode === 'string') {
      const why = decode;
      decode = reading(id, lenient());
      if (typeof decode === 'string') return reject('not-avro', `schema ${id} cannot be read: ${why}`);
    }
    if (decode === null) return reject('unknown-schema', `id ${id}`);
    let fields: Record<string, unknown>;
    try {
      fields = decode(asBuffer(value), HEAD_BYTES);
    } catch (error) {
      return reject('not-avro', `schema ${id}: ${whyUnread(error)}`);
    }
    return readFields(source, fields);
  };
}

function isFramed(value: Uint8Array): boolean {
  return value.length >= HEAD_BYTES && value[0] === MAGIC;
}

function idOf(value: Uint8Array): number {
  return ((value[1] ?? 0) << 24) | ((value[2] ?? 0) << 16) | ((value[3] ?? 0) << 8) | (value[4] ?? 0);
}
