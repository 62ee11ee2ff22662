import { DEAD_LETTERS, DEFAULT_SETTINGS, rawTopic } from '@callfold/core';
import type { RoleName, Status } from '@callfold/engine';
import { markRecord, readStatus, statusTargets } from '@callfold/engine';
import { expect, test } from 'vitest';
import { CONSOLE_LIMITS } from '../src/limits.ts';
import { createLook } from '../src/look.ts';
import type { LettersAnswer, StatusAnswer } from '../src/status-answer.ts';
import type { Answer } from './console-harness.ts';
import type { TestConsole } from './consoles.ts';
import { ACME, ALL, KEYS, open } from './consoles.ts';

/** What operators are answered: the same as `callfold status` and `callfold dlq list`, bounded, and nobody else is. */

const TOPIC = rawTopic('callcenter24');

const statusOf = ({ body }: Answer): StatusAnswer => body as unknown as StatusAnswer;
const lettersOf = ({ body }: Answer): LettersAnswer => body as unknown as LettersAnswer;
const offsets = (answer: Answer): number[] => lettersOf(answer).letters.map(({ originOffset }) => originOffset);
/** A record comes that nobody folds. */
function append({ world }: TestConsole): void {
  world.topics.append({ topic: TOPIC, partition: 0 }, [{ key: null, value: null, headers: [] }]);
}

test('a key of one tenant sees neither partitions nor dead letters, also where it is a header of the proxy', async () => {
  const shown = await open({ ...KEYS, CALLFOLD_CONSOLE_TENANT_HEADER: 'x-tenant' });
  shown.refuse({ reason: 'of another tenant' });
  for (const path of ['/v1/status', '/v1/dead-letters', '/v1/dead-letters?tenant=acme']) {
    for (const headers of [ACME, { 'x-tenant': 'acme' }, { ...ALL, 'x-tenant': 'acme' }]) {
      expect(await shown.get(path, headers), path).toMatchObject({ status: 403, body: { code: 'all-tenants-only' } });
    }
    expect(await shown.get(path), path).toMatchObject({ status: 401, body: { code: 'no-key' } });
    expect((await shown.get(path, ALL)).status, path).toBe(200);
  }
});

test('status is what the command says, and a fault stays when it is over', async () => {
  const shown = await open();
  append(shown);
  const first = await shown.get('/v1/status');
  const { faults, faultsFrom, trouble, ...status } = statusOf(first);
  const own = await readStatus(shown.site, DEFAULT_SETTINGS, await statusTargets(shown.site), status.at);
  expect(status).toEqual(JSON.parse(JSON.stringify(own)) as Status);
  expect(status.findings).toMatchObject([
    { code: 'never-folded', role: 'projector', topic: TOPIC, partition: 0, commands: ['callfold serve projector'] },
    { code: 'never-folded', role: 'outcomes', commands: ['callfold serve outcomes'] },
  ]);
  expect(trouble).toBeNull();
  expect(faults).toMatchObject([
    { code: 'never-folded', of: 'projector', places: 1, until: null },
    { code: 'never-folded', of: 'outcomes', places: 1, until: null },
  ]);
  expect(faults[0]?.from).toBeGreaterThanOrEqual(faultsFrom);
  shown.counted.members = 0;
  append(shown);
  const second = await shown.until('/v1/status', (answer) => statusOf(answer).findings[0]?.code === 'nobody-works');
  const over = statusOf(second).faults.filter(({ until }) => until !== null);
  expect(over).toMatchObject([{ code: 'never-folded' }, { code: 'never-folded' }]);
  expect(over[0]?.until).toBeGreaterThanOrEqual(over[0]?.from ?? Infinity);
});

test('however many look, it is looked once, and not again before it is time', async () => {
  const shown = await open({}, { lookMs: 60_000 });
  await Promise.all(Array.from({ length: 20 }, () => shown.get('/v1/status')));
  append(shown);
  expect(statusOf(await shown.get('/v1/status')).findings).toEqual([]);
  expect(shown.counted.looks).toBe(1);
});

test('what was seen stays while it cannot be seen again, with why, and that is a fault too', async () => {
  const shown = await open();
  shown.away.add(TOPIC);
  const none = await shown.until('/v1/status', ({ body }) => body['code'] === 'away');
  expect(none).toMatchObject({ status: 503, body: { detail: `${TOPIC} is away` } });
  shown.away.clear();
  const before = await shown.until('/v1/status', ({ status }) => status === 200);
  expect(statusOf(before).faults).toMatchObject([{ code: 'away', of: 'console', says: `${TOPIC} is away` }]);
  await shown.until('/v1/status', (answer) => statusOf(answer).faults[0]?.until !== null);
  shown.away.add(TOPIC);
  const old = await shown.until('/v1/status', (answer) => statusOf(answer).trouble !== null);
  expect(statusOf(old)).toMatchObject({ trouble: `${TOPIC} is away` });
  expect(statusOf(old).partitions).toHaveLength(16);
});

