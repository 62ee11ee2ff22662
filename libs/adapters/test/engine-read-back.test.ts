/** Reading back what stands, over derived topics whose start and end are not where they were. */

import { ORIGIN_HEADER, SEQ_HEADER, utf8Bytes } from '@callfold/core';
import type { At, Published, Publisher } from '@callfold/engine';
import { readStanding } from '@callfold/engine';
import { describe, expect, it } from 'vitest';

const ORIGIN: At = { topic: 'raw', partition: 1 };
const PAGE = 2;

function published(topic: string, offset: number, origin = 'raw/1/7'): Published {
  const headers = [
    { name: ORIGIN_HEADER, value: utf8Bytes(origin) },
    { name: SEQ_HEADER, value: utf8Bytes(String(offset)) },
  ];
  return { topic, offset, key: utf8Bytes('key'), value: utf8Bytes(`${topic} ${offset}`), headers };
}

/** A topic that holds `start` up to `end`, and grows by one record with each call. */
function publisherOf(start: number, end: number, growth = 0) {
  const calls: string[] = [];
  let now = end;
  const publisher: Pick<Publisher, 'bounds' | 'readBack'> = {
    async bounds(topic) {
      calls.push(`bounds ${topic}`);
      return { start, end: now };
    },
    async readBack(topic, _, offset) {
      calls.push(`read ${topic} ${offset}`);
      if (offset < start || offset > now) throw new Error(`it holds ${start} up to ${now}`);
      const next = Math.min(offset + PAGE, now);
      const records = Array.from({ length: next - offset }, (__, index) => published(topic, offset + index));
      const page = { records, next, end: now };
      now += growth;
      return page;
    },
  };
  return { publisher: publisher as Publisher, calls };
}

describe('reading back', () => {
  it('asks nothing but what it needs: from where it is known, page by page', async () => {
    const { publisher, calls } = publisherOf(0, 5);
    const { records, ends } = await readStanding(publisher, ORIGIN, ['a'], { a: 2 });
    expect(records.map(({ seq }) => seq)).toEqual([2, 3, 4]);
    expect(ends).toEqual({ a: 5 });
    expect(calls).toEqual(['read a 2', 'read a 4']);
  });

  it('begins at the start of a topic that nothing is known of, and takes no record of another origin', async () => {
    const { publisher, calls } = publisherOf(3, 4);
    expect((await readStanding(publisher, ORIGIN, ['a'], {})).records).toHaveLength(1);
    expect(calls).toEqual(['bounds a', 'read a 3']);
    expect((await readStanding(publisher, { ...ORIGIN, partition: 2 }, ['a'], {})).records).toEqual([]);
  });

  it('goes on at the start when what was published before is gone', async () => {
    const { publisher } = publisherOf(10, 12);
    const { records, ends } = await readStanding(publisher, ORIGIN, ['a'], { a: 4 });
    expect(records.map(({ seq }) => seq)).toEqual([10, 11]);
    expect(ends).toEqual({ a: 12 });
  });

  it('finds nothing in a topic that ends where it is known to', async () => {
    const { publisher } = publisherOf(0, 3);
    expect(await readStanding(publisher, ORIGIN, ['a'], { a: 3 })).toEqual({ records: [], ends: { a: 3 } });
  });

  it('is left to a claim where a topic ends before what is known of it', async () => {
    const { publisher } = publisherOf(0, 3);
    await expect(readStanding(publisher, ORIGIN, ['a'], { a: 9 })).rejects.toThrow('moved');
  });

  it('ends where the topic ended when it began, however fast others write', async () => {
    const { publisher } = publisherOf(0, 5, 4);
    const { records } = await readStanding(publisher, ORIGIN, ['a'], { a: 0 });
    expect(records.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('fails when it is away', async () => {
    const { publisher } = publisherOf(0, 5);
    const away: Publisher = {
      ...publisher,
      readBack: async () => {
        throw new Error('Kafka is away');
      },
    };
    await expect(readStanding(away, ORIGIN, ['a'], { a: 2 })).rejects.toThrow('Kafka is away');
  });

  it('keeps the order of topics, which it reads at the same time', async () => {
    const { publisher } = publisherOf(0, 2);
    const { records, ends } = await readStanding(publisher, ORIGIN, ['b', 'a'], { a: 0, b: 0 });
    expect(records.map(({ topic }) => topic)).toEqual(['b', 'b', 'a', 'a']);
    expect(ends).toEqual({ a: 2, b: 2 });
  });
});
