/** Derived records with and without names and ids: the same outcomes, joined the same way, and nobody in them. */

import type { DerivedRecord, RawEvent, Settings } from '@callfold/core';
import {
  AGENT_INTERVALS,
  AGENT_OFFERS,
  CALL_OUTCOMES,
  CHAT_HANDOFFS,
  CHAT_OUTCOMES,
  DEFAULT_SETTINGS,
  publishedId,
  recordJson,
  suffixOf,
  unpart,
} from '@callfold/core';
import { subjectOf } from '@callfold/engine';
import { describe, expect, it, vi } from 'vitest';
import { piiDisguise } from '../src/ops/pii.ts';
import type { Harness } from './engine-harness.ts';
import { event, openHarness, OUTCOMES, PROJECTOR, START } from './engine-harness.ts';

vi.setConfig({ testTimeout: 60_000 });

const HOUR = 3_600_000;
const TOPICS = [CALL_OUTCOMES, AGENT_OFFERS, CHAT_OUTCOMES, CHAT_HANDOFFS, AGENT_INTERVALS];
const HASHED: Settings = { ...DEFAULT_SETTINGS, disguise: piiDisguise('one key of thirty-two characters') };
const OTHER: Settings = { ...DEFAULT_SETTINGS, disguise: piiDisguise('another key, of as many characters') };

/** None of these may be found in what is published. */
const CANARIES = [
  'CANARY-CALL',
  'CANARY-CHAT',
  'CANARY-AGENT',
  'Zebra Quux',
  '+491701234567',
  'CANARY-EVENT',
  'Quuxing',
];

/** @param n of the day's part, so that more can come later */
function day(n: number): RawEvent[] {
  const at = (second: number): number => START - HOUR + n * 600_000 + second * 1_000;
  const log = (callId: string, lines: readonly (readonly [number, string])[]): RawEvent[] =>
    lines.map(([second, status], i) =>
      event({
        source: 'callcenter24',
        callId,
        occurredAt: at(second),
        status,
        eventId: `CANARY-EVENT-${callId}-${i}`,
        attributes: { number: '+491701234567', queue: 'sales' },
      }),
    );
  const chat = ['Auto', 'Manual', 'Quuxing with Zebra Quux', 'Manual', 'Finished'];
  return [
    ...log(`CANARY-CALL-${n}/a`, [
      [0, 'Participant join (Contact)'],
      [1, 'Sending a request to display the call screen - [Zebra Quux] (Busy)'],
      [2, 'Show call screen - [Zebra Quux]'],
      [5, 'Participant join ([Zebra Quux])'],
      [60, 'Participant leave ([Zebra Quux])'],
      [62, 'Participant leave (Contact)'],
      [63, 'Call ended'],
    ]),
    ...log(`CANARY-CALL-${n}-b`, [
      [0, 'Participant join (Contact)'],
      [9, 'Zebra Quux did what nobody knows'],
      [20, 'Redirect to voice mail'],
    ]),
    event({ source: 'atlas', callId: `CANARY-CALL-${n}-c`, occurredAt: at(1), status: 'Called Zebra Quux back' }),
    event({ source: 'atlas', callId: `CANARY-CALL-${n}-d`, occurredAt: at(1), status: 'Line busy' }),
    ...chat.map((status, i) =>
      event({ source: 'chatterfy', chatId: `CANARY-CHAT-${n}`, occurredAt: at(i * 10), status }),
    ),
    ...['Ready', 'Busy', 'Quuxing', 'Wrap'].map((state, i) =>
      event({
        source: 'vonage',
        agentId: 'CANARY-AGENT',
        start: new Date(at(i * 30)).toISOString(),
        state,
        duration: null,
        description: i === 3 ? 'Wrap for Zebra Quux' : null,
      }),
    ),
  ];
}

function records(h: Harness): DerivedRecord[] {
  return TOPICS.flatMap((topic) =>
    h
      .read(topic)
      .map(({ value }) => h.codec.decodeDerived(topic, value ?? new Uint8Array()) as unknown as DerivedRecord),
  );
}

