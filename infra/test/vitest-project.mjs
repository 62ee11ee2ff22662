// @ts-check
/** Runs one project of vitest.config.ts: its own report to the terminal, the counts from its JSON. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { noteOf, NOTES_MAX, ROOT, runProcess, tool } from './process.mjs';

/**
 * @typedef {{
 *   testResults: { name: string, status: string, message?: string, assertionResults: Assertion[] }[],
 * }} Report what we read of it
 * @typedef {{ status: string, fullName?: string, failureMessages?: string[] }} Assertion
 */

/**
 * @param {string} project
 * @param {{
 *   signal: AbortSignal,
 *   limitMs: number,
 *   env: Record<string, string>,
 *   wholeFilesMustRun?: boolean,
 * }} options `wholeFilesMustRun`: a file of which nothing ran counts as failed
 * @returns {Promise<import('./suites.mjs').Result>}
 */
export async function runVitest(project, { signal, limitMs, env, wholeFilesMustRun = false }) {
  const folder = mkdtempSync(join(tmpdir(), 'callfold-vitest-'));
  const file = join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const end = await runProcess(tool('vitest'), ['run', '--project', project, ...reporters], { signal, limitMs, env });
    return count(readReport(file), end, wholeFilesMustRun);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} file
 * @returns {Report | null} null: vitest ended before it could write one
 */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** @param {string} path @param {Assertion} test */
const tell = (path, { fullName = '', failureMessages = [] }) =>
  noteOf(`${path}: ${fullName}: ${failureMessages[0] ?? 'no message'}`);

/**
 * @param {Report | null} report
 * @param {{ code: number | null, why: string }} end
 * @param {boolean} wholeFilesMustRun
 */
export function count(report, end, wholeFilesMustRun) {
  const files = (report?.testResults ?? []).map(({ name, status, message, assertionResults: tests }) => {
    const passed = tests.filter((test) => test.status === 'passed').length;
    const failing = tests.filter((test) => test.status === 'failed');
    const failed = failing.length;
    // A file that does not load, or whose hooks fail, has no failed test to its name.
    const broken = status === 'failed' && failed === 0;
    const path = relative(ROOT, name);
    return {
      path,
      told: broken ? [noteOf(`${path} fails as a whole: ${message}`)] : failing.map((test) => tell(path, test)),
      passed,
      failed: failed + (broken ? 1 : 0),
      skipped: tests.length - passed - failed,
    };
  });
  const idle = files.filter((file) => file.passed + file.failed === 0);
  const notes = files.flatMap(({ told }) => told).slice(0, NOTES_MAX);
  if (idle.length > 0) notes.push(`nothing ran of ${idle.map(({ path }) => path).join(', ')}`);
  const passed = files.reduce((sum, file) => sum + file.passed, 0);
  const skipped = files.reduce((sum, file) => sum + file.skipped, 0);
  let failed = files.reduce((sum, file) => sum + file.failed, 0) + (wholeFilesMustRun ? idle.length : 0);
  if ((end.code !== 0 || passed + skipped === 0) && failed === 0) {
    // An unhandled rejection, no tests at all, a time limit: vitest says it above, and here it counts.
    failed = 1;
    notes.push(`vitest ${end.why}, though no test of its own failed`);
  }
  return { passed, failed, skipped, notes };
}
