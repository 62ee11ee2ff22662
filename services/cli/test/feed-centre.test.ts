import type { RawEvent } from '@callfold/core';
import { isRejection } from '@callfold/core';
import {
  ATLAS,
  CALLCENTER24,
  CHATTERFY,
  VONAGE,
  atlasRow,
  normalise,
  readCallStatus,
  readEvent,
} from '@callfold/sources';
import { expect, test, vi } from 'vitest';
import { createFeed } from '../src/feed/centre.ts';
import type { Delivery, Mark, RawJson } from '../src/feed/raw.ts';

// They compute and wait for nothing: only a busy machine makes them slow.
vi.setConfig({ testTimeout: 60_000 });

/** Two minutes before clocks change in most of Europe. */
const START = Date.UTC(2025, 2, 30, 0, 58);
const EVENTS = 40_000;

function take(count: number, options: Partial<Parameters<typeof createFeed>[0]> = {}): Delivery[] {
  const feed = createFeed({ seed: 1, startAt: START, ...options });
  return Array.from({ length: count }, () => feed.next().value);
}

function takeUntil(elapsedMs: number, seed: number): RawJson[] {
  const events: RawJson[] = [];
  for (const { event, deliverAt } of createFeed({ seed, startAt: START })) {
    if (deliverAt > START + elapsedMs) break;
    events.push(event);
  }
  return events;
}

function accepted(event: RawJson): RawEvent {
  const read = readEvent(JSON.parse(JSON.stringify(event)));
  if (isRejection(read)) throw new Error(`${read.reason}: ${JSON.stringify(event)}`);
  return read;
}

const long = take(EVENTS);
const read = long.map(({ event }) => accepted(event));
const marked = (mark: Mark) => long.filter(({ marks }) => marks.includes(mark));

test('the same seed and start give the same feed, another seed another one', () => {
  expect(take(3_000)).toEqual(long.slice(0, 3_000));
  expect(take(200, { seed: 2 }).map(({ event }) => event)).not.toEqual(long.slice(0, 200).map(({ event }) => event));
});

test('deliveries are sorted by when they are due, and nothing is delivered before it happened', () => {
  const wrong = long.filter(
    ({ deliverAt }, index) =>
      deliverAt < (long[index - 1]?.deliverAt ?? START) || deliverAt < (read[index]?.occurredAt ?? Infinity),
  );
  expect(wrong).toEqual([]);
});

test('another start gives other calls and chats, so that feeds of two days do not mix', () => {
  const subjects = (startAt: number) =>
    new Set(take(2_000, { startAt }).flatMap(({ event }) => ('agentId' in event ? [] : [accepted(event).subjectId])));
  const [today, tomorrow] = [subjects(START), subjects(START + 86_400_000)];
  expect([...today].filter((id) => tomorrow.has(id))).toEqual([]);
});

test.each([
  ['callcenter24', CALLCENTER24.rows.map(({ status }) => status)],
  ['atlas', ATLAS.rows.map(({ status }) => status)],
  ['chatterfy', CHATTERFY.rows.map(({ word }) => word)],
  ['vonage', VONAGE.rows.map(({ word }) => word)],
] as const)('every word of %s comes up', (source, vocabulary) => {
  const seen = new Set<string | undefined>();
  for (const event of read) {
    if (event.source !== source) continue;
    if (source === 'callcenter24') seen.add(readCallStatus(event.status).row?.status);
    else if (source === 'atlas') seen.add(atlasRow(event.status)?.status);
    else seen.add(normalise(event).word);
  }
  for (const word of vocabulary) expect(seen).toContain(word);
});

test('a word is unknown exactly where it is meant to be, however it is spelt', () => {
  const isUnknown = (raw: RawEvent) =>
    raw.source === 'atlas' ? raw.status !== null && atlasRow(raw.status) === null : normalise(raw).word === 'unknown';
  const unknown = read.map((raw, index) => (isUnknown(raw) ? index : -1)).filter((index) => index >= 0);
  const meant = long.map(({ marks }, index) => (marks.includes('unknown-word') ? index : -1)).filter((at) => at >= 0);
  expect(unknown.map((index) => long[index])).toEqual(meant.map((index) => long[index]));
  expect(meant.length).toBeGreaterThan(50);
});

