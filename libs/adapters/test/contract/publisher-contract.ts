import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { At, Header, Outgoing, Published, Publisher } from '@callfold/engine';

export type PublisherHarness = {
  /** Makes an empty derived topic. */
  topic(name: string, partitions: number): Promise<void>;
  /** A publisher as another process would have it. The suite asks for a few; `close` closes them all. */
  publisher(): Promise<Publisher>;
  close(): Promise<void>;
};

export type PublisherFeatures = {
  /** Several publishers may be open at once, as several processes would have them; else there is only ever one. */
  readonly multiProcess: boolean;
  /** A raw topic may have more partitions than the derived ones. */
  readonly unequal: boolean;
};

export const PUBLISHER_TEST_MS = 60_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
let topics = 0;

export function outgoing(topic: string, text: string, headers: readonly Header[] = []): Outgoing {
  return { topic, key: encoder.encode(`key of ${text}`), value: encoder.encode(text), headers };
}

/** Every record of a derived partition from an offset on, read slice by slice as the engine does. */
export async function readAll(publisher: Publisher, topic: string, partition: number, from = 0): Promise<Published[]> {
  const all: Published[] = [];
  for (let offset = from; ; ) {
    const slice = await publisher.readBack(topic, partition, offset);
    all.push(...slice.records);
    if (slice.next >= slice.end) return all;
    if (slice.next <= offset) throw new Error(`read-back of ${topic}/${partition} does not get on from ${offset}`);
    offset = slice.next;
  }
}

const texts = (records: readonly Published[]): string[] =>
  records.map(({ value }) => decoder.decode(value ?? undefined));

