import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '@callfold/adapters/config';
import { isRejection, rawTopic } from '@callfold/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startKafka, startRedis, startRegistry, testDir } from '../../../infra/parts/index.mjs';
import { openKafkaSite } from '../src/wiring/kafka.ts';
import { callfold, checkBuilt, parseLines, start, until } from './built-command.ts';

/** `callfold import` on real Kafka: killed, gone on with, and CSV. The raw topics have one name for all: own parts. */

const PARTITIONS = 3;
const COUNT = 300_000;
const CALLS = 5_000;
const START = Date.UTC(2026, 0, 5, 9);

const parts: { stop(how: { wipe: boolean }): Promise<unknown> }[] = [];
let env: Record<string, string> = {};
let dir = '';

async function kept<Part extends (typeof parts)[number]>(starting: Promise<Part>): Promise<Part> {
  const part = await starting;
  parts.push(part);
  return part;
}

beforeAll(async () => {
  checkBuilt();
  dir = testDir('import');
  const [kafka, registry, redis] = await Promise.all([
    kept(startKafka({ dir: join(dir, 'kafka'), quick: true })),
    kept(startRegistry({ dir: join(dir, 'registry') })),
    kept(startRedis({ dir: join(dir, 'redis') })),
  ]);
  env = {
    CALLFOLD_KAFKA_BROKERS: kafka.brokers.join(','),
    CALLFOLD_REGISTRY_URL: registry.url,
    CALLFOLD_REDIS_URL: redis.url,
    CALLFOLD_PARTITIONS: String(PARTITIONS),
    CALLFOLD_DATA_DIR: join(dir, 'data'),
  };
  const { code, err } = await callfold(['topics', 'apply', '--execute'], { env });
  if (code !== 0) throw new Error(err);
});

afterAll(async () => {
  await Promise.all(parts.map((part) => part.stop({ wipe: true })));
  rmSync(dir, { recursive: true, force: true });
});

/** Event ids by subject, in the order in which they stand. */
async function standing(source: 'atlas' | 'chatterfy'): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  const site = await openKafkaSite(readConfig(env), () => undefined);
  try {
    const log = site.log('projector');
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const at = { topic: rawTopic(source), partition };
      const { start: from, end } = await log.bounds(at);
      for (let offset = from; offset < end; ) {
        const { records, next } = await log.read(at, offset, 5_000);
        await site.codec.prepare(records);
        for (const { value } of records) {
          const event = site.codec.decode(source, value ?? new Uint8Array());
          if (isRejection(event)) throw new Error(event.reason);
          found.set(event.subjectId, [...(found.get(event.subjectId) ?? []), event.eventId]);
        }
        offset = next;
      }
    }
    return found;
  } finally {
    await site.close();
  }
}

test('an import that was killed is gone on with: nothing is lost, the order of each subject is kept', async () => {
  const input = join(dir, 'atlas.ndjson');
  const lines = Array.from({ length: COUNT }, (_, n) =>
    JSON.stringify({
      source: 'atlas',
      eventId: String(n),
      callId: `call-${n % CALLS}`,
      occurredAt: START + n,
      status: 'No answer',
      recordVersion: n,
    }),
  );
  writeFileSync(input, `${lines.join('\n')}\n`);
  const positions = join(dir, 'data', 'imports');
  const first = start(['import', input], { env });
  const isSaved = (): boolean => existsSync(positions) && readdirSync(positions).some((one) => one.endsWith('.json'));
  await until('a position is kept', isSaved, { running: first });
  first.child.kill('SIGKILL');
  expect((await first.ended).signal).toBe('SIGKILL');

  const { code, out, err } = await callfold(['import', input, '--resume', '--json'], { env });
  expect(code, err).toBe(0);
  expect(err).toMatch(/An earlier run published [\d,]+ events: going on behind them/);
  expect(parseLines(out)).toEqual([{ published: COUNT, refused: 0 }]);
  expect(readdirSync(positions)).toEqual([]);
  const skipped = Number(/An earlier run published ([\d,]+) events/.exec(err)?.[1]?.replaceAll(',', ''));
  expect(skipped).toBeGreaterThan(0);

  const found = await standing('atlas');
  expect(found.size).toBe(CALLS);
  let records = 0;
  for (const [call, ids] of found) {
    records += ids.length;
    const want = Array.from({ length: COUNT / CALLS }, (_, n) => String(n * CALLS + Number(call.slice(5))));
    // What came again after the kill came in order too: the first of each are in order, and there are all of them.
    expect([...new Set(ids)], call).toEqual(want);
  }
  // Twice may stand what was sent since the position was kept, and no more than that.
  expect(records - COUNT).toBeLessThanOrEqual(COUNT - skipped);
});

test('rows of CSV stand as the events that they are, and again with the same ids when they are imported again', async () => {
  const input = join(dir, 'chats.csv');
  const rows = ['Auto', 'Manual', 'Finished'].map((status, n) => `chat-1;${START + n * 60_000};${status}`);
  writeFileSync(input, ['Chat;When;What', ...rows, ';;Auto', ''].join('\n'));
  const args = ['--delimiter', ';', '--set', 'source=chatterfy', '--column', 'chatId=Chat', '--column', 'status=What'];
  for (let time = 1; time <= 2; time += 1) {
    const { code, out, err } = await callfold(['import', input, ...args, '--column', 'occurredAt=When', '--json'], {
      env,
    });
    expect(code, err).toBe(0);
    expect(err).toContain('line 5 refused, missing-id');
    expect(parseLines(out)).toEqual([{ published: 3, refused: 1 }]);
  }
  const [ids = []] = [...(await standing('chatterfy')).values()];
  expect(ids).toHaveLength(6);
  expect(ids.slice(3)).toEqual(ids.slice(0, 3));
  expect(new Set(ids).size).toBe(3);
});

test('says where it stands when Kafka goes away for good, and how to go on', async () => {
  const away = { ...env, CALLFOLD_KAFKA_BROKERS: '127.0.0.1:1' };
  const { code, err } = await callfold(['import', join(dir, 'chats.csv')], { env: away });
  expect(code).toBe(1);
  expect(err).toContain('127.0.0.1:1');
});
