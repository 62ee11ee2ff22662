import type { MemberState, ServerReplicas } from '@callfold/adapters';
import type {
  Codec,
  DerivedReader,
  EnginePorts,
  Generation,
  Log,
  Observer,
  Opened,
  Published,
  Publisher,
  RawWriter,
  RoleName,
  Shelf,
  Store,
} from '@callfold/engine';

/** Where callfold works: the embedded store, or Kafka with registry and Redis. Commands see no difference. */
export type { RoleName };

export type DerivedPage = { readonly records: readonly Published[]; readonly next: number; readonly end: number };

/** What whoever publishes raw events needs of it. */
export type RawSite = Pick<Site, 'name' | 'codec' | 'writer' | 'close'>;

export type Site = {
  /** For messages: which one it is, and where. */
  readonly name: string;
  /** What is set otherwise than advised in its parts, as found when it was opened. */
  readonly warnings: readonly string[];
  readonly codec: Codec;
  readonly writer: RawWriter;
  /** The raw log, as a role's group sees it. */
  log(role: RoleName): Log;
  /** The projector's: of the generation that is live at each call. What must be of one generation: `readLive`. */
  store(role: RoleName): Store;
  /** Where one who is no role keeps its position: a poller. */
  positions(owner: string): Store;
  /** Generations of the aggregates. */
  readonly shelf: Shelf;
  /** Everything that the engine of one generation needs but its store; a member of its group once it runs. */
  openGeneration(generation: Generation, observer: Observer): Opened;
  /** Whose member `member` tells of, when several generations are kept up. */
  showGeneration(generation: Generation): void;
  /** Everything that a role's engine needs; a member of its group once it runs. */
  ports(role: RoleName, observer: Observer): EnginePorts;
  /** Whether that member belongs to its group now. */
  member(role: RoleName): MemberState;
  /** Of the servers that the states stand in; null: they have none. */
  readonly replicas: (() => Promise<readonly ServerReplicas[]>) | null;
  /** The derived topics, to be read only. */
  readonly derived: DerivedReader;
  /** How many processes share the role's work now; of the projector's, that on one generation of the aggregates. */
  members(role: RoleName, generation?: string): Promise<number>;
  /** Sends dead letters again and marks them: one at a time for each partition, the later one shuts out the earlier. */
  readonly redriver: Publisher;
  readDerived(topic: string, partition: number, from: number): Promise<DerivedPage>;
  partitions(topic: string): Promise<number>;
  close(): Promise<void>;
};
