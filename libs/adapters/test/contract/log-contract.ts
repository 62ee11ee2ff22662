import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TICK_HEADER } from '@callfold/core';
import type { Log, LogRecord, RawWriter } from '@callfold/engine';
import { consumerTests } from './log-consumers.ts';
import type { LogFeatures, LogHarness } from './log-harness.ts';
import { freshName, LOG_TEST_MS, message, textOf } from './log-harness.ts';
import { sharingTests } from './log-sharing.ts';

export type LogScene = { readonly harness: LogHarness; readonly topic: string; readonly group: string };

/**
 * What every `Log`, `RawWriter` and `Consumer` of ports.ts promises. Each test has a topic of three partitions of its
 * own.
 */
export function logContract(name: string, make: () => Promise<LogHarness>, features: LogFeatures): void {
  describe(`${name}: log`, { timeout: LOG_TEST_MS }, () => {
    let harness: LogHarness | undefined;
    let scene: LogScene | undefined;
    beforeAll(async () => {
      harness = await make();
    });
    afterAll(async () => harness?.close());
    beforeEach(async () => {
      const topic = freshName('raw');
      await harness!.topic(topic, 3);
      scene = { harness: harness!, topic, group: freshName('group') };
    });
    afterEach(() => {
      scene = undefined;
    });
    const get = (): LogScene => {
      if (scene === undefined) throw new Error('no scene: the harness did not start');
      return scene;
    };

    readingTests(get);
    consumerTests(get);
    if (features.sharedGroup) sharingTests(get);
  });
}

async function ports(scene: LogScene): Promise<{ log: Log; writer: RawWriter }> {
  return { log: await scene.harness.log(scene.group), writer: await scene.harness.writer() };
}

/** Every record from an offset on, slice by slice. */
async function readAll(
  log: Log,
  at: { topic: string; partition: number },
  from: number,
  step: number,
): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  for (let offset = from; ; ) {
    const { records, next, end } = await log.read(at, offset, step);
    all.push(...records);
    if (next >= end) return all;
    if (next <= offset) throw new Error(`read of ${at.topic}/${at.partition} does not get on from ${offset}`);
    offset = next;
  }
}

