/** The fuzzer's cases: the same again for a seed and an index, so that a failure can be run again alone. */

import { createHash } from 'node:crypto';
import { TOPICS } from '@callfold/core';
import { createCodec } from '@callfold/adapters';
import { expect, test, vi } from 'vitest';
import { caseOf } from '../fuzz/cases.mjs';
import { FOREIGN, schemaSource } from '../fuzz/foreign.mjs';

const SAME = 200;
const EVERY = 3_000;
/** The machine may be busy. */
vi.setConfig({ testTimeout: 60_000 });

const digest = (one: object): string => createHash('sha256').update(JSON.stringify(one)).digest('hex');

async function cases(seed: string, count: number) {
  const ids = await createCodec(schemaSource()).register(TOPICS.map(({ name }) => name));
  return Array.from({ length: count }, (_, index) => caseOf(seed, index, ids));
}

test('a seed and an index give the same bytes, another seed gives others', async () => {
  const [first, again, other] = await Promise.all([cases('7', SAME), cases('7', SAME), cases('8', SAME)]);
  expect(again.map(digest)).toEqual(first.map(digest));
  expect(other.map(digest)).not.toEqual(first.map(digest));
});

test('every kind of case comes up, and every foreign schema', async () => {
  const found = await cases('1', EVERY);
  expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set(['avro', 'field', 'json']));
  const whats = new Set(found.map(({ what }) => what));
  for (const { what } of FOREIGN) expect(whats, what).toContain(`foreign, ${what}`);
  for (const what of ['as it should be', 'tokens', 'bytes', 'under another schema', 'under a strange id', 'deep']) {
    expect(whats, what).toContain(what);
  }
});
