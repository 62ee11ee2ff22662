import { rawTopic, REPLAY_HEADER, TICK_HEADER, utf8Bytes, utf8Text } from '@callfold/core';
import type { At, Publisher, RawReplaying } from '@callfold/engine';
import { replayOrigin, replayRaw } from '@callfold/engine';
import { describe, expect, it } from 'vitest';
import type { Harness } from './engine-harness.ts';
import { openHarness } from './engine-harness.ts';

/** Raw events published again elsewhere: each once and in order, whatever dies in between. */

const AT: At = { topic: rawTopic('atlas'), partition: 0 };
const COPY = 'copy';
const PARTITIONS = 3;
const RECORDS = 2_000;

async function opened() {
  const h = await openHarness();
  h.world.topics.create(COPY, PARTITIONS);
  for (let n = 0; n < RECORDS; n += 1) {
    const headers = [{ name: 'own', value: utf8Bytes(String(n)) }];
    h.append(AT, { key: utf8Bytes(`k${n % 7}`), value: utf8Bytes(`v${n}`), headers });
  }
  const ports = h.world.ports();
  const replaying = (more: Partial<RawReplaying> = {}): RawReplaying => ({
    at: AT,
    log: ports.log('check'),
    range: { from: 0, to: RECORDS },
    topic: COPY,
    partitionOf: ({ key }) => (key === null ? 0 : (key[1] ?? 0) % PARTITIONS),
    publisher: ports.publisher(),
    clock: h.clock,
    perSecond: null,
    stop: { requested: false },
    progress: () => undefined,
    ...more,
  });
  return { h, ports, replaying };
}

const there = (h: Harness) =>
  Array.from(
    { length: PARTITIONS },
    (_, partition) => h.world.topics.read({ topic: COPY, partition }, 0, 100_000).records,
  );

function checkWhole(h: Harness, from = 0, to = RECORDS): void {
  const seen: number[] = [];
  for (const records of there(h)) {
    const offsets = records.map((record) => replayOrigin(record)?.offset ?? -1);
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
    seen.push(...offsets);
  }
  expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: to - from }, (_, n) => from + n));
}

describe('a raw replay', () => {
  it('keeps key, bytes, headers and order, and says where each came from and when', async () => {
    const { h, replaying } = await opened();
    expect(await replayRaw(replaying())).toEqual({ sent: RECORDS, found: 0, ticks: 0, loops: 0 });
    checkWhole(h);
    const [first] = h.world.topics.read(AT, 9, 1).records;
    const copy = there(h)
      .flat()
      .find((record) => replayOrigin(record)?.offset === 9);
    expect([copy?.key, copy?.value]).toEqual([first?.key, first?.value]);
    expect(copy?.headers.map(({ name, value }) => [name, utf8Text(value)])).toEqual([
      ['own', '9'],
      ['callfold-replay-of', `${AT.topic}/0/9`],
      ['callfold-appended-at', String(first?.appendedAt)],
    ]);
  });

  it('is the same when it is killed anywhere and run again, whatever had landed', async () => {
    const { h, ports, replaying } = await opened();
    for (let life = 1; life <= 12; life += 1) {
      let sends = 0;
      const publisher: Publisher = ports.publisher();
      const dying: Publisher = {
        ...publisher,
        async send(origin, records) {
          sends += 1;
          // The last one lands in every other life, and nobody hears of it.
          if (sends <= life % 3 || life % 2 === 0) await publisher.send(origin, records);
          if (sends > life % 3) throw new Error('killed');
          return new Map();
        },
      };
      await replayRaw(replaying({ publisher: dying })).catch((error: unknown) =>
        expect(String(error)).toContain('killed'),
      );
    }
    const last = await replayRaw(replaying());
    expect(last.sent + last.found).toBe(RECORDS);
    expect(last.found).toBeGreaterThan(0);
    checkWhole(h);
    expect(await replayRaw(replaying())).toMatchObject({ sent: 0, found: RECORDS });
  });

  it('goes on with a later range, and refuses one whose records would come behind', async () => {
    const { h, replaying } = await opened();
    await replayRaw(replaying({ range: { from: 500, to: 900 } }));
    await expect(replayRaw(replaying({ range: { from: 0, to: 900 } }))).rejects.toThrow(/offset 0 would come behind/);
    expect(await replayRaw(replaying({ range: { from: 500, to: 1_000 } }))).toMatchObject({ sent: 100, found: 400 });
    checkWhole(h, 500, 1_000);
  });

  it('leaves out ticks, and what came by a replay itself', async () => {
    const { h, replaying } = await opened();
    h.append(AT, { key: null, value: null, headers: [{ name: TICK_HEADER, value: new Uint8Array() }] });
    h.append(AT, {
      key: utf8Bytes('k'),
      value: utf8Bytes('v'),
      headers: [{ name: REPLAY_HEADER, value: utf8Bytes('x/0/1') }],
    });
    expect(await replayRaw(replaying({ range: { from: RECORDS, to: RECORDS + 2 } }))).toEqual({
      sent: 0,
      found: 0,
      ticks: 1,
      loops: 1,
    });
  });

  it('keeps to its rate, and ends between two sends', async () => {
    const { h, replaying } = await opened();
    const begun = h.clock.now();
    let isDone = false;
    void replayRaw(replaying({ perSecond: 400 })).then(() => (isDone = true));
    expect(await h.clock.runUntil(() => isDone, 60_000)).toBe(true);
    // The first part waits for nobody.
    expect(h.clock.now() - begun).toBeGreaterThanOrEqual(((RECORDS - 40) * 1_000) / 400 - 1);
    const { h: other, replaying: again } = await opened();
    const stop = { requested: false };
    const ended = await replayRaw(again({ stop, progress: () => void (stop.requested = true) }));
    expect(ended.sent).toBe(500);
    expect(await replayRaw(again())).toMatchObject({ sent: RECORDS - 500, found: 500 });
    checkWhole(other);
  });
});
