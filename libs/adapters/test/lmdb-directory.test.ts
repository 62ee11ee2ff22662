import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Refused } from '@callfold/engine';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Embedded, EmbeddedOptions } from '../src/index.ts';
import { openEmbedded } from '../src/index.ts';
import { openEnv } from '../src/lmdb/lmdb.ts';
import { newDirectory, records, textsOf, wallClock } from './lmdb-harness.ts';

const LOCK = 'callfold.lock';

let dir = '';
let embedded: Embedded[] = [];
beforeEach(() => {
  dir = newDirectory();
  embedded = [];
});
afterEach(async () => {
  for (const one of embedded) await one.close();
  rmSync(dir, { recursive: true });
});

async function open(options: Partial<EmbeddedOptions> = {}): Promise<Embedded> {
  const one = await openEmbedded({ dir, clock: wallClock, ...options });
  embedded.push(one);
  return one;
}

async function refusal(options: Partial<EmbeddedOptions> = {}): Promise<string> {
  const error: unknown = await open(options).then(
    () => 'it was opened',
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Refused);
  return (error as Refused).message;
}

function writeLock(holder: object, ageMs = 0): void {
  writeFileSync(join(dir, LOCK), JSON.stringify({ since: 'earlier', token: 'theirs', began: null, ...holder }));
  const then = new Date(Date.now() - ageMs);
  utimesSync(join(dir, LOCK), then, then);
}

describe('the lock of a data directory', () => {
  it('makes the directory, and goes with the one that holds it', async () => {
    const deep = join(dir, 'a', 'b');
    const one = await open({ dir: deep });
    expect(JSON.parse(readFileSync(join(deep, LOCK), 'utf8'))).toMatchObject({ pid: process.pid, host: hostname() });
    await one.close();
    await one.close();
    expect(existsSync(join(deep, LOCK))).toBe(false);
  });

  it('refuses a second opening by the same process', async () => {
    await open();
    expect(await refusal()).toMatch(/is open in this process already/);
  });

  it('names the process that has it, until that has ended', async () => {
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    try {
      await once(other, 'spawn');
      writeLock({ pid: other.pid, host: hostname() });
      const message = await refusal();
      expect(message).toContain(`in use by process ${other.pid}`);
      expect(message).toContain('stop that process, or name another data directory');
    } finally {
      other.kill('SIGKILL');
    }
    await once(other, 'exit');
    await open();
  });

  // Only where the system tells when a process began, because a pid alone does not tell two of them apart.
  it.runIf(existsSync('/proc/self/stat'))('is not held by whoever has the pid of the one that died', async () => {
    writeLock({ pid: process.ppid, host: hostname(), began: '1' });
    await expect(open()).resolves.toMatchObject({ dir });
  });

  it('of an earlier process with our own pid was left behind', async () => {
    writeLock({ pid: process.pid, host: hostname(), began: '1' });
    await expect(open()).resolves.toMatchObject({ dir });
  });

  it('of another machine counts while it is renewed, and no longer', async () => {
    writeLock({ pid: 7, host: 'elsewhere' }, 3_000);
    expect(await refusal()).toMatch(
      /process 7 on elsewhere since earlier, last heard of 3\d\d\d ms ago.*or wait 10 seconds/,
    );
    writeLock({ pid: 7, host: 'elsewhere' }, 11_000);
    await open();
  });

  it('that was cut short by a crash counts as one being written, and is taken over when it is old', async () => {
    writeFileSync(join(dir, LOCK), '{"pid": 1');
    expect(await refusal()).toMatch(/a process that is just starting/);
    const then = new Date(Date.now() - 11_000);
    utimesSync(join(dir, LOCK), then, then);
    await open();
  });

  it('that was taken away from its holder stops that one from writing, whatever it believes', async () => {
    const first = await open({ partitions: 1, topics: ['t'] });
    await first.writer.append({ topic: 't', partition: 0 }, records('mine'));
    // As another process would that found the lock stale.
    const env = openEnv(dir);
    const meta = env.text('meta');
    env.transact(() => meta.put(Buffer.from('owner'), 'another'));
    const late = first.writer.append({ topic: 't', partition: 0 }, records('late'));
    await expect(late).rejects.toBeInstanceOf(Refused);
    await expect(late).rejects.toThrow(/another process has opened .* since; this one must not write/);
    expect(textsOf((await first.readDerived('t', 0, 0, 10)).records)).toEqual(['mine']);
    await env.close();
  });

  it('is let go when the opening fails', async () => {
    await (await open({ partitions: 2 })).close();
    expect(await refusal({ partitions: 3 })).toMatch(/has 2 partitions, not 3/);
    await open({ partitions: 2 });
  });
});

