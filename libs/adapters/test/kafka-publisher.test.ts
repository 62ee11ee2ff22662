/** Sends and fences against a link that answers what it is told: what a real broker does too rarely to wait for. */

import { describe, expect, it } from 'vitest';
import type { At, Outgoing } from '@callfold/engine';
import { Refused } from '@callfold/engine';
import type { Link, ProducerId } from '../src/kafka/client.ts';
import { failureOf, KafkaError } from '../src/kafka/errors.ts';
import { fenceOff } from '../src/kafka/fence.ts';
import type { Produced, Sendable } from '../src/kafka/messages.ts';
import { batchLength, coveredBy, nextSequence, SEND_BYTES, SEND_RECORDS } from '../src/kafka/produce.ts';
import { publisherOn } from '../src/kafka/publisher.ts';
import { writerOn } from '../src/kafka/writer.ts';

const ORIGIN: At = { topic: 'raw', partition: 3 };
const DUPLICATE = 46;
const NOT_LEADER = 6;
const TOO_LARGE = 10;
const OUT_OF_ORDER = 45;

const outgoing = (topic: string, text: string): Outgoing => ({
  topic,
  key: null,
  value: Buffer.from(text),
  headers: [],
});
const raw = (text: string): Omit<Outgoing, 'topic'> => ({ key: null, value: Buffer.from(text), headers: [] });

/** What a batch says of itself. */
const stampOf = ({ batch }: Sendable): { id: number; epoch: number; sequence: number; count: number } => ({
  id: Number(batch.readBigInt64BE(43)),
  epoch: batch.readInt16BE(51),
  sequence: batch.readInt32BE(53),
  count: batch.readInt32BE(57),
});

type Answer = (asked: readonly Sendable[], call: number) => readonly Produced[] | Error;

const taken: Answer = (asked) => asked.map(({ topic, partition }) => ({ topic, partition, code: 0, base: 100 }));

/** A link whose leaders, ids and answers are given; it writes down each produce request. */
function fakeLink(answer: Answer = taken, leaders: Readonly<Record<string, number>> = {}) {
  const requests: { readonly node: number; readonly sendables: readonly Sendable[] }[] = [];
  const calls: string[] = [];
  let epoch = -1;
  let plainIds = 0;
  const never = (): never => {
    throw new Error('not expected here');
  };
  const link: Link = {
    leader: async ({ topic }) => leaders[topic] ?? 1,
    partitions: async () => 4,
    learn: never,
    refresh: async () => {
      calls.push('refresh');
    },
    async produce(node, sendables) {
      requests.push({ node, sendables });
      const said = answer(sendables, requests.length);
      if (said instanceof Error) throw said;
      return said;
    },
    fetch: never,
    offset: never,
    offsetAt: never,
    async takeProducerId(id) {
      calls.push('take');
      if (id === null) return { producerId: BigInt(1_000 + plainIds++), epoch: 0 };
      epoch += 1;
      return { producerId: 7n, epoch };
    },
    async addToTransaction(_, producer, ats) {
      calls.push(`add ${producer.epoch} ${ats.map(({ topic, partition }) => `${topic}/${partition}`).join(' ')}`);
    },
    async abortTransaction(_, producer) {
      calls.push(`abort ${producer.epoch}`);
    },
    groupOffset: never,
    setGroupOffset: never,
    close: async () => {},
  };
  return { link, requests, calls };
}

const away = (): KafkaError => new KafkaError('sending', { code: 'CONNECTION', retriable: true, said: 'gone' });

describe('a derived topic', () => {
  it('that gets partitions under way is fenced, read and written no more: records would lie in others of them', async () => {
    const { link, calls } = fakeLink();
    let partitions = 2;
    const publisher = publisherOn({ ...link, partitions: async () => partitions }, { groupId: 'g' });
    await publisher.fence(ORIGIN, ['outcomes']);
    expect(calls).toContain('add 0 outcomes/1');
    partitions = 4;
    await expect(publisher.fence(ORIGIN, ['outcomes'])).rejects.toThrow(/outcomes has 4 partitions, .* lie by 2/);
    await expect(publisher.readBack('outcomes', 3, 0)).rejects.toBeInstanceOf(Refused);
    await expect(publisher.bounds('outcomes', 3)).rejects.toBeInstanceOf(Refused);
    expect(calls).not.toContain('add 2 outcomes/3');
  });
});