async function run(settings: Settings, parts = [0, 1]): Promise<Harness> {
  const h = await openHarness();
  const services = [h.start(OUTCOMES, settings), h.start(PROJECTOR, settings)];
  for (const n of parts) {
    h.publish(day(n));
    expect(await h.clock.runUntil(h.settled(services), HOUR)).toBe(true);
  }
  await h.stop(services);
  return h;
}

/** What is left when ids, names and free text are taken away. */
function bare(all: readonly DerivedRecord[]): string[] {
  const PERSONAL = [
    'outcomeId',
    'callId',
    'chatId',
    'agentId',
    'agent',
    'description',
    'rawStatus',
    'returnedTo',
    'state',
  ];
  return all
    .map((record) => {
      const json = recordJson(record);
      for (const name of PERSONAL) delete json[name];
      const { attributes, agents, dwellMs, decidedBy, ...rest } = json;
      const names = Object.keys(attributes ?? {});
      const joined = ((agents ?? []) as { joinedAt: string; leftAt: string }[]).map((one) => [
        one.joinedAt,
        one.leftAt,
      ]);
      const dwell = Object.values(dwellMs ?? {})
        .map(String)
        .sort();
      const { rule = null, eventIds = [] } = (decidedBy ?? {}) as { rule?: string; eventIds?: string[] };
      return JSON.stringify({ ...rest, names, joined, dwell, rule, events: eventIds.length });
    })
    .sort();
}

