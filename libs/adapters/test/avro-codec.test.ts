import type { RawEvent, Rejection, Source } from '@callfold/core';
import { isRejection, LIMITS, SOURCES, TOPICS } from '@callfold/core';
import { Refused } from '@callfold/engine';
import type { Topic } from '@callfold/schemas';
import { SCHEMAS } from '@callfold/schemas';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { anyRecord } from '../../../schemas/test/any-record.ts';
import type { AvroCodec, SchemaSource } from '../src/index.ts';
import { createCodec, createLocalRegistry } from '../src/index.ts';
import { createEncode, shapeOf } from '../src/avro/avsc.ts';

/** Many cases in one test; other suites may share the machine. */
const SLOW = { timeout: 30_000 };

const TOPIC_NAMES = TOPICS.map(({ name }) => name) as Topic[];
const T = Date.UTC(1999, 1, 1, 9, 30);

const EVENT: RawEvent = {
  source: 'callcenter24',
  tenantId: 'default',
  subjectId: 'call-1',
  eventId: 'e-1',
  occurredAt: T,
  status: 'Participant join (Contact)',
  attributes: { queue: 'PS', город: 'Хайфа' },
  startedAt: null,
  endedAt: null,
  recordVersion: null,
  duration: null,
  description: null,
};
const EVENTS: Readonly<Record<Source, RawEvent>> = {
  callcenter24: EVENT,
  atlas: { ...EVENT, source: 'atlas', status: null, startedAt: T - 60_000, endedAt: T, recordVersion: 3 },
  chatterfy: { ...EVENT, source: 'chatterfy', status: 'Manual', attributes: null },
  vonage: { ...EVENT, source: 'vonage', status: 'Away', duration: 42, description: 'Lunch' },
};

/** A codec that can read and write everything; other writers' schemas can be added under an id of their own. */
async function codecWith(schemas: ReadonlyMap<number, object> = new Map(), now?: () => number) {
  const local = createLocalRegistry();
  const asked: number[] = [];
  const source: SchemaSource = {
    async schema(id) {
      asked.push(id);
      return schemas.get(id) ?? local.schema(id);
    },
    register: (topic) => local.register(topic),
  };
  const codec = createCodec(source, now);
  await codec.register(TOPIC_NAMES);
  return { codec, asked };
}

function framed(id: number, schema: object, record: object): Buffer {
  const bytes = createEncode(shapeOf(schema))(record, 5);
  bytes[0] = 0;
  bytes.writeInt32BE(id, 1);
  return bytes;
}

async function decodeAs(schema: object, record: object, source: Source = 'callcenter24') {
  const { codec } = await codecWith(new Map([[77, schema]]));
  const value = framed(77, schema, record);
  await codec.prepare([{ value }]);
  return codec.decode(source, value);
}

const refusal = (found: RawEvent | Rejection): string => {
  if (!isRejection(found)) throw new Error(`not refused: ${JSON.stringify(found)}`);
  return `${found.rejected} ${found.reason}`;
};

let codec: AvroCodec;
beforeAll(async () => {
  ({ codec } = await codecWith());
});

describe.each(TOPIC_NAMES)('%s', (topic) => {
  test('any record comes back as it was, from bytes that are the same each time', SLOW, () => {
    fc.assert(
      fc.property(anyRecord(SCHEMAS[topic]), (record) => {
        const bytes = codec.encode(topic, record);
        expect(codec.decodeDerived(topic, bytes)).toEqual(record);
        expect(codec.encode(topic, codec.decodeDerived(topic, bytes))).toEqual(bytes);
      }),
      { numRuns: 40 },
    );
  });

  test('cut anywhere, or a byte longer, it is refused', () => {
    const record = fc.sample(anyRecord(SCHEMAS[topic]), { numRuns: 1, seed: 5 })[0]!;
    const bytes = codec.encode(topic, record);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => codec.decodeDerived(topic, bytes.subarray(0, length)), `${length} bytes`).toThrow(Error);
    }
    expect(() => codec.decodeDerived(topic, Buffer.concat([bytes, Buffer.of(0)]))).toThrow('1 bytes too many');
  });
});

