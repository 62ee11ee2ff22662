import type { StatusEvent } from './event.ts';

/**
 * What events and fields say, in words a person understands: the one place for them, so that text, API and page agree.
 */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A length of time to the millisecond, as `8.2 s`, `3 min 5 s`, `4 h` or `7 d 1 h`. */
export function spanText(ms: number): string {
  if (ms < 0) return `-${spanText(-ms)}`;
  const parts: string[] = [];
  let rest = ms;
  for (const [unit, name] of [
    [DAY, 'd'],
    [HOUR, 'h'],
    [MINUTE, 'min'],
  ] as const) {
    const whole = Math.floor(rest / unit);
    if (whole > 0) parts.push(`${whole} ${name}`);
    rest -= whole * unit;
  }
  if (rest > 0 || parts.length === 0) parts.push(`${rest / SECOND} s`);
  return parts.join(' ');
}

/** Values as they stand in JSON: times are texts already. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** What an event says, whatever becomes of it. */
export function eventSays(event: StatusEvent): string {
  if (event.word === 'record') return recordSays(event.detail, event.status);
  if (event.kind === 'agent') {
    const why = event.detail.description === null ? '' : ` (${event.detail.description})`;
    const long = event.detail.duration;
    const unknown = event.word === 'unknown' ? 'a state callfold does not know, kept as it is: ' : '';
    const until = long === null ? 'with no end yet' : `for ${spanText(long)}`;
    return `${unknown}${event.status ?? 'unknown'}${why} from then on, ${until}`;
  }
  if (event.word === 'unknown') return 'not a status that callfold knows: kept as it is';
  return event.kind === 'chat' ? CHAT_SAYS[event.word] : callSays(event);
}

function recordSays(detail: Extract<StatusEvent, { word: 'record' }>['detail'], status: string | null): string {
  const version =
    detail.recordVersion === null ? 'the record, with no version' : `version ${detail.recordVersion} of the record`;
  if (detail.label) return `${version}: ${detail.label.outcome}, ${detail.label.reason}`;
  return status === null ? `${version}: no status` : `${version}: not a label that callfold knows, kept as it is`;
}

const CHAT_SAYS: Readonly<Record<Exclude<Extract<StatusEvent, { kind: 'chat' }>['word'], 'unknown'>, string>> = {
  auto: 'the bot leads the client through the flow',
  manual: 'handed to a person',
  waiting: 'the bot waits for the client',
  finished: 'the client completed the flow',
  blocked: 'the client blocked the bot',
  stopped: 'the bot cannot write to the chat',
};

type TimelineEvent = Exclude<Extract<StatusEvent, { kind: 'call' }>, { word: 'record' }>;

function callSays({ word, agent, agentWas }: TimelineEvent): string {
  const who = agent ?? 'an agent who is not named';
  switch (word) {
    case 'registered':
      return 'the call came in';
    case 'crm-registered':
      return 'the call is registered in the CRM';
    case 'contact-joined':
      return 'the contact is in';
    case 'agent-requested':
      return `${who} is asked to take it${agentWas === null ? '' : `, and is said to be ${agentWas}`}`;
    case 'screen-shown':
      return `it rings at ${who}`;
    case 'redirected':
      return 'sent to voicemail';
    case 'agent-joined':
      return `${who} is in`;
    case 'no-answer':
      return 'somebody did not answer; who, it does not say';
    case 'agent-left':
      return `${who} left`;
    case 'contact-left':
      return 'the contact left';
    case 'ended':
      return 'the call is over';
    case 'recorded':
      return 'a recording was attached';
    case 'unknown':
      return 'not a status that callfold knows: kept as it is';
  }
}

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

/** One change in words. @param from null: the field had nothing to say. @param to null: it has no longer */
export function changeSays(field: string, from: Json, to: Json): string {
  const name = field === 'dwellMs' && typeof to === 'number' ? 'for' : (NAMES[field] ?? field);
  const show = (value: Json): string =>
    field === 'phase' && typeof value === 'string' ? (PHASES[value] ?? value) : valueText(field, value);
  if (to === null || (isList(to) && to.length === 0)) return `no longer ${name} ${show(from)}`;
  if (from === null || field === 'phase' || field === 'status' || field === 'state') return `${name} ${show(to)}`;
  // Of a whole list or map the reader sees what it was a few lines above.
  return typeof to === 'object' ? `${name} ${show(to)}` : `${name} ${show(to)}, was ${show(from)}`;
}
