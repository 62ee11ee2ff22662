import { rmSync } from 'node:fs';
import { Refused } from '@callfold/engine';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Env, Table } from '../src/lmdb/lmdb.ts';
import { openEnv } from '../src/lmdb/lmdb.ts';
import type { WriteQueue, WriteQueueSetup } from '../src/lmdb/write-queue.ts';
import { createWriteQueue } from '../src/lmdb/write-queue.ts';
import { newDirectory } from './lmdb-harness.ts';

describe('the write queue', () => {
  let dir = '';
  let env!: Env;
  let table!: Table<string>;
  /** Transactions that reached the disk, and those that did not. */
  let committed = 0;
  let failed = 0;
  /** What the disk says at the commit. */
  let trouble: Error | null = null;

  beforeEach(() => {
    dir = newDirectory();
    env = openEnv(dir);
    table = env.text('t');
    [committed, failed, trouble] = [0, 0, null];
  });
  afterEach(async () => {
    await env.close();
    rmSync(dir, { recursive: true });
  });

  function queueOf(setup: Partial<WriteQueueSetup> = {}): WriteQueue {
    const failing: Env = {
      ...env,
      transact: <T>(work: () => T): T =>
        env.transact(() => {
          const value = work();
          if (trouble !== null) throw trouble;
          return value;
        }),
    };
    return createWriteQueue({
      env: failing,
      liveBytesMax: Number.POSITIVE_INFINITY,
      jobsPerTransaction: 10,
      bytesPerTransaction: 1_000,
      waitingJobs: 100,
      guard: () => {},
      ride: () => {},
      committed: () => {
        committed += 1;
      },
      failed: () => {
        failed += 1;
      },
      ...setup,
    });
  }
  const key = (name: string): Buffer => Buffer.from(name);
  const get = (name: string): string | undefined => table.get(key(name));
  const put = (name: string, value = name): string => {
    table.put(key(name), value);
    return value;
  };

  const reasonOf = (outcome: PromiseSettledResult<unknown> | undefined): string =>
    outcome?.status === 'rejected' ? String(outcome.reason) : '';

  it('does what waits at once in one transaction, in order, each job seeing the ones before', async () => {
    const { write } = queueOf();
    const answers = await Promise.all([
      write(() => put('a', '1')),
      write(() => put('a', `${get('a')}2`)),
      write(() => put('a', `${get('a')}3`)),
    ]);
    expect(answers).toEqual(['1', '12', '123']);
    expect([get('a'), committed]).toEqual(['123', 1]);
  });

  it('answers no job before the transaction of all has been committed', async () => {
    const { write } = queueOf();
    const seen: number[] = [];
    await Promise.all([1, 2, 3].map(async (i) => write(() => put(`k${i}`)).then(() => seen.push(committed))));
    expect(seen).toEqual([1, 1, 1]);
  });

  it('takes no more jobs into one transaction than it may', async () => {
    const { write } = queueOf({ jobsPerTransaction: 4 });
    await Promise.all(Array.from({ length: 10 }, (_, i) => write(() => put(`k${i}`))));
    expect(committed).toBe(3);
  });

  it('takes no more bytes into one transaction than it may, and one larger job alone', async () => {
    const { write } = queueOf();
    const sizes = [400, 400, 400, 5_000, 100, 900, 1];
    await Promise.all(sizes.map((bytes, i) => write(() => put(`k${i}`), { bytes })));
    // 400 400, 400, 5000, 100 900, 1
    expect(committed).toBe(5);
  });

  it('gives a job that throws before it writes its own error, and does the others', async () => {
    const { write } = queueOf();
    const refused = new Refused('not you');
    const outcomes = await Promise.allSettled([
      write(() => put('a')),
      write(() => {
        throw refused;
      }),
      write(() => put('b')),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: refused });
    expect([get('a'), get('b'), committed, failed]).toEqual(['a', 'b', 1, 0]);
  });

  it('undoes a job that throws after it wrote, whole, and does the others without it', async () => {
    const { write } = queueOf();
    const outcomes = await Promise.allSettled([
      write(() => put('a', `${get('a') ?? ''}x`)),
      write(() => {
        put('half');
        throw new Error('a bug');
      }),
      write(() => put('b')),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(reasonOf(outcomes[1])).toContain('a bug');
    expect([get('a'), get('half'), get('b')]).toEqual(['x', undefined, 'b']);
    // All together, then the bad one alone.
    expect(failed).toBe(2);
  });

  it('says that nothing stands when the disk fails, and goes on when it is well again', async () => {
    const { write } = queueOf();
    trouble = new Error('No space left on device');
    const outcomes = await Promise.allSettled([write(() => put('a')), write(() => put('b'))]);
    for (const outcome of outcomes) {
      expect(reasonOf(outcome)).toMatch(/nothing of it stands: No space left/);
      expect(outcome.status === 'rejected' && outcome.reason instanceof Refused).toBe(false);
    }
    expect([get('a'), get('b'), committed]).toEqual([undefined, undefined, 0]);
    trouble = null;
    await write(() => put('a'));
    expect(get('a')).toBe('a');
  });

  it('answers every job with what its guard throws, and writes nothing', async () => {
    const gone = new Refused('another has it');
    const { write } = queueOf({
      guard: () => {
        throw gone;
      },
    });
    const outcomes = await Promise.allSettled([write(() => put('a')), write(() => put('b'))]);
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason === gone)).toEqual([true, true]);
    expect(get('a')).toBeUndefined();
  });

  it('refuses more than may wait, and takes more when some are done', async () => {
    const { write } = queueOf({ waitingJobs: 2 });
    const waiting = [write(() => put('a')), write(() => put('b'))];
    await expect(write(() => put('c'))).rejects.toThrow(/2 writes wait/);
    await Promise.all(waiting);
    await write(() => put('c'));
    expect(get('c')).toBe('c');
  });

  it('stops what would grow a full store, says how to make room, and lets through what makes some', async () => {
    const full = queueOf({ liveBytesMax: 400_000 });
    const big = 'x'.repeat(50_000);
    let grown = 0;
    const grow = async (): Promise<void> => {
      for (;;) {
        await full.write(() => put(`k${grown}`, big));
        grown += 1;
      }
    };
    await expect(grow()).rejects.toThrow(/holds its limit of 1 MiB; trim old raw records or raise the limit/);
    expect(grown).toBeGreaterThan(4);
    expect(env.fileBytes()).toBeLessThan(600_000);
    await full.write(() => [0, 1, 2].forEach((i) => table.remove(key(`k${i}`))), { frees: true });
    await full.write(() => put('again'));
    expect(get('again')).toBe('again');
  });

  it('does what waits when it is closed, and refuses what comes later', async () => {
    const queue = queueOf({ jobsPerTransaction: 2 });
    const waiting = ['a', 'b', 'c', 'd', 'e'].map((name) => queue.write(() => put(name)));
    await queue.close();
    expect([get('a'), get('e')]).toEqual(['a', 'e']);
    await Promise.all(waiting);
    await expect(queue.write(() => put('late'))).rejects.toThrow(/is closed/);
  });
});