describe.each(SOURCES)('raw events of %s', (source) => {
  const event = EVENTS[source];

  test('an event comes back as it was', () => {
    expect(codec.decode(source, codec.encodeRaw(event))).toEqual(event);
  });

  test('the wire format is a zero byte, the id, the value', async () => {
    const bytes = codec.encodeRaw(event);
    const ids = await codec.register([`callfold.raw.${source}`]);
    expect(bytes[0]).toBe(0);
    expect(Buffer.from(bytes).readInt32BE(1)).toBe(ids.get(`callfold.raw.${source}`));
  });

  test('cut anywhere, or a byte longer, it is refused with a reason', () => {
    const bytes = codec.encodeRaw(event);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(refusal(codec.decode(source, bytes.subarray(0, length))), `${length} bytes`).toMatch(/^not-avro /);
    }
    expect(refusal(codec.decode(source, Buffer.concat([bytes, Buffer.of(0)])))).toContain('1 bytes too many');
  });

  test('bytes of a plain Uint8Array, anywhere in its buffer, are read as those of a Buffer', () => {
    const bytes = codec.encodeRaw(event);
    const elsewhere = new Uint8Array(bytes.length + 20);
    elsewhere.set(bytes, 13);
    expect(codec.decode(source, elsewhere.subarray(13, 13 + bytes.length))).toEqual(event);
  });

  test('any bytes at all are an event or a refusal with a known code, never an error', SLOW, () => {
    const head = codec.encodeRaw(event).subarray(0, 5);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (body) => {
        const found = codec.decode(source, Buffer.concat([head, body]));
        expect(isRejection(found) ? found.reason : found.source).toBeTruthy();
      }),
      { numRuns: 300 },
    );
  });

  test('one byte changed is an event or a refusal', () => {
    const bytes = codec.encodeRaw(event);
    for (let at = 5; at < bytes.length; at += 1) {
      for (const flip of [1, 128, 255]) {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ flip;
        expect(codec.decode(source, changed), `byte ${at}`).toBeTypeOf('object');
      }
    }
  });
});

test('what is not in the wire format, or too large, is refused before anything is read', () => {
  const bytes = Buffer.from(codec.encodeRaw(EVENT));
  bytes[0] = 1;
  expect(refusal(codec.decode('callcenter24', bytes))).toMatch(/^not-avro .*zero byte/);
  expect(refusal(codec.decode('callcenter24', Buffer.from('{"callId":"x"}')))).toMatch(/^not-avro .*zero byte/);
  expect(refusal(codec.decode('callcenter24', Buffer.alloc(LIMITS.recordBytes + 1)))).toMatch(/^too-large .*1048577/);
});

test('the validator’s refusals come through', () => {
  const late = {
    callId: 'c',
    occurredAt: 0,
    status: null,
    tenantId: 'default',
    eventId: null,
    attributes: null,
    payload: null,
    adapter: null,
  };
  expect(refusal(codec.decode('callcenter24', codec.encode('callfold.raw.callcenter24', late)))).toMatch(
    /^time-out-of-range /,
  );
  const nobody = { ...late, occurredAt: T, callId: '' };
  expect(refusal(codec.decode('callcenter24', codec.encode('callfold.raw.callcenter24', nobody)))).toMatch(
    /^missing-id /,
  );
});

test('another topic’s record is not taken for this one’s', () => {
  expect(refusal(codec.decode('atlas', codec.encodeRaw(EVENT)))).toMatch(
    /^not-avro .*it is of callfold.RawCallcenter24, not callfold.RawAtlas/,
  );
});

