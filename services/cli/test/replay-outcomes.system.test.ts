import { rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { readConfig } from '@callfold/adapters/config';
import { CALL_OUTCOMES, SEQ_HEADER } from '@callfold/core';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { askRedis } from '../../../infra/parts/index.mjs';
import { openKafkaSite } from '../src/wiring/kafka.ts';
import type { Running } from './built-command.ts';
import { callfold, emptyFolder, parseLines, start, until } from './built-command.ts';
import type { Parts } from './real-parts.ts';
import { openParts } from './real-parts.ts';

/**
 * A range derived again on real Kafka and Redis: what was published by a wrong rule (a setting, put right afterwards)
 * is corrected by the running owner, however often the command and the owner are killed. One story.
 */

const PARTITIONS = 2;
const CALLS = 1_500;
const PATIENCE = { mostMs: 60_000 };

let parts: Parts;
let env: Parts['env'] = {};
let outcomes: Running;

const serve = (more: Readonly<Record<string, string>> = {}): void => {
  outcomes = start(['serve', 'outcomes'], { env: { ...env, ...more } });
};

async function stopOutcomes(): Promise<void> {
  outcomes.child.kill('SIGTERM');
  await outcomes.ended;
}

async function derived(): Promise<
  { readonly partition: number; readonly seq: number; readonly record: Record<string, unknown> }[]
> {
  const site = await openKafkaSite(readConfig(env), () => undefined);
  try {
    const found = [];
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      for (let offset = 0; ; ) {
        const page = await site.readDerived(CALL_OUTCOMES, partition, offset);
        await site.codec.prepare(page.records);
        for (const { value, headers } of page.records) {
          const seq = Number(Buffer.from(headers.find(({ name }) => name === SEQ_HEADER)?.value ?? []).toString());
          found.push({ partition, seq, record: site.codec.decodeDerived(CALL_OUTCOMES, value ?? new Uint8Array()) });
        }
        if (page.next >= page.end || page.next <= offset) break;
        offset = page.next;
      }
    }
    return found;
  } finally {
    await site.close();
  }
}

/** The checkpoint is made to believe that the rule was always the right one, as it is after a change of code. */
async function mendRule(): Promise<void> {
  const keys = (await askRedis(parts.redis.port, ['keys', '*outcomes*:checkpoint'])) as string[];
  for (const key of keys) {
    const meta = (await askRedis(parts.redis.port, ['hget', key, 'meta'])) as string | null;
    if (meta)
      await askRedis(parts.redis.port, [
        'hset',
        key,
        'meta',
        meta.replace('shortAbandonMs=600000', 'shortAbandonMs=5000'),
      ]);
  }
}

const EXECUTE = ['--execute', '--confirm', 'outcomes'] as const;

const replay = (...more: readonly string[]) =>
  ['replay', 'outcomes', '--from', 'earliest', '--to', 'latest', '--source', 'callcenter24', ...more] as const;

beforeAll(async () => {
  parts = await openParts('replay-outcomes', {
    kafka: { quick: false },
    env: { CALLFOLD_SETTLE_MS: '500', CALLFOLD_PARTITIONS: String(PARTITIONS), CALLFOLD_HTTP_PORT: '0' },
  });
  ({ env } = parts);
}, 120_000);

afterAll(async () => {
  outcomes?.child.kill('SIGKILL');
  await parts?.stop();
});

