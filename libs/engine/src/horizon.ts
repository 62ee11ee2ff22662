import type { DerivedRecord, Settings, Source, State } from '@callfold/core';
import { longestTimerMs, subjectKey } from '@callfold/core';
import type { Begun } from './checkpoint.ts';
import type { At, Log } from './ports.ts';

/**
 * A raw log whose beginning is gone (retention, or a topic made anew) cannot say all of a subject that began before.
 * What it gives for such a one is folded, never compared, never corrected. The rule, for `recover` and `verify`;
 * docs/recover.md has it in words.
 */
export type Horizon = {
  /** First offset that the log has. */
  readonly start: number;
  /** Append time of its first record, epoch ms. */
  readonly firstAt: number;
  /** A subject first met later than this began where it was met. */
  readonly until: number;
  /** As `Begun.isGrown`, as long as the log has records of then. */
  readonly isGrown?: boolean;
  /** As `Begun.placed`. */
  readonly placed?: number;
};

/** Of a log without a record: everything that stands was before it. */
const NEVER = Number.MAX_SAFE_INTEGER;

/**
 * Null: the log has its beginning.
 * @param from where the fold begins, when that is not the log's start
 * @param begun of a state that knows of another log before this one
 */
export async function horizonOf(
  log: Log,
  at: At,
  settings: Settings,
  from = 0,
  begun?: Begun,
): Promise<Horizon | null> {
  const bounds = await log.bounds(at);
  const start = Math.max(bounds.start, from, begun?.from ?? 0);
  const { end } = bounds;
  if (start === 0 && begun === undefined) return null;
  const { isGrown = false, placed = Infinity } = begun ?? {};
  const grown = isGrown && start < placed ? { isGrown, ...(placed < Infinity && { placed }) } : {};
  for (let offset = start; offset < end; ) {
    const batch = await log.read(at, offset, 1);
    const [first] = batch.records;
    if (first) {
      return { start, firstAt: first.appendedAt, until: first.appendedAt + longestTimerMs(settings), ...grown };
    }
    if (batch.next <= offset) break;
    offset = batch.next;
  }
  return { start, firstAt: NEVER, until: NEVER, ...grown };
}

/** The standing record itself came of something that the log does not have any more. */
export function isOfBefore(horizon: Horizon, origin: number, ingestedAt: number | null): boolean {
  return origin < horizon.start || (ingestedAt !== null && ingestedAt < horizon.firstAt);
}

/** What refused its record may be gone from the log: what it was too late for, or the erasure of its subject. */
export function isLetterOfBefore(horizon: Horizon | null, code: string, offset: number): boolean {
  if (isPlacedBefore(horizon, code, offset)) return true;
  return horizon !== null && (code === 'too-late' || code === 'erased');
}

/** Its record was in its right place, by the number of partitions that there was. */
export function isPlacedBefore(horizon: Horizon | null, code: string, offset: number): boolean {
  return horizon?.isGrown === true && code === 'wrong-partition' && offset < (horizon.placed ?? Infinity);
}

/** The log may lack the beginning of a subject first met then. */
export function mayHaveBegunBefore(horizon: Horizon, firstMet: number): boolean {
  return firstMet <= horizon.until;
}

/**
 * What shares its fate before the horizon: all of a call or a chat. Of an agent one stay: it depends on none before it.
 */
export function fateOf(record: DerivedRecord): string {
  if (record.kind === 'agent-interval') return record.outcomeId;
  return `${record.source} ${subjectOf(record).key}`;
}

export type RecordSubject = {
  readonly key: string;
  readonly tenantId: string;
  readonly source: Source;
  readonly subjectId: string;
};

/** Whose record it is; of a disguised one, as it names it. */
export function subjectOf(record: DerivedRecord): RecordSubject {
  const { tenantId, source } = record;
  const isChat = record.kind === 'chat-outcome' || record.kind === 'chat-handoff';
  const subjectId = record.kind === 'agent-interval' ? record.agentId : isChat ? record.chatId : record.callId;
  return { key: subjectKey(tenantId, subjectId), tenantId, source, subjectId };
}

/** When the log's fold first met the record's subject; of an agent's stay, when it met what decided it. */
export function firstMetOf(record: DerivedRecord, subjectMet: number | undefined): number {
  const decided = record.ingestedAt ?? 0;
  return record.kind === 'agent-interval' ? decided : (subjectMet ?? decided);
}

/** When a state's subject was first met, as far as it knows. */
export function firstLogged(state: State | null): number | undefined {
  if (state === null || state.facts.length === 0) return undefined;
  return state.facts.reduce((first, { loggedAt }) => Math.min(first, loggedAt), Infinity);
}

/**
 * A kept state that differs from the fold's, or that the fold does not have, and may well be right: it knows what is
 * gone from the log.
 */
export function isStateOfBefore(
  horizon: Horizon,
  kept: State,
  folded: State | null,
  subjectMet: number | undefined,
): boolean {
  if (kept.changedAt < horizon.firstAt || (firstLogged(kept) ?? Infinity) < horizon.firstAt) return true;
  if (mayHaveBegunBefore(horizon, subjectMet ?? kept.changedAt)) return true;
  return kept.horizon !== (folded?.horizon ?? null) || kept.episodesBefore !== (folded?.episodesBefore ?? 0);
}
