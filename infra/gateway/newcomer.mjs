// @ts-check
/**
 * A newcomer's way, timed: one event by curl, until `callfold explain` tells its outcome and the derived topic has it, on
 * the embedded store and on Kafka.
 *
 *   npm run newcomer                 from this clone, as it is built
 *   npm run newcomer -- --clone      from a fresh clone of what is committed here: git clone and npm ci are timed too
 *   npm run newcomer -- --embedded   without Kafka
 */

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createCodec, createKafkaPublisher, createRegistry } from '@callfold/adapters';
import { readConfig } from '@callfold/adapters/config';
import { CALL_OUTCOMES } from '@callfold/core';
import { connectionOf, quietLogger } from '../../services/cli/dist/wiring/kafka.js';
import { ROOT } from '../test/process.mjs';
import { openStage, startService } from './stage.mjs';

const run = promisify(execFile);
const INSTALL_MS = 600_000;
const OUTCOME_MS = 60_000;
const LOOK_MS = 200;
const PAGE = 1_000;

const say = (/** @type {string} */ line) => process.stdout.write(`[newcomer] ${line}\n`);
let passed = 0;
let failed = 0;

/** @template T @param {string} what @param {() => Promise<T>} work */
async function timed(what, work) {
  const begun = performance.now();
  try {
    const answer = await work();
    passed += 1;
    say(`${((performance.now() - begun) / 1_000).toFixed(1).padStart(6)} s  ${what}`);
    return answer;
  } catch (error) {
    failed += 1;
    throw new Error(`${what}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

/** @param {string} what @param {() => Promise<boolean>} holds */
async function until(what, holds) {
  for (const end = Date.now() + OUTCOME_MS; !(await holds()); await pause(LOOK_MS))
    if (Date.now() > end) throw new Error(`not within ${OUTCOME_MS / 1_000} s: ${what}`);
}

/** The README's first curl. @param {string} url */
async function curl(url) {
  const at = new Date().toISOString();
  const event = { source: 'callcenter24', callId: 'mine', occurredAt: at, status: 'Redirect to voice mail' };
  const args = ['-sS', `${url}/v1/events`, '-H', 'content-type:application/json', '-d', JSON.stringify(event)];
  const { stdout } = await run('curl', args);
  if (JSON.parse(stdout).accepted !== 1) throw new Error(stdout);
}

/** @param {string} root @param {Record<string, string>} env */
async function explained(root, env) {
  const command = [join(root, 'services/cli/bin/callfold.js'), 'explain', 'call', 'mine'];
  const { stdout } = await run(process.execPath, command, { env: { ...process.env, ...env } }).catch(() => ({
    stdout: '',
  }));
  return /sent to voicemail/.test(stdout);
}

/** @param {string} root */
async function embedded(root) {
  const dir = mkdtempSync(join(tmpdir(), 'callfold-newcomer-'));
  const env = { CALLFOLD_DATA_DIR: join(dir, 'data') };
  const dev = await timed('callfold dev is ready', () => startService(root, dir, ['dev', '--no-demo'], env));
  try {
    await timed('curl: one event is in the log', () => curl(dev.url));
    const port = { CALLFOLD_HTTP_PORT: new URL(dev.url).port };
    await timed('callfold explain tells its outcome, after the settle time of 5 s', () =>
      until('the outcome is explained', () => explained(root, { ...env, ...port })),
    );
    await timed('the derived topic has it', () =>
      until('the outcome stands', async () => {
        const answer = await fetch(`${dev.url}/v1/outcomes`);
        const { records } = /** @type {{ records: Record<string, unknown>[] }} */ (await answer.json());
        return records.some(({ callId, outcome }) => callId === 'mine' && outcome === 'voicemail');
      }),
    );
  } finally {
    await dev.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The outcome of the call in the derived topic, whichever partition it is in. @param {Record<string, string>} env */
async function standsInKafka(env) {
  const config = readConfig(env);
  const codec = createCodec(createRegistry({ url: config.registry?.url ?? '' }));
  const reader = createKafkaPublisher({ connection: connectionOf(config, quietLogger(say)), groupId: 'newcomer' });
  try {
    for (let partition = 0; partition < config.partitions; partition += 1) {
      const { start } = await reader.bounds(CALL_OUTCOMES, partition);
      const { records } = await reader.readBack(CALL_OUTCOMES, partition, start);
      const values = records.slice(0, PAGE).flatMap(({ value }) => (value === null ? [] : [{ value }]));
      await codec.prepare(values);
      const found = values.map(({ value }) => codec.decodeDerived(CALL_OUTCOMES, value));
      if (found.some(({ callId, outcome }) => callId === 'mine' && outcome === 'voicemail')) return true;
    }
    return false;
  } finally {
    await reader.close();
  }
}

/** @param {string} root */
async function onKafka(root) {
  const stage = await timed('Kafka, registry and Redis are there', () => openStage({ redis: true, say, root }));
  try {
    await timed('callfold topics apply --execute', () => stage.callfold(['topics', 'apply', '--execute']));
    const [gateway] = await timed('gateway, projector and outcomes are ready', () =>
      Promise.all(['gateway', 'projector', 'outcomes'].map((role) => stage.start(['serve', role]))),
    );
    await timed('curl: one event is in the log', () => curl(gateway?.url ?? ''));
    await timed('callfold explain tells its outcome, after the settle time of 5 s', () =>
      until('the outcome is explained', () => explained(root, stage.env)),
    );
    await timed('the derived topic has it', () => until('the outcome stands', () => standsInKafka(stage.env)));
  } finally {
    await stage.close();
  }
}

const clone = process.argv.includes('--clone') ? mkdtempSync(join(tmpdir(), 'callfold-clone-')) : null;
try {
  const root = clone ?? ROOT;
  if (clone !== null) {
    await timed('git clone', () => run('git', ['clone', '-q', ROOT, clone]));
    await timed('npm ci', () => run('npm', ['ci'], { cwd: clone, timeout: INSTALL_MS }));
    await timed('npm run build', () => run('npm', ['run', 'build'], { cwd: clone, timeout: INSTALL_MS }));
  }
  const begun = performance.now();
  say('on the embedded store');
  await embedded(root);
  say(`${((performance.now() - begun) / 1_000).toFixed(1)} s from the start to the outcome, on the embedded store`);
  if (!process.argv.includes('--embedded')) {
    say('on Kafka');
    await onKafka(root);
  }
} catch (error) {
  failed = Math.max(1, failed);
  say(`FAILED: ${error instanceof Error ? error.message : error}`);
} finally {
  if (clone !== null) rmSync(clone, { recursive: true, force: true });
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
