import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { MemoryPorts } from '@callfold/adapters';
import { createCodec, createLocalRegistry, createMemoryWorld, systemClock } from '@callfold/adapters';
import { readConfig } from '@callfold/adapters/config';
import { isRejection, partitionOf, rawTopic, SOURCES, subjectKey, TOPICS, utf8Bytes } from '@callfold/core';
import type { Generation, GenerationRow, Shelf, Standpoint, StatusTarget } from '@callfold/engine';
import {
  createHeadway,
  DEFAULT_LIMITS,
  generationNamed,
  generationRows,
  liveStore,
  readGenerations,
  readStatus,
  statusTargets,
} from '@callfold/engine';
import { startGenerations } from '@callfold/projector';
import { readEvent } from '@callfold/sources';
import { describe, expect, it } from 'vitest';
import { archiveAll, siteWith } from '../src/archiving.ts';
import type { Context, Exit } from '../src/command.ts';
import { EXIT } from '../src/command.ts';
import { diffOn } from '../src/differences.ts';
import { dropOn, generationText, switchOn } from '../src/generations.ts';
import type { OffsetsOptions } from '../src/offsets.ts';
import { planOffsets } from '../src/offsets.ts';
import { progressTo, rebuildOn } from '../src/rebuilding.ts';
import type { Site } from '../src/site.ts';
import { summaryLine } from '../src/status-text.ts';
import { verifyPartition } from '../src/verification.ts';
import { memorySite } from './memory-site.ts';

/** The commands on a world in memory, at the real clock: what they say, and what they answer. */

const PARTITIONS = 2;
const TOPIC = rawTopic('callcenter24');
const CONFIG = readConfig({});
const CHANGED = readConfig({ CALLFOLD_SHORT_ABANDON_MS: '9000' });

async function openSite() {
  const world = createMemoryWorld({ clock: { now: () => Date.now() } });
  for (const { name } of TOPICS) world.topics.create(name, PARTITIONS);
  const codec = createCodec(createLocalRegistry());
  await codec.register(TOPICS.map(({ name }) => name));
  const ports: MemoryPorts = world.ports();
  const shelf: Shelf = {
    book: ports.generations('projector'),
    root: '1',
    settings: CONFIG.settings,
    storeOf: (key) => ports.store(key),
  };
  let tokens = 0;
  const openGeneration = ({ key }: Generation) => ({
    ports: {
      consumer: ports.consumer(key, SOURCES.map(rawTopic)),
      log: ports.log(key),
      codec,
      publisher: null,
      clock: systemClock,
      observer: () => undefined,
      newToken: () => `token-${(tokens += 1)}`,
    },
    close: async () => undefined,
  });
  const site: Site = {
    ...memorySite(world, ports, codec),
    log: () => ports.log('1'),
    store: () => liveStore(shelf),
    shelf,
    openGeneration,
    showGeneration: () => undefined,
    members: async (_role, key) => (key === '1' ? 1 : 0),
  };
  const projector = startGenerations(
    { settings: CONFIG.settings, limits: DEFAULT_LIMITS },
    { shelf, clock: systemClock, open: openGeneration },
  );
  return {
    site,
    projector,
    /** A call that is abandoned after so many seconds. */
    abandon(callId: string, seconds: number): void {
      const words = [
        [0, 'Participant join (Contact)'],
        [seconds, 'Participant leave (Contact)'],
        [seconds, 'Call ended'],
      ] as const;
      const joinedAt = Date.now() - 60_000;
      for (const [second, status] of words) {
        const occurredAt = joinedAt + second * 1_000;
        const raw = readEvent({ source: 'callcenter24', callId, occurredAt, status });
        if (isRejection(raw)) throw new Error(raw.reason);
        const partition = partitionOf(raw.tenantId, raw.subjectId, PARTITIONS);
        const key = utf8Bytes(subjectKey(raw.tenantId, raw.subjectId));
        world.topics.append({ topic: rawTopic('callcenter24'), partition }, [
          { key, value: codec.encodeRaw(raw), headers: [] },
        ]);
      }
    },
    /** Retention takes the first records of each partition. */
    retain(): void {
      for (let partition = 0; partition < PARTITIONS; partition += 1) {
        world.topics.retain({ topic: TOPIC, partition }, 12);
      }
    },
    async level(): Promise<void> {
      const isLevel = async (): Promise<boolean> => (await rowsOf(site)).every(({ lag }) => lag === 0);
      while (!(await isLevel())) await pause(20);
    },
  };
}

