/** Nothing listens beyond this machine unless it is told to: each process the clone starts, by the kernel's list. */

import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startKafka, startRedis, startRegistry, testDir } from '../parts/index.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LISTENING = '0A';
const LOOK_MS = 100;
const START_MS = 120_000;

/** Inodes of the sockets that a process holds. */
function socketsOf(pid: number): Set<string> {
  const dir = `/proc/${pid}/fd`;
  return new Set(
    readdirSync(dir).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(join(dir, fd)))?.[1] ?? [];
      } catch {
        // Closed since it was listed.
        return [];
      }
    }),
  );
}

/** Addresses as the kernel has them: bytes of each word backwards. */
function addressOf(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => (word.match(/../g) ?? []).reverse().map((byte) => parseInt(byte, 16)));
  return bytes.length === 4 ? bytes.join('.') : Buffer.from(bytes).toString('hex');
}

const isLoopback = (address: string): boolean =>
  address.startsWith('127.') || /^0{31}1$/.test(address) || /^0{20}ffff7f/.test(address);

/** `address port` of every listening socket of a process. */
function listenersOf(pid: number): { address: string; port: number }[] {
  const own = socketsOf(pid);
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
        const [host = '', port = ''] = local.split(':');
        return state === LISTENING && own.has(inode) ? [{ address: addressOf(host), port: parseInt(port, 16) }] : [];
      }),
  );
}

function expectLoopback(pid: number, what: string): void {
  const listeners = listenersOf(pid);
  expect(listeners.length, `${what} listens somewhere`).toBeGreaterThan(0);
  for (const { address, port } of listeners)
    expect(isLoopback(address), `${what} listens on ${address}:${port}`).toBe(true);
}

// Elsewhere it cannot run because only Linux says in files which process holds which socket; the code is the same.
describe.runIf(existsSync('/proc/net/tcp'))('on this machine alone', () => {
  it('the list tells loopback from everything else', () => {
    expect(
      ['0100007F', '00000000000000000000000001000000', '0000000000000000FFFF00000100007F']
        .map(addressOf)
        .map(isLoopback),
    ).toEqual([true, true, true]);
    expect(
      ['00000000', '0101A8C0', '0'.repeat(32), '0000000000000000FFFF00000101A8C0'].map(addressOf).map(isLoopback),
    ).toEqual([false, false, false, false]);
  });

  describe('the parts', () => {
    const parts: { name: string; pids: readonly number[]; stop(how: { wipe: boolean }): Promise<void> }[] = [];
    beforeAll(async () => {
      const dir = testDir('listeners');
      const [kafka, redis, registry] = await Promise.all([
        startKafka({ dir: join(dir, 'kafka'), quick: true }),
        startRedis({ dir: join(dir, 'redis') }),
        startRegistry({ dir: join(dir, 'registry') }),
      ]);
      parts.push({ name: 'Kafka', pids: kafka.pids, stop: (how) => kafka.stop(how) });
      for (const one of [redis, registry])
        parts.push({ name: one.name, pids: [one.pid], stop: (how) => one.stop(how) });
    }, START_MS);
    afterAll(() => Promise.all(parts.map((part) => part.stop({ wipe: true }))));

    it.each(['Kafka', 'Redis', 'registry'])('%s', (name) => {
      const part = parts.find((one) => one.name.toLowerCase().includes(name.toLowerCase()));
      expect(part, name).toBeDefined();
      for (const pid of part?.pids ?? []) expectLoopback(pid, name);
    });
  });

  it.each([
    ['callfold dev', ['dev', '--no-demo'], {}],
    [
      'callfold serve',
      ['serve', 'projector'],
      {
        CALLFOLD_KAFKA_BROKERS: '127.0.0.1:1',
        CALLFOLD_REGISTRY_URL: 'http://127.0.0.1:1',
        CALLFOLD_REDIS_URL: 'redis://127.0.0.1:1',
      },
    ],
    [
      'callfold serve gateway',
      ['serve', 'gateway'],
      { CALLFOLD_KAFKA_BROKERS: '127.0.0.1:1', CALLFOLD_REGISTRY_URL: 'http://127.0.0.1:1' },
    ],
    [
      'callfold serve console',
      ['serve', 'console'],
      {
        CALLFOLD_KAFKA_BROKERS: '127.0.0.1:1',
        CALLFOLD_REGISTRY_URL: 'http://127.0.0.1:1',
        CALLFOLD_REDIS_URL: 'redis://127.0.0.1:1',
      },
    ],
  ])('%s', { timeout: START_MS }, async (what, args, env) => {
    const data = mkdtempSync(join(tmpdir(), 'callfold-listeners-'));
    const child = spawn(process.execPath, [join(ROOT, 'services/cli/bin/callfold.js'), ...args], {
      env: { PATH: process.env['PATH'], CALLFOLD_HTTP_PORT: '0', CALLFOLD_DATA_DIR: data, ...env },
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.once('close', resolve));
    try {
      const pid = child.pid ?? 0;
      const until = Date.now() + START_MS / 2;
      while (listenersOf(pid).length === 0 && Date.now() < until) await pause(LOOK_MS);
      expectLoopback(pid, what);
    } finally {
      child.kill('SIGTERM');
      await ended;
      rmSync(data, { recursive: true, force: true });
    }
  });
});