describe('an answer', () => {
  const asked = ['a', 'b'].map((topic) => ({ topic, partition: 0, batch: Buffer.alloc(0) }));
  const said = (topic: string): Produced => ({ topic, partition: 0, code: 0, base: 5 });

  it('must name every partition that was asked, once', () => {
    expect(coveredBy(asked, [said('b'), said('a')], 1)).toEqual([said('a'), said('b')]);
    expect(() => coveredBy(asked, [said('a')], 1)).toThrow(/b\/0 at broker 1.*names it 0 times.*INCOMPLETE_ANSWER/);
    expect(() => coveredBy(asked, [said('a'), { ...said('b'), partition: 1 }], 1)).toThrow(/INCOMPLETE_ANSWER/);
    expect(() => coveredBy(asked, [said('a'), said('b'), said('b')], 1)).toThrow(/2 times/);
  });

  it('that leaves one out fails the send, and nothing is sent until a fence', async () => {
    const { link, requests } = fakeLink((all, call) => (call === 1 ? taken(all.slice(0, 1), call) : taken(all, call)));
    const publisher = publisherOn(link, { groupId: 'g' });
    await publisher.fence(ORIGIN, ['a', 'b']);
    const both = [outgoing('a', '1'), outgoing('b', '2')];
    await expect(publisher.send(ORIGIN, both)).rejects.toThrow(/INCOMPLETE_ANSWER/);
    await expect(publisher.send(ORIGIN, both)).rejects.toThrow(/fence and read back first/);
    expect(requests.length).toBe(1);
    await publisher.fence(ORIGIN, ['a', 'b']);
    expect([...(await publisher.send(ORIGIN, both))]).toEqual([
      ['a', 101],
      ['b', 101],
    ]);
  });

  it.each([DUPLICATE, NOT_LEADER, OUT_OF_ORDER, 90, 4711])('with code %i fails the send', async (code) => {
    const { link } = fakeLink((asked1) => asked1.map((at) => ({ ...at, code, base: -1 })));
    const publisher = publisherOn(link, { groupId: 'g' });
    await publisher.fence(ORIGIN, ['a']);
    await expect(publisher.send(ORIGIN, [outgoing('a', '1')])).rejects.toThrow(failureOf(code).code);
    await expect(publisher.send(ORIGIN, [outgoing('a', '1')])).rejects.toThrow(/fence and read back first/);
  });
});