describe('a data directory', () => {
  it('keeps its number of partitions, and names the way to another', async () => {
    await (await open({ partitions: 4 })).close();
    expect(await refusal({ partitions: 8 })).toMatch(
      /has 4 partitions, not 8.*start with 4, or import the events anew/,
    );
    expect((await open()).partitions).toBe(4);
  });

  it('refuses impossible numbers of partitions', async () => {
    for (const partitions of [0, -1, 1.5, 100_000])
      expect(await refusal({ partitions })).toMatch(/is no number of partitions/);
  });

  it('keeps its topics, and takes new ones', async () => {
    const first = await open({ topics: ['a', 'b'] });
    expect(first.topics()).toEqual(['a', 'b']);
    await first.writer.append({ topic: 'b', partition: 0 }, records('in b'));
    await first.createTopics(['c', 'a']);
    await first.close();
    const second = await open({ topics: ['d'] });
    expect([...second.topics()].sort()).toEqual(['a', 'b', 'c', 'd']);
    expect(textsOf((await second.readDerived('b', 0, 0, 10)).records)).toEqual(['in b']);
    expect((await second.readDerived('d', 0, 0, 10)).records).toEqual([]);
  });

  it("has all of callfold's topics when none are named", async () => {
    expect((await open()).topics()).toContain('callfold.dead-letters');
  });

  it('says which topics and partitions there are when another is asked for', async () => {
    const { writer } = await open({ topics: ['a'], partitions: 2 });
    await expect(writer.append({ topic: 'x', partition: 0 }, records('1'))).rejects.toThrow(
      /no topic x in .*it holds a/,
    );
    for (const partition of [2, -1, 0.5]) {
      await expect(writer.append({ topic: 'a', partition }, records('1'))).rejects.toThrow(/it holds 0 to 1/);
    }
    await expect(writer.partitions('x')).rejects.toBeInstanceOf(Refused);
  });

  it('written by a newer version is left alone', async () => {
    await (await open()).close();
    const env = openEnv(dir);
    const meta = env.text('meta');
    const newer = '{"version":2,"partitions":1,"what":"?"}';
    env.transact(() => meta.put(Buffer.from('format'), newer));
    await env.close();
    expect(await refusal()).toMatch(
      /written by a newer version of callfold \(format 2, this one reads up to 1\); start that/,
    );
    const again = openEnv(dir);
    expect(again.text('meta').get(Buffer.from('format'))).toBe(newer);
    await again.close();
  });

  it('whose file is not of lmdb, or of another format of it, is refused, not a crash', async () => {
    const file = join(dir, 'data.mdb');
    writeFileSync(file, 'this is something else entirely, and long enough to look at'.repeat(200));
    expect(await refusal()).toMatch(/cannot be opened: .*data.mdb is no file of lmdb; mend that, or name another/);
    writeFileSync(file, 'short');
    expect(await refusal()).toMatch(/is no file of lmdb/);
    rmSync(file);
    await (await open()).close();
    const bytes = readFileSync(file);
    bytes.writeUInt32LE(3, 28);
    writeFileSync(file, bytes);
    expect(await refusal()).toMatch(/has format 3 of lmdb, and only 2 can be read/);
  });

  it('answers nothing more once it is closed', async () => {
    const one = await open({ topics: ['t'] });
    const { store } = one.member('group', ['t']);
    await one.close();
    await expect(one.writer.append({ topic: 't', partition: 0 }, records('late'))).rejects.toThrow(/is closed/);
    await expect(store.peek({ topic: 't', partition: 0 })).rejects.toThrow(/closed/);
  });
});
