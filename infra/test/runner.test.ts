/** The runner decides what counts as a failure; a runner that is wrong makes every other test worthless. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startedAt } from '../parts/pid.mjs';
import { runProcess, script } from './process.mjs';
import { count } from './vitest-project.mjs';

const never = new AbortController().signal;

describe('a suite that counts for itself', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'callfold-runner-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = async (code: string): ReturnType<typeof script> => {
    const file = join(folder, 'suite.mjs');
    writeFileSync(file, code);
    return script([file], { signal: never, limitMs: 20_000, env: { ANSWER: '42' } });
  };
  const print = (line: string): string => `console.log(${JSON.stringify(line)});`;

  test('is believed when its last line is a count', async () => {
    const result = await run(`${print('3 passed, 9 failed')}\n${print('4 passed, 1 failed')}\nprocess.exitCode = 1;`);
    expect(result).toEqual({ passed: 4, failed: 1, skipped: 0, notes: [] });
  });

  test('has what it said of its failures repeated', async () => {
    const result = await run(print('FAILED: the sum is 3') + print('ok: the rest') + print('1 passed, 1 failed'));
    expect(result).toMatchObject({ failed: 1, notes: ['FAILED: the sum is 3'] });
  });

  test('is given its environment', async () => {
    expect(await run("console.log(process.env.ANSWER + ' passed, 0 failed')")).toMatchObject({ passed: 42, failed: 0 });
  });

  test.each([
    ['says nothing', ''],
    ['goes on talking after its count', print('1 passed, 0 failed') + print('done')],
    ['dies before its count', 'process.kill(process.pid, "SIGKILL");'],
  ])('fails when it %s', async (_how, code) => {
    expect(await run(code)).toMatchObject({ passed: 0, failed: 1 });
  });

  test('fails when its exit code says so and its count does not', async () => {
    const result = await run(`${print('2 passed, 0 failed')} process.exitCode = 1;`);
    expect(result).toMatchObject({ passed: 2, failed: 1 });
    expect(result.notes.join()).toContain('exit code 1');
  });

  test('fails when its file is not there', async () => {
    const gone = script(['infra/gone/run.mjs'], { signal: never, limitMs: 1_000, env: {} });
    await expect(gone).rejects.toThrow('infra/gone/run.mjs');
  });
});

describe('a process that must end', () => {
  /** Starts a grandchild that ignores SIGTERM, prints its pid, and waits. */
  const stubborn = `
    const { spawn } = require('node:child_process');
    const deaf = 'process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1e3)';
    const child = spawn(process.execPath, ['-e', deaf]);
    child.stdout.once('data', () => console.log('grandchild ' + child.pid));
  `;

  test.each([
    ['its limit', 'limit'],
    ['an interrupt', 'SIGINT'],
  ])('ends at %s, with everything it started', async (_why, how) => {
    const stop = new AbortController();
    let grandchild = 0;
    const end = await runProcess(process.execPath, ['-e', stubborn], {
      signal: stop.signal,
      limitMs: how === 'limit' ? 1_500 : 20_000,
      onLine: (line) => {
        grandchild = Number(/grandchild (\d+)/.exec(line)?.[1] ?? grandchild);
        if (how === 'SIGINT') stop.abort('SIGINT');
      },
    });
    expect(end.code).toBe(null);
    expect(end.why).toContain(how);
    expect(grandchild).toBeGreaterThan(0);
    await expect.poll(() => startedAt(grandchild)).toBe(null);
  });

  test('that does not start is an error with its name', async () => {
    await expect(runProcess('no-such-program', [], { signal: never, limitMs: 1_000 })).rejects.toThrow(
      'no-such-program',
    );
  });
});

describe('the counts of vitest', () => {
  const file = (status: string, ...tests: string[]) => ({
    name: join(process.cwd(), 'a.test.ts'),
    status,
    assertionResults: tests.map((result) => ({ status: result })),
  });
  const good = { code: 0, why: 'ended with exit code 0' };
  const bad = { code: 1, why: 'ended with exit code 1' };

  test('are summed over files', () => {
    const report = { testResults: [file('passed', 'passed', 'skipped'), file('failed', 'passed', 'failed')] };
    expect(count(report, bad, false)).toMatchObject({ passed: 2, failed: 1, skipped: 1 });
  });

  test('go with the name and the message of what failed, for whoever has only the end of a run', () => {
    const failed = { status: 'failed', fullName: 'a fold is right', failureMessages: ['expected 1\n to be 2'] };
    const report = {
      testResults: [
        { ...file('failed', 'passed'), assertionResults: [failed] },
        { ...file('failed'), message: 'no such module' },
      ],
    };
    expect(count(report, bad, false).notes).toEqual([
      'a.test.ts: a fold is right: expected 1 to be 2',
      'a.test.ts fails as a whole: no such module',
    ]);
  });

  test.each([
    ['a file that does not load', [file('failed'), file('passed', 'passed')], bad],
    ['a hook that fails', [file('failed', 'passed', 'skipped')], bad],
    ['an unhandled rejection', [file('passed', 'passed')], bad],
  ])('have a failure for %s', (_what, testResults, end) => {
    expect(count({ testResults }, end, false)).toMatchObject({ passed: 1, failed: 1 });
  });

  test('have a failure when there is no report', () => {
    expect(count(null, bad, false)).toMatchObject({ passed: 0, failed: 1 });
    expect(count(null, good, false)).toMatchObject({ passed: 0, failed: 1 });
    expect(count({ testResults: [] }, good, false)).toMatchObject({ passed: 0, failed: 1 });
  });

  test('name a file of which nothing ran, and count it as failed where everything must run', () => {
    const report = { testResults: [file('passed', 'skipped'), file('passed', 'passed')] };
    expect(count(report, good, false)).toEqual({
      passed: 1,
      failed: 0,
      skipped: 1,
      notes: ['nothing ran of a.test.ts'],
    });
    expect(count(report, good, true)).toMatchObject({ passed: 1, failed: 1 });
  });
});
