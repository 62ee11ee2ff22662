/** The simulator: the same seed gives the same history to the byte, here and in another process, and finds nothing. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { runHistory } from '../sim/history.mjs';
import { openCodec } from '../sim/world.mjs';

// They compute and wait for nothing: only a busy machine makes them slow.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 60_000 });

const SEEDS = Array.from({ length: 8 }, (_, n) => `same-${n}`);
const HISTORIES = Number(process.env['CALLFOLD_SIM_HISTORIES'] ?? 30);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let codec: Awaited<ReturnType<typeof openCodec>>;
beforeAll(async () => {
  codec = await openCodec();
});

async function digests(): Promise<string[]> {
  const found: string[] = [];
  for (const seed of SEEDS) found.push((await runHistory(seed, codec, { traced: true })).digest);
  return found;
}

describe('a history', () => {
  it('is the same to the byte each time, also in another process', async () => {
    const here = await digests();
    expect(new Set(here).size).toBe(SEEDS.length);
    expect(await digests()).toEqual(here);
    const script =
      'const [root, ...seeds] = process.argv.slice(1);' +
      'const { runHistory } = await import(`${root}infra/sim/history.mjs`);' +
      'const { openCodec } = await import(`${root}infra/sim/world.mjs`);' +
      'const codec = await openCodec();' +
      'for (const seed of seeds) console.log((await runHistory(seed, codec, { traced: true })).digest);';
    const args = ['--input-type=module', '-e', script, `file://${ROOT}`, ...[...SEEDS].reverse()];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
    expect(stdout.trim().split('\n').reverse()).toEqual(here);
  });
});

describe('some histories', () => {
  it(`${HISTORIES} of them keep what is promised`, async () => {
    for (let n = 0; n < HISTORIES; n += 1) {
      const { seed, failures } = await runHistory(`test-${n}`, codec);
      expect(failures, `npm run soak -- --seed ${seed} --histories 1 --trace`).toEqual([]);
    }
  });
});
