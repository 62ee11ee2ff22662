import { openEmbedded } from '../src/index.ts';
import { logContract } from './contract/log-contract.ts';
import { publisherContract } from './contract/publisher-contract.ts';
import { storeContract } from './contract/store-contract.ts';
import { opened, wallClock } from './lmdb-harness.ts';

storeContract(
  'lmdb',
  async () => {
    const first = await opened({ partitions: 1, topics: [] });
    let { embedded } = first;
    return {
      // Two members of one process stand for two processes: they share nothing but the file.
      open: async () => embedded.member('group', []).store,
      async reopen() {
        await embedded.close();
        embedded = await openEmbedded({ dir: first.dir, clock: wallClock });
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
    const { embedded, close } = await opened({ partitions: 3, topics: [] });
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
    const { embedded, close } = await opened({ partitions: 2, topics: [] });
    return {
      topic: async (name) => embedded.createTopics([name]),
      publisher: async () => embedded.member('group', []).publisher,
      close,
    };
  },
  { multiProcess: true, unequal: false },
);
