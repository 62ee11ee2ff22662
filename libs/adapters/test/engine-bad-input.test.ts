import type { Code, RawEvent, Source, State } from '@callfold/core';
import {
  CALL_OUTCOMES,
  CHAT_OUTCOMES,
  CODES,
  decodeState,
  DEFAULT_SETTINGS,
  LIMITS,
  rawTopic,
  SOURCES,
  subjectKey,
  TICK_HEADER,
  utf8Bytes,
} from '@callfold/core';
import type { At } from '@callfold/engine';
import { describe, expect, it } from 'vitest';
import type { Harness, RawRecord } from './engine-harness.ts';
import { call, event, openHarness, OUTCOMES, PARTITIONS, PROJECTOR, START } from './engine-harness.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const HEADERS = [
  { name: 'traceparent', value: utf8Bytes('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01') },
  { name: 'odd', value: new Uint8Array([0, 255, 128]) },
];
const TOPIC = rawTopic('callcenter24');

/** One record that cannot be folded, and what must be said of it. */
type Bad = {
  readonly what: string;
  readonly code: Code;
  /** A person must find this in the reason. */
  readonly says: RegExp;
  readonly at: At;
  readonly record: RawRecord;
};

function good(callId: string): RawEvent {
  return event({ source: 'callcenter24', callId, occurredAt: START, status: 'Participant join (Contact)' });
}

function framed(id: number, body: Uint8Array): Uint8Array {
  const value = new Uint8Array(5 + body.length);
  new DataView(value.buffer).setInt32(1, id);
  value.set(body, 5);
  return value;
}

const idOf = (value: Uint8Array): number => new DataView(value.buffer, value.byteOffset).getInt32(1);

/** A good event with some fields made bad, as an upstream with a fault would encode it: past our own validator. */
function forged({ codec }: Harness, fields: Partial<RawEvent>): Uint8Array {
  return codec.encodeRaw({ ...good('forged'), ...fields });
}

/** Everything that issues name as bad, one of each, in partition 0 unless a case says otherwise. */
function allBad(h: Harness): Bad[] {
  const first: At = { topic: TOPIC, partition: 0 };
  const home = h.placeOf(good('forged'));
  const elsewhere = { topic: TOPIC, partition: (home.partition + 1) % PARTITIONS };
  const key = utf8Bytes('default/forged');
  const fine = forged(h, {});
  const tick = [{ name: TICK_HEADER, value: new Uint8Array() }];
  const bad = (what: string, code: Code, says: RegExp, value: Uint8Array | null, at = first): Bad => ({
    what,
    code,
    says,
    at,
    record: { key, value, headers: HEADERS },
  });
  const late = START + 2 * DAY;
  return [
    bad('plain text', 'not-avro', /zero byte and a schema id/, utf8Bytes('{"callId":"1"}')),
    bad('no bytes at all', 'not-avro', /zero byte/, new Uint8Array()),
    bad('a head without a body', 'not-avro', /schema \d+/, fine.slice(0, 5)),
    bad('a body that is cut', 'not-avro', /schema \d+/, fine.slice(0, -9)),
    bad(
      'random bytes under a known schema',
      'not-avro',
      /schema \d+/,
      framed(idOf(fine), new Uint8Array(64).fill(0xff)),
    ),
    bad('a schema nobody knows', 'unknown-schema', /id 987654/, framed(987_654, fine.slice(5))),
    bad('a negative schema id', 'unknown-schema', /id -1/, framed(-1, fine.slice(5))),
    bad('an empty id', 'missing-id', /callId is missing or empty/, forged(h, { subjectId: '' })),
    bad('an id of blanks', 'missing-id', /callId/, forged(h, { subjectId: '  \t' })),
    bad('an endless id', 'bad-id', /callId has more than 256/, forged(h, { subjectId: 'x'.repeat(300) })),
    bad('a tenant with a slash', 'bad-tenant', /"a\/b"/, forged(h, { tenantId: 'a/b' })),
    bad('the year 1980', 'time-out-of-range', /315532800000/, forged(h, { occurredAt: Date.UTC(1980, 0, 1) })),
    bad(
      'the year 2200',
      'time-out-of-range',
      /before 1990, after 2100/,
      forged(h, { occurredAt: Date.UTC(2200, 0, 1) }),
    ),
    bad('two days ahead', 'time-out-of-range', /2026-01-07T09.*2026-01-05T09/, forged(h, { occurredAt: late }), home),
    bad('an endless status', 'bad-field', /status has more than 4096/, forged(h, { status: 'x'.repeat(5_000) })),
    bad('more than the limit', 'too-large', /1048577 bytes, 1048576/, new Uint8Array(LIMITS.recordBytes + 1)),
    bad('another partition', 'wrong-partition', /default\/forged belongs to partition \d of 2/, fine, elsewhere),
    bad('no value', 'no-value', /no value and is no tick/, null),
    { ...bad('no value, no key', 'no-value', /no tick/, null), record: { key: null, value: null, headers: HEADERS } },
    { ...bad('a tick with a key', 'no-value', /no tick/, null), record: { key, value: null, headers: tick } },
  ];
}

