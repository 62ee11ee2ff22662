import type { AgentOffer, CallOutcome } from '@callfold/schemas';
import * as fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { CallWord, DerivedRecord, StatusEvent } from '../src/index.ts';
import { CALL_WORDS } from '../src/index.ts';
import { fileRules, serviceRules } from './drive.ts';
import { callEvent } from './events.ts';
import { calls } from './generated.ts';
import type { Delivered } from './orders.ts';
import { expectedOf } from './oracle.ts';
import { fold, inAnyOrder, inOrder, sayings } from './orders.ts';
import { delivery, hold } from './properties.ts';

/** What holds of every call. */

vi.setConfig({ testTimeout: 600_000 });

const RULES = fileRules();
const RUNS = 300;
const MINUTE = 60_000;
const NAMES = Array.from({ length: 20 }, (_, i) => `name${i}`);

type Outcome = Omit<CallOutcome, 'revision' | 'correctionOf' | 'ingestedAt'>;

function said(history: readonly Delivered[]): { readonly outcome: Outcome; readonly offers: readonly AgentOffer[] } {
  const records = [...sayings(fold(history, RULES)).values()] as DerivedRecord[];
  const outcome = records.find((record) => record.kind === 'call-outcome');
  if (!outcome) throw new Error('no outcome was published');
  return { outcome, offers: records.filter((record) => record.kind === 'agent-offer') };
}

const atOnce = (events: readonly StatusEvent[]): Delivered[] => events.map((event) => ({ event, loggedAt: event.at }));
const outcomeOf = (events: readonly StatusEvent[]): Outcome => said(atOnce(events)).outcome;

/** Some events and others that happened after all of them, in the order in which they happened. */
function followed(
  later: readonly CallWord[],
): fc.Arbitrary<{ readonly before: StatusEvent[]; readonly all: StatusEvent[] }> {
  return fc
    .tuple(calls(CALL_WORDS, 12), calls(later, 8), fc.constantFrom(1, 999, MINUTE))
    .map(([before, more, gap]) => {
      const from = (before.at(-1) as StatusEvent).at + gap - (more[0] as StatusEvent).at;
      const after = more.map((event, index) => ({
        ...event,
        at: event.at + from,
        eventId: `later${index}`,
        attributes: null,
      }));
      return { before, all: [...before, ...after] };
    });
}

test('times and figures are never negative, and known or unknown together', () => {
  hold(
    inAnyOrder(calls()),
    (history) => {
      const { outcome: one, offers } = said(history);
      for (const ms of [one.waitMs, one.talkMs, ...offers.map(({ ringMs }) => ringMs)]) {
        if (ms !== null) expect(ms).toBeGreaterThanOrEqual(0);
      }
      expect(one.answeredAt !== null).toBe(one.outcome === 'answered');
      expect(one.hungUpBy !== null).toBe(one.outcome === 'answered');
      expect(one.stage !== null).toBe(one.outcome === 'abandoned');
      expect(one.short !== null).toBe(one.outcome === 'abandoned');
      if (one.voicemailLeft !== null) expect([one.outcome, one.voicemailLeft]).toEqual(['voicemail', true]);
      if (one.abandonedInTransfer) expect(one.outcome).toBe('answered');
      expect(one.personReached).toBe(one.outcome === 'answered' ? 'yes' : one.outcome === 'unknown' ? 'unknown' : 'no');
      expect(one.waitMs === null).toBe(one.queuedAt === null || one.outcome === 'unknown');
      if (one.inferred) expect(['answered', 'unknown']).toContain(one.outcome);
      if (one.outcome === 'unknown') expect(one.inferred).toBe(true);
      for (const { joinedAt, leftAt } of one.agents) {
        if (joinedAt !== null && leftAt !== null) expect(leftAt).toBeGreaterThanOrEqual(joinedAt);
      }
    },
    { runs: RUNS },
  );
});

test('the fold says what a second telling of the rules says, which is slow and close to their words', () => {
  hold(
    inAnyOrder(calls()),
    (history) => {
      const events = new Map(history.map(({ event }) => [JSON.stringify({ ...event, attributes: null }), event]));
      expect(said(history).outcome).toMatchObject(expectedOf([...events.values()], RULES.settings));
    },
    { runs: RUNS },
  );
});

test('a call counts its offers, and only a shown one is missed', () => {
  hold(
    inAnyOrder(calls()),
    (history) => {
      const { outcome, offers } = said(history);
      expect(outcome.offers).toBe(offers.length);
      expect(outcome.missedOffers).toBe(offers.filter(({ result }) => result === 'missed').length);
      for (const one of offers) {
        if (one.result === 'missed') expect(one.screenShownAt).not.toBeNull();
        expect(one.ringMs === null).toBe(one.screenShownAt === null || one.result === 'unknown');
        expect(one.offeredAt ?? one.screenShownAt).not.toBeNull();
      }
      const requests = history.filter(({ event }) => event.word === 'agent-requested');
      const asked = new Set(requests.map(({ event }) => JSON.stringify({ ...event, attributes: null })));
      expect(offers.filter(({ offeredAt }) => offeredAt !== null)).toHaveLength(asked.size);
      const names = new Set(offers.map(({ agent, n }) => `${n} ${agent}`));
      for (const { agent, n } of offers) expect(n === 1 || names.has(`${n - 1} ${agent}`)).toBe(true);
    },
    { runs: RUNS },
  );
});

test('what happened later never turns answered into anything else', () => {
  hold(
    followed(CALL_WORDS),
    ({ before, all }) => {
      const first = outcomeOf(before);
      fc.pre(first.outcome === 'answered');
      expect(outcomeOf(all).outcome).toBe('answered');
    },
    { runs: RUNS },
  );
});

