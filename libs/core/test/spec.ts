import type {
  AgentWord,
  CallWord,
  ChatWord,
  DerivedRecord,
  Label,
  Rules,
  Settings,
  StatusEvent,
} from '../src/index.ts';
import { AGENT_WORDS, aggregateOf, CALL_WORDS, CHAT_WORDS } from '../src/index.ts';
import type { Driver, Said } from './drive.ts';
import { drive, fileRules, serviceRules } from './drive.ts';
import { agentEvent, BASE, callEvent, chatEvent, recordEvent } from './events.ts';
import type { Case, EventLine, ExpectLine } from './spec-text.ts';
import { timeIn } from './spec-text.ts';

/**
 * Runs cases like this one, and says for each expectation what was expected and what came:
 *
 *   # the contact hung up after eight seconds in the queue
 *   given settleMs=5000                     settings; `drops` for a service, which drops closed state
 *   0   contact-joined                      seconds, or 4h, 1d2h; the lines stand in log order
 *   2   agent-requested Anna was=busy       log=9: when the log took it; else its own time, and never before the line
 * above
 *   8.2 contact-left id=e2                  ids are e1, e2, ... unless given; the same line with the same id is a
 * repeat
 *   5   unknown "Some words"                the vendor's words; else the inner word
 *   6   record failed/dial-failed/no/provider version=2        a finished record: outcome/reason/person/fault
 *   9   Busy for=60 description=Live        an agent's stay with its duration
 *   -- 1h                                   time passes
 *   x too-late                              the event above is refused
 *   = phase waiting since 0                 the aggregate as it is here
 *   => call outcome abandoned waitMs 8200   what stands in the end, when every timer has fired
 *   => offer Anna 1 result missed           also episode N, handoff N, interval START STATE
 *   ! 13.2 call outcome abandoned           what was published when (log time): one such line, and all must be there
 */
export type Finding = { readonly expected: string; readonly actual: string };

const DURATION_MS = /Ms$/;
const TIMES = new Set(['start', 'end', 'since']);
const isTime = (field: string): boolean => TIMES.has(field) || (field.endsWith('At') && !DURATION_MS.test(field));

/** ms after the beginning, in seconds with no more digits than needed. */
const inSeconds = (at: number): string => String((at - BASE) / 1_000);

function shown(field: string, value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'number') return isTime(field) ? inSeconds(value) : String(value);
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map((one) => shown(field, one)).join(',');
  if (typeof value === 'string' || typeof value === 'boolean') return String(value);
  const fields = Object.entries(value);
  if (field === 'agents') return fields.map(([name, one]) => shown(name, one)).join(':');
  return fields.length === 0 ? 'none' : fields.map(([name, one]) => `${name}:${shown(name, one)}`).join(',');
}

/** A record's field; `rule` and `by` stand for the two of `decidedBy`. */
function fieldOf(record: object, field: string): string {
  const all = record as Readonly<Record<string, unknown>>;
  const decidedBy = all['decidedBy'] as { readonly rule: string; readonly eventIds: readonly string[] } | undefined;
  if (field === 'rule') return decidedBy?.rule ?? 'none';
  if (field === 'by') return shown('by', decidedBy?.eventIds ?? []);
  if (!(field in all)) return 'no such field';
  return shown(field, all[field]);
}

/** A time may be written as 4h; compared are seconds. */
function asShown(field: string, expected: string): string {
  const at = isTime(field) ? timeIn(expected) : null;
  return at === null ? expected : inSeconds(BASE + at);
}

function compare(line: ExpectLine, record: object | undefined, head: string): Finding {
  const expected = line.fields.map(([field, value]) => `${field} ${asShown(field, value)}`).join(' ');
  if (!record) return { expected: `${head} ${expected}`, actual: `${head}: there is none` };
  const actual = line.fields.map(([field]) => `${field} ${fieldOf(record, field)}`).join(' ');
  return { expected: `${head} ${expected}`, actual: `${head} ${actual}` };
}

/** What a record is called in a case. */
function headOf(record: DerivedRecord): string {
  switch (record.kind) {
    case 'call-outcome':
      return 'call';
    case 'agent-offer':
      return `offer ${record.agent} ${record.n}`;
    case 'chat-outcome':
      return `episode ${record.episode}`;
    case 'chat-handoff':
      return `handoff ${record.n}`;
    case 'agent-interval':
      return `interval ${inSeconds(record.start)} ${record.state}`;
  }
}

function headIn({ subject }: ExpectLine): string {
  const [kind = '', start = '', ...rest] = subject;
  if (kind !== 'interval') return subject.join(' ');
  return [kind, inSeconds(BASE + (timeIn(start) ?? 0)), ...rest].join(' ');
}