test('nobody waits for what takes too long: what was seen last is answered', async () => {
  const shown = await open({}, { lookWaitMs: 20 });
  const { at } = statusOf(await shown.get('/v1/status'));
  const members = shown.site.members.bind(shown.site);
  let goOn = (): void => undefined;
  const held = new Promise<void>((resolve) => (goOn = resolve));
  Object.assign(shown.site, { members: (role: RoleName) => held.then(() => members(role)) });
  const answer = await shown.get('/v1/status');
  expect(statusOf(answer)).toMatchObject({ at, trouble: null });
  goOn();
  await shown.until('/v1/status', (later) => statusOf(later).at > at);
});

test('a look that was long has a longer rest, and one that failed has none', async () => {
  const clock = { at: 0, now: () => clock.at, sleep: () => Promise.resolve() };
  const limits = { ...CONSOLE_LIMITS, lookMs: 5_000, lookRestMs: 15_000 };
  let isAway = true;
  let looks = 0;
  const look = createLook(
    async () => {
      looks += 1;
      clock.at += 10_000;
      if (isAway) throw new Error('Redis is away');
      return looks;
    },
    { clock, limits, what: 'it' },
  );
  await expect(look.latest()).rejects.toThrow('Redis is away');
  isAway = false;
  clock.at += 5_000;
  expect(await look.latest()).toEqual({ seen: 2, trouble: null });
  clock.at += 14_999;
  expect(await look.latest()).toEqual({ seen: 2, trouble: null });
  clock.at += 1;
  expect(await look.latest()).toEqual({ seen: 3, trouble: null });
});

test('faults are found while nobody looks', async () => {
  const shown = await open({}, { lookIdleMs: 10 });
  append(shown);
  while (shown.counted.looks < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  const { faults } = statusOf(await shown.get('/v1/status'));
  expect(faults[0]?.code).toBe('never-folded');
});

test('dead letters come with code, reason, origin and bytes, as many as are shown, the latest first', async () => {
  const shown = await open({}, { letterBytes: 8 });
  const large = new TextEncoder().encode('0123456789');
  shown.refuse({ originOffset: 7, value: large });
  shown.refuse({ originOffset: 9, originAppendedAt: Date.UTC(2026, 0, 6), code: 'no-value', value: null }, 1);
  const answer = await shown.get('/v1/dead-letters');
  expect(lettersOf(answer)).toMatchObject({
    isComplete: true,
    next: null,
    counts: { 'not-avro': 1, 'no-value': 1 },
    letters: [
      { originOffset: 9, code: 'no-value', value: null, valueBytes: null, partition: 1 },
      { originTopic: TOPIC, originOffset: 7, code: 'not-avro', valueBytes: 10, attempts: 1, dealt: null },
    ],
  });
  const [, first] = lettersOf(answer).letters;
  expect(Buffer.from(first?.value ?? '', 'base64').toString()).toBe('01234567');
  expect(offsets(await shown.get('/v1/dead-letters?code=no-value'))).toEqual([9]);
  const page = lettersOf(await shown.get('/v1/dead-letters?limit=1'));
  expect(offsets(await shown.get(`/v1/dead-letters?limit=1&cursor=${page.next}`))).toEqual([7]);
});

test('a dead letter goes once it is dealt with, wherever its mark stands, and once retention took it', async () => {
  const shown = await open();
  const { world } = shown;
  const mark = (offset: number, partition: number): void => {
    const { key, value, headers } = markRecord({ what: 'redriven', origin: `${TOPIC}/0/${offset}` });
    world.topics.append({ topic: DEAD_LETTERS, partition }, [{ key, value, headers }]);
  };
  // The first partition is read before the second, where the letter stands.
  mark(1, 0);
  for (const originOffset of [1, 2, 3, 4]) shown.refuse({ originOffset }, 1);
  expect(offsets(await shown.get('/v1/dead-letters'))).toEqual([4, 3, 2]);
  mark(3, 0);
  await shown.until('/v1/dead-letters', (answer) => offsets(answer).length === 2);
  world.topics.retain({ topic: DEAD_LETTERS, partition: 1 }, 3);
  await shown.until('/v1/dead-letters', (answer) => offsets(answer).length === 1);
  expect(offsets(await shown.get('/v1/dead-letters'))).toEqual([4]);
});

test('more dead letters than are held are said to be more', async () => {
  const shown = await open({}, { letters: 3 });
  for (let originOffset = 0; originOffset < 5; originOffset += 1) shown.refuse({ originOffset });
  const answer = await shown.get('/v1/dead-letters');
  expect(offsets(answer)).toEqual([4, 3, 2]);
  expect(lettersOf(answer)).toMatchObject({ isComplete: false, counts: { 'not-avro': 3 } });
});
