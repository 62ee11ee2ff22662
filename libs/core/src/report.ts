import type { AgentInterval } from '@callfold/schemas';
import { isoTime } from '@callfold/schemas';
import type { Source } from './event.ts';
import { MAX_TIME, MIN_TIME } from './limits.ts';
import type { DerivedRecord } from './record.ts';
import type { AgentFigures } from './report-agents.ts';
import { openAgentTally } from './report-agents.ts';
import type { CallRecordFigures } from './report-call-records.ts';
import { openCallRecordTally } from './report-call-records.ts';
import type { CallFigures } from './report-calls.ts';
import { answeredBy, openCallTally } from './report-calls.ts';
import type { ChatFigures } from './report-chats.ts';
import { openChatTally } from './report-chats.ts';
import type { Piece, Zone } from './report-time.ts';
import { hourOf, pieces } from './report-time.ts';

/** Named figures over derived records. Every one is defined, with what it does not say, in docs/report.md. */

export const DIMENSIONS = ['tenant', 'source', 'agent', 'day', 'hour'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** T of the service levels where nobody asks for others; the console has these alone. */
export const THRESHOLDS_SECONDS: readonly number[] = [20, 30, 60];

/** More groups than this are refused: nobody reads them, and they would take the memory. */
export const REPORT_GROUPS_MAX = 100_000;

export type ReportOptions = {
  /** Whose days and hours are meant. */
  readonly zone: Zone;
  /** Epoch ms; inclusive. Null: from the first record on. */
  readonly from: number | null;
  /** Epoch ms; exclusive. Null: up to the last record. */
  readonly to: number | null;
  /** Stays of agents that have no end count up to here, epoch ms; null: their time is left out. */
  readonly openUntil: number | null;
  /** Empty: all. */
  readonly tenants: readonly string[];
  /** Empty: all. */
  readonly sources: readonly Source[];
  /** T of the service levels, in seconds, inclusive. */
  readonly thresholdsSeconds: readonly number[];
  /** The figures again for every group of these; empty: the whole only. */
  readonly by: readonly Dimension[];
};

/** A source without a record in the range is not there. */
export type SourceFigures = {
  readonly callcenter24?: CallFigures;
  readonly atlas?: CallRecordFigures;
  readonly chatterfy?: ChatFigures;
  readonly vonage?: AgentFigures;
};

/** The dimensions asked for; null where a record has none, as a call that nobody answered has no agent. */
export type GroupKey = Readonly<Partial<Record<Dimension, string | number | null>>>;

export type ReportFigures = SourceFigures & {
  /** As asked for, ISO 8601 UTC. */
  readonly from: string | null;
  readonly to: string | null;
  readonly zone: string;
  readonly thresholdsSeconds: readonly number[];
  readonly by: readonly Dimension[];
  /** Up to here stays without an end count; null: their time is left out. */
  readonly openIntervalsUntil: string | null;
  /** Records that the figures rest on. */
  readonly records: number;
  readonly groups: readonly ({ readonly key: GroupKey } & SourceFigures)[];
};

export type Report = {
  /** Of each record its last revision, once; what is out of the range, or another's, changes nothing. */
  add(record: DerivedRecord): void;
  figures(): ReportFigures;
};

/** When a record counts, epoch ms: calls as they queued, else started; episodes as they ended, else started. */
export function timeOf(record: DerivedRecord): number {
  switch (record.kind) {
    case 'call-outcome':
      return record.queuedAt ?? record.startedAt ?? record.occurredAt;
    case 'agent-offer':
      return record.offeredAt ?? record.screenShownAt ?? record.occurredAt;
    case 'chat-outcome':
      return record.endedAt ?? record.startedAt;
    case 'chat-handoff':
      return record.enteredAt;
    case 'agent-interval':
      return record.start;
  }
}

/** Whether a record has a part in the figures. A stay that reaches into the range has. */
export function isReported(record: DerivedRecord, options: ReportOptions): boolean {
  const { tenants, sources } = options;
  if (tenants.length > 0 && !tenants.includes(record.tenantId)) return false;
  if (sources.length > 0 && !sources.includes(record.source)) return false;
  if (isIn(timeOf(record), options)) return true;
  if (record.kind !== 'agent-interval') return false;
  return record.start < rangeOf(options).from && (record.end ?? Infinity) > rangeOf(options).from;
}

function timeText(at: number | null): string | null {
  return at === null ? null : isoTime(at);
}

function rangeOf({ from, to }: ReportOptions): { readonly from: number; readonly to: number } {
  return { from: from ?? MIN_TIME, to: to ?? MAX_TIME };
}

function isIn(at: number, options: ReportOptions): boolean {
  const { from, to } = rangeOf(options);
  return at >= from && at < to;
}

function agentOf(record: DerivedRecord): string | null {
  if (record.kind === 'call-outcome') return answeredBy(record);
  if (record.kind === 'agent-offer') return record.agent;
  return record.kind === 'agent-interval' ? record.agentId : null;
}

/** The tallies of the whole, or of one group; one is made when its first record comes. */
function openSection(options: ReportOptions) {
  const made: {
    calls?: ReturnType<typeof openCallTally>;
    callRecords?: ReturnType<typeof openCallRecordTally>;
    chats?: ReturnType<typeof openChatTally>;
    agents?: ReturnType<typeof openAgentTally>;
  } = {};
  const calls = () => (made.calls ??= openCallTally(options));
  const callRecords = () => (made.callRecords ??= openCallRecordTally());
  const chats = () => (made.chats ??= openChatTally());
  return {
    add(record: Exclude<DerivedRecord, AgentInterval>): void {
      if (record.kind === 'agent-offer') calls().addOffer(record);
      else if (record.kind === 'chat-outcome') chats().addEpisode(record);
      else if (record.kind === 'chat-handoff') chats().addHandoff(record);
      else if (record.source === 'atlas') callRecords().addCall(record);
      else calls().addCall(record);
    },
    agents: () => (made.agents ??= openAgentTally()),
    figures: (): SourceFigures => ({
      ...(made.calls && { callcenter24: made.calls.figures() }),
      ...(made.callRecords && { atlas: made.callRecords.figures() }),
      ...(made.chats && { chatterfy: made.chats.figures() }),
      ...(made.agents && { vonage: made.agents.figures() }),
    }),
  };
}

type Section = ReturnType<typeof openSection>;
type Group = { readonly values: readonly (string | number | null)[]; readonly section: Section };

function compareValues(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0;
  // What has no value, as a call without an agent, comes last.
  if (a === null || b === null) return a === null ? 1 : -1;
  return a < b ? -1 : 1;
}

function compareGroups(a: Group, b: Group): number {
  return (
    a.values.map((value, index) => compareValues(value, b.values[index] ?? null)).find((order) => order !== 0) ?? 0
  );
}

export function openReport(options: ReportOptions): Report {
  const { zone, by } = options;
  const whole = openSection(options);
  const groups = new Map<string, Group>();
  const cutAt = by.includes('hour') ? 'hours' : 'days';
  let records = 0;

  function valueOf(dimension: Dimension, record: DerivedRecord, at: number): string | number | null {
    switch (dimension) {
      case 'tenant':
        return record.tenantId;
      case 'source':
        return record.source;
      case 'agent':
        return agentOf(record);
      case 'day':
        return zone.dayOf(at).date;
      case 'hour':
        return hourOf(zone.dayOf(at), at);
    }
  }

  /** The whole, and the group in which the record counts as of an instant. */
  function sectionsOf(record: DerivedRecord, at: number): readonly Section[] {
    if (by.length === 0) return [whole];
    const values = by.map((dimension) => valueOf(dimension, record, at));
    const name = JSON.stringify(values);
    const known = groups.get(name);
    if (known) return [whole, known.section];
    if (groups.size >= REPORT_GROUPS_MAX) {
      throw new Error(`More than ${REPORT_GROUPS_MAX} groups: name a shorter range, or fewer dimensions.`);
    }
    const section = openSection(options);
    groups.set(name, { values, section });
    return [whole, section];
  }

  function addPiece(interval: AgentInterval, piece: Piece): void {
    for (const section of sectionsOf(interval, piece.from)) {
      section.agents().addAgent(interval);
      section.agents().addTime(interval, piece);
    }
  }

  function addInterval(interval: AgentInterval): void {
    const range = rangeOf(options);
    const from = Math.max(interval.start, range.from);
    for (const section of sectionsOf(interval, from)) {
      section.agents().addAgent(interval);
      if (isIn(interval.start, options)) section.agents().addStart(interval);
      if (interval.end === null) section.agents().addOpen();
    }
    const end = interval.end ?? options.openUntil;
    if (end === null) return;
    for (const piece of pieces(from, Math.min(end, range.to), zone, cutAt)) addPiece(interval, piece);
  }

  return {
    add(record) {
      if (!isReported(record, options)) return;
      records += 1;
      if (record.kind === 'agent-interval') return addInterval(record);
      for (const section of sectionsOf(record, timeOf(record))) section.add(record);
    },
    figures: () => ({
      from: timeText(options.from),
      to: timeText(options.to),
      zone: zone.name,
      thresholdsSeconds: options.thresholdsSeconds,
      by,
      openIntervalsUntil: timeText(options.openUntil),
      records,
      ...whole.figures(),
      groups: [...groups.values()].sort(compareGroups).map(({ values, section }) => ({
        key: Object.fromEntries(by.map((dimension, index) => [dimension, values[index] ?? null])),
        ...section.figures(),
      })),
    }),
  };
}
