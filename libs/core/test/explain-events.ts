import type { AgentWord, CallWord, ChatWord, Explanation, Rules, Seen, StatusEvent } from '../src/index.ts';
import { DEFAULT_SETTINGS, explain } from '../src/index.ts';

/** Events of one subject, made short, and what is explained of them. */

export const BASE = Date.UTC(2024, 1, 29, 10);
export const SECOND = 1_000;
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

export const RULES: Rules = { settings: DEFAULT_SETTINGS, publishes: true, drops: true };

type Extras = { readonly status?: string | null; readonly attributes?: Readonly<Record<string, string>> };

function common(
  source: StatusEvent['source'],
  id: string,
  at: number,
  word: string,
  { status = word, attributes }: Extras,
) {
  return { source, tenantId: 't', subjectId: 's/1', eventId: id, at, status, attributes: attributes ?? null } as const;
}

export function call(
  id: string,
  at: number,
  word: CallWord,
  agent: string | null = null,
  extras: Extras = {},
): StatusEvent {
  return {
    ...common('callcenter24', id, at, word, extras),
    source: 'callcenter24',
    kind: 'call',
    word,
    agent,
    agentWas: null,
  };
}

export function chat(id: string, at: number, word: ChatWord, extras: Extras = {}): StatusEvent {
  return { ...common('chatterfy', id, at, word, extras), kind: 'chat', word };
}

export function stay(
  id: string,
  at: number,
  word: AgentWord,
  duration: number | null,
  extras: Extras = {},
): StatusEvent {
  return { ...common('vonage', id, at, word, extras), kind: 'agent', word, detail: { duration, description: null } };
}

export function record(
  id: string,
  at: number,
  outcome: 'answered' | 'voicemail' | null,
  recordVersion: number | null,
): StatusEvent {
  const label =
    outcome &&
    ({ outcome, reason: outcome, personReached: 'unknown', fault: null, transferred: false, hungUpBy: null } as const);
  const detail = { label, startedAt: null, endedAt: null, recordVersion };
  return { ...common('atlas', id, at, outcome ?? 'never heard of', {}), kind: 'call', word: 'record', detail };
}

/** Seconds after the start at which something happened and at which the log took it; the latter grow. */
export function seen(
  ...rows: readonly (readonly [event: StatusEvent, loggedSecond: number, refused?: Seen['refused']])[]
): Seen[] {
  return rows.map(([event, second, refused], offset) => ({
    event,
    loggedAt: BASE + second * SECOND,
    offset,
    ...(refused && { refused }),
  }));
}

export const at = (second: number): number => BASE + second * SECOND;

export function explained(events: readonly Seen[], clock?: number, rules = RULES): Explanation {
  const explanation = explain(events, rules, clock);
  if (!explanation) throw new Error('There is nothing to explain');
  return explanation;
}

export const eventsOf = ({ timeline }: Explanation) =>
  timeline.flatMap((moment) => (moment.what === 'event' ? [moment] : []));
export const timersOf = ({ timeline }: Explanation) =>
  timeline.flatMap((moment) => (moment.what === 'timer' ? [moment] : []));
export const saysOf = (explanation: Explanation, index: number) =>
  eventsOf(explanation)[index]?.changes.map(({ record: part, says }) => (part === null ? says : `${part}: ${says}`));

export const ABANDONED = seen(
  [call('a', at(0), 'registered'), 0],
  [call('b', at(1), 'contact-joined'), 1],
  [call('c', at(2), 'agent-requested', 'Anna'), 2],
  [call('d', at(3), 'screen-shown', 'Anna'), 3],
  [call('e', at(9), 'contact-left'), 9],
);