describe('a publisher', () => {
  it('counts sequences per topic, from 0 after each fence, under the epoch of the fence', async () => {
    const { link, requests } = fakeLink();
    const publisher = publisherOn(link, { groupId: 'g' });
    await publisher.fence(ORIGIN, ['a', 'b']);
    await publisher.send(ORIGIN, [outgoing('a', '1'), outgoing('b', '1'), outgoing('a', '2')]);
    await publisher.send(ORIGIN, [outgoing('b', '2'), outgoing('a', '3')]);
    await publisher.fence(ORIGIN, ['a', 'b']);
    await publisher.send(ORIGIN, [outgoing('a', '4')]);
    const seen = requests.flatMap(({ sendables }) => sendables.map((one) => ({ topic: one.topic, ...stampOf(one) })));
    expect(seen).toEqual([
      { topic: 'a', id: 7, epoch: 1, sequence: 0, count: 2 },
      { topic: 'b', id: 7, epoch: 1, sequence: 0, count: 1 },
      { topic: 'b', id: 7, epoch: 1, sequence: 1, count: 1 },
      { topic: 'a', id: 7, epoch: 1, sequence: 2, count: 1 },
      { topic: 'a', id: 7, epoch: 3, sequence: 0, count: 1 },
    ]);
    expect(requests.every(({ sendables }) => sendables.every((one) => one.partition === ORIGIN.partition))).toBe(true);
  });

  it('asks one leader a request, and never two at a time', async () => {
    let running = 0;
    let most = 0;
    const { link, requests } = fakeLink(taken, { a: 1, b: 2, c: 1 });
    const { produce } = link;
    const slow: Link = {
      ...link,
      produce: async (...args: Parameters<typeof produce>) => {
        most = Math.max(most, (running += 1));
        await new Promise(setImmediate);
        running -= 1;
        return produce(...args);
      },
    };
    const publisher = publisherOn(slow, { groupId: 'g' });
    await publisher.fence(ORIGIN, ['a', 'b', 'c']);
    const some = ['a', 'b', 'c'].map((topic) => outgoing(topic, '1'));
    await Promise.all([publisher.send(ORIGIN, some), publisher.send(ORIGIN, some)]);
    expect(most).toBe(1);
    expect(requests.map(({ node, sendables }) => [node, sendables.map(({ topic }) => topic).join()])).toEqual([
      [1, 'a,c'],
      [2, 'b'],
      [1, 'a,c'],
      [2, 'b'],
    ]);
  });

  it('cuts at 1,000 records, and by bytes', async () => {
    const { link, requests } = fakeLink();
    const publisher = publisherOn(link, { groupId: 'g' });
    await publisher.fence(ORIGIN, ['a']);
    const many = Array.from({ length: 2_500 }, (_, index) => outgoing('a', String(index)));
    expect(await publisher.send(ORIGIN, many)).toEqual(new Map([['a', 600]]));
    expect(requests.map(({ sendables }) => stampOf(sendables[0]!).count)).toEqual([1_000, 1_000, 500]);
    const large = Array.from({ length: 5 }, () => outgoing('a', 'x'.repeat(SEND_BYTES / 2 - 200)));
    expect([0, 2, 4].map((start) => batchLength(large, start))).toEqual([2, 2, 1]);
    expect(batchLength([outgoing('a', 'x'.repeat(SEND_BYTES * 3)), ...large], 0)).toBe(1);
    expect(batchLength(many, 0)).toBe(SEND_RECORDS);
    expect(batchLength(many, 2_500)).toBe(0);
  });

  it('begins sequences anew after the last one', () => {
    expect(nextSequence(2_147_483_647, 1)).toBe(0);
    expect(nextSequence(2_147_483_000, 1_000)).toBe(352);
  });
});

describe('a fence', () => {
  it('takes the id, aborts a transaction over all partitions, and takes it again', async () => {
    const { link, calls } = fakeLink();
    const ats = ['a', 'b'].map((topic) => ({ topic, partition: 3 }));
    expect(await fenceOff(link, 'id', ats)).toEqual({ producerId: 7n, epoch: 1 });
    expect(calls).toEqual(['take', 'add 0 a/3 b/3', 'abort 0', 'take']);
  });

  it('waits while the coordinator is still ending a transaction', async () => {
    const { link, calls } = fakeLink();
    let busy = 3;
    const { takeProducerId } = link;
    const slow: Link = {
      ...link,
      async takeProducerId(id) {
        if (calls.includes('abort 0') && busy-- > 0) throw new KafkaError('taking', failureOf(51));
        return takeProducerId(id);
      },
    };
    expect(await fenceOff(slow, 'id', [ORIGIN])).toEqual({ producerId: 7n, epoch: 1 });
    expect(busy).toBe(-1);
  });

  it('begins anew after a lost answer, and gives up at once when another owner took over', async () => {
    const { link, calls } = fakeLink();
    const failing = (error: Error): Link => {
      let failures = 1;
      const { abortTransaction } = link;
      return {
        ...link,
        async abortTransaction(...args) {
          if (failures-- > 0) throw error;
          await abortTransaction(...args);
        },
      };
    };
    expect(await fenceOff(failing(away()), 'id', [ORIGIN])).toEqual({ producerId: 7n, epoch: 2 });
    expect(calls).toEqual(['take', 'add 0 raw/3', 'take', 'add 1 raw/3', 'abort 1', 'take']);
    const fenced = new KafkaError('aborting', failureOf(47));
    await expect(fenceOff(failing(fenced), 'id', [ORIGIN])).rejects.toBe(fenced);
  });

  // Beyond the last epoch the coordinator gives another id, whose marker would shut nobody out.
  it('uses epochs up before they run out, so that nothing is ever sent under the last of an id', async () => {
    const { link } = fakeLink();
    let given: ProducerId = { producerId: 7n, epoch: 32_000 };
    const old: Link = {
      ...link,
      async takeProducerId() {
        const isLast = given.epoch >= 32_766;
        given = isLast ? { producerId: 8n, epoch: 0 } : { ...given, epoch: given.epoch + 1 };
        return given;
      },
    };
    expect(await fenceOff(old, 'id', [ORIGIN])).toEqual({ producerId: 8n, epoch: 0 });
  });
});