const rowsOf = async (site: Site): Promise<GenerationRow[]> =>
  generationRows(site, (await readGenerations(site.shelf)).all);

const projectors = async (site: Site): Promise<StatusTarget[]> =>
  (await statusTargets(site)).filter(({ role }) => role === 'projector');

type Said = { readonly exit: Exit; readonly out: string; readonly err: string };

async function said(
  command: (context: Context) => Promise<Exit>,
  { config = CONFIG, json = false, stop = false } = {},
): Promise<Said> {
  const texts = { out: '', err: '' };
  const exit = await command({
    config,
    json,
    out: (text) => void (texts.out += text),
    say: (text) => void (texts.err += `${text}\n`),
    stop: { requested: stop, wanted: new Promise(() => undefined) },
  });
  return { exit, ...texts };
}

describe('rebuild, diff, switch and drop', () => {
  it('say what they did, and which command is next', async () => {
    const { site, projector, abandon, level } = await openSite();
    for (const seconds of [3, 5, 7, 9, 11]) abandon(`waited-${seconds}`, seconds);
    await level();
    await expect(said((c) => rebuildOn(site, '1', {}, c))).rejects.toThrow('1 is live');
    await expect(said((c) => rebuildOn(site, 'next', { from: 'noon' }, c))).rejects.toThrow(
      '--from: "noon" is no place',
    );
    const ended = await said((c) => rebuildOn(site, 'next', { rate: 500 }, c), { config: CHANGED, stop: true });
    expect(ended).toMatchObject({ exit: EXIT.failed, out: '' });
    expect(ended.err.trimEnd().split('\n').at(-1)).toBe('callfold rebuild next --rate 500');
    const building = await readStatus(site, CONFIG.settings, await projectors(site), Date.now());
    expect(building.generations).toMatchObject([
      { generation: '1', state: 'live', problem: null },
      { generation: 'next', state: 'building', problem: 'its rebuild does not run: `callfold rebuild next`' },
    ]);
    expect(summaryLine(building)).toMatch(/generation next: its rebuild has not ended, \d+ of 15 records/);
    const done = await said((c) => rebuildOn(site, 'next', { rate: 500 }, c), { config: CHANGED, json: true });
    expect(done).toMatchObject({ exit: EXIT.done, out: '{"generation":"next","complete":true}\n' });
    await level();
    const found = await said((c) => diffOn(site, ['1', 'next'], { sample: 1 }, c));
    expect(found.exit).toBe(EXIT.differences);
    expect(found.out).toMatch(/^settings: shortAbandonMs: 5000 → 9000\n2: short, by the rule \S+\n/);
    expect(found.out).toMatch(/\n {4}default\/waited-[79]: short false → true\n$/);
    expect(found.err).toBe('2 differ, 3 are the same.\n');
    const streamed = await said((c) => diffOn(site, ['next', '1'], { sample: 1 }, c), { json: true });
    const lines = streamed.out.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ seenIn: 'both', fields: { short: [true, false] } });
    expect(await said((c) => switchOn(site, 'next', {}, c))).toMatchObject({
      exit: EXIT.done,
      out: 'generation 1: live: readers see it, lag 0\ngeneration next: kept up by the projectors, lag 0\n',
    });
    await expect(said((c) => switchOn(site, 'nobody', {}, c))).rejects.toThrow('There is no generation nobody');
    const switched = await said((c) => switchOn(site, 'next', { execute: true, confirm: 'next' }, c));
    expect(switched).toMatchObject({
      exit: EXIT.done,
      err: expect.stringContaining('callfold switch 1 --execute --confirm 1') as string,
    });
    await expect(said((c) => switchOn(site, 'next', { execute: true, confirm: 'next' }, c))).rejects.toThrow(
      'next is live already',
    );
    const after = await readStatus(site, CONFIG.settings, await projectors(site), Date.now());
    expect(after.generation).toBe('next');
    // By the settings of the one that readers see, not by those of whoever asks.
    expect(after.partitions.filter(({ problem }) => problem !== null)).toEqual([]);
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const at = { topic: rawTopic('callcenter24'), partition };
      const [states] = await verifyPartition(site, at, 'callcenter24', CONFIG.settings);
      expect(states).toMatchObject({ what: 'aggregates', findings: [] });
    }
    await expect(said((c) => dropOn(site, 'next', {}, c))).rejects.toThrow('next is live');
    expect((await said((c) => dropOn(site, '1', {}, c), { config: CHANGED })).err).toBe(
      'Nothing was changed. To take 1 away:\ncallfold drop 1 --execute --confirm 1\n',
    );
    expect((await said((c) => dropOn(site, '1', {}, c))).err).toContain(
      'No generation that is left has the settings of here (shortAbandonMs: 5000 → 9000): a projector that starts with ' +
        'them is refused. Set those of next everywhere before.\n',
    );
    const unsure = said((c) => dropOn(site, '1', { execute: true, confirm: 'next' }, c));
    await expect(unsure).rejects.toThrow('--confirm next is another one. Say the name once more: --confirm 1');
    const gone = await said((c) => dropOn(site, '1', { execute: true, confirm: '1' }, c), { json: true });
    expect(JSON.parse(gone.out)).toMatchObject({ executed: true, generation: '1' });
    expect((await rowsOf(site)).map(generationText)).toEqual(['generation next: live: readers see it, lag 0']);
    await projector.stop();
  });
});

