/** The built `callfold` command, run as users run it: `node services/cli/bin/callfold.js`. */

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const COMMAND = join(ROOT, 'services/cli/bin/callfold.js');
const BUILT = join(ROOT, 'services/cli/dist/main.js');
const LOOK_MS = 50;

export type Ended = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
};

export type Running = {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What was printed so far. */
  out(): string;
  err(): string;
};

export type RunOptions = {
  readonly env?: Readonly<Record<string, string>>;
  /** Written to standard input, which then ends; null: it stays open and silent. Absent: it is empty. */
  readonly input?: string | Uint8Array | null;
};

function newest(dir: string): number {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((latest, entry) => Math.max(latest, statSync(join(entry.parentPath, entry.name)).mtimeMs), 0);
}

/** @throws when there is no build. Says so when it may be older than the sources. */
export function checkBuilt(): void {
  if (!existsSync(BUILT)) {
    throw new Error('These tests run the built command, and it is not built: run `npm run build`, then try again.');
  }
  if (newest(join(ROOT, 'services/cli/src')) > newest(join(ROOT, 'services/cli/dist'))) {
    process.stderr.write('services/cli/src is newer than its build: if a test surprises you, run `npm run build`.\n');
  }
}

/** Settings of whoever runs the tests must not reach the command. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^CALLFOLD_|^(NO|FORCE)_COLOR$/.test(name));
  return Object.fromEntries(inherited);
}

export function start(args: readonly string[], { env = {}, input }: RunOptions = {}): Running {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    cwd: ROOT,
    env: { ...cleanEnvironment(), ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  const texts = { out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (texts.out += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (texts.err += text));
  // A command that was refused does not read its input to the end.
  child.stdin?.on('error', () => undefined);
  if (input !== undefined && input !== null) child.stdin?.end(input);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, ...texts }));
  });
  ended.catch(() => undefined);
  return { child, ended, out: () => texts.out, err: () => texts.err };
}

export function callfold(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return start(args, options).ended;
}

/**
 * Waits until it holds.
 * @param what is said when it never does
 */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  { mostMs = 30_000, running }: { readonly mostMs?: number; readonly running?: Running } = {},
): Promise<void> {
  for (const giveUpAt = Date.now() + mostMs; !(await holds()); await pause(LOOK_MS)) {
    const ended = running && (running.child.exitCode ?? running.child.signalCode);
    const why = ended !== undefined && ended !== null ? `the process ended (${ended})` : `not within ${mostMs} ms`;
    if (Date.now() < giveUpAt && (ended === undefined || ended === null)) continue;
    throw new Error(
      `${what}: ${why}\n${running ? `${running.out().slice(-2_000)}\n${running.err().slice(-4_000)}` : ''}`,
    );
  }
}

export function emptyFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `callfold-${name}-`));
}

/** NDJSON, as commands print it. */
export function parseLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