describe('a writer', () => {
  const AT: At = { topic: 'raw', partition: 0 };
  const limits = { firstPauseMs: 1, longestPauseMs: 1 };

  it('repeats a lost request with the very same bytes, and takes a duplicate for an answer', async () => {
    const { link, requests, calls } = fakeLink((asked, call) => {
      if (call === 1) return away();
      return call === 2 ? asked.map((at) => ({ ...at, code: DUPLICATE, base: -1 })) : taken(asked, call);
    });
    const writer = writerOn(link, { limits });
    await writer.append(AT, [raw('a'), raw('b')]);
    expect(requests.length).toBe(2);
    expect(requests[1]!.sendables[0]!.batch.equals(requests[0]!.sendables[0]!.batch)).toBe(true);
    expect(calls).toEqual(['take', 'refresh']);
    await writer.append(AT, [raw('c')]);
    expect(stampOf(requests[2]!.sendables[0]!)).toEqual({ id: 1_000, epoch: 0, sequence: 2, count: 1 });
  });

  it('throws the producer away, and the appends that wait, when a request stays in doubt', async () => {
    const { link, requests } = fakeLink((asked, call) => (call <= 6 ? away() : taken(asked, call)));
    const writer = writerOn(link, { limits });
    const first = writer.append(
      AT,
      Array.from({ length: 1_500 }, (_, index) => raw(String(index))),
    );
    const second = writer.append(AT, [raw('behind it')]);
    await expect(first).rejects.toThrow(/CONNECTION/);
    await expect(second).rejects.toThrow(/CONNECTION/);
    expect(requests.length).toBe(6);
    await writer.append(AT, [raw('again')]);
    expect(stampOf(requests[6]!.sendables[0]!)).toEqual({ id: 1_001, epoch: 0, sequence: 0, count: 1 });
  });

  it('refuses what is too large without a word against the next append', async () => {
    const { link, requests } = fakeLink((asked, call) =>
      call === 1 ? asked.map((at) => ({ ...at, code: TOO_LARGE, base: -1 })) : taken(asked, call),
    );
    const writer = writerOn(link, { limits });
    const large = writer.append(AT, [raw('x'.repeat(SEND_BYTES))]);
    const small = writer.append(AT, [raw('y')]);
    await expect(large).rejects.toThrow(/MESSAGE_TOO_LARGE.*max\.message\.bytes/);
    await small;
    expect(stampOf(requests[1]!.sendables[0]!)).toEqual({ id: 1_000, epoch: 0, sequence: 0, count: 1 });
  });

  it('puts appends that wait into one batch, in order, one request at a time', async () => {
    const { link, requests } = fakeLink();
    const writer = writerOn(link, { limits });
    const done: string[] = [];
    await Promise.all(
      ['a', 'b', 'c', 'd'].map(async (text) => {
        await writer.append(AT, [raw(text)]);
        done.push(text);
      }),
    );
    expect(done).toEqual(['a', 'b', 'c', 'd']);
    expect(
      requests.map(({ sendables }) => stampOf(sendables[0]!)).map(({ sequence, count }) => [sequence, count]),
    ).toEqual([
      [0, 1],
      [1, 3],
    ]);
  });

  it('refuses more than may wait', async () => {
    const { link } = fakeLink(() => away());
    const writer = writerOn(link, { limits: { ...limits, waitingRecords: 2 } });
    const first = writer.append(AT, [raw('a'), raw('b')]);
    await expect(writer.append(AT, [raw('c')])).rejects.toThrow(/at most 2 may/);
    await expect(first).rejects.toThrow(/CONNECTION/);
  });
});