describe('a rebuild from an archive', () => {
  it('folds what retention took as if it were there, and is refused nothing', async () => {
    const { site, projector, abandon, level, retain } = await openSite();
    for (let n = 0; n < 20; n += 1) abandon(`old-${n}`, n);
    await level();
    const dir = mkdtempSync(join(tmpdir(), 'callfold-rebuild-'));
    const context = {
      config: CONFIG,
      say: () => undefined,
      stop: { requested: false, wanted: new Promise<void>(() => undefined) },
    };
    for await (const { topic, partition, records } of archiveAll(site, { to: dir }, context))
      expect([topic, partition, records > 0]).toEqual([topic, partition, topic === TOPIC]);
    for (let n = 0; n < 5; n += 1) abandon(`new-${n}`, n);
    await level();
    retain();
    const without = await said((c) => rebuildOn(site, 'cut', {}, c));
    expect(without.exit).toBe(EXIT.done);
    const done = await said((c) => rebuildOn(site, 'whole', { archive: dir, rate: 2_000 }, c));
    expect(done.exit, done.err).toBe(EXIT.done);
    await level();
    expect(await said((c) => diffOn(site, ['1', 'whole'], { sample: 1 }, c))).toMatchObject({
      exit: EXIT.done,
      err: expect.stringContaining('25 are the same') as string,
    });
    // Of what is left alone it is another one.
    expect((await said((c) => diffOn(site, ['1', 'cut'], { sample: 1 }, c), { json: true })).out).toContain(
      '"beforeHorizon":',
    );
    const { all } = await readGenerations(site.shelf);
    expect(generationNamed(all, 'whole').from[`${TOPIC}/0`]).toBe(0);
    expect(generationNamed(all, 'cut').from[`${TOPIC}/0`]).toBeGreaterThan(0);
    const at = { topic: TOPIC, partition: 0 };
    expect((await said((c) => switchOn(site, 'whole', { execute: true, confirm: 'whole' }, c))).exit).toBe(EXIT.done);
    const [states] = await verifyPartition(siteWith(site, dir, CONFIG), at, 'callcenter24', CONFIG.settings);
    expect(states).toMatchObject({ findings: [], beforeHorizon: 0 });
    expect(states?.same).toBeGreaterThan(5);
    await projector.stop();
    rmSync(dir, { recursive: true });
  });
});

