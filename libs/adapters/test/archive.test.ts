import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_SETTINGS, rawTopic, TICK_HEADER, utf8Bytes } from '@callfold/core';
import type { Archive, At, LogRecord } from '@callfold/engine';
import {
  archivePartition,
  checkArchive,
  foldPartition,
  joinedLog,
  readManifest,
  Refused,
  rulesOf,
} from '@callfold/engine';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFolder } from '../src/archive/folder.ts';
import { avroSegments } from '../src/archive/segment.ts';
import type { Harness } from './engine-harness.ts';
import { call, openHarness, OUTCOMES, PARTITIONS, START } from './engine-harness.ts';

/** A cold copy of raw partitions on a real disk, and a log that is made of it and of what the topic still has. */

const TOPIC = rawTopic('callcenter24');
const ATS: readonly At[] = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: TOPIC, partition }));
const AT = ATS[0] as At;
const GO_ON = { requested: false };

let dir: string;
let archive: Archive;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'callfold-archive-'));
  archive = { files: openFolder(dir), format: avroSegments };
});
afterEach(() => rmSync(dir, { recursive: true }));

function publish(h: Harness, from: number, count: number): void {
  h.publish(Array.from({ length: count }, (_, n) => call(`call-${from + n}`, START + n * 1_000)).flat());
  for (const at of ATS) {
    h.append(at, { key: null, value: null, headers: [{ name: TICK_HEADER, value: utf8Bytes('1') }] });
    h.append(at, {
      key: utf8Bytes('Ключ'),
      value: utf8Bytes('not avro'),
      headers: [{ name: 'x', value: new Uint8Array([0, 255]) }],
    });
  }
}

const logOf = (h: Harness) => h.world.ports().log('check');

async function readAll(log: ReturnType<typeof logOf>, at: At, page = 7): Promise<LogRecord[]> {
  const { start, end } = await log.bounds(at);
  const found: LogRecord[] = [];
  for (let offset = start; offset < end; ) {
    const batch = await log.read(at, offset, page);
    expect(batch.next).toBeGreaterThan(offset);
    found.push(...batch.records);
    offset = batch.next;
  }
  return found;
}

const plain = (records: readonly LogRecord[]) =>
  records.map(({ offset, appendedAt, key, value, headers }) => ({
    offset,
    appendedAt,
    key: key && [...key],
    value: value && [...value],
    headers: headers.map((header) => [header.name, [...header.value]]),
  }));

