/** The fence, on a real broker: what an owner of before sends late does not land, and nothing lands twice. */

import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Outgoing, Published, Publisher } from '@callfold/engine';
import type { Link, ProducerId } from '../src/kafka/client.ts';
import { openLink } from '../src/kafka/link.ts';
import type { KafkaPublisher } from '../src/kafka/publisher.ts';
import { createKafkaPublisher } from '../src/kafka/publisher.ts';
import { encodeBatch } from '../src/kafka/record-encode.ts';
import type { TestBroker } from './kafka-broker.ts';
import { openBroker } from './kafka-broker.ts';
import type { Sockets } from './kafka-sockets.ts';
import { watchSockets } from './kafka-sockets.ts';

const PARTITION = 1;
const INVALID_PRODUCER_EPOCH = 47;
const ACK_MS = 5_000;

const outgoing = (topic: string, text: string): Outgoing => ({
  topic,
  key: Buffer.from('k'),
  value: Buffer.from(text),
  headers: [],
});
const textsOf = (records: readonly Published[]): string[] => records.map(({ value }) => String(value));

async function readAll(publisher: Publisher, topic: string): Promise<string[]> {
  const texts: string[] = [];
  for (let next = 0, end = 1; next < end; ) {
    const slice = await publisher.readBack(topic, PARTITION, next);
    texts.push(...textsOf(slice.records));
    ({ next, end } = slice);
  }
  return texts;
}

