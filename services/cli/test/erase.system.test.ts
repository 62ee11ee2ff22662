import { join } from 'node:path';
import { readConfig } from '@callfold/adapters/config';
import { createCompletenessReader } from '@callfold/client';
import { AGENT_OFFERS, CALL_OUTCOMES, CHAT_OUTCOMES, utf8Text } from '@callfold/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openKafkaSite } from '../src/wiring/kafka.ts';
import type { Running } from './built-command.ts';
import { callfold, emptyFolder, parseLines, start, until } from './built-command.ts';
import type { Parts } from './real-parts.ts';
import { openParts } from './real-parts.ts';

/**
 * One person's data goes, on real Kafka and Redis: found, erased, proved gone, and refused when it comes again. One
 * story.
 */

const PARTITIONS = 2;
const PATIENCE = { mostMs: 60_000 };
const START = Date.now() - 3_600_000;

let parts: Parts;
let env: Parts['env'] = {};
let services: Running[] = [];

type Json = Record<string, unknown>;

const callOf = (callId: string, number: string): Json[] =>
  [
    'Registred in CallCenter24',
    'Participant join (Contact)',
    'Sending a request to display the call screen - [Anna] (Available)',
    'Show call screen - [Anna]',
    'Participant join ([Anna])',
    'Participant leave ([Anna])',
    'Participant leave (Contact)',
    'Call ended',
  ].map((status, second) => ({
    source: 'callcenter24',
    callId,
    occurredAt: START + second * 1_000,
    status,
    attributes: { number },
  }));

const chatOf = (chatId: string): Json[] =>
  ['Auto', 'Manual', 'Finished'].map((status, second) => ({
    source: 'chatterfy',
    chatId,
    occurredAt: START + second * 1_000,
    status,
  }));

async function run(...args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  return callfold(args, { env });
}

async function importAll(events: readonly Json[]): Promise<void> {
  const input = `${events.map((event) => JSON.stringify(event)).join('\n')}\n`;
  const { code, err } = await callfold(['import', '-'], { env, input });
  expect(code, err).toBe(0);
}

/** What a reader has who keeps the last record of each key, and who proves that nothing is missing. */
async function readAll() {
  const site = await openKafkaSite(readConfig(env), () => undefined);
  const last = new Map<string, Uint8Array | null>();
  const proof = createCompletenessReader();
  const faults = [];
  try {
    for (const topic of [CALL_OUTCOMES, AGENT_OFFERS, CHAT_OUTCOMES]) {
      for (let partition = 0; partition < PARTITIONS; partition += 1) {
        for (let offset = 0; ; ) {
          const page = await site.readDerived(topic, partition, offset);
          for (const record of page.records) {
            faults.push(...proof.take(record));
            last.set(`${topic} ${utf8Text(record.key ?? new Uint8Array(0))}`, record.value);
          }
          if (page.next >= page.end || page.next <= offset) break;
          offset = page.next;
        }
      }
    }
    return { alive: [...last].flatMap(([name, value]) => (value ? [name] : [])).sort(), faults };
  } finally {
    await site.close();
  }
}

beforeAll(async () => {
  parts = await openParts('erase', {
    env: { CALLFOLD_SETTLE_MS: '500', CALLFOLD_PARTITIONS: String(PARTITIONS), CALLFOLD_HTTP_PORT: '0' },
  });
  ({ env } = parts);
  await parts.applyTopics();
  services = [start(['serve', 'projector'], { env }), start(['serve', 'outcomes'], { env })];
});

afterAll(async () => {
  for (const { child } of services) child.kill('SIGKILL');
  await parts?.stop();
});

it('finds one person by number, erases what is theirs, and keeps it gone', async () => {
  await importAll([
    ...callOf('mine-1', '+49 151 2345678'),
    ...callOf('mine-2', '0049151 234 56 78'),
    ...callOf('other', '+49 30 1234567'),
    ...chatOf('chat-1'),
  ]);
  await until('all is published', async () => (await readAll()).alive.length === 7, PATIENCE);
  const archive = join(emptyFolder('erase'), 'archive');
  expect((await run('archive', '--to', archive)).code).toBe(0);

  const dry = await run('erase', '--number', '+49 151 2345678', '--json');
  expect(dry.code, dry.err).toBe(0);
  expect(dry.err).toContain(
    "callfold erase --tenant default --number '+49 151 2345678' --execute --confirm '+49 151 2345678'",
  );
  const rows = parseLines(dry.out);
  expect(rows.map(({ subjectId }) => subjectId)).toEqual(expect.arrayContaining(['mine-1', 'mine-2']));
  for (const row of rows) {
    expect(row).toMatchObject({
      raw: 8,
      letters: 0,
      gone: false,
      aggregates: { projector: 'there', outcomes: 'there' },
    });
    expect((row['records'] as Json[]).map(({ topic }) => topic)).toEqual(
      expect.arrayContaining([AGENT_OFFERS, CALL_OUTCOMES]),
    );
    expect(Date.parse(row['rawUntil'] as string)).toBeGreaterThan(Date.now() + 29 * 86_400_000);
  }
  expect((await readAll()).alive).toHaveLength(7);

  const unsure = await run('erase', '--number', '+49 151 2345678', '--execute', '--confirm', 'mine');
  expect(unsure.code).toBe(2);
  const done = await run('erase', '--number', '+49 151 2345678', '--execute', '--confirm', '+49 151 2345678');
  expect(done.code, done.err).toBe(0);
  expect(done.out).toContain('projector erased, outcomes erased');
  expect(done.out).toContain('8 raw events: their bytes stay for 30 d');

  const { alive, faults } = await readAll();
  expect(alive.filter((name) => name.includes('mine'))).toEqual([]);
  expect(alive).toHaveLength(3);
  expect(faults).toEqual([]);
  const exported = await run('export', 'call-outcomes', '--format', 'ndjson', '--output', '-');
  expect(parseLines(exported.out).map(({ callId }) => callId)).toEqual(['other']);
  const verified = await run('verify');
  expect(verified.code, verified.err).toBe(0);
  const again = await run('erase', '--call', 'mine-1', '--execute', '--confirm', 'mine-1');
  expect(again.err).toContain('Nothing is left to erase.');
  const explained = await run('explain', 'call', 'mine-1');
  expect(explained.out).toContain('was erased at offset');
  expect(explained.out).not.toContain('Anna');

  await importAll([{ source: 'callcenter24', callId: 'mine-1', occurredAt: START + 60_000, status: 'Call ended' }]);
  await until(
    'what came later is refused',
    async () => parseLines((await run('dlq', 'list', '--json')).out).length === 1,
    PATIENCE,
  );
  const [letter] = parseLines((await run('dlq', 'list', '--json')).out);
  expect(letter).toMatchObject({ code: 'erased' });
  expect(JSON.stringify(letter)).not.toContain('mine-1');
  expect((await readAll()).alive).toEqual(alive);

  // The archive has the events and, with the topic behind it, the erasure.
  expect((await run('archive', '--to', archive)).code).toBe(0);
  const fromArchive = await run('verify', '--archive', archive);
  expect(fromArchive.code, fromArchive.err).toBe(0);
});
