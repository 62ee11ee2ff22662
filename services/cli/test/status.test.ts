import { DEAD_LETTERS, DEFAULT_SETTINGS, fingerprint, rawTopic } from '@callfold/core';
import type { Status } from '@callfold/engine';
import { offerRecovery, ownerName, readStatus } from '@callfold/engine';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Exit } from '../src/command.ts';
import { EXIT } from '../src/command.ts';
import { status } from '../src/commands/status.ts';
import { onSite } from '../src/on-site.ts';
import { ownerToken } from '../src/owner-name.ts';
import type { RoleName, Site } from '../src/site.ts';
import { statusOn, summaryLine } from '../src/status-text.ts';
import type { TestSite } from './explain-site.ts';
import { openTestSite, PARTITIONS } from './explain-site.ts';
import { openNearbyDev } from './nearby-dev.ts';

const AT = { topic: rawTopic('callcenter24'), partition: 0 };
const ONE = { ...AT, role: 'outcomes' } as const;
let log: TestSite;

beforeEach(async () => {
  log = await openTestSite();
});

/** Records 0 to 9, a second apart. */
async function tenRecords(): Promise<void> {
  for (let n = 0; n < 10; n += 1) await log.tick(AT, n);
}

type Kept = {
  readonly settings?: string;
  readonly partitions?: number;
  readonly letters?: number;
  readonly timer?: number;
};

async function keep(next: number, role: RoleName = 'outcomes', kept: Kept = {}): Promise<void> {
  const store = log.ports.store(role);
  const { claim } = await store.claim(AT, 'host-a:17/1');
  const meta = JSON.stringify({
    version: 1,
    settings: kept.settings ?? fingerprint(DEFAULT_SETTINGS),
    partitions: kept.partitions ?? PARTITIONS,
    clock: 0,
    last: null,
    seqs: kept.letters === undefined ? {} : { [DEAD_LETTERS]: kept.letters },
    published: {},
    outboxFirst: 0,
    outboxNext: 0,
  });
  const timers = new Map(kept.timer === undefined ? [] : [['default/c-1', kept.timer] as const]);
  const nothing = { tables: new Map(), outboxFrom: 0, outbox: [], outboxTrim: 0 };
  expect(await store.commit(AT, claim, { expected: null, next, meta, timers, ...nothing })).toEqual({ ok: true });
}

const now = (second: number): number => {
  log.setSecond(second);
  return Date.UTC(2026, 0, 5, 9) + second * 1_000;
};

const read = (second = 20, members = 1, role: RoleName = 'outcomes'): Promise<Status> =>
  readStatus(
    { ...log.site, members: () => Promise.resolve(members) } satisfies Site,
    DEFAULT_SETTINGS,
    [{ role, at: AT }],
    now(second),
  );

describe('a partition as it stands', () => {
  it('tells owner, position, lag and its age, timers, dead letters', async () => {
    await tenRecords();
    await keep(6, 'outcomes', { letters: 3, timer: now(60) });
    const { partitions } = await read();
    expect(partitions).toEqual([
      {
        ...ONE,
        owner: 'host-a:17',
        epoch: 1,
        position: 6,
        end: 10,
        lag: 4,
        lagMs: 14_000,
        nextTimer: now(60),
        outbox: 0,
        outboxMs: null,
        deadLetters: 3,
        recovering: null,
        problem: null,
      },
    ]);
  });

  it('is not late where everything is folded', async () => {
    await tenRecords();
    await keep(10);
    expect((await read(5_000)).partitions[0]).toMatchObject({ lag: 0, lagMs: 0, problem: null });
  });

  it.each<[string, () => Promise<Status>, RegExp | null]>([
    ['is empty and was never claimed', () => read(), null],
    [
      'was never folded',
      () => tenRecords().then(() => read()),
      /never folded, 10 records wait: `callfold serve outcomes`/,
    ],
    [
      'has nobody at work',
      () =>
        tenRecords()
          .then(() => keep(6))
          .then(() => read(20, 0)),
      /4 records are not folded, and nobody is at work: `callfold serve outcomes`/,
    ],
    [
      'lost its state',
      async () => {
        await tenRecords();
        await log.ports.log('outcomes').setWitness(AT, 6);
        return read();
      },
      /its state is lost.*`callfold recover`/,
    ],
    [
      'was passed by retention',
      async () => {
        await tenRecords();
        await keep(6);
        log.world.topics.retain(AT, 8);
        return read();
      },
      /2 records between the position 6 and the log's start 8 are gone.*`callfold recover`/,
    ],
    [
      'is ahead of its log',
      () =>
        tenRecords()
          .then(() => keep(12))
          .then(() => read()),
      /the log ends at 10, before the position 12.*`callfold recover`/,
    ],
    [
      'was made with other settings',
      () =>
        tenRecords()
          .then(() => keep(10, 'outcomes', { settings: 'settleMs=1' }))
          .then(() => read()),
      /other settings than those here/,
    ],
    [
      'was made with another number of partitions',
      () =>
        tenRecords()
          .then(() => keep(10, 'outcomes', { partitions: 3 }))
          .then(() => read()),
      /the topic has 4 partitions, the state was made with 3: add partitions until there are 6/,
    ],
    [
      'was made when there were fewer partitions',
      () =>
        tenRecords()
          .then(() => keep(10, 'outcomes', { partitions: 2 }))
          .then(() => read()),
      /the topic has 4 partitions, the state was made with 2: `callfold recover --topic .*` moves its subjects/,
    ],
    [
      'has a timer that nobody lets fire',
      () =>
        tenRecords()
          .then(() => keep(10, 'outcomes', { timer: now(15) }))
          .then(() => read(200)),
      /a timer is due for 185 s, and nobody lets time pass: `callfold serve outcomes`/,
    ],
    [
      'has one that will be fired soon',
      () =>
        tenRecords()
          .then(() => keep(10, 'outcomes', { timer: now(15) }))
          .then(() => read(60)),
      null,
    ],
  ])('that %s', async (_, look, says) => {
    const { problem } = (await look()).partitions[0] ?? { problem: 'no row' };
    if (says === null) expect(problem).toBeNull();
    else expect(problem).toMatch(says);
  });
});

