import type { DeadLetter } from '@callfold/schemas';
import type { Source } from '@callfold/core';
import { CORRECTED_HEADER, ORIGIN_HEADER, SEQ_HEADER, utf8Bytes } from '@callfold/core';
import { attemptsOf } from './letters.ts';
import type { Observer } from './observer.ts';
import type { Entry, LetterEntry, RecordEntry } from './outbox.ts';
import type { At, Clock, Codec, Header, Log, LogRecord, Outgoing, Publisher, Signal } from './ports.ts';
import { Refused } from './ports.ts';
import type { Stood } from './read-back.ts';
import { readStanding, sameValue } from './read-back.ts';
import type { Retry } from './retry.ts';
import { errorOf, isVerdict, Left, Lost } from './retry.ts';

/**
 * Sends what is committed, in order, once. After a failed or unanswered send it makes sure that it still owns the
 * partition, fences, reads back what stands, and goes on with what is missing.
 */
export type Relay = {
  /**
   * Entries of a commit that is done. `number` is the first one's place in the outbox. `appendedAt`: when the log took the
   * oldest record that they came of; null: not known.
   */
  add(number: number, entries: readonly Entry[], appendedAt: number | null): void;
  /** Every entry below this number stands in its topic. */
  readonly sentUpTo: number;
  /** By topic, as `Meta.published`. */
  readonly published: Readonly<Record<string, number>>;
  readonly waiting: number;
  /** Since when the oldest of them waits, as far as this owner knows; null: none does. */
  readonly waitingSince: number | null;
  /**
   * Now and then, while everything is sent: fences, where that was left for the first send, and learns where the topics
   * end. Of a partition that is quiet beside busy ones the next owner would read back all that they published since.
   * @param committed the position: what was learnt counts once all is folded that the log held by then
   */
  freshen(committed: number | null): void;
  /** Whether it is fenced. Where that was left for the first send, it is done now, and it is to be asked again. */
  isFenced(): boolean;
  /** Whether it asks the derived topics for anything just now. */
  readonly isAtWork: boolean;
  /** Resolves when fewer than `entries` wait, or when it is left; rejects when it had to stop. */
  below(entries: number): Promise<void>;
  /** Resolves when it is not at work, or when it is left. */
  idle(): Promise<void>;
  stop(): void;
};

/**
 * Of one send, and a little more. A dead letter is as large as what could not be folded: megabytes, and many of them.
 */
const SEND_BYTES = 8_388_608;
/** Dead letters whose bytes are read from the log at the same time. */
const MADE_AT_ONCE = 8;

export type RelayOptions = {
  readonly at: At;
  readonly source: Source;
  readonly topics: readonly string[];
  readonly publisher: Publisher;
  readonly log: Log;
  readonly codec: Codec;
  readonly clock: Clock;
  readonly observer: Observer;
  readonly retry: Retry;
  readonly signal: Signal;
  readonly sendRecords: number;
  readonly freshenMs: number;
  readonly sentUpTo: number;
  readonly published: Readonly<Record<string, number>>;
  /** False: nothing of an earlier owner can come, and it is fenced before the first send. */
  readonly isFenced: boolean;
  /** By topic: the next seq, with the entries that are added at once. */
  readonly seqs: Readonly<Record<string, number>>;
  /** Throws when this owner is one no more. */
  confirmOwner(): Promise<void>;
  /** The relay cannot go on. */
  onFailure(error: unknown): void;
};

/** Of what came for an erased subject a letter says where it stands, and nothing of what it holds. */
async function originalOf({ code, origin, isGone }: LetterEntry, { at, log }: RelayOptions): Promise<LogRecord | null> {
  if (isGone) return null;
  const record = await log.readOne(at, origin);
  return record && code === 'erased' ? { ...record, key: null, value: null, headers: [] } : record;
}

function letterOf(entry: LetterEntry, record: LogRecord | null, { at, codec, source }: RelayOptions): Uint8Array {
  const letter: DeadLetter = {
    kind: 'dead-letter',
    code: entry.code,
    reason: record ? entry.reason : `${entry.reason}; its bytes are gone from the raw topic`,
    originTopic: at.topic,
    originPartition: at.partition,
    originOffset: entry.origin,
    originAppendedAt: record?.appendedAt ?? 0,
    key: record?.key ?? null,
    value: record?.value ?? null,
    headers: (record?.headers ?? []).map(({ name, value }) => ({ name, value })),
    attempts: attemptsOf(record?.headers ?? []),
    source,
  };
  return codec.encode(entry.topic, letter);
}