/** `callfold-seq` counts from 0 in every derived partition, for each raw topic by itself. */
function expectGapless(letters: ReturnType<Harness['letters']>): void {
  const next = new Map<string, number>();
  for (const { seq, letter } of letters) {
    const lane = `${letter.originTopic}/${letter.originPartition}`;
    expect(seq, `callfold-seq of ${lane}`).toBe(next.get(lane) ?? 0);
    next.set(lane, seq + 1);
  }
}

describe('a raw record that cannot be folded', () => {
  it('is kept as it is, with a reason a person understands, and the next event folds', async () => {
    const h = await openHarness();
    const bads = allBad(h);
    const offsets = bads.map(({ at, record }, index) => {
      const offset = h.append(at, record);
      h.publish(call(`after-${index}`, START));
      return offset;
    });
    const services = [h.start(OUTCOMES), h.start(PROJECTOR)];
    expect(await h.clock.runUntil(h.settled(services), HOUR)).toBe(true);

    const letters = h.letters();
    expect(letters).toHaveLength(bads.length);
    expectGapless(letters);
    for (const [index, { what, code, says, at, record }] of bads.entries()) {
      const origin = `${at.topic}/${at.partition}/${offsets[index]}`;
      const found = letters.find((one) => one.origin === origin);
      expect(found, what).toBeDefined();
      const { letter, key } = found as (typeof letters)[number];
      expect(letter.code, what).toBe(code);
      expect(letter.reason.startsWith(CODES[code]), `${what}: ${letter.reason}`).toBe(true);
      expect(letter.reason, what).toMatch(says);
      expect(letter, what).toMatchObject({
        kind: 'dead-letter',
        originTopic: at.topic,
        originPartition: at.partition,
        originOffset: offsets[index],
        originAppendedAt: START,
        attempts: 1,
        source: 'callcenter24',
      });
      expect(bytesOf(letter.value), what).toEqual(bytesOf(record.value));
      expect(bytesOf(letter.key), what).toEqual(bytesOf(record.key));
      expect(key, what).toBe(record.key === null ? null : 'default/forged');
      const headers = (record.headers ?? []).map(({ name, value }) => ({ name, value: [...value] }));
      expect(
        letter.headers.map(({ name, value }) => ({ name, value: [...value] })),
        what,
      ).toEqual(headers);
    }
    const outcomes = h
      .read(CALL_OUTCOMES)
      .map(({ value }) => h.codec.decodeDerived(CALL_OUTCOMES, value as Uint8Array));
    expect(new Set(outcomes.map((one) => one['callId']))).toEqual(new Set(bads.map((_, index) => `after-${index}`)));
    for (const one of outcomes) expect(one).toMatchObject({ outcome: 'answered', talkMs: 52_000 });
    expect(await h.findings()).toEqual([]);
    await h.stop(services);
  });

  it('is counted and skipped by the projector, the very same records as by outcomes', async () => {
    const h = await openHarness();
    for (const { at, record } of allBad(h)) h.append(at, record);
    h.publish(call('good', START));
    const services = [h.start(OUTCOMES), h.start(PROJECTOR)];
    expect(await h.clock.runUntil(h.settled(services), HOUR)).toBe(true);
    const rejectedBy = (role: string): string[] =>
      h.said
        .flatMap((one) =>
          one.name === 'record-rejected' && one.role === role ? [`${one.at.partition}/${one.offset} ${one.code}`] : [],
        )
        .sort();
    expect(rejectedBy('projector')).toEqual(rejectedBy('outcomes'));
    expect(rejectedBy('projector')).toHaveLength(allBad(h).length);
    expect(h.letters()).toHaveLength(allBad(h).length);
    await h.stop(services);
  });

  it('is kept once, when the services are started anew', async () => {
    const h = await openHarness();
    for (const { at, record } of allBad(h)) h.append(at, record);
    for (let start = 0; start < 3; start += 1) {
      const services = [h.start(OUTCOMES), h.start(PROJECTOR)];
      h.append({ topic: TOPIC, partition: 0 }, { key: null, value: null });
      expect(await h.clock.runUntil(h.settled(services), HOUR)).toBe(true);
      await h.stop(services);
    }
    const letters = h.letters();
    expect(letters).toHaveLength(allBad(h).length + 3);
    expectGapless(letters);
    expect(await h.findings()).toEqual([]);
  });

  it('is kept with its origin when its bytes are gone before they were copied', async () => {
    let isAway = true;
    const h = await openHarness((part, name) => (part === 'kafka' && name === 'readOne' && isAway ? 'before' : 'none'));
    const at = { topic: TOPIC, partition: 0 };
    const offset = h.append(at, { key: utf8Bytes('default/x'), value: utf8Bytes('not avro') });
    const service = h.start(OUTCOMES);
    const isFolded = (): boolean => service.status().some(({ waiting }) => waiting === 1);
    expect(await h.clock.runUntil(isFolded, HOUR)).toBe(true);
    h.world.topics.retain(at, offset + 1);
    isAway = false;
    expect(await h.clock.runUntil(h.settled([service]), HOUR)).toBe(true);
    const [only] = h.letters();
    expect(only?.letter).toMatchObject({ code: 'not-avro', originOffset: offset, key: null, value: null });
    expect(only?.letter.reason).toContain('its bytes are gone from the raw topic');
    await h.stop([service]);
  });
});

