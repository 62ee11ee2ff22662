import type { Clock, GenerationBook, Log, Publisher, RawWriter, Store } from '@callfold/engine';
import type { MemoryConsumer } from './consumer.ts';
import { createMemoryConsumer } from './consumer.ts';
import type { MemoryBook } from './generations.ts';
import { createMemoryBook, createMemoryGenerations } from './generations.ts';
import type { MemoryGroup } from './group.ts';
import { createMemoryGroup } from './group.ts';
import type { Link } from './link.ts';
import { directLink } from './link.ts';
import type { MemoryLog } from './log.ts';
import { createMemoryLog } from './log.ts';
import type { Witnesses } from './log-ports.ts';
import { createMemoryLogPort, createMemoryWriter } from './log-ports.ts';
import { createMemoryFences, createMemoryPublisher } from './publisher.ts';
import { createMemoryStore } from './store.ts';
import type { MemoryStoreServer } from './store-server.ts';
import { createMemoryStoreServer } from './store-server.ts';

/** How many records a consumer hands over at once, when not told. */
const BATCH_RECORDS = 500;

export type MemoryWorldOptions = {
  /** Gives the append times; nothing else here knows a time. */
  readonly clock: Pick<Clock, 'now'>;
  readonly batchRecords?: number;
  /** Append times fall when the clock does; else they never do. */
  readonly timesMayFall?: boolean;
};

/** The ports as one process has them. */
export type MemoryPorts = {
  consumer(group: string, topics: readonly string[]): MemoryConsumer;
  log(group: string): Log;
  writer(): RawWriter;
  publisher(): Publisher;
  /** Each group has a store of its own, as it has keys of its own in Redis. */
  store(group: string): Store;
  /** Of a service; a generation's keys are those of the group that is named by its key. */
  generations(service: string): GenerationBook;
};

export type MemoryWorld = {
  /** The topics, raw and derived, as their broker sees them. */
  readonly topics: MemoryLog;
  /** A group's store, as its server sees it. */
  storeServer(group: string): MemoryStoreServer;
  /** A process; what it calls goes over its link, which is direct when not given. */
  ports(link?: Link): MemoryPorts;
};

/**
 * The project's one fake: log, group, store and derived topics in one process, deterministic: no timers, no randomness,
 * and no time but the clock given. Faults come in by the links and by the servers' own calls (`retain`, `truncate`,
 * `snapshot`, `restore`, `expel`, `kill`).
 */
export function createMemoryWorld(options: MemoryWorldOptions): MemoryWorld {
  const { clock, batchRecords = BATCH_RECORDS, timesMayFall = false } = options;
  const topics = createMemoryLog(clock, timesMayFall);
  const fences = createMemoryFences(topics);
  const witnesses: Witnesses = new Map();
  const groups = new Map<string, MemoryGroup>();
  const servers = new Map<string, MemoryStoreServer>();
  const books = new Map<string, MemoryBook>();

  const groupOf = (name: string): MemoryGroup => {
    const found = groups.get(name) ?? createMemoryGroup((topic) => topics.partitions(topic));
    groups.set(name, found);
    return found;
  };
  const serverOf = (name: string): MemoryStoreServer => {
    const found = servers.get(name) ?? createMemoryStoreServer();
    servers.set(name, found);
    return found;
  };

  const bookOf = (name: string): MemoryBook => {
    const found = books.get(name) ?? createMemoryBook();
    books.set(name, found);
    return found;
  };

  return {
    topics,
    storeServer: serverOf,
    ports: (link = directLink) => ({
      consumer: (group, names) =>
        createMemoryConsumer({ log: topics, group: groupOf(group), topics: names, batchRecords }),
      log: (group) => createMemoryLogPort(topics, witnesses, group, link),
      writer: () => createMemoryWriter(topics, link),
      publisher: () => createMemoryPublisher(topics, fences, link),
      store: (group) => createMemoryStore(serverOf(group), link),
      generations: (service) => createMemoryGenerations(bookOf(service), serverOf, link),
    }),
  };
}