test('a name stays the same however a line is spelt', () => {
  const names = new Set(read.flatMap((raw) => readCallStatus(raw.status).agent ?? []));
  expect([...names].sort().join(', ')).toBe(
    'Anna Berg, Lena Fox (Nights), Maya Okafor, Noor Haddad, Sam Contact, Tom Reyes [Tier 2], Zoë Lindqvist, ' +
      'Дмитрий Орлов, Ирина Соколова, Ольга Лебедева-Ким',
  );
});

test('there are repeats, and each is the very event again', () => {
  const ids = new Map<string, number>();
  for (const { eventId, subjectId, source } of read) {
    const id = `${source} ${subjectId} ${eventId}`;
    ids.set(id, (ids.get(id) ?? 0) + 1);
  }
  const repeats = marked('repeated').length;
  expect(repeats).toBeGreaterThan(EVENTS / 100);
  // A repeat whose first delivery lies before the end is counted twice; the last few may stand alone.
  expect(Math.abs([...ids.values()].filter((count) => count > 1).length - repeats)).toBeLessThan(20);
});

test('there are late events, seconds to minutes behind what happened', () => {
  const behind = long.flatMap(({ deliverAt, marks }, index) =>
    marks.includes('late') && !marks.includes('repeated') ? [deliverAt - (read[index]?.occurredAt ?? 0)] : [],
  );
  expect(behind.length).toBeGreaterThan(EVENTS / 100);
  expect(Math.max(...behind)).toBeGreaterThan(120_000);
});

test('spellings differ in dash, case, white space and brackets', () => {
  const texts = marked('respelt').map(({ event }) => ('state' in event ? event.state : (event.status ?? '')));
  expect(texts.filter((text) => /[–—]/.test(text)).length).toBeGreaterThan(20);
  expect(texts.filter((text) => text !== text.trim()).length).toBeGreaterThan(20);
  expect(texts.filter((text) => text.includes('\u00a0')).length).toBeGreaterThan(20);
  expect(texts.filter((text) => /^PARTICIPANT|^CALL/.test(text)).length).toBeGreaterThan(20);
  expect(texts.filter((text) => text.startsWith('Participant join ([')).length).toBeGreaterThan(2);
});

test('an agent state comes first without a duration and then with one, through a change of clocks', () => {
  const durations = new Map<string, (number | null)[]>();
  const starts = new Map<string, Map<number, Set<string>>>();
  for (const raw of read) {
    if (raw.source !== 'vonage') continue;
    const key = `${raw.subjectId} ${raw.occurredAt} ${normalise(raw).word}`;
    durations.set(key, [...(durations.get(key) ?? []), raw.duration]);
    const states = starts.get(raw.subjectId) ?? new Map<number, Set<string>>();
    starts.set(raw.subjectId, states);
    states.set(raw.occurredAt, (states.get(raw.occurredAt) ?? new Set()).add(normalise(raw).word));
  }
  const both = [...durations.values()].filter((all) => all.includes(null) && all.some((one) => one !== null));
  expect(both.length / durations.size).toBeGreaterThan(0.9);
  // Local time would jump by an hour where summer time begins, two minutes after the start.
  expect(Math.max(...[...durations.values()].flat().map((one) => one ?? 0))).toBeLessThan(30 * 60_000);
  expect(starts.size).toBe(10);
  // Two states with one start would not tell which of them came first.
  for (const states of starts.values()) expect(Math.max(...[...states.values()].map((one) => one.size))).toBe(1);
});

test('an Atlas record is written anew with a higher version, and some have none', () => {
  const versions = new Map<string, Set<number | null>>();
  for (const raw of read) {
    if (raw.source === 'atlas') {
      versions.set(raw.subjectId, (versions.get(raw.subjectId) ?? new Set()).add(raw.recordVersion));
    }
  }
  const all = [...versions.values()];
  expect(all.filter((one) => one.has(1) && one.has(2)).length).toBeGreaterThan(20);
  expect(all.filter((one) => one.has(null)).length).toBeGreaterThan(20);
});