test('after a redirect a leave, an end and a no-answer change nothing but the end of the call', () => {
  hold(
    followed(['contact-left', 'ended', 'no-answer']),
    ({ before, all }) => {
      const first = outcomeOf(before);
      fc.pre(first.outcome === 'voicemail');
      const { endedAt: _, ...now } = outcomeOf(all);
      const { endedAt: __, ...was } = first;
      expect(now).toEqual(was);
    },
    { runs: RUNS },
  );
});

test('a voicemail stays one, whoever leaves later', () => {
  hold(
    followed(['contact-left', 'agent-left', 'ended', 'no-answer', 'recorded', 'agent-joined', 'contact-joined']),
    ({ before, all }) => {
      fc.pre(outcomeOf(before).outcome === 'voicemail');
      expect(outcomeOf(all).outcome).toBe('voicemail');
    },
    { runs: RUNS },
  );
});

test('a no-answer never ends a call, and an answer it never undoes', () => {
  const without = CALL_WORDS.filter((word) => !['ended', 'redirected', 'contact-left'].includes(word));
  hold(
    calls(without),
    (events) => {
      const { outcome, inferred } = outcomeOf(events);
      expect(['answered', 'unknown']).toContain(outcome);
      expect(inferred).toBe(true);
    },
    { runs: RUNS },
  );
});

test("an agent's join that arrives late turns abandoned into answered", () => {
  const unanswered = CALL_WORDS.filter((word) => !['agent-joined', 'agent-left', 'redirected'].includes(word));
  const late = fc.tuple(calls(unanswered), fc.integer({ min: 0, max: 10 * MINUTE }));
  let abandoned = 0;
  hold(
    late,
    ([events, lateBy]) => {
      const { outcome, queuedAt } = outcomeOf(events);
      if (outcome !== 'abandoned' || queuedAt === null) return;
      abandoned += 1;
      const loggedAt = (events.at(-1) as StatusEvent).at + lateBy;
      const join = { event: callEvent('late', queuedAt, 'agent-joined', 'Dora'), loggedAt };
      expect(said([...atOnce(events), join]).outcome.outcome).toBe('answered');
    },
    { runs: RUNS },
  );
  expect(abandoned).toBeGreaterThan(RUNS / 20);
});

test('what was published as an offer never vanishes', () => {
  hold(
    inAnyOrder(calls()),
    (history) => {
      for (let size = 1; size <= history.length; size += 1) {
        const offers = said(history.slice(0, size)).offers.map(({ outcomeId }) => outcomeId);
        const last = said(history).offers.map(({ outcomeId }) => outcomeId);
        expect(last).toEqual(expect.arrayContaining(offers));
      }
    },
    { runs: RUNS / 10 },
  );
});

test('a service that refused nothing says in the end what a file says', () => {
  hold(
    inOrder(calls()),
    (history) => {
      const service = fold(history, serviceRules());
      const last = new Map(service.said.map(({ record }) => [record.outcomeId, record]));
      const file = fold(history, RULES);
      fc.pre(service.said.length === file.said.length);
      expect([...last.keys()].sort()).toEqual([...new Set(file.said.map(({ record }) => record.outcomeId))].sort());
      expect(service.said).toEqual(file.said);
    },
    { runs: RUNS },
  );
});

test('more than a call keeps: in any order the same, and marked', () => {
  const many = fc.integer({ min: 1, max: 0xffff }).map((seed) => {
    const words = CALL_WORDS.filter((word) => word !== 'unknown');
    return Array.from({ length: 700 }, (_, i) => {
      const word = words[(i * seed) % words.length] as CallWord;
      return callEvent(`m${i}`, 1_700_000_000_000 + ((i * seed) % 4_093), word, `A${(i * seed) % 7}`);
    });
  });
  hold(
    many.chain((events) => fc.tuple(delivery(events), delivery(events))),
    ([one, other]) => {
      const [a, b] = [one, other].map((events) =>
        said(events.map((event) => ({ event, loggedAt: 1_800_000_000_000 }))),
      );
      expect(a).toEqual(b);
      expect(a?.outcome.anomalies).toContain('truncated');
    },
    { runs: 5 },
  );
});

test('more names than are kept: in any order the same, and marked', () => {
  const named = fc.array(
    fc.tuple(
      fc.integer({ min: 0, max: 5 }),
      fc.dictionary(fc.constantFrom(...NAMES), fc.constantFrom('1', '2', 'x'.repeat(300)), {
        minKeys: 1,
      }),
    ),
    { minLength: 4, maxLength: 12 },
  );
  hold(
    named
      .map((list) =>
        list.map(([at, attributes], i) =>
          callEvent(`n${i}`, 1_700_000_000_000 + at, 'contact-left', null, { attributes }),
        ),
      )
      .chain((events) => fc.tuple(delivery(events), delivery(events))),
    ([one, other]) => {
      const [a, b] = [one, other].map((events) =>
        said(events.map((event) => ({ event, loggedAt: 1_800_000_000_000 }))),
      );
      expect(a?.outcome.attributes).toEqual(b?.outcome.attributes);
      expect(a?.outcome.anomalies).toEqual(b?.outcome.anomalies);
      const names = Object.entries(a?.outcome.attributes ?? {});
      expect(names.length).toBeLessThanOrEqual(16);
      expect(names.every(([, value]) => value.length <= 256)).toBe(true);
      const seen = new Set(one.flatMap((event) => Object.keys(event.attributes ?? {})));
      if (seen.size > 16) expect(a?.outcome.anomalies).toContain('truncated');
    },
    { runs: RUNS },
  );
});