describe('the fence', () => {
  let broker: TestBroker;
  let link: Link;
  let sockets: Sockets;
  let topic = '';
  let groupId = '';
  const opened: KafkaPublisher[] = [];
  const open = (): KafkaPublisher => {
    const publisher = createKafkaPublisher({ connection: broker.connection, groupId });
    opened.push(publisher);
    return publisher;
  };
  /**
   * A plain send with an id and sequence of our own, past everything that would stop us here: the broker's word alone.
   */
  const rawSend = async (text: string, producer: ProducerId, sequence: number): Promise<number> => {
    const at = { topic, partition: PARTITION };
    const batch = encodeBatch([outgoing(topic, text)], { ...producer, sequence }, Date.now(), false);
    const [answer] = await link.produce(await link.leader(at), [{ ...at, batch }], ACK_MS);
    return answer!.code;
  };
  /** The coordinators of a new broker are not there at once. */
  const take = (originTopic: string): Promise<ProducerId> =>
    vi.waitFor(() => link.takeProducerId(idOf(originTopic)), { timeout: 20_000, interval: 100 });
  const idOf = (originTopic: string): string => `callfold/${groupId}/${originTopic}/${PARTITION}`;

  beforeAll(async () => {
    sockets = watchSockets();
    broker = await openBroker('kafka-fence');
    link = openLink(broker.connection);
  });
  afterAll(async () => {
    await Promise.all(opened.map((publisher) => publisher.close()));
    await link.close();
    sockets.restore();
    await broker.close();
  });
  beforeEach(async () => {
    topic = await broker.topic('derived', 2, {});
    groupId = broker.name('group');
  });

  it('refuses a late plain send of an older owner, sent over a connection of its own', async () => {
    const origin = { topic: 'raw', partition: PARTITION };
    const old = await take('raw');
    expect(await rawSend('the old owner sends', old, 0)).toBe(0);
    const owner = open();
    await owner.fence(origin, [topic]);
    expect(await rawSend('late, before anything new', old, 1)).toBe(INVALID_PRODUCER_EPOCH);
    await owner.send(origin, [outgoing(topic, 'the new owner sends')]);
    expect(await rawSend('late, behind something new', old, 1)).toBe(INVALID_PRODUCER_EPOCH);
    expect(await rawSend('late, as if it began anew', old, 0)).toBe(INVALID_PRODUCER_EPOCH);
    expect(await readAll(owner, topic)).toEqual(['the old owner sends', 'the new owner sends']);
  });

  // The guard taken away: without the aborted transaction the partition knows nothing of the new epoch.
  it('would let it through if the id were only taken anew, without the abort', async () => {
    const old = await take('raw');
    expect(await rawSend('the old owner sends', old, 0)).toBe(0);
    const taken = await take('raw');
    expect(taken).toEqual({ producerId: old.producerId, epoch: old.epoch + 1 });
    expect(await rawSend('late', old, 1)).toBe(0);
    expect(await readAll(open(), topic)).toEqual(['the old owner sends', 'late']);
  });

  it('lets no send of its own from before through either', async () => {
    const origin = { topic: 'raw', partition: PARTITION };
    const owner = open();
    await owner.fence(origin, [topic]);
    // The id as the owner has it now, the epoch read off the next one taken.
    await owner.send(origin, [outgoing(topic, 'a')]);
    await owner.fence(origin, [topic]);
    const after = await take('raw');
    // Two epochs a fence: the owner's first sends bore the one three before this.
    expect(await rawSend('late', { ...after, epoch: after.epoch - 3 }, 1)).toBe(INVALID_PRODUCER_EPOCH);
    expect(await readAll(owner, topic)).toEqual(['a']);
  });

  it('ends the transaction that an owner left open when it died, and is not held up by it', async () => {
    const origin = { topic: 'raw', partition: PARTITION };
    const at = { topic, partition: PARTITION };
    const dead = await take('raw');
    await link.addToTransaction(idOf('raw'), dead, [at]);
    const owner = open();
    await owner.fence(origin, [topic]);
    await owner.send(origin, [outgoing(topic, 'a')]);
    const { end } = await owner.bounds(topic, PARTITION);
    // Readers of committed records see to the end: nothing is open.
    expect(await link.offset(await link.leader(at), at, 'end', 'committed')).toBe(end);
    expect(await readAll(owner, topic)).toEqual(['a']);
  });

  it('reads back behind a transaction that another origin has open', async () => {
    const origin = { topic: 'raw', partition: PARTITION };
    const at = { topic, partition: PARTITION };
    const owner = open();
    await owner.fence(origin, [topic]);
    const other = await take('other');
    await link.addToTransaction(idOf('other'), other, [at]);
    await owner.send(origin, [outgoing(topic, 'a')]);
    expect(await readAll(owner, topic)).toEqual(['a']);
    await link.abortTransaction(idOf('other'), other);
  });

  it('shows after a lost answer that everything stands, once', async () => {
    const origin = { topic: 'raw', partition: PARTITION };
    sockets.fresh();
    const owner = open();
    const watcher = createKafkaPublisher({ connection: broker.connection, groupId });
    opened.push(watcher);
    await owner.fence(origin, [topic]);
    const first = await owner.send(origin, [outgoing(topic, 'a')]);
    sockets.hold();
    const lost = owner.send(origin, [outgoing(topic, 'b'), outgoing(topic, 'c')]);
    lost.catch(() => {});
    // Its sockets are new, and so are read.
    await vi.waitFor(async () => expect(await readAll(watcher, topic)).toEqual(['a', 'b', 'c']), { timeout: 10_000 });
    sockets.cut();
    await expect(lost).rejects.toThrow(/sending to .*CONNECTION/);
    await expect(owner.send(origin, [outgoing(topic, 'd')])).rejects.toThrow(/fence and read back/);
    await owner.fence(origin, [topic]);
    const stands = await owner.readBack(topic, PARTITION, first.get(topic)!);
    expect(textsOf(stands.records)).toEqual(['b', 'c']);
    await owner.send(origin, [outgoing(topic, 'd')]);
    expect(await readAll(owner, topic)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('shows after a send that never arrived that nothing of it stands', async () => {
    const origin = { topic: 'raw', partition: PARTITION };
    sockets.fresh();
    const owner = open();
    await owner.fence(origin, [topic]);
    sockets.cut();
    await expect(owner.send(origin, [outgoing(topic, 'a')])).rejects.toThrow(/CONNECTION/);
    await owner.fence(origin, [topic]);
    expect(await readAll(owner, topic)).toEqual([]);
    await owner.send(origin, [outgoing(topic, 'a')]);
    expect(await readAll(owner, topic)).toEqual(['a']);
  });

  it('holds between two owners that believe in themselves: the last to fence sends, the other is told', async () => {
    const origin = { topic: 'raw', partition: PARTITION };
    const owners = [open(), open()];
    const sent: string[] = [];
    for (let turn = 0; turn < 6; turn += 1) {
      const [mine, other] = turn % 2 === 0 ? owners : [...owners].reverse();
      await mine!.fence(origin, [topic]);
      await mine!.send(origin, [outgoing(topic, String(turn))]);
      sent.push(String(turn));
      await expect(other!.send(origin, [outgoing(topic, 'late')])).rejects.toBeInstanceOf(Error);
    }
    expect(await readAll(owners[0]!, topic)).toEqual(sent);
  });

  it('refuses a send to a topic that was not fenced, and says which', async () => {
    const origin = { topic: 'raw', partition: PARTITION };
    const owner = open();
    await owner.fence(origin, [topic]);
    await expect(owner.send(origin, [outgoing('elsewhere', 'a')])).rejects.toThrow(/elsewhere was not fenced/);
  });
});