it('publishes the differences once, whatever is killed', { timeout: 180_000 }, async () => {
  expect((await callfold(['topics', 'apply', '--execute'], { env })).code).toBe(0);
  const words = ['Participant join (Contact)', 'Participant leave (Contact)', 'Call ended'];
  const lines = Array.from({ length: CALLS }, (_, n) =>
    words.map((status, index) =>
      JSON.stringify({
        source: 'callcenter24',
        callId: `call-${n}`,
        occurredAt: Date.now() - 60_000 + index * 20_000,
        status,
      }),
    ),
  ).flat();
  serve({ CALLFOLD_SHORT_ABANDON_MS: '600000' });
  expect((await callfold(['import', '-'], { env, input: `${lines.join('\n')}\n` })).code).toBe(0);
  await until('all is published', async () => (await derived()).length >= CALLS, { ...PATIENCE, running: outcomes });
  await stopOutcomes();

  const refused = await callfold(replay(), { env });
  expect([refused.code, refused.err]).toEqual([4, expect.stringContaining('runs with other settings')]);
  await mendRule();
  const dry = await callfold(replay('--json'), { env });
  expect(dry.code, dry.err).toBe(3);
  const rows = parseLines(dry.out) as { counts: Record<string, { changed: number; same: number }> }[];
  expect(rows.reduce((sum, { counts }) => sum + (counts[CALL_OUTCOMES]?.changed ?? 0), 0)).toBe(CALLS);
  expect(dry.err).toContain('callfold replay outcomes --from earliest --to latest --source callcenter24');
  expect(await derived()).toHaveLength(CALLS);

  // No owner: the requests lie there, and keep.
  const alone = await callfold(replay(...EXECUTE, '--wait', '2'), { env });
  expect([alone.code, alone.err]).toEqual([4, expect.stringContaining('no owner takes them')]);
  serve();
  // The command and the owner die, again and again.
  for (let turn = 0; turn < 3; turn += 1) {
    const running = start(replay(...EXECUTE), { env });
    await pause(1_500 + turn * 700);
    running.child.kill('SIGKILL');
    if (turn === 1) {
      outcomes.child.kill('SIGKILL');
      await outcomes.ended;
      serve();
    }
    await running.ended;
  }
  const last = await callfold(replay(...EXECUTE), { env });
  expect(last.code, `${last.out}\n${last.err}`).toBe(0);
  const again = await callfold(replay(), { env });
  expect([again.code, again.err]).toEqual([0, expect.stringContaining('Nothing differs.')]);

  const standing = await derived();
  expect(standing).toHaveLength(2 * CALLS);
  expect(standing.filter(({ record }) => record['revision'] === 2 && record['short'] === false)).toHaveLength(CALLS);
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const seqs = standing.filter((one) => one.partition === partition).map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.map((_, index) => index));
  }
  await stopOutcomes();
  const verified = await callfold(['verify'], { env });
  expect(verified.code, verified.err).toBe(0);
});

it('reads from an archive what retention took', { timeout: 120_000 }, async () => {
  const folder = emptyFolder('archive');
  try {
    const archive = (...more: readonly string[]) => callfold(['archive', '--to', folder, '--json', ...more], { env });
    const first = await archive('--source', 'callcenter24');
    expect(first.code, first.err).toBe(0);
    const rows = parseLines(first.out) as { partition: number; from: number; next: number; records: number }[];
    expect(rows.map(({ partition, from }) => [partition, from])).toEqual([
      [0, 0],
      [1, 0],
    ]);
    expect(rows.reduce((sum, { records }) => sum + records, 0)).toBeGreaterThanOrEqual(3 * CALLS);
    const second = await archive('--source', 'callcenter24');
    expect(parseLines(second.out).map(({ records }) => records)).toEqual([0, 0]);
    const checked = await archive('--check');
    expect([checked.code, parseLines(checked.out).length]).toEqual([0, 2]);

    const client = new Kafka({ brokers: [...parts.kafka.brokers], logLevel: logLevel.NOTHING });
    const admin = client.admin();
    await admin.connect();
    const partitions = rows.map(({ partition, next }) => ({ partition, offset: String(next - 3) }));
    // The client knows a topic's leaders only after it was asked for its offsets.
    await admin.fetchTopicOffsets('callfold.raw.callcenter24');
    await admin.deleteTopicRecords({ topic: 'callfold.raw.callcenter24', partitions });
    await admin.disconnect();
    const counted = async (...more: readonly string[]): Promise<[number, number]> => {
      const { out, err, code } = await callfold(replay('--json', ...more), { env });
      expect([0, 3], err).toContain(code);
      const said = parseLines(out) as { counts: Record<string, { same: number; beforeHorizon: number }> }[];
      const sum = (of: 'same' | 'beforeHorizon'): number =>
        said.reduce((total, { counts }) => total + (counts[CALL_OUTCOMES]?.[of] ?? 0), 0);
      return [sum('same'), sum('beforeHorizon')];
    };
    expect(await counted('--archive', folder)).toEqual([CALLS, 0]);
    expect((await counted())[0]).toBeLessThan(CALLS);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
