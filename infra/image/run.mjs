#!/usr/bin/env node
// @ts-check
/**
 * The steps of the Dockerfile in a folder, for machines without Docker: its COPYs of what this clone tracks, its RUNs
 * by a shell, and then what the image would run, as another user, on files that cannot be written. What only Docker
 * can show (the base image, its libraries, the size) it does not show: docs/deploy.md.
 *
 *   node infra/test/run.mjs --only image
 */

import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePorts } from '../parts/index.mjs';
import { ROOT } from '../test/process.mjs';

/** As the Dockerfile has it. */
const USER = 1_000;
const STEP_LIMIT_MS = 600_000;
const START_LIMIT_MS = 60_000;
const LOOK_MS = 200;
/** What builds and tests, and must not be shipped. */
const DEV_ONLY = ['typescript', 'turbo', 'vitest', 'oxlint', '@duckdb/node-api', 'kubernetes-models'];
const EVENT =
  '{"source":"atlas","callId":"a","occurredAt":"2026-01-05T09:00:00Z","status":"Customer ended call","eventId":"1"}\n';

const say = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);
let passed = 0;
let failed = 0;

function check(/** @type {string} */ what, /** @type {boolean} */ holds) {
  if (holds) passed += 1;
  else failed += 1;
  say(`${holds ? 'ok    ' : 'FAILED'} ${what}`);
}

/** The first stage: what is copied from this clone, and what is run. */
function buildStage() {
  const stages = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').split(/^FROM .*$/m);
  const lines = (stages[1] ?? '').split('\n');
  const copied = lines.filter((line) => line.startsWith('COPY ')).flatMap((line) => line.split(/\s+/).slice(1, -1));
  const run = lines.filter((line) => line.startsWith('RUN ')).map((line) => line.slice('RUN '.length));
  return { copied, run };
}

/** @param {string} dir @param {readonly string[]} copied */
function copy(dir, copied) {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...copied];
  const files = execFileSync('git', list, { cwd: ROOT, encoding: 'utf8' }).split('\0').filter(Boolean);
  for (const file of files.filter((path) => !/(^|\/)test\//.test(path) && existsSync(join(ROOT, path)))) {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    cpSync(join(ROOT, file), join(dir, file));
  }
}

const asUser = process.getuid?.() === 0 ? ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups'] : [];

/** @param {readonly string[]} args of the command @param {Record<string, string>} env */
function start(/** @type {string} */ dir, args, env = {}) {
  const [first = '', ...rest] = [...asUser, process.execPath, 'services/cli/bin/callfold.js', ...args];
  const child = spawn(first, rest, {
    cwd: dir,
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let out = '';
  let errors = '';
  child.stdout.on('data', (chunk) => (out += chunk));
  child.stderr.on('data', (chunk) => (errors += chunk));
  /** @type {Promise<{ code: number | null, out: string, errors: string }>} */
  const ended = new Promise((resolve) => child.once('close', (code) => resolve({ code, out, errors })));
  return { child, ended };
}

/** @param {string} url @returns {Promise<number>} 0: nobody answers */
const statusOf = (url) =>
  fetch(url).then(
    ({ status }) => status,
    () => 0,
  );

/** The gateway listens before Kafka is there, and stops in order. */
async function serveGateway(/** @type {string} */ dir) {
  const [port = 0, nobody = 0] = await freePorts(2);
  const { child, ended } = start(dir, ['serve', 'gateway'], {
    CALLFOLD_HTTP_PORT: String(port),
    CALLFOLD_KAFKA_BROKERS: `127.0.0.1:${nobody}`,
    CALLFOLD_REGISTRY_URL: `http://127.0.0.1:${nobody}`,
  });
  const url = `http://127.0.0.1:${port}`;
  for (const until = Date.now() + START_LIMIT_MS; Date.now() < until; await pause(LOOK_MS))
    if ((await statusOf(`${url}/livez`)) === 200) break;
  check('serve gateway: /livez answers 200 although Kafka is away', (await statusOf(`${url}/livez`)) === 200);
  check('serve gateway: /readyz answers 503 meanwhile', (await statusOf(`${url}/readyz`)) === 503);
  check('serve gateway: /metrics answers', (await statusOf(`${url}/metrics`)) === 200);
  child.kill('SIGTERM');
  const { code, errors } = await ended;
  check('serve gateway: SIGTERM ends it with exit code 0', code === 0);
  if (code !== 0) say(errors.slice(-2_000));
}

async function main() {
  const dir = mkdtempSync(join(tmpdir(), 'callfold-image-'));
  try {
    const { copied, run } = buildStage();
    copy(dir, copied);
    const env = { ...process.env, DO_NOT_TRACK: '1', TURBO_TELEMETRY_DISABLED: '1', CI: 'true' };
    for (const step of run) {
      const begun = Date.now();
      execFileSync('sh', ['-c', step], { cwd: dir, env, stdio: ['ignore', 'ignore', 'pipe'], timeout: STEP_LIMIT_MS });
      say(`RUN ${step} (${((Date.now() - begun) / 1_000).toFixed(0)} s)`);
    }
    const size = execFileSync('du', ['-sm', dir], { encoding: 'utf8' }).split('\t')[0];
    say(`the folder has ${size} MiB, the base image not counted`);
    const shipped = DEV_ONLY.filter((name) => existsSync(join(dir, 'node_modules', name)));
    check(
      `nothing that only builds or tests is shipped${shipped.map((name) => `: ${name}`).join('')}`,
      shipped.length === 0,
    );
    check(
      'no source is shipped',
      !existsSync(join(dir, 'services/cli/src')) && !existsSync(join(dir, 'libs/core/src')),
    );

    execFileSync('chmod', ['-R', 'a-w,a+rX', dir]);
    const before = execFileSync('find', [dir, '-newer', join(dir, 'package.json')], { encoding: 'utf8' });
    const help = await start(dir, ['--help']).ended;
    check('--help', help.code === 0 && help.out.includes('callfold'));
    const fold = start(dir, ['fold', '-']);
    fold.child.stdin.end(EVENT);
    const { code, out, errors } = await fold.ended;
    check('fold: a call in, its outcome out', code === 0 && out.includes('"outcome":"answered"'));
    if (code !== 0) say(errors.slice(-2_000));
    await serveGateway(dir);
    const after = execFileSync('find', [dir, '-newer', join(dir, 'package.json')], { encoding: 'utf8' });
    check('nothing was written into it', before === after);
  } finally {
    chmodSync(dir, 0o755);
    execFileSync('chmod', ['-R', 'u+w', dir]);
    rmSync(dir, { recursive: true, force: true });
  }
}

main()
  .catch((error) => {
    failed += 1;
    say(`image: ${error instanceof Error ? error.stack : error}`);
  })
  .finally(() => {
    say(`${passed} passed, ${failed} failed`);
    process.exitCode = failed === 0 ? 0 : 1;
  });