describe('writers that evolved', () => {
  type Schema = { fields: { name: string; type: unknown; default?: unknown }[] };
  const current = SCHEMAS['callfold.raw.callcenter24'] as unknown as Schema;
  const without = (...names: string[]) => current.fields.filter(({ name }) => !names.includes(name));
  const record = {
    tenantId: 'default',
    eventId: 'e-1',
    callId: 'call-1',
    occurredAt: T,
    status: EVENT.status,
    attributes: EVENT.attributes,
  };

  test('more fields, other order, fewer optional ones', async () => {
    const extra = { name: 'someday', type: { type: 'array', items: { type: 'map', values: 'long' } } };
    const fields = [extra, ...without('payload', 'adapter').reverse()];
    expect(await decodeAs({ ...current, fields }, { ...record, someday: [{ a: 1 }, {}] })).toEqual(EVENT);
  });

  test('another namespace is the same record; another name is not', async () => {
    expect(await decodeAs({ ...current, namespace: 'com.example' }, record)).toEqual(EVENT);
    expect(refusal(await decodeAs({ ...current, name: 'Call' }, record))).toMatch(
      /^not-avro .*schema 77 cannot be read: it is of callfold.Call, not callfold.RawCallcenter24$/,
    );
  });

  test('required fields that may be null are judged by the validator', async () => {
    const fields = current.fields.map((field) =>
      field.name === 'callId' ? { ...field, type: ['null', 'string'], default: null } : field,
    );
    expect(await decodeAs({ ...current, fields }, record)).toEqual(EVENT);
    expect(refusal(await decodeAs({ ...current, fields }, { ...record, callId: null }))).toMatch(/^missing-id /);
    expect(refusal(await decodeAs({ ...current, fields: without('callId') }, record))).toMatch(/^missing-id /);
    expect(refusal(await decodeAs({ ...current, fields: without('occurredAt') }, record))).toMatch(/^missing-time /);
  });

  test('ids as numbers and times as ISO texts are taken, as in JSON', async () => {
    const types: Record<string, unknown> = { callId: 'long', occurredAt: 'string' };
    const fields = current.fields.map((field) => ({ ...field, type: types[field.name] ?? field.type }));
    const found = await decodeAs(
      { ...current, fields },
      { ...record, callId: 4711, occurredAt: '1999-02-01T11:30:00+02:00' },
    );
    expect(found).toEqual({ ...EVENT, subjectId: '4711' });
  });

  test('a field of a type that cannot be meant is refused with the schema’s id', async () => {
    const fields = current.fields.map((field) =>
      field.name === 'status' ? { name: 'status', type: 'boolean' } : field,
    );
    expect(refusal(await decodeAs({ ...current, fields }, { ...record, status: true }))).toMatch(
      /^not-avro .*schema 77 cannot be read: .*boolean/,
    );
  });
});

describe('ids that need asking', () => {
  const value = (id: number) => framed(id, SCHEMAS['callfold.raw.callcenter24'], { callId: 'c', occurredAt: T });

  test('each is asked for once, however many records name it and partitions wait for it', async () => {
    const { codec: own, asked } = await codecWith(new Map([[9, SCHEMAS['callfold.raw.callcenter24']]]));
    const records = [value(9), value(9), null, Buffer.alloc(3), value(10), value(9)].map((one) => ({ value: one }));
    await Promise.all([own.prepare(records), own.prepare(records)]);
    await own.prepare(records);
    expect(asked).toEqual([9, 10]);
    expect(own.decode('callcenter24', value(9))).toMatchObject({ subjectId: 'c' });
    expect(refusal(own.decode('callcenter24', value(10)))).toBe(
      'unknown-schema the schema id is not in the registry: id 10',
    );
  });

  test('an unknown one is asked for again after a minute: registries have replicas that lag', async () => {
    let now = 0;
    const schemas = new Map<number, object>();
    const { codec: own, asked } = await codecWith(schemas, () => now);
    await own.prepare([{ value: value(10) }]);
    schemas.set(10, SCHEMAS['callfold.raw.callcenter24']);
    now = 59_999;
    await own.prepare([{ value: value(10) }]);
    expect(isRejection(own.decode('callcenter24', value(10)))).toBe(true);
    now = 60_000;
    await own.prepare([{ value: value(10) }]);
    expect(own.decode('callcenter24', value(10))).toMatchObject({ subjectId: 'c' });
    expect(asked).toEqual([10, 10]);
  });

  test('no registry gives out 0 or less: these are unknown without asking', async () => {
    const { codec: own, asked } = await codecWith();
    for (const id of [0, -1, -(2 ** 31)]) {
      await own.prepare([{ value: value(id) }]);
      expect(refusal(own.decode('callcenter24', value(id)))).toMatch(/^unknown-schema /);
    }
    expect(asked).toEqual([]);
  });

  test('a source that is away is no verdict: prepare throws, and succeeds when it is back', async () => {
    let away = true;
    const own = createCodec({
      schema: () => (away ? Promise.reject(new Error('away')) : Promise.resolve(SCHEMAS['callfold.raw.callcenter24'])),
      register: () => Promise.resolve(1),
    });
    await expect(own.prepare([{ value: value(9) }])).rejects.toThrow('away');
    expect(() => own.decode('callcenter24', value(9))).toThrow('`prepare` comes before decoding');
    away = false;
    await own.prepare([{ value: value(9) }]);
    expect(own.decode('callcenter24', value(9))).toMatchObject({ subjectId: 'c' });
  });

  test('what holds no Avro schema that can be used is refused with the reason', async () => {
    const schemas = new Map<number, object>([
      [5, { unusable: 'it is of type PROTOBUF, not AVRO' }],
      [6, { type: 'rec' }],
    ]);
    const bomb = Array.from({ length: 200 }, (_, i) => ({ name: `f${i}`, type: i === 0 ? 'null' : 'boolean' }));
    const inner = { type: 'record', name: 'Inner', fields: bomb };
    const fields = bomb.map((field, i) => ({ ...field, type: i === 0 ? inner : 'Inner' }));
    schemas.set(7, { type: 'record', name: 'RawCallcenter24', fields });
    const { codec: own } = await codecWith(schemas);
    await own.prepare([5, 6, 7].map((id) => ({ value: value(id) })));
    expect(refusal(own.decode('callcenter24', value(7)))).toMatch(/^not-avro .*schema 7 .*more than 10000 fields/);
    expect(refusal(own.decode('callcenter24', value(5)))).toMatch(/^not-avro .*schema 5 .*PROTOBUF/);
    expect(refusal(own.decode('callcenter24', value(6)))).toMatch(/^not-avro .*schema 6 .*rec/);
  });
});