/** Says where each entry came from. One record often caused several: they share the bytes that say so. */
function originBytes(at: At): (origin: number) => Uint8Array {
  let last = -1;
  let bytes: Uint8Array = utf8Bytes('');
  return (origin) => {
    if (origin === last) return bytes;
    last = origin;
    bytes = utf8Bytes(`${at.topic}/${at.partition}/${origin}`);
    return bytes;
  };
}

type OriginBytes = ReturnType<typeof originBytes>;

function headersOf(entry: Entry, originOf: OriginBytes): Header[] {
  return [
    { name: ORIGIN_HEADER, value: originOf(entry.origin) },
    { name: SEQ_HEADER, value: utf8Bytes(String(entry.seq)) },
  ];
}

function outgoingRecord(entry: RecordEntry, originOf: OriginBytes): Outgoing {
  const { topic, value, correctedAt } = entry;
  const headers = headersOf(entry, originOf);
  if (correctedAt !== undefined) headers.push({ name: CORRECTED_HEADER, value: utf8Bytes(String(correctedAt)) });
  return { topic, key: utf8Bytes(entry.key), value, headers };
}

async function outgoingOf(entry: Entry, options: RelayOptions, originOf: OriginBytes): Promise<Outgoing> {
  if (entry.what === 'record') return outgoingRecord(entry, originOf);
  const original = await originalOf(entry, options);
  const value = letterOf(entry, original, options);
  return { topic: entry.topic, key: original?.key ?? null, value, headers: headersOf(entry, originOf) };
}

/** Entries that do not stand yet. What stands under a seq must be what is committed under it. */
export function missingOf(entries: readonly Entry[], stood: readonly Stood[], at: At): Entry[] {
  const bySeq = new Map(stood.map((record) => [`${record.topic}/${record.seq}`, record]));
  return entries.filter((entry) => {
    const record = bySeq.get(`${entry.topic}/${entry.seq}`);
    if (record && entry.what === 'record' && !sameValue(record.value, entry.value)) {
      throw new Refused(
        `${entry.topic} partition ${at.partition} holds another record under callfold-seq ${entry.seq} of ${at.topic} than the outbox. ` +
          'Two groups write the same derived topics, or state was restored from a copy: stop one, then run `callfold recover`.',
      );
    }
    return record === undefined;
  });
}

type Waiting = {
  readonly number: number;
  readonly entry: Entry;
  readonly since: number;
  readonly appendedAt: number | null;
};

/**
 * As many of the first as one send takes, by number and by bytes. A dead letter waits for its bytes; records are at
 * hand, and there are many of them.
 */
async function firstOf(queue: readonly Waiting[], options: RelayOptions, originOf: OriginBytes): Promise<Outgoing[]> {
  const outgoing: Outgoing[] = [];
  const most = Math.min(queue.length, options.sendRecords);
  let bytes = 0;
  while (outgoing.length < most && bytes < SEND_BYTES) {
    const from = outgoing.length;
    const entry = queue[from]?.entry;
    if (entry?.what === 'record') outgoing.push(outgoingRecord(entry, originOf));
    else {
      const some = queue.slice(from, Math.min(from + MADE_AT_ONCE, most));
      outgoing.push(...(await Promise.all(some.map((one) => outgoingOf(one.entry, options, originOf)))));
    }
    for (let at = from; at < outgoing.length; at += 1) bytes += outgoing[at]?.value?.length ?? 0;
  }
  return outgoing;
}

const unlessVerdict = (error: unknown): void => {
  if (isVerdict(error)) throw error;
};

