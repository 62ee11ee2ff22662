import { createMemoryWorld } from '../src/index.ts';
import { generationsContract } from './contract/generations-contract.ts';
import { logContract } from './contract/log-contract.ts';
import { publisherContract } from './contract/publisher-contract.ts';
import { storeContract } from './contract/store-contract.ts';

/** A clock that is never the same twice, so that the order of append times can be seen. */
function risingClock(): { now(): number } {
  let ms = 1_767_225_600_000;
  return {
    now: () => {
      ms += 1;
      return ms;
    },
  };
}

storeContract(
  'memory',
  async () => {
    const world = createMemoryWorld({ clock: risingClock() });
    const open = async () => world.ports().store('group');
    return { open, reopen: open, close: async () => {} };
  },
  { durable: false, multiProcess: true },
);

generationsContract('memory', async () => {
  const ports = createMemoryWorld({ clock: risingClock() }).ports();
  return { book: ports.generations('service'), store: (key) => ports.store(key), close: async () => {} };
});

logContract(
  'memory',
  async () => {
    const world = createMemoryWorld({ clock: risingClock(), batchRecords: 2 });
    return {
      topic: async (name, partitions) => world.topics.create(name, partitions),
      log: async (group) => world.ports().log(group),
      writer: async () => world.ports().writer(),
      consumer: async (group, topics) => world.ports().consumer(group, topics),
      close: async () => {},
    };
  },
  { sharedGroup: true },
);

publisherContract(
  'memory',
  async () => {
    const world = createMemoryWorld({ clock: risingClock() });
    return {
      topic: async (name, partitions) => world.topics.create(name, partitions),
      publisher: async () => world.ports().publisher(),
      close: async () => {},
    };
  },
  { multiProcess: true, unequal: true },
);
