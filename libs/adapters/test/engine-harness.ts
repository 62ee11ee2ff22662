/** Both services over one memory world with a virtual clock, and parts of it that can be switched off. */

import type { RawEvent, Settings, Source } from '@callfold/core';
import {
  DEAD_LETTERS,
  DEFAULT_SETTINGS,
  DERIVED_OF,
  isRejection,
  ORIGIN_HEADER,
  partitionOf,
  rawTopic,
  SEQ_HEADER,
  SOURCES,
  subjectKey,
  TOPICS,
  utf8Bytes,
  utf8Text,
} from '@callfold/core';
import type {
  At,
  Codec,
  Consumer,
  EngineEvent,
  Header,
  Outgoing,
  Published,
  Publisher,
  Range,
  Role,
  Service,
  Survey,
} from '@callfold/engine';
import {
  compareRecords,
  compareStates,
  DEFAULT_LIMITS,
  foldPartition,
  metaOf,
  offerRecovery,
  refusedAsErased,
  rulesOf,
  startRole,
  stoodOf,
  surveyPartition,
} from '@callfold/engine';
import type { DeadLetter } from '@callfold/schemas';
import { readEvent } from '@callfold/sources';
import { expect } from 'vitest';
import { createCodec } from '../src/avro/codec.ts';
import { createLocalRegistry } from '../src/avro/local-registry.ts';
import { createVirtualClock } from '../src/memory/clock.ts';
import type { Link } from '../src/memory/link.ts';
import { createMemoryWorld } from '../src/memory/world.ts';

export const PARTITIONS = 2;
const TOPIC = rawTopic('callcenter24');
/** Partitions of the one raw topic that most of these tests publish to. */
export const ATS: readonly At[] = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: TOPIC, partition }));
export const START = Date.UTC(2026, 0, 5, 9);
export const OUTCOMES: Role = { name: 'outcomes', publishes: true, view: null, feeds: false };
export const PROJECTOR: Role = { name: 'projector', publishes: false, view: null, feeds: true };

/** What can be away, each for itself. */
export type Part = 'registry' | 'store' | 'kafka';

/**
 * Whether a call fails: never, before it is done, or after, so that only the answer is lost; or whether nothing comes
 * of it at all until the harness is told to let go.
 */
export type Fault = 'none' | 'before' | 'after' | 'hang';

export type RawRecord = {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers?: readonly Header[];
};

export type Letter = {
  readonly letter: DeadLetter;
  readonly seq: number;
  readonly origin: string;
  readonly key: string | null;
};

export type Harness = Awaited<ReturnType<typeof openHarness>>;

function textOf(headers: readonly Header[], name: string): string {
  return utf8Text(headers.find((header) => header.name === name)?.value ?? new Uint8Array());
}

export const seqOf = (record: Published | { readonly headers: readonly Header[] }): number =>
  Number(textOf(record.headers, SEQ_HEADER));

/** @throws when the event is none: a test's own mistake */
export function event(fields: Record<string, unknown>): RawEvent {
  const read = readEvent(fields);
  if (isRejection(read)) throw new Error(read.reason);
  return read;
}

/** An answered call of CallCenter24, from its start on; `status` adds one more event at its end. */
export function call(callId: string, startAt: number): RawEvent[] {
  const words: readonly (readonly [second: number, status: string])[] = [
    [0, 'Registred in CallCenter24'],
    [1, 'Participant join (Contact)'],
    [2, 'Sending a request to display the call screen - [Anna] (Available)'],
    [3, 'Show call screen - [Anna]'],
    [8, 'Participant join ([Anna])'],
    [60, 'Participant leave ([Anna])'],
    [63, 'Participant leave (Contact)'],
    [63, 'Call ended'],
  ];
  return words.map(([second, status]) =>
    event({ source: 'callcenter24', callId, occurredAt: startAt + second * 1_000, status }),
  );
}

/**
 * @param fault asked at every call of a port
 * @param onSend told of every send to the derived topics
 */
