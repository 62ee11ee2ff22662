/** The codec against a real registry: its own words for what is missing, incompatible, registered twice or away. */

import { TOPICS } from '@callfold/core';
import { Refused } from '@callfold/engine';
import type { Topic } from '@callfold/schemas';
import { SCHEMAS } from '@callfold/schemas';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRegistry, testDir } from '../../../infra/parts/index.mjs';
import { anyRecord } from '../../../schemas/test/any-record.ts';
import { createEncode, shapeOf } from '../src/avro/avsc.ts';
import { createCodec, createRegistry, registerAll } from '../src/index.ts';

const TOPIC_NAMES = TOPICS.map(({ name }) => name) as Topic[];
const RAW = 'callfold.raw.callcenter24';
const OFFERS = 'callfold.agent-offers';

type Part = Awaited<ReturnType<typeof startRegistry>>;

let started: Part | null = null;
let url = '';

beforeAll(async () => {
  const given = process.env['CALLFOLD_TEST_REGISTRY_URL'];
  if (!given) started = await startRegistry({ dir: testDir('avro'), say: console.info });
  url = given ?? started?.url ?? '';
});
afterAll(async () => {
  await started?.stop({ wipe: true });
});

/** Straight to the API, past the code under test. */
async function api(
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; json: Record<string, unknown> }> {
  const headers = { 'content-type': 'application/vnd.schemaregistry.v1+json' };
  const response = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

function framed(id: number, schema: object, record: object): Buffer {
  const bytes = createEncode(shapeOf(schema))(record, 5);
  bytes[0] = 0;
  bytes.writeInt32BE(id, 1);
  return bytes;
}

test('four services that start at once on an empty registry get the same ids', async () => {
  const services = Array.from({ length: 4 }, () => registerAll(createRegistry({ url })));
  const [first, ...others] = await Promise.all(services);
  expect(first?.size).toBe(TOPIC_NAMES.length);
  for (const other of others) expect(other).toEqual(first);
});

test('every schema is registered under its compatibility, and a second time gets the same id', async () => {
  const registry = createRegistry({ url });
  const ids = await registerAll(registry);
  expect([...ids.keys()]).toEqual(TOPIC_NAMES);
  expect(await registerAll(createRegistry({ url }))).toEqual(ids);
  for (const { name, compatibility } of TOPICS) {
    expect(await registry.compatibility(name), name).toBe(compatibility);
    expect(await registry.registered(name), name).toBe(ids.get(name));
    expect(await registry.schema(ids.get(name) ?? 0), name).toEqual(SCHEMAS[name as Topic]);
  }
});

test('records written by one process are read by another that knows nothing yet', async () => {
  const writer = createCodec(createRegistry({ url }));
  await writer.register(TOPIC_NAMES);
  const reader = createCodec(createRegistry({ url }));
  for (const topic of TOPIC_NAMES) {
    const records = fc.sample(anyRecord(SCHEMAS[topic]), { numRuns: 5, seed: 1999 });
    const values = records.map((record) => writer.encode(topic, record));
    await reader.prepare(values.map((value) => ({ value })));
    expect(
      values.map((value) => reader.decodeDerived(topic, value)),
      topic,
    ).toEqual(records);
  }
});

test('an id that the registry does not have is data, not an outage', async () => {
  const codec = createCodec(createRegistry({ url }));
  const value = framed(2_147_483_000, SCHEMAS[RAW], { callId: 'c', occurredAt: 917_861_400_000 });
  await codec.prepare([{ value }]);
  expect(codec.decode('callcenter24', value)).toMatchObject({ rejected: 'unknown-schema' });
});

describe('a schema that evolves', () => {
  const evolved = {
    ...SCHEMAS[RAW],
    fields: [...SCHEMAS[RAW].fields, { name: 'shift', type: ['null', 'string'], default: null }],
  };

  test('is taken where it keeps what others read, and today’s reader reads it', async () => {
    await registerAll(createRegistry({ url }), [RAW]);
    const { status, json } = await api('POST', `/subjects/${RAW}-value/versions`, { schema: JSON.stringify(evolved) });
    expect(status).toBe(200);
    const codec = createCodec(createRegistry({ url }));
    const value = framed(Number(json['id']), evolved, { callId: 'c', occurredAt: 917_861_400_000, shift: 'late' });
    await codec.prepare([{ value }]);
    expect(codec.decode('callcenter24', value)).toMatchObject({ subjectId: 'c', occurredAt: 917_861_400_000 });
    // Ours is still registered and still written, though it is not the newest any more.
    expect(await createRegistry({ url }).register(RAW)).toBeGreaterThan(0);
  });

  test('is refused by the registry where it would break readers', async () => {
    await registerAll(createRegistry({ url }), [OFFERS]);
    const fields = [...SCHEMAS[OFFERS].fields, { name: 'shift', type: 'string' }];
    const { status } = await api('POST', `/subjects/${OFFERS}-value/versions`, {
      schema: JSON.stringify({ ...SCHEMAS[OFFERS], fields }),
    });
    expect(status).toBe(409);
  });
});

test('a compatibility that somebody set is not overruled', async () => {
  const registry = createRegistry({ url });
  const wanted = (await registerAll(registry, [OFFERS])) && (await registry.compatibility(OFFERS));
  await api('PUT', `/config/${OFFERS}-value`, { compatibility: 'FORWARD' });
  try {
    await expect(registry.register(OFFERS)).rejects.toThrow(Refused);
    await expect(registry.register(OFFERS)).rejects.toThrow('has compatibility FORWARD, and FULL_TRANSITIVE is needed');
  } finally {
    await api('PUT', `/config/${OFFERS}-value`, { compatibility: wanted ?? 'FULL_TRANSITIVE' });
  }
  expect(await registry.register(OFFERS)).toBeGreaterThan(0);
});

test('a registry that is stopped is away, and answers again when it is back', async ({ skip }) => {
  if (!started) skip('CALLFOLD_TEST_REGISTRY_URL is given: a registry of others is not stopped');
  const codec = createCodec(createRegistry({ url }));
  const id = await createRegistry({ url }).register(RAW);
  const value = framed(id, SCHEMAS[RAW], { callId: 'c', occurredAt: 917_861_400_000 });
  await started?.kill();
  await expect(codec.prepare([{ value }])).rejects.toThrow(/did not answer.*asked again/);
  await expect(codec.register([RAW])).rejects.not.toBeInstanceOf(Refused);
  await started?.start();
  await codec.prepare([{ value }]);
  expect(codec.decode('callcenter24', value)).toMatchObject({ subjectId: 'c' });
});
