import type {
  At,
  Batch,
  Consumer,
  ConsumerHandler,
  Log,
  LogRecord,
  Outgoing,
  RawWriter,
  Signal,
} from '@callfold/engine';

export type LogHarness = {
  /** Makes an empty raw topic, its append times given by the log itself. */
  topic(name: string, partitions: number): Promise<void>;
  /** The log as a member of `group` sees it: the witness is the group's. */
  log(group: string): Promise<Log>;
  writer(): Promise<RawWriter>;
  /** A new member, not yet running. The suite stops what it runs. */
  consumer(group: string, topics: readonly string[]): Promise<Consumer>;
  close(): Promise<void>;
};

export type LogFeatures = {
  /** Several members share the partitions of one group; else a group has one member, which gets all. */
  readonly sharedGroup: boolean;
};

export const LOG_TEST_MS = 90_000;
/** How long a condition may take to come true: a rebalance of a real group takes seconds. */
export const SOON_MS = 45_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
let names = 0;

/** A name that no other test, and no earlier run against the same broker, has used. */
export function freshName(kind: string): string {
  names += 1;
  return `contract.${kind}-${process.pid}-${Date.now()}-${names}`;
}

export function message(text: string): Omit<Outgoing, 'topic'> {
  return { key: encoder.encode(`key ${text}`), value: encoder.encode(text), headers: [] };
}

export function textOf(record: LogRecord): string {
  return decoder.decode(record.value ?? undefined);
}

export const placeName = (at: At): string => `${at.topic}/${at.partition}`;

export type Member = {
  /** The running consumer's own promise. */
  readonly ran: Promise<void>;
  readonly stop: () => Promise<void>;
  readonly seek: (at: At, offset: number | null) => void;
  /** Texts by partition, as often as they came. */
  readonly seen: Map<string, string[]>;
  /** Partitions held now: assigned and not yet revoked. */
  readonly held: Set<string>;
  /** `assigned a/0`, `paused a/0`, `revoked a/0`, in the order of the calls. */
  readonly events: string[];
  /** What went wrong in the order of calls; a right consumer leaves it empty. */
  readonly wrong: string[];
};

export type MemberOptions = {
  readonly assigned?: (at: At, signal: Signal) => Promise<number | null>;
  readonly batch?: (at: At, batch: Batch, signal: Signal) => Promise<number | null | undefined>;
};

/**
 * Runs a consumer and writes down all it does. It checks by itself what holds in every history: one call at a time per
 * partition, records in order and from the position asked for, nothing for a partition that is not held.
 */
export function runMember(consumer: Consumer, positions: Map<string, number>, options: MemberOptions = {}): Member {
  const seen = new Map<string, string[]>();
  const held = new Set<string>();
  const events: string[] = [];
  const wrong: string[] = [];
  const busy = new Set<string>();
  /** Where the next batch must begin; not known after a seek, which a batch already on its way may overtake. */
  const froms = new Map<string, number | null>();

  const alone = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    if (busy.has(name)) wrong.push(`two calls at once for ${name}`);
    busy.add(name);
    try {
      return await work();
    } finally {
      busy.delete(name);
    }
  };

  const handler: ConsumerHandler = {
    assigned: (at, signal) =>
      alone(placeName(at), async () => {
        const name = placeName(at);
        if (held.has(name)) wrong.push(`${name} was assigned while it was held`);
        held.add(name);
        events.push(`assigned ${name}`);
        const answer = options.assigned ? await options.assigned(at, signal) : (positions.get(name) ?? 0);
        froms.set(name, answer);
        return answer;
      }),
    batch: (at, batch, signal) =>
      alone(placeName(at), async () => {
        const name = placeName(at);
        if (!held.has(name)) wrong.push(`a batch came for ${name}, which is not held`);
        const from = froms.get(name);
        if (from !== undefined && batch.from !== from)
          wrong.push(`${name} was to be read from ${from}, not ${batch.from}`);
        const offsets = batch.records.map(({ offset }) => offset);
        if (offsets.some((offset, i) => i > 0 && offset <= offsets[i - 1]!)) wrong.push(`${name} out of order`);
        if (offsets.some((offset) => offset < batch.from)) wrong.push(`${name}: a record before its batch`);
        if (offsets.some((offset) => offset >= batch.next)) wrong.push(`${name}: next is not past the records`);
        if (batch.next > batch.end) wrong.push(`${name}: next is past the end`);
        const answer = await options.batch?.(at, batch, signal);
        if (froms.has(name)) froms.set(name, answer === undefined ? batch.next : answer);
        if (answer !== undefined) return answer;
        seen.set(name, [...(seen.get(name) ?? []), ...batch.records.map(textOf)]);
        positions.set(name, batch.next);
        return batch.next;
      }),
    paused: (at) =>
      alone(placeName(at), async () => {
        if (!held.has(placeName(at))) wrong.push(`${placeName(at)} was paused while it was not held`);
        events.push(`paused ${placeName(at)}`);
        return null;
      }),
    resumed(at) {
      if (!held.has(placeName(at))) wrong.push(`${placeName(at)} was resumed while it was not held`);
    },
    async revoked(at) {
      const name = placeName(at);
      if (busy.has(name)) wrong.push(`${name} was revoked while a call of it ran`);
      if (!held.delete(name)) wrong.push(`${name} was revoked while it was not held`);
      events.push(`revoked ${name}`);
      return null;
    },
  };
  const ran = consumer.run(handler);
  // A rejection is looked at where `ran` is awaited; until then it must not count as unhandled.
  ran.catch(() => {});
  const seek = (at: At, offset: number | null): void => {
    froms.delete(placeName(at));
    consumer.seek(at, offset);
  };
  return { ran, stop: () => consumer.stop(), seek, seen, held, events, wrong };
}
