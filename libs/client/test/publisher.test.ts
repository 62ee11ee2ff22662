import { partitionOf, utf8Bytes, utf8Text } from '@callfold/core';
import type { At, Codec, Header, RawWriter } from '@callfold/engine';
import { describe, expect, it } from 'vitest';
import type { EventInput } from '../src/index.ts';
import { createEventPublisher, EventRefused, NotAcknowledged, TooManyPending } from '../src/index.ts';

const PARTITIONS = 4;
const START = Date.UTC(2026, 0, 5, 9);

/** Texts in the place of Avro: what counts here is where a value goes, when, and what is said of it. */
const codec = { encodeRaw: ({ eventId }) => utf8Bytes(eventId) } as Pick<Codec, 'encodeRaw'> as Codec;

type Append = { readonly at: At; readonly ids: readonly string[]; readonly headers: readonly Header[] };

/** A log that answers when it is let, and fails when it is told. */
function heldLog() {
  const taken: Append[] = [];
  const waiting: (() => void)[] = [];
  const state = { isHeld: false, failures: 0, running: new Map<string, number>(), most: 0 };
  const writer: RawWriter = {
    partitions: async () => PARTITIONS,
    async append(at, records) {
      const name = `${at.topic}/${at.partition}`;
      state.running.set(name, (state.running.get(name) ?? 0) + 1);
      state.most = Math.max(state.most, state.running.get(name) ?? 0);
      await new Promise<void>((resolve) => (state.isHeld ? waiting.push(resolve) : setImmediate(resolve)));
      state.running.set(name, (state.running.get(name) ?? 0) - 1);
      if (state.failures > 0) {
        state.failures -= 1;
        throw new Error('the broker is away');
      }
      const ids = records.map(({ value }) => utf8Text(value ?? new Uint8Array()));
      taken.push({ at, ids, headers: records.flatMap(({ headers }) => headers) });
    },
  };
  return {
    writer,
    taken,
    state,
    letGo(): void {
      state.isHeld = false;
      for (const go of waiting.splice(0)) go();
    },
    ids: (): string[] => taken.flatMap(({ ids }) => ids),
  };
}

const call = (callId: string, n: number): EventInput => ({
  source: 'callcenter24',
  callId,
  eventId: `${callId}-${n}`,
  occurredAt: START + n,
  status: 'Call ended',
});

