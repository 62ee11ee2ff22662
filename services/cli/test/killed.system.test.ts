import { readdirSync, rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { openKafkaAdmin } from '@callfold/adapters';
import { readConfig } from '@callfold/adapters/config';
import { rawTopic, REPLAY_HEADER } from '@callfold/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../../infra/random.mjs';
import { connectionOf, quietLogger } from '../src/wiring/kafka.ts';
import type { Ended } from './built-command.ts';
import { callfold, emptyFolder, parseLines, start } from './built-command.ts';
import type { Parts, Site } from './real-parts.ts';
import { onSite, openParts } from './real-parts.ts';

/**
 * Commands that copy the raw log, killed at random points of their work and run again until they are done: the same end
 * as without a kill, and nothing twice. What `kill -9` is to rebuild, to replay outcomes and to redrive, their own tests
 * have.
 */

const TOPIC = rawTopic('callcenter24');
const AGAIN = 'again';
const PARTITIONS = 2;
const CALLS = 20_000;
const EVENTS = 3 * CALLS;
const KILLS = 6;
const SEED = Number(process.env['CALLFOLD_TEST_SEED'] ?? 20_260_301);

let parts: Parts;
let env: Parts['env'] = {};
let folder = '';

const endOf = async (site: Site, topic: string): Promise<number> => {
  let sum = 0;
  for (let partition = 0; partition < PARTITIONS; partition += 1)
    sum += (await site.log('projector').bounds({ topic, partition })).end;
  return sum;
};

/**
 * Runs it, and kills it when it has done so much more, as often as it does not end before.
 * @param done counted while it runs
 * @param more how much more, anew for each run
 */
async function killedOften(
  args: readonly string[],
  done: () => Promise<number>,
  more: () => number,
  afterKill: () => Promise<void>,
): Promise<{ readonly kills: number; readonly last: Ended }> {
  for (let kills = 0; kills < KILLS; kills += 1) {
    const running = start(args, { env });
    const wanted = (await done()) + more();
    while (running.child.exitCode === null && (await done()) < wanted) await pause(1);
    running.child.kill('SIGKILL');
    const ended = await running.ended;
    if (ended.signal === null) return { kills, last: ended };
    await afterKill();
  }
  return { kills: KILLS, last: await callfold(args, { env }) };
}

beforeAll(async () => {
  parts = await openParts('killed', { env: { CALLFOLD_PARTITIONS: String(PARTITIONS), CALLFOLD_HTTP_PORT: '0' } });
  ({ env } = parts);
  folder = emptyFolder('killed');
  await parts.applyTopics();
  const words = ['Participant join (Contact)', 'Participant leave (Contact)', 'Call ended'];
  const at = Date.now() - 60_000;
  const lines = Array.from({ length: EVENTS }, (_, n) =>
    JSON.stringify({ source: 'callcenter24', callId: `call-${n % CALLS}`, occurredAt: at + n, status: words[n % 3] }),
  );
  const { code, err } = await callfold(['import', '-'], { env, input: `${lines.join('\n')}\n` });
  if (code !== 0) throw new Error(`Nothing was imported: ${err}`);
}, 180_000);

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await parts?.stop();
});

describe('kill -9, and the same command again', { timeout: 300_000 }, () => {
  it('archive: every record once, in files that are as they were written', async () => {
    const random = createRandom(SEED);
    const args = ['archive', '--to', folder, '--source', 'callcenter24'];
    // Files come a few at a time: a kill falls while one is written, between two, or before the list of them.
    const files = (): Promise<number> => Promise.resolve(readdirSync(folder, { recursive: true }).length);
    const check = async (): Promise<Ended> => {
      const checked = await callfold(['archive', '--to', folder, '--check', '--json'], { env });
      expect(checked.code, `seed ${SEED}: ${checked.err}`).toBe(0);
      return checked;
    };
    const { kills, last } = await killedOften(
      args,
      files,
      () => 1 + Math.floor(random.next() * 3),
      async () => void (await check()),
    );
    expect(kills).toBeGreaterThan(0);
    expect(last.code, last.err).toBe(0);
    const rows = parseLines((await check()).out) as { from: number; next: number; records: number }[];
    expect(rows.map(({ from }) => from)).toEqual([0, 0]);
    expect(rows.reduce((sum, { next }) => sum + next, 0)).toBe(EVENTS);
    expect(rows.reduce((sum, { records }) => sum + records, 0)).toBe(EVENTS);
    const again = await callfold([...args, '--json'], { env });
    expect(parseLines(again.out).map(({ records }) => records)).toEqual([0, 0]);
  });

  it('replay raw: every record once, in the order of the log', async () => {
    const random = createRandom(SEED + 1);
    const admin = await openKafkaAdmin(
      connectionOf(
        readConfig(env),
        quietLogger(() => undefined),
      ),
    );
    await admin.create(AGAIN, PARTITIONS, 1, { 'message.timestamp.type': 'LogAppendTime' });
    await admin.close();
    const range = ['--from', 'earliest', '--to', 'latest', '--source', 'callcenter24'];
    const args = ['replay', 'raw', ...range, '--to-topic', AGAIN, '--execute', '--confirm', AGAIN];
    await onSite(env, async (site) => {
      const { kills, last } = await killedOften(
        args,
        () => endOf(site, AGAIN),
        () => 1 + Math.floor(random.next() * 8_000),
        () => Promise.resolve(),
      );
      expect(kills).toBeGreaterThan(0);
      expect(last.code, `seed ${SEED}: ${last.err}`).toBe(0);
      for (let partition = 0; partition < PARTITIONS; partition += 1) {
        const log = site.log('projector');
        const { end } = await log.bounds({ topic: TOPIC, partition });
        const from: string[] = [];
        for (let offset = 0; from.length < end; ) {
          const page = await log.read({ topic: AGAIN, partition }, offset, 1_000);
          for (const { headers } of page.records)
            from.push(Buffer.from(headers.find(({ name }) => name === REPLAY_HEADER)?.value ?? []).toString());
          if (page.next <= offset) break;
          offset = page.next;
        }
        expect(from).toEqual(Array.from({ length: end }, (_, offset) => `${TOPIC}/${partition}/${offset}`));
      }
    });
  });
});
