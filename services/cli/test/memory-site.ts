import type { MemoryWorld } from '@callfold/adapters';
import { DEFAULT_SETTINGS } from '@callfold/core';
import type { Codec } from '@callfold/engine';
import type { Site } from '../src/site.ts';

/** A site over one process of a memory world. What a test does not have there says so when it is asked. */
export function memorySite(world: MemoryWorld, ports: ReturnType<MemoryWorld['ports']>, codec: Codec): Site {
  const unused = (): never => {
    throw new Error('Not of this site');
  };
  return {
    name: 'a site in memory',
    warnings: [],
    codec,
    writer: ports.writer(),
    log: (role) => ports.log(role),
    store: (role) => ports.store(role),
    positions: (owner) => ports.store(owner),
    shelf: { book: null, root: '1', settings: DEFAULT_SETTINGS, storeOf: () => ports.store('projector') },
    openGeneration: unused,
    showGeneration: unused,
    ports: unused,
    member: unused,
    members: () => Promise.resolve(1),
    replicas: null,
    redriver: ports.publisher(),
    derived: ports.publisher(),
    readDerived: unused,
    partitions: (topic) => Promise.resolve(world.topics.partitions(topic)),
    close: () => Promise.resolve(),
  };
}