export async function openHarness(
  fault: (part: Part, call: string) => Fault = () => 'none',
  onSend: (records: readonly Outgoing[]) => void = () => undefined,
) {
  const clock = createVirtualClock(START);
  const world = createMemoryWorld({ clock, batchRecords: 50 });
  for (const { name } of TOPICS) world.topics.create(name, PARTITIONS);
  const codec = createCodec(createLocalRegistry());
  await codec.register(TOPICS.map(({ name }) => name));
  const said: (EngineEvent & { readonly role: Role['name']; readonly saidAt: number })[] = [];
  let tokens = 0;
  let hung: (() => void)[] = [];

  /** The fault of a call; one that hangs has none when it goes on. */
  async function faultOf(part: Part, name: string): Promise<Fault> {
    const kind = fault(part, name);
    if (kind !== 'hang') return kind;
    await new Promise<void>((resolve) => hung.push(resolve));
    return 'none';
  }

  function linkOf(part: Part): Link {
    return async (name, at, run) => {
      const kind = await faultOf(part, name);
      if (kind === 'before') throw new Error(`${part} is away, asked for ${name} of ${at.topic}`);
      const answer = run();
      if (kind === 'after') throw new Error(`${part} was lost before it answered ${name} of ${at.topic}`);
      return answer;
    };
  }
  const watched: Codec = {
    ...codec,
    async prepare(records) {
      if ((await faultOf('registry', 'prepare')) !== 'none') throw new Error('registry is away');
      await codec.prepare(records);
    },
  };
  const store = world.ports(linkOf('store'));
  const kafka = world.ports(linkOf('kafka'));

  function watchedPublisher(): Publisher {
    const publisher = kafka.publisher();
    return {
      ...publisher,
      send(origin, records) {
        onSend(records);
        return publisher.send(origin, records);
      },
    };
  }

  /** A batch that hangs is one that the consumer never brings. */
  function watchedConsumer(role: Role): Consumer {
    const consumer = kafka.consumer(role.name, SOURCES.map(rawTopic));
    return {
      ...consumer,
      run: (handler) =>
        consumer.run({
          ...handler,
          async batch(at, batch, signal) {
            if (fault('kafka', 'batch') === 'hang') await new Promise<void>((resolve) => hung.push(resolve));
            return handler.batch(at, batch, signal);
          },
        }),
    };
  }

  const ats = (sources: readonly Source[]): At[] =>
    sources
      .map(rawTopic)
      .flatMap((topic) =>
        Array.from({ length: world.topics.partitions(topic) }, (_, partition) => ({ topic, partition })),
      );

  function start(
    role: Role,
    settings: Settings = DEFAULT_SETTINGS,
    limits: Partial<typeof DEFAULT_LIMITS> = {},
    consumer: Consumer = watchedConsumer(role),
    ownCodec: Codec = watched,
  ): Service {
    return startRole(
      role,
      { settings, limits: { ...DEFAULT_LIMITS, ...limits } },
      {
        consumer,
        log: kafka.log(role.name),
        store: store.store(role.name),
        codec: ownCodec,
        publisher: role.publishes ? watchedPublisher() : null,
        clock,
        observer: (one) => said.push({ ...one, role: role.name, saidAt: clock.now() }),
        newToken: () => `token-${(tokens += 1)}`,
      },
    );
  }

  /** All that is in the log is folded, committed and sent, and no timer is due within `quietMs`. */
  function settled(services: readonly Service[], quietMs = 600_000): () => boolean {
    return () =>
      services.every((service) => {
        const status = service.status();
        return (
          status.length === ats(SOURCES).length &&
          status.every(
            ({ at, position, committed, waiting, nextDue }) =>
              position === world.topics.bounds(at).end &&
              committed === position &&
              waiting === 0 &&
              (nextDue ?? Infinity) > clock.now() + quietMs,
          )
        );
      });
  }

  /** @param partitions as whoever publishes it knows the topic */
  function placeOf(raw: RawEvent, partitions = world.topics.partitions(rawTopic(raw.source))): At {
    return { topic: rawTopic(raw.source), partition: partitionOf(raw.tenantId, raw.subjectId, partitions) };
  }

  return {
    clock,
    world,
    codec,
    said,
    /** What hangs goes on. */
    letGo(): void {
      for (const goOn of hung) goOn();
      hung = [];
    },
    start,
    settled,
    placeOf,
    /** Answers the offset it got. */
    append(at: At, { key, value, headers = [] }: RawRecord): number {
      return world.topics.append(at, [{ key, value, headers }]) - 1;
    },
    publish(events: readonly RawEvent[], partitions?: number): void {
      for (const raw of events) {
        const key = utf8Bytes(subjectKey(raw.tenantId, raw.subjectId));
        world.topics.append(placeOf(raw, partitions), [{ key, value: codec.encodeRaw(raw), headers: [] }]);
      }
    },
    read(topic: string): (Published & { readonly partition: number })[] {
      return Array.from({ length: world.topics.partitions(topic) }, (_, partition) =>
        world.topics
          .read({ topic, partition }, 0, 1_000_000)
          .records.map((record) => ({ ...record, topic, partition })),
      ).flat();
    },
    letters(): Letter[] {
      return this.read(DEAD_LETTERS).map(({ key, value, headers }) => ({
        letter: codec.decodeDerived(DEAD_LETTERS, value ?? new Uint8Array()) as unknown as DeadLetter,
        seq: seqOf({ headers }),
        origin: textOf(headers, ORIGIN_HEADER),
        key: key === null ? null : utf8Text(key),
      }));
    },
    /** What a fresh fold of the log says against what is kept and published, in words; empty: identical. */
    async findings(settings: Settings = DEFAULT_SETTINGS): Promise<string[]> {
      const found: string[] = [];
      for (const source of SOURCES) {
        for (const at of ats([source])) {
          const { end } = world.topics.bounds(at);
          const direct = world.ports();
          const begunOf = async (role: Role) => metaOf(await direct.store(role.name).peek(at))?.begun;
          const reading = { at, source, log: direct.log('check'), codec };
          const aggregates = { ...reading, begun: await begunOf(PROJECTOR) };
          const kept = await foldPartition(aggregates, rulesOf(PROJECTOR, settings), end);
          const states = await compareStates(at, direct.store('projector'), kept);
          const stood = DERIVED_OF[source]
            .flatMap((topic) => this.read(topic))
            .flatMap((record) => stoodOf(record, at) ?? []);
          const refused = refusedAsErased(stood, codec);
          const derived = { ...reading, refused, begun: await begunOf(OUTCOMES) };
          const should = await foldPartition(derived, rulesOf(OUTCOMES, settings), end);
          const records = compareRecords(stood, should, codec);
          for (const { fault: what, where, detail } of [...states.findings, ...records.findings]) {
            found.push(`${what} ${where}: ${detail}`);
          }
        }
      }
      return found;
    },
    async stop(services: readonly Service[]): Promise<void> {
      await Promise.all([...services.map((service) => service.stop()), clock.runUntil(() => false, 60_000)]);
    },
  };
}

