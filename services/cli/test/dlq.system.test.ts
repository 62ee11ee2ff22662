import { setTimeout as pause } from 'node:timers/promises';
import { CALL_OUTCOMES, DEAD_LETTERS, partitionOf, REDRIVE_HEADER, subjectKey, utf8Bytes } from '@callfold/core';
import { readEvent } from '@callfold/sources';
import { isRejection } from '@callfold/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../../infra/random.mjs';
import type { Running } from './built-command.ts';
import { callfold, parseLines, start, until } from './built-command.ts';
import type { Parts, Site } from './real-parts.ts';
import { onSite, openParts } from './real-parts.ts';

/** Dead letters on real Kafka: shown, sent again each once however often the command dies, put aside. One story. */

const TOPIC = 'callfold.raw.callcenter24';
const PARTITIONS = 2;
const MIB = 1_048_576;
/** Some dozen sends, so that a kill finds the command under way. */
const ASTRAY = 800;
const KILLS_MAX = 6;
const PATIENCE = { mostMs: 120_000 };
const SEED = 20_260_105;

let parts: Parts;
let env: Parts['env'] = {};
let outcomes: Running;

type Json = Record<string, unknown>;

/** Every record of a topic. */
async function readAll(site: Site, topic: string) {
  const found = [];
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const { start: from } = await site.derived.bounds(topic, partition);
    for (let offset = from; ; ) {
      const page = await site.readDerived(topic, partition, offset);
      found.push(...page.records.map((record) => ({ ...record, partition })));
      if (page.next >= page.end || page.next <= offset) break;
      offset = page.next;
    }
  }
  return found;
}

const textOf = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString();

/** By origin, how often it stands in the raw topic again. */
function redrivenCounts(): Promise<Map<string, number>> {
  return onSite(env, async (site) => {
    const counts = new Map<string, number>();
    for (const { headers } of await readAll(site, TOPIC)) {
      const found = headers.find(({ name }) => name === REDRIVE_HEADER);
      if (found) counts.set(textOf(found.value), (counts.get(textOf(found.value)) ?? 0) + 1);
    }
    return counts;
  });
}

async function list(...args: readonly string[]): Promise<Json[]> {
  const { code, out, err } = await callfold(['dlq', 'list', '--json', ...args], { env });
  expect(code, err).toBe(0);
  return parseLines(out);
}

async function untilLetters(count: number): Promise<void> {
  await until(`${count} dead letters stand`, async () => (await list('--all')).length >= count, PATIENCE);
}

/** Ended calls, each in the partition that it does not belong to. */
async function publishAstray(site: Site, count: number): Promise<void> {
  const astray: { key: Uint8Array; value: Uint8Array; headers: [] }[][] = [[], []];
  for (let n = 0; n < count; n += 1) {
    const event = readEvent({
      source: 'callcenter24',
      callId: `astray-${n}`,
      occurredAt: Date.now(),
      status: 'Call ended',
    });
    if (isRejection(event)) throw new Error(event.reason);
    const elsewhere = 1 - partitionOf('default', `astray-${n}`, PARTITIONS);
    const key = utf8Bytes(subjectKey('default', `astray-${n}`));
    astray[elsewhere]?.push({ key, value: site.codec.encodeRaw(event), headers: [] });
  }
  for (const [partition, records] of astray.entries()) await site.writer.append({ topic: TOPIC, partition }, records);
}

/** As large as the raw topic takes. @returns its bytes */
async function publishLargest(site: Site): Promise<number> {
  for (let bytes = 16 * MIB; bytes > 16 * MIB - 400; bytes -= 10) {
    const value = new Uint8Array(bytes).fill(7);
    try {
      await site.writer.append({ topic: TOPIC, partition: 0 }, [{ key: null, value, headers: [] }]);
      return bytes;
    } catch (error) {
      if (!String(error).includes('larger') && !String(error).includes('TOO_LARGE')) throw error;
    }
  }
  throw new Error('no record of about 16 MiB was taken');
}

beforeAll(async () => {
  parts = await openParts('dlq', {
    env: { CALLFOLD_SETTLE_MS: '500', CALLFOLD_PARTITIONS: String(PARTITIONS), CALLFOLD_HTTP_PORT: '0' },
  });
  ({ env } = parts);
  await parts.applyTopics();
  outcomes = start(['serve', 'outcomes'], { env });
});

afterAll(async () => {
  outcomes?.child.kill('SIGKILL');
  await parts?.stop();
});

