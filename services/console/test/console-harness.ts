/**
 * A console over real HTTP, on the test's rows and on a store whose owner folds what the test says: a memory one,
 * unless another is given.
 */

import {
  createCodec,
  createLocalRegistry,
  createLogger,
  createMemoryWorld,
  createMetricSet,
  startHttp,
  systemClock,
} from '@callfold/adapters';
import type { MemoryWorld } from '@callfold/adapters';
import { readConfig } from '@callfold/adapters/config';
import type { DerivedRecord, DerivedTopic, RawEvent, Source, State, Zone } from '@callfold/core';
import {
  DEAD_LETTERS,
  DEFAULT_SETTINGS,
  emptyState,
  encodeState,
  eraseSubject,
  ERASE_HEADER,
  erasureText,
  foldEvent,
  isRejection,
  partitionOf,
  RECORD_TOPICS,
  rawTopic,
  SOURCES,
  subjectKey,
  TOPICS,
  utf8Bytes,
} from '@callfold/core';
import type { At, Claim, Codec, Log, Shelf, StatusSite, Store } from '@callfold/engine';
import type { DeadLetter } from '@callfold/schemas';
import { normalise, readEvent } from '@callfold/sources';
import type { DerivedRow, DerivedRows } from '../src/index.ts';
import { start } from '../src/index.ts';
import type { ConsoleLimits } from '../src/limits.ts';

const PARTITIONS = 2;
const DAY_MS = 86_400_000;

export const UTC: Zone = {
  name: 'UTC',
  dayOf(at) {
    const start_ = Math.floor(at / DAY_MS) * DAY_MS;
    const hours = Array.from({ length: 24 }, (_, hour) => ({
      hour,
      start: start_ + hour * 3_600_000,
      end: start_ + (hour + 1) * 3_600_000,
    }));
    return { date: new Date(start_).toISOString().slice(0, 10), start: start_, end: start_ + DAY_MS, hours };
  },
};

/** Fast enough for a test, and otherwise as they are. */
const LIMITS = { pollMs: 10, confirmMs: 50, retryMs: 20, beatMs: 50, figuresMs: 0, lookMs: 0 };

const LETTER: DeadLetter = {
  kind: 'dead-letter',
  code: 'not-avro',
  reason: 'the bytes do not decode as the Avro schema they name: too short',
  originTopic: rawTopic('callcenter24'),
  originPartition: 0,
  originOffset: 0,
  originAppendedAt: Date.UTC(2026, 0, 5, 9),
  key: null,
  value: new TextEncoder().encode('{"not": "avro"}'),
  headers: [],
  attempts: 1,
  source: 'callcenter24',
};

type Said = {
  readonly source: Source;
  readonly tenantId?: string;
  readonly id: string;
  readonly status: string;
  readonly at?: number;
};

type Subject = Pick<RawEvent, 'source' | 'tenantId' | 'subjectId'>;

export type Answer = { readonly status: number; readonly headers: Headers; readonly body: Record<string, unknown> };

export const PLACES: readonly At[] = SOURCES.flatMap((source) =>
  Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: rawTopic(source), partition })),
);

const placeOf = ({ source, tenantId, subjectId }: Subject): At => ({
  topic: rawTopic(source),
  partition: partitionOf(tenantId, subjectId, PARTITIONS),
});

/** @param raw null: it is erased */
function recordOf({ tenantId, subjectId }: Subject, raw: RawEvent | null, codec: Codec) {
  const headers = raw === null ? [{ name: ERASE_HEADER, value: utf8Bytes(erasureText([])) }] : [];
  return { key: utf8Bytes(subjectKey(tenantId, subjectId)), value: raw && codec.encodeRaw(raw), headers };
}

/** The owner's store, and the same as the console reads it. */
type Stores = { readonly owner: Store; readonly reader: Store };

function rowsOf(rows: ReadonlyMap<DerivedTopic, readonly DerivedRow[]>, away: () => string | null): DerivedRows {
  return {
    partitions: async () => 1,
    offsetAt: async () => 0,
    async page(topic, _partition, from) {
      const why = away();
      if (why !== null) throw new Error(why);
      const all = rows.get(topic) ?? [];
      return { rows: all.slice(from), next: all.length, end: all.length };
    },
  };
}