describe('an archive', () => {
  it('and what retention left are one log, which folds as the whole one did', async () => {
    const h = await openHarness();
    publish(h, 0, 20);
    // The owner's ticks let it settle by the log's own time.
    const service = h.start(OUTCOMES);
    expect(await h.clock.runUntil(h.settled([service]), 3_600_000)).toBe(true);
    await h.stop([service]);
    const log = logOf(h);
    for (const at of ATS) await archivePartition({ at, log, archive, stop: GO_ON });
    publish(h, 20, 10);
    const whole = plain(await readAll(log, AT));
    const reading = { at: AT, source: 'callcenter24' as const, codec: h.codec };
    const { end } = await log.bounds(AT);
    const before = await foldPartition({ ...reading, log }, rulesOf(OUTCOMES, DEFAULT_SETTINGS), end);
    const cut = ((await readManifest(archive, AT))?.segments.at(-1)?.next ?? 0) - 2;
    h.world.topics.retain(AT, cut);
    expect((await log.bounds(AT)).start).toBe(cut);

    const joined = joinedLog(log, archive);
    expect(await joined.bounds(AT)).toEqual({ start: 0, end });
    for (const page of [1, 7, 10_000]) expect(plain(await readAll(joined, AT, page))).toEqual(whole);
    for (const offset of [0, cut - 1, cut, end - 1]) expect((await joined.readOne(AT, offset))?.offset).toBe(offset);
    expect(await joined.readOne(AT, end)).toBeNull();
    for (const { appendedAt } of whole.slice(0, 60))
      expect(await joined.offsetAt(AT, appendedAt)).toBe(whole.find((one) => one.appendedAt >= appendedAt)?.offset);
    const after = await foldPartition({ ...reading, log: joined }, rulesOf(OUTCOMES, DEFAULT_SETTINGS), end);
    expect(after).toEqual(before);
    expect(after.horizon).toBeNull();
    // Without the archive it cannot be.
    const left = await foldPartition({ ...reading, log }, rulesOf(OUTCOMES, DEFAULT_SETTINGS), end);
    expect(left.records.length).toBeLessThan(before.records.length);
  });

  it('goes on where it ended, and after a death between two files', async () => {
    const h = await openHarness();
    publish(h, 0, 5);
    const log = logOf(h);
    const first = await archivePartition({ at: AT, log, archive, stop: GO_ON });
    expect(await archivePartition({ at: AT, log, archive, stop: GO_ON })).toMatchObject({ records: 0, segments: 0 });
    publish(h, 5, 5);
    // The segment is written, and the manifest is not any more.
    const files = openFolder(dir);
    const dying: Archive = {
      ...archive,
      files: {
        ...files,
        async write(name, bytes) {
          if (name.endsWith('.json')) throw new Error('killed');
          await files.write(name, bytes);
        },
      },
    };
    await expect(archivePartition({ at: AT, log, archive: dying, stop: GO_ON })).rejects.toThrow('killed');
    expect((await readManifest(archive, AT))?.segments).toHaveLength(1);
    publish(h, 10, 5);
    const last = await archivePartition({ at: AT, log, archive, stop: GO_ON });
    expect(last.from).toBe(first.next);
    const manifest = await checkArchive(archive, AT);
    expect(manifest?.segments.map(({ from, next }) => [from, next])).toEqual([
      [0, first.next],
      [first.next, last.next],
    ]);
    expect(await checkArchive(archive, { topic: TOPIC, partition: 9 })).toBeNull();
  });

  it('is the same wherever it dies, before a file is written or after, and the same is done again', async () => {
    const limits = { records: 20, bytes: 1_000_000, pageRecords: 7 };
    const h = await openHarness();
    publish(h, 0, 40);
    const log = logOf(h);
    const files = openFolder(dir);
    let deaths = 0;
    const dyingAt = (write: number, isWritten: boolean): Archive => {
      let writes = 0;
      return {
        ...archive,
        files: {
          ...files,
          async write(name, bytes) {
            writes += 1;
            if (writes < write) return files.write(name, bytes);
            if (isWritten) await files.write(name, bytes);
            throw new Error('killed');
          },
        },
      };
    };
    for (let turn = 0; ; turn += 1) {
      const dying = dyingAt(1 + (turn % 3), turn % 2 === 1);
      const end = await archivePartition({ at: AT, log, archive: dying, stop: GO_ON, limits }).catch(() => null);
      if (end !== null) break;
      deaths += 1;
      await checkArchive(archive, AT);
    }
    expect(deaths).toBeGreaterThan(5);
    const manifest = await checkArchive(archive, AT);
    const { end } = await log.bounds(AT);
    const places = manifest?.segments.map(({ from, next }) => [from, next]) ?? [];
    expect(places.flat()).toEqual([0, ...places.slice(0, -1).flatMap(([, next]) => [next, next]), end]);
    expect(manifest?.segments.reduce((sum, { records }) => sum + records, 0)).toBe(end);
    // Retention takes nearly all: what is read of it then is what the archive has.
    const whole = plain(await readAll(log, AT));
    h.world.topics.retain(AT, end - 1);
    expect(plain(await readAll(joinedLog(log, archive), AT))).toEqual(whole);
  });

  it('has no more of what a killed run had begun to write, and leaves alone what a living one writes', async () => {
    const h = await openHarness();
    publish(h, 0, 5);
    const log = logOf(h);
    await archivePartition({ at: AT, log, archive, stop: GO_ON });
    const folder = join(dir, TOPIC, '0');
    const { pid } = spawnSync(process.execPath, ['--version']);
    const first = '000000000000000.avro';
    const killed = [`${first}.${pid}.part`, `manifest.json.${pid}.part`, `manifest.json.${process.pid}.part`];
    const living = `${first}.${process.ppid}.part`;
    for (const name of [...killed, living]) writeFileSync(join(folder, name), 'half of');
    // Readers take none of it, and take nothing away.
    const whole = plain(await readAll(log, AT));
    h.world.topics.retain(AT, whole.length - 1);
    expect(plain(await readAll(joinedLog(log, archive), AT))).toEqual(whole);
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(killed));
    // Another run, as a process of its own would open it.
    publish(h, 5, 5);
    const next: Archive = { files: openFolder(dir), format: avroSegments };
    await archivePartition({ at: AT, log, archive: next, stop: GO_ON });
    const second = `${String(whole.length).padStart(15, '0')}.avro`;
    expect(readdirSync(folder).toSorted()).toEqual([first, living, second, 'manifest.json']);
    expect((await checkArchive(next, AT))?.segments).toHaveLength(2);
  });

  it('cuts segments, and ends between two of them when it is asked to', async () => {
    const h = await openHarness();
    const limits = { records: 50, bytes: 1_000_000, pageRecords: 20 };
    const many = 70;
    for (let n = 0; n < many; n += 1) h.append(AT, { key: null, value: utf8Bytes('x') });
    const stop = { requested: false };
    const log = logOf(h);
    const progress = (): void => {
      stop.requested = true;
    };
    expect(await archivePartition({ at: AT, log, archive, stop, limits, progress })).toMatchObject({
      segments: 1,
      records: 60,
    });
    expect(await archivePartition({ at: AT, log, archive, stop: GO_ON, limits })).toMatchObject({ records: 10 });
    const segments = (await checkArchive(archive, AT))?.segments ?? [];
    expect(segments.reduce((sum, { records }) => sum + records, 0)).toBe(many);
  });

  it('is not believed when a file is damaged, gone, or out of place, and says which', async () => {
    const h = await openHarness();
    publish(h, 0, 5);
    const log = logOf(h);
    await archivePartition({ at: AT, log, archive, stop: GO_ON });
    publish(h, 5, 5);
    await archivePartition({ at: AT, log, archive, stop: GO_ON });
    const folder = join(dir, TOPIC, '0');
    const file = readdirSync(folder).find((name) => name.endsWith('.avro')) ?? '';
    const bytes = readFileSync(join(folder, file));
    const spoilt = Buffer.from(bytes);
    spoilt[spoilt.length >> 1] = (spoilt[spoilt.length >> 1] ?? 0) ^ 1;
    writeFileSync(join(folder, file), spoilt);
    await expect(checkArchive(archive, AT)).rejects.toThrow(/0000.avro is damaged/);
    h.world.topics.retain(AT, 3);
    await expect(joinedLog(log, archive).read(AT, 0, 10)).rejects.toThrow(Refused);
    rmSync(join(folder, file));
    await expect(checkArchive(archive, AT)).rejects.toThrow(/is not there/);
    writeFileSync(join(folder, file), bytes);
    const manifest = join(folder, 'manifest.json');
    const said = JSON.parse(readFileSync(manifest, 'utf8')) as { segments: unknown[] };
    writeFileSync(manifest, JSON.stringify({ ...said, segments: said.segments.slice(1) }));
    // Its beginning is not there: it is a shorter archive, and whole.
    expect((await checkArchive(archive, AT))?.segments).toHaveLength(1);
    writeFileSync(manifest, '{}');
    await expect(checkArchive(archive, AT)).rejects.toThrow(/no manifest/);
  });

  it('is not mixed with another topic of the name, nor goes on over a hole', async () => {
    const h = await openHarness();
    publish(h, 0, 5);
    await archivePartition({ at: AT, log: logOf(h), archive, stop: GO_ON });
    const other = await openHarness();
    publish(other, 100, 9);
    await expect(archivePartition({ at: AT, log: logOf(other), archive, stop: GO_ON })).rejects.toThrow(/made anew/);
    await expect(joinedLog(logOf(other), archive).bounds(AT)).rejects.toThrow(/made anew/);
    publish(h, 5, 5);
    h.world.topics.retain(AT, (await logOf(h).bounds(AT)).end - 1);
    await expect(archivePartition({ at: AT, log: logOf(h), archive, stop: GO_ON })).rejects.toThrow(
      /retention has passed/,
    );
  });
});