describe('with a key', () => {
  it('outcomes are those of without, in the same partitions and order, and nobody is in them', async () => {
    const [plain, hashed] = [await run(DEFAULT_SETTINGS), await run(HASHED)];
    expect(records(plain).length).toBeGreaterThan(20);
    expect(bare(records(hashed))).toEqual(bare(records(plain)));
    const places = (h: Harness): string[] =>
      TOPICS.flatMap((topic) => h.read(topic).map(({ partition, offset }) => `${topic}/${partition}/${offset}`));
    expect(places(hashed)).toEqual(places(plain));
    const published = TOPICS.flatMap((topic) =>
      hashed
        .read(topic)
        .map(({ key, value, headers }) =>
          [key, value, ...headers.map((one) => one.value)]
            .map((bytes) => Buffer.from(bytes ?? []).toString())
            .join(' '),
        ),
    ).join('\n');
    for (const canary of CANARIES) {
      expect(published, canary).not.toContain(canary);
      expect(JSON.stringify(records(plain)), canary).toContain(canary);
    }
  });

  it('records can be joined: calls with their offers, and agents across calls; keys are the ids', async () => {
    const h = await run(HASHED);
    const all = records(h);
    const calls = all.filter((one) => one.kind === 'call-outcome');
    const offers = all.filter((one) => one.kind === 'agent-offer');
    expect(offers).toHaveLength(2);
    for (const { callId, agent, outcomeId } of offers) {
      const call = calls.find((one) => one.callId === callId);
      expect(call?.agents.map((one) => one.agent)).toEqual([agent]);
      expect(outcomeId).toBe(`default/callcenter24/${callId}/${agent}/1`);
      expect(call?.outcomeId).toBe(`default/callcenter24/${callId}`);
    }
    expect(new Set(offers.map(({ agent }) => agent)).size).toBe(1);
    expect(new Set(calls.map(({ callId }) => callId)).size).toBe(8);
    const keys = TOPICS.flatMap((topic) => h.read(topic).map(({ key }) => Buffer.from(key ?? []).toString()));
    expect(keys).toEqual(all.map(({ outcomeId }) => outcomeId));
  });

  it('vendors words stay, the name among them is a hash, and what nobody taught us is hashed whole', async () => {
    const all = records(await run(HASHED));
    const said = all.flatMap((one) => ('rawStatus' in one ? [one.rawStatus] : []));
    expect(said).toContainEqual(expect.stringMatching(/^Participant join \(\[[\w-]{22}\]\)$/));
    expect(said).toContain('Redirect to voice mail');
    expect(said).toContain('Line busy');
    const unknown = all.find((one) => one.kind === 'call-outcome' && one.anomalies.includes('unknown-status'));
    expect(unknown && 'rawStatus' in unknown && unknown.rawStatus).toBeTruthy();
    const states = all.flatMap((one) => (one.kind === 'agent-interval' ? [one.state] : []));
    expect(states).toEqual(expect.arrayContaining(['Ready', 'Busy', 'Wrap', expect.stringMatching(/^[\w-]{22}$/)]));
  });

  it('the same key gives the same ids, another key others, and other tenants are not alike', async () => {
    const ids = (h: Harness): string[] => records(h).map(({ outcomeId }) => outcomeId);
    const [one, again, other] = [await run(HASHED), await run(HASHED), await run(OTHER)];
    expect(ids(again)).toEqual(ids(one));
    for (const id of ids(other)) expect(ids(one)).not.toContain(id);
    const record = records(one)[0] as DerivedRecord;
    const moved = HASHED.disguise?.of({ ...record, tenantId: 'another' }) as DerivedRecord;
    expect(moved.outcomeId.split('/')[2]).not.toBe(HASHED.disguise?.of(record).outcomeId.split('/')[2]);
  });

  it('the id of a record can be disguised without the record', async () => {
    const all = records(await run(DEFAULT_SETTINGS));
    expect(new Set(all.map(({ kind }) => kind)).size).toBe(5);
    for (const record of all) {
      const { tenantId, source, subjectId } = subjectOf(record);
      const parts = suffixOf(subjectOf(record), record).split('/').slice(1).map(unpart);
      const name = { kind: record.kind, tenantId, source, subjectId, parts };
      expect(publishedId(name, DEFAULT_SETTINGS)).toBe(record.outcomeId);
      expect(publishedId(name, HASHED)).toBe(HASHED.disguise?.of(record).outcomeId);
    }
  });

  it('a fresh fold of the log with the key finds nothing, and without it everything', async () => {
    const h = await run(HASHED);
    expect(await h.findings(HASHED)).toEqual([]);
    expect((await h.findings(DEFAULT_SETTINGS)).length).toBeGreaterThan(0);
  });

  it('nothing is sent twice when the store forgets commits whose records were sent', async () => {
    const h = await openHarness();
    const service = h.start(OUTCOMES, HASHED);
    h.publish(day(0));
    expect(await h.clock.runUntil(h.settled([service]), HOUR)).toBe(true);
    const snapshot = h.world.storeServer(OUTCOMES.name).snapshot();
    h.publish(day(1));
    expect(await h.clock.runUntil(h.settled([service]), HOUR)).toBe(true);
    const before = records(h);
    h.world.storeServer(OUTCOMES.name).restore(snapshot);
    h.append({ topic: 'callfold.raw.atlas', partition: 0 }, { key: null, value: null });
    h.append({ topic: 'callfold.raw.callcenter24', partition: 0 }, { key: null, value: null });
    h.append({ topic: 'callfold.raw.callcenter24', partition: 1 }, { key: null, value: null });
    const isDone = (): boolean => h.settled([service])() && h.said.some(({ name }) => name === 'partition-moved');
    expect(await h.clock.runUntil(isDone, HOUR)).toBe(true);
    expect(records(h)).toEqual(before);
    await h.stop([service]);
  });
});

describe('another key than the state was made with', () => {
  it.each([
    ['none before', DEFAULT_SETTINGS, HASHED],
    ['another before', HASHED, OTHER],
    ['none now', HASHED, DEFAULT_SETTINGS],
  ])('is refused by outcomes, %s, and no key is said', async (_name, was, is) => {
    const h = await run(was, [0]);
    const service = h.start(OUTCOMES, is);
    const refusals = (): string[] => h.said.flatMap((one) => (one.name === 'partition-refused' ? [one.message] : []));
    expect(await h.clock.runUntil(() => refusals().length > 0, HOUR)).toBe(true);
    expect(refusals()[0]).toMatch(/disguise=[\w-]{8}/);
    expect(JSON.stringify(h.said)).not.toContain('characters');
    await h.stop([service]);
  });

  it('does not concern the projector, which derives no record', async () => {
    const h = await run(DEFAULT_SETTINGS, [0]);
    const service = h.start(PROJECTOR, HASHED);
    h.publish(day(1));
    expect(await h.clock.runUntil(h.settled([service]), HOUR)).toBe(true);
    expect(h.said.filter(({ name }) => name === 'partition-refused')).toEqual([]);
    await h.stop([service]);
  });
});