function readingTests(get: () => LogScene): void {
  describe('reading and writing', () => {
    it('knows the number of partitions, and refuses to invent a topic', async () => {
      const { topic } = get();
      const { log, writer } = await ports(get());
      for (const port of [log, writer]) {
        expect(await port.partitions(topic)).toBe(3);
        await expect(port.partitions(freshName('nowhere'))).rejects.toBeInstanceOf(Error);
      }
    });

    it('is empty at first', async () => {
      const { log } = await ports(get());
      const at = { topic: get().topic, partition: 2 };
      expect(await log.bounds(at)).toEqual({ start: 0, end: 0 });
      expect(await log.read(at, 0, 10)).toEqual({ from: 0, records: [], next: 0, end: 0 });
      expect(await log.readOne(at, 0)).toBeNull();
    });

    it('appends in order, to that partition only, with append times of its own', async () => {
      const { log, writer } = await ports(get());
      const at = { topic: get().topic, partition: 1 };
      await writer.append(at, ['a', 'b'].map(message));
      await writer.append(at, ['c'].map(message));
      const records = await readAll(log, at, 0, 100);
      expect(records.map(textOf)).toEqual(['a', 'b', 'c']);
      expect(records.map(({ offset }) => offset)).toEqual([0, 1, 2]);
      expect(records.every(({ appendedAt }) => Number.isSafeInteger(appendedAt) && appendedAt > 0)).toBe(true);
      expect(records.map(({ appendedAt }) => appendedAt)).toEqual(
        records.map((r) => r.appendedAt).sort((x, y) => x - y),
      );
      expect(await log.bounds(at)).toEqual({ start: 0, end: 3 });
      expect(await log.bounds({ ...at, partition: 0 })).toEqual({ start: 0, end: 0 });
    });

    it('appends a long list whole and in order', async () => {
      const { log, writer } = await ports(get());
      const at = { topic: get().topic, partition: 0 };
      const many = Array.from({ length: 5_000 }, (_, i) => message(String(i)));
      await writer.append(at, many);
      expect((await readAll(log, at, 0, 700)).map(textOf)).toEqual(many.map((_, i) => String(i)));
    });

    it('takes an empty list', async () => {
      const { log, writer } = await ports(get());
      const at = { topic: get().topic, partition: 0 };
      await writer.append(at, []);
      expect(await log.bounds(at)).toEqual({ start: 0, end: 0 });
    });

    it('keeps key, value and headers as they were given', async () => {
      const { log, writer } = await ports(get());
      const at = { topic: get().topic, partition: 0 };
      const all = Uint8Array.from({ length: 256 }, (_, i) => i);
      const headers = [
        { name: 'ключ', value: new Uint8Array([0, 255]) },
        { name: 'b', value: new Uint8Array() },
      ];
      await writer.append(at, [
        { key: all, value: all, headers },
        { key: null, value: new Uint8Array(), headers: [] },
      ]);
      const [one, two] = await readAll(log, at, 0, 10);
      expect([...one!.key!]).toEqual([...all]);
      expect([...one!.value!]).toEqual([...all]);
      expect(one!.headers.map(({ name, value }) => [name, [...value]])).toEqual([
        ['ключ', [0, 255]],
        ['b', []],
      ]);
      expect({ key: two!.key, length: two!.value?.length, headers: two!.headers }).toEqual({
        key: null,
        length: 0,
        headers: [],
      });
    });

    it('takes a value of 1 MiB', async () => {
      const { log, writer } = await ports(get());
      const at = { topic: get().topic, partition: 0 };
      const value = Uint8Array.from({ length: 1_048_576 }, (_, i) => i % 251);
      await writer.append(at, [{ key: null, value, headers: [] }, message('after')]);
      const [one, two] = await readAll(log, at, 0, 10);
      expect(Buffer.from(one!.value!).equals(value)).toBe(true);
      expect(textOf(two!)).toBe('after');
    });

    it('reads from any offset, and nothing at the end', async () => {
      const { log, writer } = await ports(get());
      const at = { topic: get().topic, partition: 0 };
      await writer.append(at, ['a', 'b', 'c', 'd'].map(message));
      expect((await readAll(log, at, 2, 10)).map(textOf)).toEqual(['c', 'd']);
      expect((await readAll(log, at, 0, 1)).map(textOf)).toEqual(['a', 'b', 'c', 'd']);
      expect(await log.read(at, 4, 10)).toEqual({ from: 4, records: [], next: 4, end: 4 });
    });

    it('reads the one record at an offset, or null', async () => {
      const { log, writer } = await ports(get());
      const at = { topic: get().topic, partition: 0 };
      await writer.append(at, ['a', 'b', 'c'].map(message));
      expect(textOf((await log.readOne(at, 1))!)).toBe('b');
      expect((await log.readOne(at, 2))?.offset).toBe(2);
      expect(await log.readOne(at, 3)).toBeNull();
      expect(await log.readOne(at, 400)).toBeNull();
    });

    it('tells the first offset of a time: the start of one long past, the end of one to come', async () => {
      const { log, writer } = await ports(get());
      const at = { topic: get().topic, partition: 0 };
      expect(await log.offsetAt(at, 0)).toBe(0);
      for (const text of ['a', 'b', 'c', 'd', 'e']) {
        const before = (await readAll(log, at, 0, 100)).at(-1)?.appendedAt ?? 0;
        // Records of different instants: the log's own clock has to get on between them.
        while (Date.now() <= before + 1) await new Promise((resolve) => setTimeout(resolve, 1));
        await writer.append(at, [message(text), message(`${text} again`)]);
      }
      const records = await readAll(log, at, 0, 100);
      for (const { appendedAt } of records) {
        const first = records.find((record) => record.appendedAt >= appendedAt);
        expect(await log.offsetAt(at, appendedAt)).toBe(first?.offset);
        const next = records.find((record) => record.appendedAt > appendedAt);
        expect(await log.offsetAt(at, appendedAt + 1)).toBe(next?.offset ?? records.length);
      }
      expect(await log.offsetAt(at, 0)).toBe(0);
      expect(await log.offsetAt(at, (records.at(-1)?.appendedAt ?? 0) + 60_000)).toBe(records.length);
      expect(await log.offsetAt({ ...at, partition: 1 }, 0)).toBe(0);
    });

    it('appends a tick: no key, no value, the header', async () => {
      const { log, writer } = await ports(get());
      const at = { topic: get().topic, partition: 2 };
      await writer.append(at, [message('a')]);
      await log.tick(at);
      const [, tick] = await readAll(log, at, 0, 10);
      expect(tick).toMatchObject({ offset: 1, key: null, value: null });
      expect(tick!.headers.map((header) => header.name)).toEqual([TICK_HEADER]);
      expect(tick!.appendedAt).toBeGreaterThan(0);
    });

    it("keeps a group's witness: none at first, then the last one set", async () => {
      const { log } = await ports(get());
      const at = { topic: get().topic, partition: 1 };
      expect(await log.witness(at)).toBeNull();
      await log.setWitness(at, 5);
      await log.setWitness(at, 7);
      expect(await log.witness(at)).toBe(7);
      expect(await log.witness({ ...at, partition: 0 })).toBeNull();
      const stranger = await get().harness.log(freshName('group'));
      expect(await stranger.witness(at)).toBeNull();
    });
  });
}