describe('a rebuild from a plan of offsets', () => {
  it('begins at its offsets, and is refused when the plan is stale or not of all partitions', async () => {
    const { site, projector, abandon, level, retain } = await openSite();
    for (let n = 0; n < 20; n += 1) abandon(`call-${n}`, n);
    await level();
    const dir = mkdtempSync(join(tmpdir(), 'callfold-plan-'));
    const file = async (options: OffsetsOptions): Promise<[file: string, id: string]> => {
      const plan = await planOffsets(site, CONFIG.settings, options, Date.now());
      const path = join(dir, `${plan.plan}.json`);
      writeFileSync(path, JSON.stringify(plan));
      return [path, plan.plan];
    };
    const [fromFile, id] = await file({ role: 'projector', toOffset: '6' });
    expect((await said((c) => rebuildOn(site, 'next', { fromFile }, c))).exit).toBe(EXIT.done);
    const next = generationNamed((await readGenerations(site.shelf)).all, 'next');
    expect([next.asked, next.from[`${TOPIC}/0`], next.from['callfold.raw.atlas/0']]).toEqual([`plan ${id}`, 6, 0]);
    const both = said((c) => rebuildOn(site, 'next', { fromFile, from: 'earliest' }, c));
    await expect(both).rejects.toThrow('Only one of --from, --from-file.');
    const [part] = await file({ role: 'projector', topic: TOPIC, toOffset: '6' });
    const partly = said((c) => rebuildOn(site, 'partly', { fromFile: part }, c));
    await expect(partly).rejects.toThrow('The plan has no offset of callfold.raw.atlas/0');
    retain();
    const stale = said((c) => rebuildOn(site, 'late', { fromFile }, c));
    await expect(stale).rejects.toThrow(/Plan \w+ is stale: .* begins at offset 12 now, the plan's 6 is gone/);
    // What has begun by it goes on all the same.
    expect((await said((c) => rebuildOn(site, 'next', { fromFile }, c))).exit).toBe(EXIT.done);
    await projector.stop();
    rmSync(dir, { recursive: true });
  });
});

describe('progress of a rebuild', () => {
  const at = (partition: number) => ({ topic: 'callfold.raw.atlas', partition });

  it('has a line for each partition that is not at its end, one for all, and what is left at this rate', () => {
    const lines: string[] = [];
    let now = 0;
    const tell = progressTo(
      (line) => lines.push(line),
      () => now,
    );
    const look = (positions: readonly number[], end: number): void => {
      const row = (position: number, partition: number): Standpoint => ({ at: at(partition), from: 0, position, end });
      tell(positions.map(row), 1_250_000);
    };
    look([0, 1_000], 1_000);
    now = 1_000;
    look([250, 1_000], 1_000);
    expect(lines).toEqual([
      'callfold.raw.atlas/0: 250 of 1,000 records, 25 %, 250 a second, 3 s left',
      'all: 1,250 of 2,000 records, 62 %, 1.3 MB read, 250 a second, 3 s left',
    ]);
  });

  it('does not promise an end where more comes than is taken', () => {
    const headway = createHeadway();
    headway(0, 0, 1_000);
    expect(headway(2_000, 200, 1_400)).toEqual({ perSecond: 100, comePerSecond: 200, etaMs: 'never' });
    expect(headway(20_000, 1_200, 1_400).etaMs).toBeNull();
    expect(headway(22_000, 1_400, 1_400).etaMs).toBe(0);
  });
});