/** @param away topics whose brokers are not there @param silence those whose records never come */
function logWithout(away: ReadonlySet<string>, silence: ReadonlySet<string>, log: Log): Log {
  return {
    ...log,
    read: (at, ...rest) => (silence.has(at.topic) ? new Promise(() => undefined) : log.read(at, ...rest)),
    async bounds(at) {
      if (away.has(at.topic)) throw new Error(`${at.topic} is away`);
      return log.bounds(at);
    },
  };
}

type Counted = { members: number; looks: number };

/** What `callfold status` asks; so many members are at work, and looks are counted. */
function siteOf(
  world: MemoryWorld,
  { shelf, reader, log }: { readonly shelf: Shelf; readonly reader: Store; readonly log: Log },
  counted: Counted,
): StatusSite {
  const ports = world.ports();
  return {
    shelf,
    log: (role) => (role === 'projector' ? log : ports.log(role)),
    store: (role) => (role === 'projector' ? reader : ports.store(role)),
    async members(role) {
      if (role === 'outcomes') counted.looks += 1;
      return counted.members;
    },
    partitions: async (topic) => world.topics.partitions(topic),
  };
}

/** The console on a port of its own, before its parts are there. */
async function serve(env: Readonly<Record<string, string>>, limits: Partial<ConsoleLimits>) {
  const config = readConfig({ CALLFOLD_HTTP_PORT: '0', ...env });
  const lines: string[] = [];
  const metrics = createMetricSet('console');
  const shown = start(
    { ...config, limits: { ...LIMITS, ...limits } },
    {
      clock: systemClock,
      logger: createLogger('trace', 'console', { write: (line) => void lines.push(line) }),
      metrics,
      zoneOf: (name) => (name === 'UTC' ? UTC : null),
    },
  );
  const http = await startHttp({
    host: '127.0.0.1',
    port: 0,
    ready: () => shown.health(),
    metrics: [metrics],
    routes: (app) => shown.routes(app),
  });
  return { shown, http, lines };
}