describe('writing', () => {
  test('a record that does not fit stops the process, naming the field: it is our own mistake', () => {
    const bad = {
      ...fc.sample(anyRecord(SCHEMAS['callfold.call-outcomes']), { numRuns: 1, seed: 1 })[0],
      waitMs: 'long',
      offers: 1.5,
    };
    const write = () => codec.encode('callfold.call-outcomes', bad);
    expect(write).toThrow(Refused);
    expect(write).toThrow(/waitMs is string, offers is number/);
  });

  test('a topic that was not registered is refused', () => {
    const own = createCodec(createLocalRegistry());
    expect(() => own.encodeRaw(EVENT)).toThrow(/callfold\.raw\.callcenter24: its schema was not registered at start/);
  });

  test('foreign bytes in a derived topic are refused with what to do', () => {
    const read = () => codec.decodeDerived('callfold.call-outcomes', codec.encodeRaw(EVENT));
    expect(read).toThrow(Refused);
    expect(read).toThrow('did not write');
  });

  test('a dead letter keeps what no other record could: megabytes, any bytes, empty ones', () => {
    const value = new Uint8Array(3_000_000).map((_, i) => i % 251);
    const letter = {
      kind: 'dead-letter',
      code: 'too-large',
      reason: 'r',
      originTopic: 't',
      originPartition: 0,
      originOffset: 2 ** 40,
      originAppendedAt: T,
      key: new Uint8Array(0),
      value,
      headers: [{ name: 'x', value: Uint8Array.of(0, 255) }],
      attempts: 1,
      source: null,
    };
    const found = codec.decodeDerived('callfold.dead-letters', codec.encode('callfold.dead-letters', letter));
    expect(Buffer.from(found['value'] as Uint8Array).equals(value)).toBe(true);
    expect({ ...found, value: null }).toEqual({ ...letter, value: null });
  });

  test('half a surrogate pair becomes U+FFFD instead of bytes that nobody can read', () => {
    for (const status of ['\ud800', `${'x'.repeat(100)}\udc00`, 'a\ud83d\ude00\ud83d']) {
      const found = codec.decode('callcenter24', codec.encodeRaw({ ...EVENT, status }));
      expect(found).toMatchObject({
        status: status.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd'),
      });
    }
  });
});

test('the local registry knows every shipped schema by an id that is made of it', async () => {
  const [one, other] = [createLocalRegistry(), createLocalRegistry()];
  const ids = await Promise.all(TOPIC_NAMES.map((topic) => one.register(topic)));
  expect(await Promise.all(TOPIC_NAMES.map((topic) => other.register(topic)))).toEqual(ids);
  expect(new Set(ids).size).toBe(TOPIC_NAMES.length);
  expect(ids.every((id) => id > 0 && id < 2 ** 31)).toBe(true);
  for (const [i, id] of ids.entries())
    expect(await one.schema(id)).toMatchObject({ name: SCHEMAS[TOPIC_NAMES[i]!].name });
  expect(await one.schema(12_345)).toBeNull();
  // Logs of the embedded store hold these ids: a change here would make them unreadable.
  expect(Object.fromEntries(TOPIC_NAMES.map((topic, i) => [topic, ids[i]]))).toMatchInlineSnapshot(`
    {
      "callfold.agent-intervals": 1177892887,
      "callfold.agent-offers": 20403119,
      "callfold.call-outcomes": 803840123,
      "callfold.chat-handoffs": 358158997,
      "callfold.chat-outcomes": 281525620,
      "callfold.dead-letters": 1933446001,
      "callfold.raw.atlas": 1134610479,
      "callfold.raw.callcenter24": 1695132802,
      "callfold.raw.chatterfy": 1099310940,
      "callfold.raw.vonage": 1743484872,
    }
  `);
});