/** What every `Publisher` of ports.ts promises. */
export function publisherContract(
  name: string,
  make: () => Promise<PublisherHarness>,
  features: PublisherFeatures,
): void {
  describe(`${name}: publisher`, { timeout: PUBLISHER_TEST_MS }, () => {
    let harness!: PublisherHarness;
    let first!: Publisher;
    let topic = '';
    let other = '';
    let origin: At = { topic: 'contract.raw', partition: 1 };

    beforeAll(async () => {
      harness = await make();
      first = await harness.publisher();
    });
    afterAll(async () => harness?.close());
    beforeEach(async () => {
      topics += 1;
      topic = `contract.derived-${topics}-${process.pid}`;
      other = `${topic}-other`;
      origin = { topic: `contract.raw-${topics}`, partition: 1 };
      await harness.topic(topic, 2);
      await harness.topic(other, 2);
    });

    it('starts empty', async () => {
      const { start, end } = await first.bounds(topic, 1);
      expect(start).toBe(end);
      expect((await first.readBack(topic, 1, start)).records).toEqual([]);
    });

    it('sends in order, into the partition of its origin, and says where each topic then ends', async () => {
      await first.fence(origin, [topic, other]);
      const sent = [outgoing(topic, 'a'), outgoing(other, 'x'), outgoing(topic, 'b'), outgoing(topic, 'c')];
      const ends = await first.send(origin, sent);
      const here = await readAll(first, topic, 1);
      const there = await readAll(first, other, 1);
      expect(texts(here)).toEqual(['a', 'b', 'c']);
      expect(texts(there)).toEqual(['x']);
      expect(ends).toEqual(
        new Map([
          [topic, here.at(-1)!.offset + 1],
          [other, there.at(-1)!.offset + 1],
        ]),
      );
      expect(await readAll(first, topic, 0)).toEqual([]);
    });

    it('keeps key, value and headers as they were given', async () => {
      await first.fence(origin, [topic]);
      const headers = [
        { name: 'callfold-origin', value: encoder.encode('raw/1/7') },
        { name: 'callfold-seq', value: encoder.encode('0') },
      ];
      const value = Uint8Array.from({ length: 256 }, (_, i) => i);
      await first.send(origin, [{ topic, key: encoder.encode('clé'), value, headers }]);
      await first.send(origin, [{ topic, key: null, value: new Uint8Array([0]), headers: [] }]);
      const [one, two] = await readAll(first, topic, 1);
      expect(decoder.decode(one!.key ?? undefined)).toBe('clé');
      expect([...one!.value!]).toEqual([...value]);
      const seen = one!.headers.map((header) => [header.name, decoder.decode(header.value)]);
      expect(seen).toEqual([
        ['callfold-origin', 'raw/1/7'],
        ['callfold-seq', '0'],
      ]);
      expect({ key: two!.key, headers: two!.headers }).toEqual({ key: null, headers: [] });
    });

    it('answers an empty send without sending', async () => {
      await first.fence(origin, [topic]);
      expect(await first.send(origin, [])).toEqual(new Map());
      expect(await readAll(first, topic, 1)).toEqual([]);
    });

    it('sends more than fits one request, in order', async () => {
      await first.fence(origin, [topic]);
      const many = Array.from({ length: 2_500 }, (_, i) => outgoing(topic, String(i)));
      await first.send(origin, many);
      expect(texts(await readAll(first, topic, 1))).toEqual(many.map((_, i) => String(i)));
    });

    it('reads back from an offset on, over the end, whatever stands between', async () => {
      await first.fence(origin, [topic]);
      await first.send(
        origin,
        ['a', 'b'].map((text) => outgoing(topic, text)),
      );
      // A fence may leave a mark in the partition; read-back skips it.
      await first.fence(origin, [topic]);
      const ends = await first.send(origin, [outgoing(topic, 'c')]);
      const all = await readAll(first, topic, 1);
      expect(texts(all)).toEqual(['a', 'b', 'c']);
      expect(texts(await readAll(first, topic, 1, all[1]!.offset))).toEqual(['b', 'c']);
      expect(texts(await readAll(first, topic, 1, all[1]!.offset + 1))).toEqual(['c']);
      const { end } = await first.bounds(topic, 1);
      expect(ends.get(topic)).toBeLessThanOrEqual(end);
      expect(await first.readBack(topic, 1, end)).toMatchObject({ records: [], next: end, end });
    });

    it('goes on sending after its own fence', async () => {
      for (const text of ['a', 'b', 'c']) {
        await first.fence(origin, [topic]);
        await first.send(origin, [outgoing(topic, text)]);
      }
      expect(texts(await readAll(first, topic, 1))).toEqual(['a', 'b', 'c']);
    });

    it('keeps several origins of one partition apart: a fence of one leaves the other alone', async () => {
      const sibling = { topic: `${origin.topic}-sibling`, partition: origin.partition };
      await first.fence(origin, [topic]);
      await first.fence(sibling, [topic]);
      await first.send(origin, [outgoing(topic, 'a')]);
      await first.fence(sibling, [topic]);
      await first.send(origin, [outgoing(topic, 'b')]);
      await first.send(sibling, [outgoing(topic, 'x')]);
      const all = texts(await readAll(first, topic, 1));
      expect(all).toEqual(['a', 'b', 'x']);
    });

    it.runIf(features.unequal)(
      'takes an origin that the topic has no partition of its number for by its number modulo those there are',
      async () => {
        const more = { topic: origin.topic, partition: 3 };
        await first.fence(origin, [topic]);
        await first.fence(more, [topic]);
        await first.send(origin, [outgoing(topic, 'a')]);
        await first.send(more, [outgoing(topic, 'b')]);
        await first.fence(more, [topic]);
        await first.send(origin, [outgoing(topic, 'c')]);
        expect(texts(await readAll(first, topic, 1))).toEqual(['a', 'b', 'c']);
        expect(texts(await readAll(first, topic, 3))).toEqual(['a', 'b', 'c']);
        expect(await first.bounds(topic, 3)).toEqual(await first.bounds(topic, 1));
        expect(await readAll(first, topic, 0)).toEqual([]);
      },
    );

    it.runIf(features.multiProcess)(
      'refuses the old owner after the new one has fenced, and lands nothing',
      async () => {
        const second = await harness.publisher();
        await first.fence(origin, [topic, other]);
        await first.send(origin, [outgoing(topic, 'a')]);
        await second.fence(origin, [topic, other]);
        await expect(first.send(origin, [outgoing(topic, 'late')])).rejects.toBeInstanceOf(Error);
        await expect(first.send(origin, [outgoing(other, 'late')])).rejects.toBeInstanceOf(Error);
        await second.send(origin, [outgoing(topic, 'b')]);
        await expect(first.send(origin, [outgoing(topic, 'later')])).rejects.toBeInstanceOf(Error);
        expect(texts(await readAll(second, topic, 1))).toEqual(['a', 'b']);
        expect(await readAll(second, other, 1)).toEqual([]);
      },
    );

    it.runIf(features.multiProcess)('lets an owner back in only by a fence of its own', async () => {
      const second = await harness.publisher();
      await first.fence(origin, [topic]);
      await second.fence(origin, [topic]);
      await expect(first.send(origin, [outgoing(topic, 'late')])).rejects.toBeInstanceOf(Error);
      await first.fence(origin, [topic]);
      await first.send(origin, [outgoing(topic, 'again')]);
      await expect(second.send(origin, [outgoing(topic, 'late')])).rejects.toBeInstanceOf(Error);
      expect(texts(await readAll(first, topic, 1))).toEqual(['again']);
    });

    it.runIf(features.multiProcess)('shows each owner what the others sent', async () => {
      const second = await harness.publisher();
      const sibling = { topic: `${origin.topic}-sibling`, partition: origin.partition };
      await first.fence(origin, [topic]);
      await second.fence(sibling, [topic]);
      await first.send(origin, [outgoing(topic, 'a')]);
      await second.send(sibling, [outgoing(topic, 'x')]);
      await first.send(origin, [outgoing(topic, 'b')]);
      expect(texts(await readAll(second, topic, 1))).toEqual(['a', 'x', 'b']);
      expect(await readAll(second, topic, 1)).toEqual(await readAll(first, topic, 1));
    });
  });
}