export async function openConsole(
  env: Readonly<Record<string, string>> = {},
  limits: Partial<ConsoleLimits> = {},
  stores: Stores | null = null,
) {
  const world = createMemoryWorld({ clock: systemClock });
  for (const { name } of TOPICS) world.topics.create(name, PARTITIONS);
  const ports = world.ports();
  const memory = ports.store('projector');
  const { owner: store, reader } = stores ?? { owner: memory, reader: memory };
  const codec = createCodec(createLocalRegistry());
  await codec.register(TOPICS.map(({ name }) => name));
  const claims = new Map<string, { claim: Claim; next: number | null }>();
  const states = new Map<string, State>();
  const rows = new Map<DerivedTopic, DerivedRow[]>();

  const append = (subject: Subject, raw: RawEvent | null): unknown =>
    world.topics.append(placeOf(subject), [recordOf(subject, raw, codec)]);

  async function commit(subject: Subject, raw: RawEvent | null, state: State): Promise<void> {
    const { tenantId, subjectId: id } = subject;
    const at = placeOf(subject);
    const name = `${at.topic}/${at.partition}`;
    const owner = claims.get(name) ?? (await store.claim(at, `token ${name}`.replaceAll(' ', '-')));
    const next = (owner.next ?? 0) + 1;
    const fields = new Map([[subjectKey(tenantId, id), encodeState(state)]]);
    append(subject, raw);
    const answer = await store.commit(at, owner.claim, {
      expected: owner.next,
      next,
      meta: JSON.stringify({ version: 1, clock: Date.now() }),
      tables: new Map([['states', fields]]),
      timers: new Map(),
      outboxFrom: 0,
      outbox: [],
      outboxTrim: 0,
      feed: true,
    });
    if (!answer.ok) throw new Error(`the commit was answered ${answer.why}`);
    claims.set(name, { claim: owner.claim, next });
  }

  /** Why derived records cannot be read; null: they can. */
  let rowsAway: string | null = null;
  /** Raw topics whose brokers do not answer. */
  const away = new Set<string>();
  const silence = new Set<string>();
  const log = logWithout(away, silence, ports.log('projector'));

  const { shown, http, lines } = await serve(env, limits);
  const shelf = { book: null, root: '1', settings: DEFAULT_SETTINGS, storeOf: () => reader };
  const counted = { members: 1, looks: 0 };
  const site = siteOf(world, { shelf, reader, log }, counted);
  const letters = { partitions: async () => world.topics.partitions(DEAD_LETTERS), reader: ports.publisher(), codec };
  const begin = (): void =>
    shown.begin({
      shelf,
      log,
      codec,
      rules: { settings: DEFAULT_SETTINGS, publishes: true, drops: true },
      rows: rowsOf(rows, () => rowsAway),
      operations: { site, letters, settings: DEFAULT_SETTINGS },
    });

  async function get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const answer = await fetch(`${http.url}${path}`, { headers });
    const text = await answer.text();
    const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
    return { status: answer.status, headers: answer.headers, body };
  }

  return {
    url: http.url,
    world,
    site,
    counted,
    away,
    silence,
    begin,
    get,
    logged: () => lines.join(''),
    /** An event happens, and its subject's state is committed. */
    async say({ source, tenantId = 'default', id, status, at = Date.now() }: Said): Promise<void> {
      const field = source === 'chatterfy' ? 'chatId' : source === 'vonage' ? 'agentId' : 'callId';
      const words = source === 'vonage' ? { state: status, start: at } : { status, occurredAt: at };
      const raw = readEvent({ source, tenantId, [field]: id, ...words });
      if (isRejection(raw)) throw new Error(raw.reason);
      const key = subjectKey(tenantId, id);
      const before = states.get(`${source} ${key}`) ?? emptyState(source, key);
      const step = foldEvent(before, normalise(raw), at, { settings: DEFAULT_SETTINGS, publishes: false, drops: true });
      if (isRejection(step) || step.state === null) throw new Error('the event was not folded');
      states.set(`${source} ${key}`, step.state);
      await commit(raw, raw, step.state);
    },
    /** A dead letter is written, into the partition of that number. */
    refuse(letter: Partial<DeadLetter>, partition = 0): void {
      const value = codec.encode(DEAD_LETTERS, { ...LETTER, ...letter });
      world.topics.append({ topic: DEAD_LETTERS, partition }, [{ key: null, value, headers: [] }]);
    },
    publish(record: DerivedRecord): void {
      const topic = RECORD_TOPICS[record.kind];
      rows.set(topic, [...(rows.get(topic) ?? []), { outcomeId: record.outcomeId, record }]);
    },
    /** Its key names it, and nothing of it is to be kept. */
    async erase(source: Source, id: string, tenantId = 'default'): Promise<void> {
      const key = subjectKey(tenantId, id);
      const before = states.get(`${source} ${key}`) ?? emptyState(source, key);
      const { state } = eraseSubject(before, key, [], Date.now(), { settings: DEFAULT_SETTINGS, publishes: false });
      await commit({ source, tenantId, subjectId: id }, null, state);
    },
    /** The log takes it, and nobody has folded it yet. */
    log: append,
    /** The raw topic is made anew: its log is empty, and the projector does not go on by itself. */
    makeAnew(source: Source): void {
      for (const at of PLACES) if (at.topic === rawTopic(source)) world.topics.truncate(at, 0);
    },
    rowsAre(why: string | null): void {
      rowsAway = why;
    },
    /** Asks until the answer is as it should be. */
    async until(path: string, isMet: (answer: Answer) => boolean): Promise<Answer> {
      for (;;) {
        const answer = await get(path);
        if (isMet(answer)) return answer;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async close(): Promise<void> {
      await shown.stop();
      await http.close();
    },
  };
}

export type Event = { readonly event: string; readonly id: string | null; readonly data: Record<string, unknown> };

/** A reader of the stream; `next` waits for the next event of that name. */
export async function openStream(url: string, headers: Readonly<Record<string, string>> = {}) {
  const stop = new AbortController();
  const answer = await fetch(url, { headers, signal: stop.signal });
  if (answer.body === null) throw new Error('no body');
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  async function read(): Promise<Event> {
    for (;;) {
      const end = rest.indexOf('\n\n');
      if (end >= 0) {
        const fields = new Map(
          rest
            .slice(0, end)
            .split('\n')
            .map((line): [string, string] => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]),
        );
        rest = rest.slice(end + 2);
        const data = JSON.parse(fields.get('data') ?? '{}') as Record<string, unknown>;
        return { event: fields.get('event') ?? '', id: fields.get('id') ?? null, data };
      }
      const { done, value } = await reader.read();
      if (done) throw new Error('the stream ended');
      rest += value;
    }
  }
  return {
    status: answer.status,
    read,
    async next(name: string): Promise<Event> {
      for (;;) {
        const event = await read();
        if (event.event === name) return event;
      }
    },
    close: () => stop.abort(),
  };
}
