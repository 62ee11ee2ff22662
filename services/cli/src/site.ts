import type { MemberState } from '@callfold/adapters';
import type {
  Codec,
  DerivedReader,
  EnginePorts,
  Log,
  Observer,
  Published,
  Publisher,
  RawWriter,
  Store,
} from '@callfold/engine';

/** Where callfold works: the embedded store, or Kafka with registry and Redis. Commands see no difference. */
export type RoleName = 'projector' | 'outcomes';

export type DerivedPage = { readonly records: readonly Published[]; readonly next: number; readonly end: number };

/** What whoever publishes raw events needs of it. */
export type RawSite = Pick<Site, 'name' | 'codec' | 'writer' | 'close'>;

export type Site = {
  /** For messages: which one it is, and where. */
  readonly name: string;
  readonly codec: Codec;
  readonly writer: RawWriter;
  /** The raw log, as a role's group sees it. */
  log(role: RoleName): Log;
  store(role: RoleName): Store;
  /** Where one who is no role keeps its position: a poller. */
  positions(owner: string): Store;
  /** Everything that a role's engine needs; a member of its group once it runs. */
  ports(role: RoleName, observer: Observer): EnginePorts;
  /** Whether that member belongs to its group now. */
  member(role: RoleName): MemberState;
  /** The derived topics, to be read only. */
  readonly derived: DerivedReader;
  /** Sends dead letters again and marks them: one at a time for each partition, the later one shuts out the earlier. */
  readonly redriver: Publisher;
  readDerived(topic: string, partition: number, from: number): Promise<DerivedPage>;
  partitions(topic: string): Promise<number>;
  close(): Promise<void>;
};
