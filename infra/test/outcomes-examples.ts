import type { DerivedRecord, RawEvent, SeenAgent, Zone } from '@callfold/core';
import {
  agentsInCall,
  aggregateJson,
  DEFAULT_SETTINGS,
  encodeAgentInCall,
  isRejection,
  mergeAgents,
  openReport,
  recordJson,
  SOURCES,
} from '@callfold/core';
import { createOfflineFold, fileRules } from '@callfold/engine';
import { readEvent } from '@callfold/sources';

/**
 * The examples of docs/outcomes.md and docs/report.md: lines of time and status as an upstream sends them, further
 * fields behind as JSON, and after `→` what is in the records that come of it. Without `revision` what stands in the
 * end is meant.
 */

export type Example = { readonly source: string; readonly line: number; readonly text: string };
export type Expectation = {
  readonly text: string;
  readonly kind: string;
  readonly fields: ReadonlyMap<string, string>;
};

const DAY = '2026-01-05';
const SUBJECT_FIELD: Readonly<Record<string, string>> = {
  callcenter24: 'callId',
  atlas: 'callId',
  chatterfy: 'chatId',
  vonage: 'agentId',
};
const KINDS: Readonly<Record<string, string>> = {
  call: 'call-outcome',
  offer: 'agent-offer',
  episode: 'chat-outcome',
  'hand-off': 'chat-handoff',
  interval: 'agent-interval',
  agent: 'agent',
  report: 'report',
};

export function examplesIn(page: string): Example[] {
  const fences = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)];
  return fences
    .filter(([, source = '']) => (SOURCES as readonly string[]).includes(source))
    .map((fence) => ({
      source: fence[1] ?? '',
      line: page.slice(0, fence.index).split('\n').length,
      text: fence[2] ?? '',
    }));
}

const isoOf = (time: string): string => `${DAY}T${time.includes('.') ? time : `${time}.000`}Z`;

function eventOf(source: string, line: string): RawEvent {
  const found = /^([\d:.]+) {2,}(.*?)(?: {2,}(\{.*\}))?$/.exec(line);
  if (!found) throw new Error(`no event: ${line}`);
  const [, time = '', words = '', more = '{}'] = found;
  const status = words === 'null' ? null : words;
  const own = source === 'vonage' ? { start: isoOf(time), state: status } : { occurredAt: isoOf(time), status };
  const subject = { [SUBJECT_FIELD[source] ?? 'id']: 'c1' };
  const event = readEvent({ source, ...subject, ...own, ...(JSON.parse(more) as object) });
  if (isRejection(event)) throw new Error(`${line}: ${event.reason}`);
  return event;
}

export function expectationsIn({ text }: Example): Expectation[] {
  const lines = text.split('\n').filter((line) => line.startsWith('→'));
  return lines.map((line) => {
    const [, kind = '', rest = ''] = /^→ ([a-z-]+): (.*)$/.exec(line) ?? [];
    const fields = rest.match(/\w[\w.<> -]*?=(?:"[^"]*"|\S+)/g) ?? [];
    const pairs = fields.map((field): [string, string] => {
      const at = field.indexOf('=');
      return [field.slice(0, at), field.slice(at + 1).replaceAll('"', '')];
    });
    return { text: line, kind: KINDS[kind] ?? kind, fields: new Map(pairs) };
  });
}

/** As the page writes a value: times of its day without the day, lists between commas, nothing as `none`. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(shown).join(',');
  const text = String(value);
  const time = new RegExp(`^${DAY}T([\\d:]+)\\.(\\d{3})Z$`).exec(text);
  if (!time) return text;
  return time[2] === '000' ? (time[1] ?? '') : `${time[1]}.${time[2]}`;
}

type Json = Record<string, unknown>;

/** `rule` is `decidedBy.rule`; a dot goes into a field. */
export function fieldOf(record: Json, field: string): string {
  const path = field === 'rule' ? ['decidedBy', 'rule'] : field.split('.');
  return shown(path.reduce<unknown>((value, name) => (value as Json | undefined)?.[name], record));
}

export type Folded = {
  /** Every revision, in order. */
  readonly published: readonly Json[];
  /** The last of each record. */
  readonly standing: readonly Json[];
  /** Agents as the calls show them before any timer fires. */
  readonly agents: readonly Json[];
  /** The report's figures of its source, T being 20 s. */
  readonly report: Json;
};

const DAY_MS = 86_400_000;
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

/** Days of UTC, which need no calendar. */
export const UTC: Zone = {
  name: 'UTC',
  dayOf(at) {
    const start = Math.floor(at / DAY_MS) * DAY_MS;
    const hourAt = (hour: number): number => start + (hour * DAY_MS) / HOURS.length;
    const hours = HOURS.map((hour) => ({ hour, start: hourAt(hour), end: hourAt(hour + 1) }));
    return { date: new Date(start).toISOString().slice(0, DAY.length), start, end: start + DAY_MS, hours };
  },
};

function figuresOf(records: Iterable<DerivedRecord>, source: string): Json {
  const whole = { from: null, to: null, openUntil: null, tenants: [], sources: [], by: [] };
  const report = openReport({ ...whole, zone: UTC, thresholdsSeconds: [20] });
  for (const record of records) report.add(record);
  return (report.figures() as unknown as Readonly<Record<string, Json | undefined>>)[source] ?? {};
}

export function foldExample({ source, text }: Example): Folded {
  const fold = createOfflineFold(fileRules(DEFAULT_SETTINGS));
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('→'));
  const records: DerivedRecord[] = lines.flatMap((line) => [...fold.push(eventOf(source, line)).records]);
  const doing = [...fold.states()].flatMap((state) => [...agentsInCall(state, DEFAULT_SETTINGS)]);
  const seen: readonly SeenAgent[] = mergeAgents(doing.map(([key, one]) => [key, encodeAgentInCall(one)]));
  records.push(...fold.end());
  const last = new Map(records.map((record) => [`${record.kind} ${record.outcomeId}`, record]));
  return {
    published: records.map(recordJson),
    standing: [...last.values()].map(recordJson),
    agents: seen.map((agent) => aggregateJson(agent)),
    report: figuresOf(last.values(), source),
  };
}

/** The records that an expectation may be about. */
export function candidates({ kind, fields }: Expectation, folded: Folded): readonly Json[] {
  if (kind === 'agent') return folded.agents;
  if (kind === 'report') return [folded.report];
  const records = fields.has('revision') ? folded.published : folded.standing;
  return records.filter((record) => record['kind'] === kind);
}
