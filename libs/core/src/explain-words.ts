import type { AgentEvent, RecordEvent, StatusEvent, TimelineEvent } from './event.ts';
import type { Json, Phrase } from './phrase.ts';
import { phrase, plainText, sayPhrase } from './phrase.ts';
import { PHRASES } from './phrases.ts';

/**
 * What events and fields say, in words a person understands: the one place for them, so that text, API and page agree.
 */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const UNITS = { d: 'd', h: 'h', min: 'min', s: 's' };

/** A length of time to the millisecond, as `8.2 s`, `3 min 5 s`, `4 h` or `7 d 1 h`. @param units of a language */
export function spanText(ms: number, units: Readonly<typeof UNITS> = UNITS): string {
  if (ms < 0) return `-${spanText(-ms, units)}`;
  const parts: string[] = [];
  let rest = ms;
  for (const [unit, name] of [
    [DAY, units.d],
    [HOUR, units.h],
    [MINUTE, units.min],
  ] as const) {
    const whole = Math.floor(rest / unit);
    if (whole > 0) parts.push(`${whole} ${name}`);
    rest -= whole * unit;
  }
  if (rest > 0 || parts.length === 0) parts.push(`${rest / SECOND} ${units.s}`);
  return parts.join(' ');
}

/** What an event says, whatever becomes of it. */
export function eventPhrase(event: StatusEvent): Phrase {
  if (event.word === 'record') return recordPhrase(event.detail, event.status);
  if (event.kind === 'agent') return stayPhrase(event);
  if (event.word === 'unknown') return phrase('event.unknown');
  return event.kind === 'chat' ? phrase(`event.${event.word}`) : callPhrase(event, event.word);
}

function stayPhrase({ word, status, detail: { description, duration } }: AgentEvent): Phrase {
  const state = `${status ?? 'unknown'}${description === null ? '' : ` (${description})`}`;
  const rest =
    duration === null ? phrase('event.state', { state }) : phrase('event.state-for', { state, long: duration });
  return word === 'unknown' ? phrase('event.unknown-state', { rest }) : rest;
}

function recordPhrase({ recordVersion, label }: RecordEvent['detail'], status: string | null): Phrase {
  const version = recordVersion === null ? phrase('the-record') : phrase('the-record-version', { n: recordVersion });
  if (label) return phrase('event.record', { version, outcome: label.outcome, reason: label.reason });
  return phrase(status === null ? 'event.record-without' : 'event.record-unknown', { version });
}

function callPhrase({ agent, agentWas }: TimelineEvent, word: Exclude<TimelineEvent['word'], 'unknown'>): Phrase {
  const who = agent ?? phrase('agent.not-named');
  if (word === 'agent-requested' && agentWas !== null)
    return phrase('event.agent-requested-as', { who, was: agentWas });
  return phrase(`event.${word}`, NAMES_AGENT.has(word) ? { who } : {});
}

const NAMES_AGENT: ReadonlySet<string> = new Set(['agent-requested', 'screen-shown', 'agent-joined', 'agent-left']);

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

/** A value by itself: of a field in milliseconds a length of time, of lists their members. */
function valueText(field: string, value: Json): string {
  if (value === null) return 'none';
  if (typeof value === 'number' && field.endsWith('Ms')) return spanText(value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (isList(value)) return value.length === 0 ? 'none' : value.map((one) => memberText(field, one)).join(', ');
  if (typeof value === 'object') {
    const entries = Object.entries(value);
    if (field !== 'dwellMs')
      return entries.map(([name, one]) => `${name} = ${valueText(name, one)}`).join(', ') || 'none';
    return entries.map(([name, one]) => `${name} ${spanText(Number(one))}`).join(', ') || 'none';
  }
  return String(value);
}

function memberText(field: string, value: Json): string {
  if (field !== 'agents' || typeof value !== 'object' || value === null) return valueText(field, value);
  const stay = value as { readonly agent: string; readonly joinedAt: string | null; readonly leftAt: string | null };
  const from = stay.joinedAt === null ? 'join not seen' : `from ${stay.joinedAt}`;
  return `${stay.agent} (${from}${stay.leftAt === null ? '' : ` to ${stay.leftAt}`})`;
}

const PHASES: Readonly<Record<string, string>> = {
  registered: 'known, nobody is in yet',
  waiting: 'waiting in the queue',
  ringing: 'ringing at an agent',
  talking: 'in talk',
  voicemail: 'at the voicemail',
  ended: 'over',
};

/** What a field is called; of one that is not here, its own name. */
const NAMES: Readonly<Record<string, string>> = {
  phase: 'now',
  startedAt: 'began',
  queuedAt: 'in the queue from',
  answeredAt: 'answered',
  endedAt: 'ended',
  waitMs: 'waited',
  talkMs: 'talked',
  stage: 'gave up in stage',
  short: 'a short abandonment:',
  voicemailLeft: 'a message was left:',
  transferred: 'transferred:',
  abandonedInTransfer: 'abandoned in a transfer:',
  hungUpBy: 'hung up by',
  personReached: 'a person was reached:',
  fault: 'fault of',
  inferred: 'inferred:',
  missedOffers: 'missed offers',
  anomalies: 'anomalies:',
  attributes: 'attributes:',
  agents: 'agents:',
  offeredAt: 'asked',
  agentWas: 'agent said to be',
  screenShownAt: 'rang from',
  ringMs: 'rang for',
  contained: 'without a person:',
  handoffs: 'hand-offs',
  dwellMs: 'time by status:',
  blockedAt: 'blocked',
  enteredAt: 'handed over',
  leftAt: 'back',
  returnedTo: 'back to',
  end: 'until',
  durationMs: 'for',
  durationFrom: 'its length is',
  flags: 'flags:',
};

/** @param from null: the field had nothing to say. @param to null: it has no longer */
export function changePhrase(field: string, from: Json, to: Json): Phrase {
  if (to === null || (isList(to) && to.length === 0)) return phrase('change.gone', { field, from });
  // Of a whole list or map the reader sees what it was a few lines above, and of where it stands, too.
  const isPlain = from === null || typeof to === 'object' || STANDS.has(field);
  return isPlain ? phrase('change.new', { field, to }) : phrase('change.other', { field, from, to });
}

const STANDS: ReadonlySet<string> = new Set(['phase', 'status', 'state']);

function englishValue(kind: string, value: Json, { field: of, to }: Phrase['values']): string {
  const field = plainText(kind === 'field' ? value : (of ?? ''));
  if (kind === 'ms') return spanText(Number(value));
  if (kind === 'field') return field === 'dwellMs' && typeof to === 'number' ? 'for' : (NAMES[field] ?? field);
  if (kind !== 'to') return plainText(value);
  return field === 'phase' && typeof value === 'string' ? (PHASES[value] ?? value) : valueText(field, value);
}

/** A text, and what it is made of. */
export type Saying = { readonly says: string; readonly said: readonly Phrase[] };

/** Several are said one after the other. */
export function saying(...said: readonly Phrase[]): Saying {
  return { says: said.map((one) => sayPhrase(one, PHRASES, englishValue)).join(PHRASES.and), said };
}