describe('dead letters', { timeout: 600_000 }, () => {
  it('are sent again once each, whenever the command is killed, and fold where they belong', async () => {
    const random = createRandom(SEED);
    await onSite(env, (site) => publishAstray(site, ASTRAY));
    await until('they stand', async () => (await list('--code', 'wrong-partition')).length === ASTRAY, PATIENCE);
    const dry = await callfold(['dlq', 'redrive', '--code', 'wrong-partition'], { env });
    expect(dry.out).toContain(`${ASTRAY} of code wrong-partition`);
    expect(dry.err.trimEnd().split('\n').at(-1)).toBe('callfold dlq redrive --code wrong-partition --execute');
    expect(await redrivenCounts()).toEqual(new Map());
    const command = ['dlq', 'redrive', '--code', 'wrong-partition', '--execute'];
    let killed = 0;
    for (; killed < KILLS_MAX; killed += 1) {
      const before = [...(await redrivenCounts()).values()].length;
      const running = start(command, { env });
      await onSite(env, async (site) => {
        const sent = async (): Promise<number> => {
          let ends = 0;
          for (let partition = 0; partition < PARTITIONS; partition += 1)
            ends += (await site.derived.bounds(TOPIC, partition)).end;
          return ends;
        };
        const base = await sent();
        const more = 1 + Math.floor(random.next() * 150);
        while (running.child.exitCode === null && (await sent()) < base + more) await pause(1);
      });
      running.child.kill('SIGKILL');
      const { signal } = await running.ended;
      const counts = await redrivenCounts();
      expect(
        [...counts.values()].filter((count) => count > 1),
        `seed ${SEED}`,
      ).toEqual([]);
      if (signal === null) break;
      expect(counts.size).toBeGreaterThanOrEqual(before);
    }
    expect(killed).toBeGreaterThan(0);
    const last = await callfold(command, { env });
    expect(last.code, last.err).toBe(0);
    const counts = await redrivenCounts();
    expect(counts.size).toBe(ASTRAY);
    expect([...counts.values()].every((count) => count === 1)).toBe(true);
    expect(await list('--code', 'wrong-partition')).toEqual([]);
    const outcomesOf = (): Promise<number> =>
      onSite(env, async (site) => {
        const ids = (await readAll(site, CALL_OUTCOMES)).map(({ key }) => textOf(key));
        return new Set(ids.filter((id) => id.includes('astray-'))).size;
      });
    await until('all of them are outcomes', async () => (await outcomesOf()) === ASTRAY, PATIENCE);
  });

  it('count their attempts, and are not sent again beyond the limit unless forced', async () => {
    const first = { key: utf8Bytes('default/again'), value: utf8Bytes('never avro'), headers: [] };
    await onSite(env, (site) => site.writer.append({ topic: TOPIC, partition: 0 }, [first]));
    for (const attempts of [1, 2, 3]) {
      const stands = async (): Promise<boolean> =>
        (await list('--key', 'default/again')).some((letter) => letter['attempts'] === attempts);
      await until(`a letter of attempt ${attempts}`, stands, PATIENCE);
      const { code, err } = await callfold(['dlq', 'redrive', '--key', 'default/again', '--execute'], { env });
      expect(code, err).toBe(attempts === 3 ? 4 : 0);
    }
    expect(await list('--key', 'default/again')).toHaveLength(1);
    const forced = await callfold(['dlq', 'redrive', '--key', 'default/again', '--force', '--execute'], { env });
    expect(forced.code, forced.err).toBe(0);
    const fourth = async (): Promise<boolean> =>
      (await list('--key', 'default/again')).some((letter) => letter['attempts'] === 4);
    await until('a letter of attempt 4', fourth, PATIENCE);
  });

  it('are chosen by time with a zone, and a wrong choice is a usage error', async () => {
    expect(await list('--until', '2020-01-01T00:00:00Z', '--all')).toEqual([]);
    expect((await list('--since', '2020-01-01T00:00:00+02:00', '--all')).length).toBeGreaterThan(ASTRAY);
    for (const wrong of [
      ['--since', '2020-01-01T00:00:00'],
      ['--code', 'no-such'],
    ]) {
      expect((await callfold(['dlq', 'list', ...wrong], { env })).code).toBe(2);
    }
    expect((await callfold(['dlq', 'show', `${TOPIC}/1/999999`], { env })).code).toBe(4);
    expect((await onSite(env, (site) => readAll(site, DEAD_LETTERS))).length).toBeGreaterThan(ASTRAY);
  });

  it('take a record as large as the raw topic takes, and show it with its reason, safe for a terminal', async () => {
    const before = (await list('--all')).length;
    const { bytes, place } = await onSite(env, async (site) => {
      const { end } = await site.log('outcomes').bounds({ topic: TOPIC, partition: 1 });
      await site.writer.append({ topic: TOPIC, partition: 1 }, [
        { key: utf8Bytes('default/x\u001b[2J'), value: utf8Bytes('no\u001b]0;avro'), headers: [] },
      ]);
      return { bytes: await publishLargest(site), place: `${TOPIC}/1/${end}` };
    });
    await untilLetters(before + 2);
    const large = (await list('--partition', '0')).at(-1);
    expect(large).toMatchObject({ code: expect.any(String) as string, attempts: 1, dealt: null });
    expect(Buffer.from(String(large?.['value']), 'base64')).toHaveLength(bytes);
    const shown = await callfold(['dlq', 'show', place], { env });
    expect(shown.code, shown.err).toBe(0);
    expect(shown.out).toContain('code       not-avro');
    expect(shown.out).toContain('default/x\\u001b[2J');
    // oxlint-disable-next-line no-control-regex -- control characters are what it is about
    expect(shown.out).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });

  it('are put aside, and then only shown with the others', async () => {
    const dry = await callfold(['dlq', 'discard', '--code', 'not-avro'], { env });
    expect(dry.err.trimEnd().split('\n').at(-1)).toBe('callfold dlq discard --code not-avro --execute');
    const before = (await list()).length;
    const all = (await list('--all')).length;
    const letters = await list('--code', 'not-avro');
    expect((await callfold(['dlq', 'discard', '--code', 'not-avro', '--execute'], { env })).code).toBe(0);
    expect(await list()).toHaveLength(before - letters.length);
    expect(await list('--all')).toHaveLength(all);
    const discarded = (await list('--all', '--code', 'not-avro')).filter(({ dealt }) => dealt === 'discarded');
    expect(discarded).toHaveLength(letters.length);
    const again = await callfold(['dlq', 'discard', '--code', 'not-avro', '--execute'], { env });
    expect([again.code, again.err.trimEnd()]).toEqual([0, 'Nothing is to be put aside.']);
  });
});