/** Of each partition of `ATS` what a recovery of `outcomes` would do. */
export async function surveyAll(
  h: Harness,
  settings: Settings = DEFAULT_SETTINGS,
  standingRecords: number = DEFAULT_LIMITS.standingRecords,
): Promise<Survey[]> {
  const { log, publisher } = h.world.ports();
  const rules = rulesOf(OUTCOMES, settings);
  const reading = { source: 'callcenter24', log: log('check'), derived: publisher(), codec: h.codec } as const;
  return Promise.all(ATS.map((at) => surveyPartition({ ...reading, at, rules, standingRecords })));
}

/** What `callfold replay outcomes` asks of a partition of `ATS`, by default of all its records. */
export function comparing(
  h: Harness,
  at: At,
  {
    range = { from: 0, to: Infinity },
    settings = DEFAULT_SETTINGS,
    patienceMs = 1_000,
  }: { readonly range?: Range; readonly settings?: Settings; readonly patienceMs?: number } = {},
) {
  const { log, store, publisher } = h.world.ports();
  return {
    at,
    source: 'callcenter24' as const,
    log: log('check'),
    store: store(OUTCOMES.name),
    reader: publisher(),
    codec: h.codec,
    clock: h.clock,
    stop: { requested: false },
    rules: rulesOf(OUTCOMES, settings),
    patienceMs,
    range,
    isWanted: () => true,
  };
}

let offers = 0;

/** What `callfold recover --execute` lays down for a role, in every partition: whether it did. */
export async function offerAll(h: Harness, role: Role): Promise<boolean[]> {
  const { log, store } = h.world.ports();
  const offered: boolean[] = [];
  for (const topic of SOURCES.map(rawTopic)) {
    for (const { partition } of ATS) {
      const at = { topic, partition };
      const token = `recover-${(offers += 1)}`;
      offered.push(await offerRecovery({ at, store: store(role.name), log: log(role.name), token }));
    }
  }
  return offered;
}

export const everything = (h: Harness) => DERIVED_OF.callcenter24.flatMap((topic) => h.read(topic));

export function expectGapless(h: Harness): void {
  for (const topic of DERIVED_OF.callcenter24) {
    for (const { partition } of ATS) {
      const seqs = h.read(topic).flatMap((one) => (one.partition === partition ? [seqOf(one)] : []));
      expect(seqs).toEqual(seqs.map((_, index) => index));
    }
  }
}

export const lose = (h: Harness, role: Role): void => h.world.storeServer(role.name).restore(new Map());