export function createRelay(options: RelayOptions): Relay {
  const { at, publisher, retry, signal, observer } = options;
  let queue: Waiting[] = [];
  let nextNumber = options.sentUpTo;
  let published: Readonly<Record<string, number>> = { ...options.published };
  let running = false;
  let failure: Error | null = null;
  let stopped = false;
  let watchers: (() => void)[] = [];
  const known: Record<string, number> = { ...options.seqs };
  let mustFence = !options.isFenced;
  let isStale = false;
  let learnt: { readonly ends: Readonly<Record<string, number>>; readonly logEnd: number } | null = null;
  let freshAfter = options.clock.now() + options.freshenMs;
  const originOf = originBytes(at);

  const left: Signal = {
    get aborted() {
      return stopped || signal.aborted;
    },
  };

  function wake(): void {
    const woken = watchers;
    watchers = [];
    for (const watcher of woken) watcher();
  }

  /** The next owner may be in this process, and have fenced already with the publisher that this one sends by. */
  function mustBeOwner(): void {
    if (left.aborted) throw new Left('sending derived records');
  }

  async function recover(): Promise<void> {
    await options.confirmOwner();
    mustBeOwner();
    await publisher.fence(at, options.topics);
    const { records, ends } = await readStanding(publisher, at, options.topics, published);
    // Of what this owner knows nothing of, nothing should stand: the store lost what another one has sent.
    if (records.some(({ topic, seq }) => seq >= (known[topic] ?? 0))) throw new Lost('moved');
    const missing = new Set(
      missingOf(
        queue.map(({ entry }) => entry),
        records,
        at,
      ),
    );
    queue = queue.filter(({ entry }) => missing.has(entry));
    // What stands behind an entry that is still to be sent stays in the outbox: the next owner must find it standing.
    if (missing.size === 0) published = ends;
    mustFence = false;
  }

  async function sendSome(): Promise<void> {
    if (mustFence) await recover();
    const outgoing = await firstOf(queue, options, originOf);
    if (outgoing.length === 0) return;
    mustBeOwner();
    mustFence = true;
    const ends = await publisher.send(at, outgoing);
    mustFence = false;
    const oldestAppendedAt = queue[0]?.appendedAt ?? null;
    queue.splice(0, outgoing.length);
    published = { ...published, ...Object.fromEntries(ends) };
    observer({ name: 'records-sent', at, records: outgoing.length, waiting: queue.length, oldestAppendedAt });
    wake();
  }

  async function learnEnds(): Promise<void> {
    if (mustFence) await recover();
    const ends = await Promise.all(
      options.topics.map(async (topic) => {
        const { end } = await publisher.bounds(topic, at.partition);
        // One that ends before what is known of it has lost records, and the next claim is to find that out.
        return [topic, Math.max(end, published[topic] ?? 0)] as const;
      }),
    );
    // What another owner may have sent, whose commits the store lost, is of what the log held by now.
    const { end } = await options.log.bounds(at);
    learnt = { ends: Object.fromEntries(ends), logEnd: end };
  }

  async function run(): Promise<void> {
    running = true;
    try {
      while ((queue.length > 0 || isStale) && !left.aborted) {
        if (queue.length > 0) await retry('sending derived records', left, sendSome);
        else {
          isStale = false;
          // Once: what is added meanwhile must not wait for it.
          await learnEnds().catch(unlessVerdict);
        }
      }
    } catch (error) {
      failure = errorOf(error);
      if (!left.aborted) options.onFailure(error);
    } finally {
      running = false;
      wake();
    }
  }

  function learn(): void {
    isStale = true;
    if (!failure) void run();
  }

  return {
    add(number, entries, appendedAt) {
      const since = options.clock.now();
      entries.forEach((entry, index) => {
        queue.push({ number: number + index, entry, since, appendedAt });
        known[entry.topic] = Math.max(known[entry.topic] ?? 0, entry.seq + 1);
      });
      nextNumber = Math.max(nextNumber, number + entries.length);
      if (!running && queue.length > 0 && !failure) void run();
    },
    get sentUpTo() {
      return queue[0]?.number ?? nextNumber;
    },
    get published() {
      return published;
    },
    freshen(committed) {
      if (running || queue.length > 0) return;
      if (learnt !== null && !mustFence && committed !== null && committed >= learnt.logEnd) {
        published = { ...published, ...learnt.ends };
        learnt = null;
      }
      if (options.clock.now() < freshAfter) return;
      freshAfter = options.clock.now() + options.freshenMs;
      learn();
    },
    isFenced() {
      if (mustFence && !running) learn();
      return !mustFence;
    },
    get isAtWork() {
      return running;
    },
    get waiting() {
      return queue.length;
    },
    get waitingSince() {
      return queue[0]?.since ?? null;
    },
    async below(entries) {
      while (queue.length >= entries && !left.aborted) {
        if (failure) throw failure;
        await new Promise<void>((resolve) => watchers.push(resolve));
      }
    },
    async idle() {
      while (running && !left.aborted) await new Promise<void>((resolve) => watchers.push(resolve));
    },
    stop() {
      stopped = true;
      wake();
    },
  };
}
