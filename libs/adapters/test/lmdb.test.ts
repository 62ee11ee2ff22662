import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@callfold/engine';
import { openEmbedded } from '../src/index.ts';
import type { Embedded } from '../src/index.ts';
import { logContract } from './contract/log-contract.ts';
import { publisherContract } from './contract/publisher-contract.ts';
import { storeContract } from './contract/store-contract.ts';

const clock: Clock = { now: Date.now, sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) };

/** A directory of its own for each suite, gone after it. */
async function opened(partitions: number): Promise<{ embedded: Embedded; dir: string; close: () => Promise<void> }> {
  const dir = mkdtempSync(join(tmpdir(), 'callfold-lmdb-'));
  const embedded = await openEmbedded({ dir, clock, partitions, topics: [] });
  const close = async (): Promise<void> => {
    await embedded.close();
    rmSync(dir, { recursive: true });
  };
  return { embedded, dir, close };
}

storeContract(
  'lmdb',
  async () => {
    const first = await opened(1);
    let { embedded } = first;
    return {
      // Two members of one process stand for two processes: they share nothing but the file.
      open: async () => embedded.member('group', []).store,
      async reopen() {
        await embedded.close();
        embedded = await openEmbedded({ dir: first.dir, clock });
        return embedded.member('group', []).store;
      },
      async close() {
        await embedded.close();
        await first.close();
      },
    };
  },
  { durable: true, multiProcess: true },
);

logContract(
  'lmdb',
  async () => {
    const { embedded, close } = await opened(3);
    return {
      topic: async (name) => embedded.createTopics([name]),
      log: async (group) => embedded.member(group, []).log,
      writer: async () => embedded.writer,
      consumer: async (group, topics) => embedded.member(group, topics).consumer,
      close,
    };
  },
  { sharedGroup: false },
);

publisherContract(
  'lmdb',
  async () => {
    const { embedded, close } = await opened(2);
    return {
      topic: async (name) => embedded.createTopics([name]),
      publisher: async () => embedded.member('group', []).publisher,
      close,
    };
  },
  { multiProcess: true },
);