async function collected<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('createEventPublisher', () => {
  it('tells of each event where it stands, once the log has it', async () => {
    const log = heldLog();
    const publisher = createEventPublisher({ writer: log.writer, codec });
    log.state.isHeld = true;
    let isDone = false;
    const publishing = publisher.publish(call('a/b', 1), { headers: { traceparent: '00-1' } }).then((receipt) => {
      isDone = true;
      return receipt;
    });
    for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    expect([isDone, publisher.pending]).toEqual([false, 1]);
    log.letGo();
    expect(await publishing).toEqual({
      eventId: 'a/b-1',
      key: 'default/a%2Fb',
      topic: 'callfold.raw.callcenter24',
      partition: partitionOf('default', 'a/b', PARTITIONS),
    });
    expect(publisher.pending).toBe(0);
    expect(log.taken[0]?.headers).toEqual([{ name: 'traceparent', value: utf8Bytes('00-1') }]);
    await expect(publisher.publish(call('a', 1), { headers: { 'callfold-tick': '' } })).rejects.toThrow(RangeError);
  });

  it('takes times as texts, numbers and dates, and gives an event without an id the same one each time', async () => {
    const log = heldLog();
    const publisher = createEventPublisher({ writer: log.writer, codec });
    const at = new Date(START);
    const receipts = await Promise.all(
      [at, at.getTime(), at.toISOString()].map((start) =>
        publisher.publish({ source: 'vonage', agentId: '7', start, state: 'Ready', duration: null }),
      ),
    );
    expect(new Set(receipts.map(({ eventId }) => eventId)).size).toBe(1);
    expect(receipts[0]?.topic).toBe('callfold.raw.vonage');
  });

  it('refuses what the validator refuses, by its code, and sends nothing of it', async () => {
    const log = heldLog();
    const publisher = createEventPublisher({ writer: log.writer, codec });
    const wrong = publisher.publish({ source: 'atlas', callId: '', occurredAt: START });
    await expect(wrong).rejects.toBeInstanceOf(EventRefused);
    await expect(wrong).rejects.toMatchObject({ code: 'missing-id' });
    const never = publisher.publish({ source: 'atlas', callId: '1', occurredAt: new Date(NaN) });
    await expect(never).rejects.toMatchObject({ code: 'bad-time' });
    expect(log.taken).toEqual([]);
  });

  it('keeps the order of each subject, one append at a time, in batches that grow with the load', async () => {
    const log = heldLog();
    const publisher = createEventPublisher({ writer: log.writer, codec });
    await Promise.all(Array.from({ length: 3_000 }, (_, n) => publisher.publish(call(`c-${n % 7}`, n))));
    for (let subject = 0; subject < 7; subject += 1) {
      const numbers = log
        .ids()
        .filter((id) => id.startsWith(`c-${subject}-`))
        .map((id) => Number(id.split('-')[2]));
      expect(numbers).toEqual(Array.from(numbers).sort((a, b) => a - b));
      expect(numbers.length).toBeGreaterThan(400);
    }
    expect(log.state.most).toBe(1);
    expect(Math.max(...log.taken.map(({ ids }) => ids.length))).toBeLessThanOrEqual(1_000);
    expect(log.taken.length).toBeLessThan(50);
  });

  it('says of everything behind a failure that it is not known, sends none of it, and goes on after', async () => {
    const log = heldLog();
    const publisher = createEventPublisher({ writer: log.writer, codec });
    log.state.isHeld = true;
    log.state.failures = 1;
    const first = publisher.publish(call('c', 1));
    for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    const second = publisher.publish(call('c', 2));
    for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    log.letGo();
    await expect(first).rejects.toBeInstanceOf(NotAcknowledged);
    await expect(second).rejects.toMatchObject({ eventId: 'c-2' });
    expect(log.ids()).toEqual([]);
    await publisher.publish(call('c', 1));
    await publisher.publish(call('c', 2));
    expect(log.ids()).toEqual(['c-1', 'c-2']);
  });

  it('has a bound of what may wait', async () => {
    const log = heldLog();
    const publisher = createEventPublisher({ writer: log.writer, codec, maxPending: 2 });
    log.state.isHeld = true;
    const waiting = [publisher.publish(call('c', 1)), publisher.publish(call('c', 2))];
    await expect(publisher.publish(call('c', 3))).rejects.toBeInstanceOf(TooManyPending);
    for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    log.letGo();
    await Promise.all(waiting);
  });

  it('publishAll answers one receipt an event, in order, and takes no more events than may wait', async () => {
    const log = heldLog();
    const publisher = createEventPublisher({ writer: log.writer, codec, maxPending: 10 });
    let mostAhead = 0;
    function* events(): Generator<EventInput> {
      for (let n = 0; n < 100; n += 1) {
        mostAhead = Math.max(mostAhead, publisher.pending);
        yield n === 50 ? { source: 'chatterfy', chatId: '', occurredAt: START } : call(`c-${n % 3}`, n);
      }
    }
    const receipts = await collected(publisher.publishAll(events()));
    expect(mostAhead).toBeLessThanOrEqual(10);
    expect(receipts).toHaveLength(100);
    expect(receipts[50]).toMatchObject({ status: 'refused', code: 'missing-id' });
    const others = receipts.filter((_, n) => n !== 50);
    expect(others.map((one) => one.status === 'acknowledged' && one.eventId)).toEqual(
      Array.from({ length: 100 }, (_, n) => `c-${n % 3}-${n}`).filter((_, n) => n !== 50),
    );
    log.state.failures = 1;
    expect(await collected(publisher.publishAll([call('c', 1)]))).toMatchObject([
      { status: 'unknown', eventId: 'c-1' },
    ]);
  });
});
