import * as fc from 'fast-check';
import type { AgentWord, CallWord, ChatWord, Label, StatusEvent } from '../src/index.ts';
import { AGENT_WORDS, CALL_WORDS, CHAT_WORDS } from '../src/index.ts';
import { agentEvent, BASE, callEvent, chatEvent, recordEvent } from './events.ts';

/** Random events of one subject: any word after any, many at one instant, few names, ids that are used again. */

const SECOND = 1_000;
const HOUR = 3_600_000;
const AGENTS = ['Anna', 'Boris', 'Clara', 'd/e%f'];

/** Steps in time that meet the rules' thresholds exactly, and miss them by one. */
const STEPS = [0, 0, 0, 1, 500, 999, 1_000, 1_001, 4_999, 5_000, 5_001, 14_999, 15_000, 15_001, 60 * SECOND];
const step = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...STEPS) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 20 * SECOND }) },
  { weight: 1, arbitrary: fc.constantFrom(5 * HOUR, 25 * HOUR) },
);

const attributes = fc.oneof(
  { weight: 4, arbitrary: fc.constant(null) },
  {
    weight: 1,
    arbitrary: fc.dictionary(fc.constantFrom('queue', 'number', 'lang', '__proto__', '7'), fc.string({ maxLength: 3 })),
  },
);

/** Mostly an id of its own; now and then one that another event has. */
const ids = fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.constantFrom('x', 'y') });

type Named = { readonly ms: number; readonly id: string | null };

function spread<T extends Named>(
  steps: readonly T[],
  make: (one: T, at: number, id: string) => StatusEvent,
): StatusEvent[] {
  let at = BASE;
  return steps.map((one, index) => {
    at += one.ms;
    return make(one, at, one.id ?? `e${index}`);
  });
}

const NAMING: ReadonlySet<string> = new Set(['agent-requested', 'screen-shown', 'agent-joined', 'agent-left']);

/** @param words those that may come; agents' words come oftener than the others, as they do */
export function calls(words: readonly CallWord[] = CALL_WORDS, maxLength = 24): fc.Arbitrary<StatusEvent[]> {
  const often = [...words, ...words.filter((word) => NAMING.has(word) || word.startsWith('contact'))];
  const one = fc.record({
    ms: step,
    id: ids,
    word: fc.constantFrom(...often),
    agent: fc.constantFrom(...AGENTS),
    agentWas: fc.constantFrom('busy' as const, 'available' as const, null),
    attributes,
    status: fc.constantFrom(undefined, undefined, 'in other words', null),
  });
  return fc.array(one, { minLength: 1, maxLength }).map((steps) =>
    spread(steps, ({ word, agent, agentWas, attributes: given, status }, at, id) => {
      const was = word === 'agent-requested' ? agentWas : null;
      const extras = { agentWas: was, attributes: given, ...(status === undefined ? {} : { status }) };
      return callEvent(id, at, word, NAMING.has(word) ? agent : null, extras);
    }),
  );
}

export function chats(words: readonly ChatWord[] = CHAT_WORDS, maxLength = 24): fc.Arbitrary<StatusEvent[]> {
  const one = fc.record({
    ms: step,
    id: ids,
    word: fc.constantFrom(...words),
    attributes,
    status: fc.constantFrom('On hold', 'Paused', '', '__proto__', null),
  });
  return fc
    .array(one, { minLength: 1, maxLength })
    .map((steps) =>
      spread(steps, ({ word, status, attributes: given }, at, id) =>
        chatEvent(id, at, word, { attributes: given, ...(word === 'unknown' ? { status } : {}) }),
      ),
    );
}

export function agents(words: readonly AgentWord[] = AGENT_WORDS, maxLength = 24): fc.Arbitrary<StatusEvent[]> {
  const one = fc.record({
    ms: step,
    id: ids,
    word: fc.constantFrom(...words),
    duration: fc.oneof(fc.constant(null), fc.constantFrom(...STEPS), fc.integer({ min: 0, max: 30 * SECOND })),
    description: fc.constantFrom(null, 'Live', 'Lunch'),
    status: fc.constantFrom('Coffee', '', null),
  });
  return fc
    .array(one, { minLength: 1, maxLength })
    .map((steps) =>
      spread(steps, ({ word, duration, description, status }, at, id) =>
        agentEvent(id, at, word, duration, { description, ...(word === 'unknown' ? { status } : {}) }),
      ),
    );
}

const LABELS: readonly (Label | null)[] = [
  {
    outcome: 'answered',
    reason: 'agent-ended',
    personReached: 'yes',
    fault: null,
    transferred: false,
    hungUpBy: 'agent',
  },
  {
    outcome: 'not-connected',
    reason: 'no-answer',
    personReached: 'no',
    fault: null,
    transferred: false,
    hungUpBy: null,
  },
  { outcome: 'failed', reason: 'unknown', personReached: 'unknown', fault: null, transferred: false, hungUpBy: null },
  { outcome: 'unknown', reason: 'unknown', personReached: 'unknown', fault: null, transferred: false, hungUpBy: null },
  null,
];

/** A label follows from its status, as it does in the vendors' tables. */
export function records(maxLength = 8): fc.Arbitrary<StatusEvent[]> {
  const one = fc.record({
    ms: fc.constantFrom(0, 0, 1, SECOND),
    id: ids,
    label: fc.constantFrom(...LABELS),
    version: fc.constantFrom(null, -1, 0, 1, 2),
    startedAt: fc.constantFrom(null, BASE, BASE + 1),
    endedAt: fc.constantFrom(null, BASE + 2, BASE + 3),
    attributes,
  });
  return fc.array(one, { minLength: 1, maxLength }).map((steps) =>
    spread(steps, ({ label, version, startedAt, endedAt, attributes: given }, at, id) => {
      const status = label === null ? 'Quantum line dropped' : `${label.outcome} ${label.reason}`;
      return recordEvent(id, at, label, { status, recordVersion: version, startedAt, endedAt, attributes: given });
    }),
  );
}