describe('many large records that cannot be folded', () => {
  it('are sent to the dead letters some at a time, so that memory stays bounded', async () => {
    const MIB = 1_048_576;
    const sends: number[] = [];
    const h = await openHarness(undefined, (records) => {
      sends.push(records.reduce((bytes, { value }) => bytes + (value?.length ?? 0), 0));
    });
    const at = { topic: TOPIC, partition: 0 };
    const large = new Uint8Array(2 * MIB);
    for (let n = 0; n < 30; n += 1) h.append(at, { key: null, value: large });
    h.publish(call('after', START));
    const service = h.start(OUTCOMES);
    expect(await h.clock.runUntil(h.settled([service]), HOUR)).toBe(true);
    expect(h.letters()).toHaveLength(30);
    expectGapless(h.letters());
    for (const { letter } of h.letters()) expect(letter.value).toHaveLength(large.length);
    expect(Math.max(...sends)).toBeLessThan(17 * MIB);
    expect(sends.length).toBeGreaterThanOrEqual(4);
    expect(h.read(CALL_OUTCOMES)).toHaveLength(1);
    await h.stop([service]);
  });
});

describe('an unknown status', () => {
  const UNKNOWN: Readonly<Record<Source, Record<string, unknown>>> = {
    callcenter24: { callId: 'u1', status: 'Teleported to the moon' },
    atlas: { callId: 'u2', status: 'Quantum hang-up' },
    chatterfy: { chatId: 'u3', status: 'Pondering' },
    vonage: { agentId: 'u4', start: '2026-01-05T09:00:00Z', state: 'Daydreaming', duration: 5_000 },
  };

  it('folds in every vocabulary, is counted and kept verbatim, and is no dead letter', async () => {
    const h = await openHarness();
    const events = SOURCES.map((source) => event({ source, occurredAt: START, ...UNKNOWN[source] }));
    h.publish(events);
    const services = [h.start(OUTCOMES), h.start(PROJECTOR)];
    expect(await h.clock.runUntil(h.settled(services, 0), HOUR)).toBe(true);
    expect(h.letters()).toEqual([]);
    for (const source of SOURCES) {
      const heard = h.said.filter((one) => one.name === 'unknown-word' && one.at.topic === rawTopic(source));
      expect(heard.map(({ role }) => role).sort(), source).toEqual(['outcomes', 'projector']);
    }
    expect(await h.findings()).toEqual([]);
    const kept: string[] = [];
    for (const raw of events) {
      const [text] = await h.world
        .ports()
        .store('projector')
        .read(h.placeOf(raw), 'states', [subjectKey('default', raw.subjectId)]);
      kept.push(text ?? '');
    }
    for (const [index, source] of SOURCES.entries()) {
      const { status, state } = UNKNOWN[source];
      expect(kept[index], source).toContain(String(status ?? state));
    }
    await h.stop(services);
  });
});

