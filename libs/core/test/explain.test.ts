import * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { DerivedRecord, Explanation, Rules, Seen, Settings } from '../src/index.ts';
import {
  AGENT_WORDS,
  CALL_WORDS,
  CHAT_WORDS,
  DEFAULT_SETTINGS,
  emptyState,
  explain,
  fireTimer,
  foldEvent,
  isRejection,
} from '../src/index.ts';
import { at, BASE, call, chat, DAY, explained, HOUR, record, RULES, stay } from './explain-events.ts';

// Properties take seconds where the machine is busy with other things.
vi.setConfig({ testTimeout: 600_000 });

const offsets = fc.integer({ min: 0, max: 40 });
const gaps = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 20_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(5 * HOUR, 26 * HOUR, 8 * DAY) },
);
const ids = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l');
const agents = fc.constantFrom('Anna', 'Boris', 'Ev/e');
const attributes = fc.option(fc.dictionary(fc.constantFrom('queue', 'number', 'waitMs'), fc.string()), { freq: 4 });

const ofCall = fc
  .tuple(ids, offsets, fc.constantFrom(...CALL_WORDS), agents, attributes)
  .map(([id, second, word, agent, extra]) =>
    call(id, at(second), word, /agent|screen/.test(word) ? agent : null, extra ? { attributes: extra } : {}),
  );
const ofChat = fc
  .tuple(ids, offsets, fc.constantFrom(...CHAT_WORDS))
  .map(([id, second, word]) => chat(id, at(second), word));
const ofAgent = fc
  .tuple(ids, offsets, fc.constantFrom(...AGENT_WORDS), fc.option(fc.integer({ min: 0, max: 30_000 })))
  .map(([id, second, word, duration]) => stay(id, at(second), word, duration));
const ofRecord = fc
  .tuple(ids, offsets, fc.constantFrom('answered' as const, 'voicemail' as const, null), fc.option(fc.nat(4)))
  .map(([id, second, outcome, version]) => record(id, at(second), outcome, version));

const history = fc
  .oneof(
    fc.array(fc.tuple(ofCall, gaps)),
    fc.array(fc.tuple(ofChat, gaps)),
    fc.array(fc.tuple(ofAgent, gaps)),
    fc.array(fc.tuple(ofRecord, gaps)),
  )
  .filter((rows) => rows.length > 0)
  .map((rows) => {
    let loggedAt = BASE;
    return rows.map(([event, gap], offset): Seen => ({ event, loggedAt: (loggedAt += gap), offset }));
  });

const settings: fc.Arbitrary<Settings> = fc.constantFrom(
  DEFAULT_SETTINGS,
  { ...DEFAULT_SETTINGS, settleMs: 0 },
  { ...DEFAULT_SETTINGS, dropAfterMs: HOUR, markerMs: 2 * HOUR },
);

/** The fold by itself, as the engine runs it. */
function folded(events: readonly Seen[], rules: Rules, clock: number): DerivedRecord[] {
  const said: DerivedRecord[] = [];
  const first = (events[0] as Seen).event;
  const empty = emptyState(first.source, `${first.tenantId}/${first.subjectId.replace('/', '%2F')}`);
  let state = empty as typeof empty | null;
  const fireUpTo = (now: number): void => {
    while (state !== null && state.timer !== null && state.timer <= now) {
      const step = fireTimer(state, state.timer, rules);
      said.push(...step.derived.map((one) => one.record));
      state = step.state;
    }
  };
  for (const { event, loggedAt } of events) {
    fireUpTo(loggedAt);
    const step = foldEvent(state ?? empty, event, loggedAt, rules);
    if (isRejection(step)) continue;
    said.push(...step.derived.map((one) => one.record));
    state = step.state;
  }
  fireUpTo(clock);
  return said;
}

const publishedIn = ({ timeline }: Explanation): DerivedRecord[] =>
  timeline.flatMap((moment) => moment.published.map((one) => one.record));

describe('whatever the events are', () => {
  test('what was published is what a fold publishes, and each record is told as it stood last', () => {
    fc.assert(
      fc.property(history, settings, fc.boolean(), fc.nat(10 * DAY), (events, chosen, drops, more) => {
        const rules: Rules = { settings: chosen, publishes: true, drops };
        const clock = (events.at(-1) as Seen).loggedAt + more;
        const explanation = explained(events, clock, rules);
        const said = folded(events, rules, clock);
        expect(publishedIn(explanation)).toEqual(said);
        const last = new Map(said.map((one) => [`${one.kind} ${one.outcomeId}`, one]));
        for (const { record: told, revision, standing } of explanation.records) {
          const published = last.get(`${told.kind} ${told.outcomeId}`);
          expect(revision).toBe(published?.revision ?? null);
          if (standing === 'published')
            expect(published).toMatchObject({ ...told, ingestedAt: expect.anything() as unknown });
        }
        const names = explanation.records.map(({ record: told }) => `${told.kind} ${told.outcomeId}`);
        expect(new Set(names).size).toBe(names.length);
        expect(names).toEqual(expect.arrayContaining([...last.keys()]));
      }),
      { numRuns: 400 },
    );
  });

  test('every decision is the one that the record names, rests on its events, and chooses nothing twice', () => {
    fc.assert(
      fc.property(history, settings, (events, chosen) => {
        const known = new Set(events.map(({ event }) => event.eventId));
        for (const { record: told, decision } of explained(events, undefined, { ...RULES, settings: chosen }).records) {
          expect(decision.says).not.toBe('');
          for (const { eventId, offset } of [...decision.restsOn, ...decision.passedOver]) {
            expect(known).toContain(eventId);
            expect(offset).not.toBeNull();
          }
          // Said when the subject was closed; it was opened again since, and nothing decides it now.
          if (!('decidedBy' in told) || decision.rule === 'published-before') continue;
          expect(decision.rule).toBe(told.decidedBy.rule);
          expect(new Set(decision.restsOn.map(({ eventId }) => eventId))).toEqual(new Set(told.decidedBy.eventIds));
          // A rule that has no words of its own would be told by its name.
          expect(decision.says).not.toBe(decision.rule);
          if ('outcome' in told) expect(decision.others.map(({ outcome }) => outcome)).not.toContain(told.outcome);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('what was known earlier is the beginning of what is known now', () => {
    fc.assert(
      fc.property(history, fc.nat(), (events, cut) => {
        const part = events.slice(0, (cut % events.length) + 1);
        const until = (part.at(-1) as Seen).loggedAt;
        const now = explained(events);
        const then = explained(part, until);
        expect(now.timeline.slice(0, then.timeline.length)).toEqual(then.timeline);
        expect(explained(events, (events.at(-1) as Seen).loggedAt)).toEqual(now);
      }),
      { numRuns: 300 },
    );
  });

  test('it is plain data, in words without holes', () => {
    fc.assert(
      fc.property(history, (events) => {
        const explanation = explained(events, (events.at(-1) as Seen).loggedAt + 30 * DAY);
        const text = JSON.stringify(explanation);
        expect(JSON.parse(text)).toEqual(explanation);
        expect(text).not.toMatch(/undefined|NaN|\[object/);
      }),
      { numRuns: 300 },
    );
  });
});

test('of nothing there is nothing to explain', () => {
  expect(explain([], RULES)).toBeNull();
});
