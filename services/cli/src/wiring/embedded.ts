import type { Config } from '@callfold/adapters';
import { createCodec, createLocalRegistry, openEmbedded, systemClock } from '@callfold/adapters';
import { TOPICS, undisguised } from '@callfold/core';
import { Refused } from '@callfold/engine';
import { ownerToken } from '../owner-name.ts';
import type { Site } from '../site.ts';

/** Records of a derived topic that are read at once. */
const PAGE_RECORDS = 1_000;

/** Everything in this process, on one directory. @throws Refused when another process has it. */
export async function openEmbeddedSite(config: Config): Promise<Site> {
  const codec = createCodec(createLocalRegistry());
  await codec.register(TOPICS.map(({ name }) => name));
  const embedded = await openEmbedded({ dir: config.dataDir, clock: systemClock, partitions: config.partitions });
  const members = { projector: embedded.member('projector'), outcomes: embedded.member('outcomes') };
  return {
    name: `the embedded store in ${embedded.dir}`,
    warnings: [],
    codec,
    writer: embedded.writer,
    log: (role) => members[role].log,
    store: (role) => members[role].store,
    positions: (owner) => embedded.member(owner).store,
    shelf: {
      book: null,
      root: config.generation,
      settings: undisguised(config.settings),
      storeOf: () => members.projector.store,
    },
    openGeneration() {
      throw new Refused('The embedded store has one generation of the aggregates.');
    },
    showGeneration: () => undefined,
    ports: (role, observer) => ({
      consumer: members[role].consumer,
      log: members[role].log,
      store: members[role].store,
      codec,
      publisher: role === 'outcomes' ? members[role].publisher : null,
      clock: systemClock,
      observer,
      newToken: ownerToken,
    }),
    members: () => Promise.resolve(1),
    member: () => ({ isMember: true, detail: 'the only one' }),
    replicas: null,
    redriver: members.outcomes.publisher,
    derived: members.outcomes.publisher,
    readDerived: (topic, partition, from) => embedded.readDerived(topic, partition, from, PAGE_RECORDS),
    partitions: async () => embedded.partitions,
    close: () => embedded.close(),
  };
}