test('a chat finishes and goes on again, and some never come to an end', () => {
  const words = new Map<string, string[]>();
  for (const raw of [...read].sort((a, b) => a.occurredAt - b.occurredAt)) {
    if (raw.source === 'chatterfy')
      words.set(raw.subjectId, [...(words.get(raw.subjectId) ?? []), normalise(raw).word]);
  }
  const paths = [...words.values()].map((path) => path.join(' '));
  expect(paths.filter((path) => /finished (auto|manual)/.test(path)).length).toBeGreaterThan(20);
  expect(paths.filter((path) => /blocked auto/.test(path)).length).toBeGreaterThan(5);
  expect(paths.filter((path) => path.endsWith('waiting')).length).toBeGreaterThan(20);
});

test('calls go in every way there is', () => {
  const calls = new Map<string, string[]>();
  for (const raw of [...read].sort((a, b) => a.occurredAt - b.occurredAt)) {
    if (raw.source !== 'callcenter24') continue;
    calls.set(raw.subjectId, [...(calls.get(raw.subjectId) ?? []), normalise(raw).word]);
  }
  const paths = [...calls.values()].map((path) => path.join(' '));
  const share = (shape: RegExp) => paths.filter((path) => shape.test(path)).length / paths.length;
  expect(share(/agent-joined/)).toBeGreaterThan(0.5);
  expect(share(/^(?!.*(agent-joined|redirected|no-answer)).*contact-joined.*contact-left/)).toBeGreaterThan(0.1);
  expect(share(/redirected/)).toBeGreaterThan(0.05);
  expect(share(/redirected.*recorded/)).toBeGreaterThan(0.02);
  expect(share(/no-answer.*agent-requested.*agent-joined/)).toBeGreaterThan(0.02);
  expect(share(/no-answer (contact-left )?ended/)).toBeGreaterThan(0.01);
  expect(share(/agent-joined .*agent-requested.*agent-joined/)).toBeGreaterThan(0.02);
  expect(share(/agent-left agent-joined/)).toBeGreaterThan(0.01);
  expect(share(/agent-joined (?!.*left).*ended/)).toBeGreaterThan(0.005);
  expect(share(/^registered (crm-registered )?ended/)).toBeGreaterThan(0.005);
  expect(share(/^(?!.*crm-registered)/)).toBeGreaterThan(0.02);
});

test('whatever the seed, the first half minute has an abandonment, a voicemail and an answered call', () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const calls = new Map<string, string[]>();
    for (const event of takeUntil(30_000, seed)) {
      if (event.source !== 'callcenter24') continue;
      calls.set(event.callId, [...(calls.get(event.callId) ?? []), normalise(accepted(event)).word]);
    }
    const paths = [...calls.values()];
    const some = (has: (words: string[]) => boolean) => paths.some(has);
    expect([seed, some((words) => words.includes('redirected'))]).toEqual([seed, true]);
    expect([seed, some((words) => words.includes('agent-joined'))]).toEqual([seed, true]);
    const abandoned = (words: string[]) =>
      words.includes('contact-left') && !words.some((word) => word === 'redirected' || word === 'agent-joined');
    expect([seed, some(abandoned)]).toEqual([seed, true]);
  }
});

test('from the first seconds on something comes in every second or two', () => {
  const minutes = take(1_500).filter(({ deliverAt }) => deliverAt < START + 4 * 60_000);
  const gaps = minutes.map(({ deliverAt }, index) => deliverAt - (minutes[index - 1]?.deliverAt ?? START));
  expect(Math.max(...gaps)).toBeLessThan(4_000);
  expect(gaps.filter((gap) => gap > 2_000).length / gaps.length).toBeLessThan(0.01);
});

test('at another speed the same happens, sooner', () => {
  const fast = take(500, { speed: 10 });
  expect(fast.map(({ event }) => event)).toEqual(long.slice(0, 500).map(({ event }) => event));
  const elapsed = (deliveries: readonly Delivery[]) => (deliveries.at(-1)?.deliverAt ?? 0) - START;
  expect(elapsed(fast)).toBe(Math.round(elapsed(long.slice(0, 500)) / 10));
  expect(() => take(1, { speed: 0 })).toThrow('above 0');
});