function labelIn(text: string | null): Label | null {
  if (text === null) return null;
  const [outcome, reason, personReached, fault, more] = text.split('/');
  const label = {
    outcome,
    reason,
    personReached,
    fault: fault === '-' ? null : fault,
    transferred: more === 'transferred',
  };
  return { ...label, hungUpBy: more === 'agent' || more === 'contact' ? more : null } as Label;
}

function optionMs(line: EventLine, name: string): number | null {
  const text = line.options.get(name);
  return text === undefined ? null : timeIn(text);
}

function attributesIn(text: string | undefined): Record<string, string> | null {
  if (text === undefined) return null;
  return Object.fromEntries(text.split(',').map((pair) => pair.split(':') as [string, string]));
}

function eventOf(line: EventLine, id: string): StatusEvent {
  const at = BASE + line.at;
  const attributes = attributesIn(line.options.get('attributes'));
  const extras = { attributes, ...(line.status === undefined ? {} : { status: line.status }) };
  const word = line.word;
  if (word === 'record') {
    const time = (name: string): number | null => (line.options.has(name) ? BASE + (optionMs(line, name) ?? 0) : null);
    const version = line.options.get('version');
    const times = { startedAt: time('started'), endedAt: time('ended') };
    const recordVersion = version === undefined ? null : Number(version);
    return recordEvent(id, at, labelIn(line.name), { ...extras, ...times, recordVersion });
  }
  const isAgent = line.options.get('source') === 'vonage' || (word !== 'unknown' && isOf(AGENT_WORDS, word));
  if (isAgent) {
    const description = line.options.get('description') ?? null;
    return agentEvent(id, at, word as AgentWord, optionMs(line, 'for'), { ...extras, description });
  }
  const isChat = line.options.get('source') === 'chatterfy' || (word !== 'unknown' && isOf(CHAT_WORDS, word));
  if (isChat) return chatEvent(id, at, word as ChatWord, extras);
  if (!isOf(CALL_WORDS, word)) throw new Error(`${word} is no word of the inner language`);
  const was = line.options.get('was') as 'busy' | 'available' | undefined;
  return callEvent(id, at, word as CallWord, line.name, { ...extras, agentWas: was ?? null });
}

const isOf = (words: readonly string[], word: string): boolean => words.includes(word);

function rulesOf({ given }: Case): Rules {
  const settings = [...given].filter(([name]) => name !== 'drops').map(([name, value]) => [name, Number(value)]);
  const changed = Object.fromEntries(settings) as Partial<Settings>;
  return given.has('drops') ? serviceRules(changed) : fileRules(changed);
}

function lastSaid(said: readonly Said[], head: string): DerivedRecord | undefined {
  return said.findLast(({ record }) => headOf(record) === head)?.record;
}

/** All that was published, in order, beside all that was to be; each in the fields that were asked for. */
function compareSaid(lines: readonly ExpectLine[], said: readonly Said[]): Finding[] {
  const found = said.map((one) => ({ head: `${inSeconds(one.at)} ${headOf(one.record)}`, record: one.record }));
  const most = Math.max(lines.length, found.length);
  return Array.from({ length: lines.length === 0 ? 0 : most }, (_, i) => {
    const line = lines[i];
    const head = line ? `${inSeconds(BASE + (line.at ?? 0))} ${headIn(line)}` : 'no more';
    const came = found[i];
    if (!line || came?.head !== head) return { expected: head, actual: came?.head ?? 'no more' };
    return compare(line, came.record, head);
  });
}

/** @returns one finding for each expectation of the case */
export function runCase(one: Case): Finding[] {
  const rules = rulesOf(one);
  const driver: Driver = drive(rules);
  const findings: Finding[] = [];
  let clock = 0;
  let count = 0;
  let refused: string | null = null;
  for (const line of one.lines) {
    if (line.what === 'tick') driver.advance(BASE + line.at);
    else if (line.what === 'refused') findings.push({ expected: line.code, actual: refused ?? 'taken' });
    else if (line.what === 'now') {
      const aggregate = driver.state && aggregateOf(driver.state, rules.settings);
      findings.push(compare(line, aggregate ?? undefined, 'now'));
    } else if (line.what === 'event') {
      count += 1;
      clock = Math.max(clock, line.loggedAt ?? line.at);
      const event = eventOf(line, line.options.get('id') ?? `e${count}`);
      refused = driver.push(event, BASE + (line.loggedAt ?? clock))?.rejected ?? null;
    }
  }
  driver.end();
  const expectations = one.lines.filter((line): line is ExpectLine => line.what === 'last' || line.what === 'said');
  const last = expectations.filter(({ what }) => what === 'last');
  findings.push(...last.map((line) => compare(line, lastSaid(driver.said, headIn(line)), headIn(line))));
  findings.push(
    ...compareSaid(
      expectations.filter(({ what }) => what === 'said'),
      driver.said,
    ),
  );
  return findings;
}