describe('an event that comes after its call was dropped', () => {
  /** Nothing here takes less than some seconds: looking seldom saves the test's time. */
  const SLOW = { idleMs: 2_000 };
  const SETTINGS = { ...DEFAULT_SETTINGS, dropAfterMs: 60_000, markerMs: 2 * HOUR };

  it('is a dead letter as long as the marker stands, for both services, and other calls fold on', async () => {
    const h = await openHarness();
    const events = call('dropped', START);
    h.publish(events);
    const services = [h.start(OUTCOMES, SETTINGS, SLOW), h.start(PROJECTOR, SETTINGS, SLOW)];
    const [firstEvent] = events as [RawEvent];
    const at = h.placeOf(firstEvent);
    const isMarker = (): boolean => (stateOf(h, firstEvent)?.markerUntil ?? null) !== null;
    expect(await h.clock.runUntil(() => h.settled(services, 0)() && isMarker(), HOUR)).toBe(true);

    const late = event({
      source: 'callcenter24',
      callId: 'dropped',
      occurredAt: START + 70_000,
      status: 'Recording is ready',
    });
    h.publish([late, ...call('next', START), ...call('another', START)]);
    const isDone = (): boolean => h.read(CALL_OUTCOMES).length === 3 && h.settled(services, 0)();
    expect(await h.clock.runUntil(isDone, HOUR)).toBe(true);
    const letters = h.letters();
    expect(letters).toHaveLength(1);
    expect(letters[0]?.letter).toMatchObject({ code: 'too-late', originPartition: at.partition });
    expect(letters[0]?.letter.reason).toBe(`${CODES['too-late']}: call dropped of tenant default`);
    const decoded = h.codec.decode('callcenter24', letters[0]?.letter.value as Uint8Array);
    expect(decoded).toEqual(late);
    const outcomes = h.read(CALL_OUTCOMES).map(({ key }) => String.fromCodePoint(...(key ?? [])));
    expect(outcomes.sort()).toEqual(['another', 'dropped', 'next'].map((id) => `default/callcenter24/${id}`));
    const rejecters = h.said.filter((one) => one.name === 'record-rejected').map(({ role }) => role);
    expect(rejecters.sort()).toEqual(['outcomes', 'projector']);
    expect(await h.findings(SETTINGS)).toEqual([]);
    await h.stop(services);
  });

  it('is a dead letter too when only an earlier episode of its chat was dropped, and the chat goes on', async () => {
    const h = await openHarness();
    const chat = (second: number, status: string): RawEvent =>
      event({ source: 'chatterfy', chatId: 'c1', occurredAt: START + second * 1_000, status });
    h.publish([chat(0, 'Auto'), chat(10, 'Finished'), chat(20, 'Auto')]);
    const services = [h.start(OUTCOMES, SETTINGS, SLOW), h.start(PROJECTOR, SETTINGS, SLOW)];
    const isDropped = (): boolean => stateOf(h, chat(0, 'Auto'))?.episodesBefore === 1;
    expect(await h.clock.runUntil(() => h.settled(services, 0)() && isDropped(), HOUR)).toBe(true);
    h.publish([chat(5, 'Manual'), chat(30, 'Finished')]);
    const isPublished = (): boolean =>
      h.read(CHAT_OUTCOMES).some(({ key }) => String.fromCodePoint(...(key ?? [])).endsWith('c1/2'));
    expect(await h.clock.runUntil(() => isPublished() && h.settled(services, 0)(), HOUR)).toBe(true);
    const letters = h.letters();
    expect(letters.map(({ letter }) => letter.code)).toEqual(['too-late']);
    expect(letters[0]?.letter.reason).toContain('chat c1 of tenant default is closed up to 2026-01-05T09:00:10.000Z');
    expect(await h.findings(SETTINGS)).toEqual([]);
    await h.stop(services);
  });
});

const bytesOf = (bytes: Uint8Array | null): number[] | null => (bytes === null ? null : [...bytes.subarray(0, 4_096)]);

/** As the projector keeps it. */
function stateOf(h: Harness, raw: RawEvent): State | null {
  const key = subjectKey(raw.tenantId, raw.subjectId);
  const text = h.world.storeServer('projector').field(h.placeOf(raw), 'states', key);
  return text === null ? null : decodeState(text, raw.source, key);
}
