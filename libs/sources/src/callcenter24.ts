import type { CallWord } from '@callfold/core';
import { isContact, normaliseName } from './names.ts';
import type { Row, Vocabulary } from './vocabulary.ts';
import { alike, rowFinder } from './vocabulary.ts';

export type CallCenter24Row = Row & { readonly word: Exclude<CallWord, 'unknown'> };

export const CALLCENTER24: Vocabulary<CallCenter24Row> = {
  source: 'callcenter24',
  documentation: "CallCenter24's page on the statuses of a log entry",
  rows: [
    { status: 'Registred in CallCenter24', word: 'registered', meaning: 'the call came in from Twilio' },
    { status: 'Registred in Bitrix', word: 'crm-registered', meaning: 'the call is registered in the CRM' },
    {
      status: 'Sending a request to display the call screen - {agent} ({availability})',
      word: 'agent-requested',
      meaning: 'the CRM was asked to show this agent the call screen; the agent is Busy or Available',
    },
    {
      status: 'Participant join (Contact)',
      word: 'contact-joined',
      meaning: 'the caller is in and waits for an agent',
    },
    { status: 'Show call screen - {agent}', word: 'screen-shown', meaning: "the agent's screen is open" },
    { status: 'Participant join ({agent})', word: 'agent-joined', meaning: 'the agent is in the call' },
    { status: 'Participant leave (Contact)', word: 'contact-left', meaning: 'the caller left' },
    { status: 'Participant leave ({agent})', word: 'agent-left', meaning: 'the agent left' },
    { status: 'Call ended', word: 'ended', meaning: 'the call is over' },
    { status: 'Record added', word: 'recorded', meaning: 'the recording is attached to the lead, contact or company' },
    {
      status: 'no-answer',
      word: 'no-answer',
      meaning: "the call ended without an answer; it names no agent and may be about one agent's ringing",
    },
    {
      status: 'Redirect to voice mail',
      word: 'redirected',
      meaning: 'sent to voicemail: over for the agents, the caller may leave a message',
    },
  ],
};

export type CallStatus = {
  /** The row that the status is an instance of; null when it is none. */
  readonly row: CallCenter24Row | null;
  readonly word: CallWord;
  /** Null where the row names none. */
  readonly agent: string | null;
  readonly agentWas: 'available' | 'busy' | null;
};

const UNKNOWN: CallStatus = { row: null, word: 'unknown', agent: null, agentWas: null };
const AGENT = '{agent}';
const AVAILABILITY = ' ({availability})';

/** A row that names an agent: the words before and after the name, levelled out. */
type Template = {
  readonly row: CallCenter24Row;
  readonly before: string;
  readonly after: string;
  readonly tellsAvailability: boolean;
};

const TEMPLATES: readonly Template[] = CALLCENTER24.rows
  .filter((row) => row.status.includes(AGENT))
  .map((row) => {
    const [before = '', rest = ''] = row.status.split(AGENT);
    const tellsAvailability = rest === AVAILABILITY;
    return { row, before: alike(before), after: tellsAvailability ? '' : alike(rest), tellsAvailability };
  });

const wholeRow = rowFinder(CALLCENTER24.rows.filter((row) => !row.status.includes(AGENT)));

/** Statuses seen lately and what they mean: few names make up nearly all of a log. Dropped whole when it is full. */
const MEMO_ENTRIES = 8_192;
/** Longer ones are parsed each time, so that the memo's memory has a bound. */
const MEMO_STATUS_CHARACTERS = 256;
const memo = new Map<string, CallStatus>();

/** What a status says; anything that is no row of the table is `unknown`. */
export function readCallStatus(status: string | null): CallStatus {
  if (status === null) return UNKNOWN;
  const known = memo.get(status);
  if (known !== undefined) return known;
  const meant = parse(status.trim());
  if (status.length <= MEMO_STATUS_CHARACTERS) {
    if (memo.size >= MEMO_ENTRIES) memo.clear();
    memo.set(status, meant);
  }
  return meant;
}

function parse(status: string): CallStatus {
  const whole = wholeRow(status);
  if (whole !== null) return { row: whole, word: whole.word, agent: null, agentWas: null };
  for (const template of TEMPLATES) {
    // Only the fixed words are levelled out: in a name, case and dashes stand as they came.
    const start = template.before.length;
    const end = status.length - template.after.length;
    const fits = end >= start && alike(status.slice(0, start)) === template.before;
    if (fits && alike(status.slice(end)) === template.after) return fill(template, status.slice(start, end));
  }
  return UNKNOWN;
}

function fill(template: Template, text: string): CallStatus {
  const split = template.tellsAvailability ? splitAvailability(text) : { name: text, agentWas: null };
  const { name: given, agentWas } = split;
  const name = normaliseName(given);
  if (name === '') return UNKNOWN;
  if (!isContact(name)) return { row: template.row, word: template.row.word, agent: name, agentWas };
  // The caller is no agent: the row of its own where there is one; nobody is shown a screen as the caller.
  const own = wholeRow(`${template.before}Contact${template.after}`);
  return own === null ? UNKNOWN : { row: own, word: own.word, agent: null, agentWas: null };
}

/** The last bracket is the availability only when it is one of the two words; any other belongs to the name. */
function splitAvailability(text: string): { readonly name: string; readonly agentWas: CallStatus['agentWas'] } {
  const open = text.lastIndexOf('(');
  if (open >= 0 && text.endsWith(')')) {
    const word = text
      .slice(open + 1, -1)
      .trim()
      .toLowerCase();
    if (word === 'busy' || word === 'available') return { name: text.slice(0, open), agentWas: word };
  }
  return { name: text, agentWas: null };
}