describe('a checkpoint that was laid down', () => {
  it('is told as a recovery until an owner has it who finds nothing to fold', async () => {
    const store = log.ports.store('projector');
    await offerRecovery({ at: AT, store, log: log.ports.log('projector'), token: 'rebuild' });
    const recovering = async () => (await read(20, 1, 'projector')).partitions[0]?.recovering;
    expect(await recovering()).toEqual({ until: null });
    await store.claim(AT, 'host-a:17/1');
    expect(await recovering()).toBeNull();
    await tenRecords();
    expect(await recovering()).toEqual({ until: null });
  });
});

describe('callfold status', () => {
  let closing: (() => Promise<void>) | null = null;
  afterEach(() => closing?.());

  async function run(options: object, json = false): Promise<{ exit: Exit; out: string; said: string }> {
    const dev = await openNearbyDev(log.site);
    closing = () => dev.close();
    return dev.run((context) => onSite('status', options, context, statusOn), json);
  }

  it('has a row for each, and ends with what is wrong and what helps', async () => {
    await tenRecords();
    await keep(6, 'outcomes', { letters: 3 });
    const { exit, out, said } = await run({ topic: AT.topic });
    expect(out.split('\n')[0]).toMatch(/^ROLE +TOPIC +PART +OWNER +EPOCH +POSITION/);
    expect(out.trimEnd().split('\n')).toHaveLength(1 + 2 * PARTITIONS + 1);
    expect(out).toMatch(/outcomes +callfold\.raw\.callcenter24 +0 +host-a:17 +1 +6 +10 +4/);
    expect(said).toContain(`projector ${AT.topic}/0: never folded, 10 records wait: \`callfold serve projector\``);
    expect(said).toContain('3 dead letters so far: `callfold dlq list`');
    expect(exit).toBe(EXIT.failed);
  });

  it('says what was found set otherwise than advised, before what is wrong', async () => {
    const dev = await openNearbyDev({ ...log.site, warnings: ['Redis 10.0.0.5:6379: appendonly is off'] });
    closing = () => dev.close();
    const { said } = await dev.run((context) => onSite('status', {}, context, statusOn));
    expect(said.split('\n')[0]).toBe('Redis 10.0.0.5:6379: appendonly is off');
  });

  it('sums up by role and topic, and in one line', async () => {
    await tenRecords();
    await keep(6, 'outcomes', { letters: 3 });
    const { out } = await run({ show: 'sums' });
    expect(out.trimEnd().split('\n')).toHaveLength(1 + 2 * 4 + 1);
    expect(out).toMatch(/outcomes +callfold\.raw\.callcenter24 +4 +1 +4 .* 0 +3 +0\n/);
    expect(summaryLine(await read())).toBe(
      '2026-01-05T09:00:20.000Z  lag 4 records, 14 s; outbox 0; dead letters 3; nothing wrong',
    );
  });

  it('looks again until it is asked to end, and one thing waits for that, not one for each look', async () => {
    const dev = await openNearbyDev(log.site);
    closing = () => dev.close();
    let ask = (): void => undefined;
    const wanted = new Promise<void>((resolve) => (ask = resolve));
    const waits = vi.spyOn(wanted, 'then');
    const stop = { requested: false, wanted };
    let looks = 0;
    const out = (): void => {
      looks += 1;
      if (looks < 3) return;
      stop.requested = true;
      ask();
    };
    await dev.run((context) => status({ watch: 0.01 }, { ...context, out, stop }));
    expect(looks).toBe(3);
    expect(waits).toHaveBeenCalledOnce();
  });

  it('is JSON where asked for, and well where nothing is wrong', async () => {
    const { exit, out, said } = await run({}, true);
    const { generation, partitions } = JSON.parse(out) as Status;
    expect([generation, partitions.length, exit]).toEqual(['1', 2 * 4 * PARTITIONS, EXIT.done]);
    expect(said).toContain('Nothing is wrong. Readers see generation 1.');
  });
});

it('a token tells its owner', () => {
  expect(ownerName(ownerToken())).toMatch(new RegExp(`^.+:${process.pid}$`));
  expect(ownerToken()).not.toBe(ownerToken());
  expect(ownerName('recover-1')).toBe('recover-1');
});
