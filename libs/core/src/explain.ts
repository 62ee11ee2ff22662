import { readAgent } from './agent.ts';
import { readCall } from './call.ts';
import { readCallRecord } from './call-record.ts';
import { readChat } from './chat.ts';
import type { StatusEvent } from './event.ts';
import { subjectKey } from './key.ts';
import type { DerivedDraft } from './record.ts';
import { isClosed } from './records.ts';
import type { Settings } from './settings.ts';
import type { State } from './state.ts';
import { addEvent, emptyState } from './state.ts';

/** The one explanation of a subject: for the command, the API and the page. Made from its raw events alone. */

/** One raw event of the subject, as the log has it. */
export type Seen = { readonly event: StatusEvent; readonly loggedAt: number; readonly offset: number | null };

export type Change = { readonly field: string; readonly from: unknown; readonly to: unknown };

export type ExplainedEvent = {
  readonly occurredAt: number;
  readonly loggedAt: number;
  readonly offset: number | null;
  readonly eventId: string;
  readonly status: string | null;
  /** The word of the inner language it was read as. */
  readonly word: string;
  /** `repeat`: it said nothing new. `late`: the log took it after a later one. */
  readonly note: 'repeat' | 'late' | null;
  /** What it changed in what is said of the subject, as `record field`. */
  readonly changes: readonly Change[];
};

export type Explanation = {
  readonly kind: State['kind'];
  readonly tenantId: string;
  readonly source: State['source'];
  readonly subjectId: string;
  /** In the order in which the log took them. */
  readonly events: readonly ExplainedEvent[];
  /** Over, or fallen silent: what is said is what is published. Else it is what would be said now. */
  readonly closed: boolean;
  readonly records: readonly DerivedDraft[];
};

/** What can be said of a subject now, whether or not it is closed. */
export function readingsOf(state: State, settings: Settings): readonly DerivedDraft[] {
  if (state.facts.length === 0) return [];
  if (state.kind === 'agent') return readAgent(state);
  if (state.kind === 'chat') {
    const { outcomes, handoffs } = readChat({ ...state, silent: true });
    return [...outcomes, ...handoffs];
  }
  if (state.source !== 'callcenter24') return [readCallRecord(state)];
  const { outcome, offers } = readCall(state, settings);
  return [outcome, ...offers];
}

/** What every reader knows already, and what only says when. */
const QUIET: ReadonlySet<string> = new Set(['kind', 'outcomeId', 'tenantId', 'source', 'ingestedAt', 'decidedBy', 'occurredAt']);

function fieldsOf(drafts: readonly DerivedDraft[]): Map<string, string> {
  const fields = new Map<string, string>();
  for (const draft of drafts) {
    const name = draft.kind === 'call-outcome' ? '' : `${draft.outcomeId.split('/').slice(2).join('/')} `;
    for (const [field, value] of Object.entries(draft)) {
      if (!QUIET.has(field)) fields.set(`${name}${field}`, JSON.stringify(value));
    }
  }
  return fields;
}

function changesBetween(before: readonly DerivedDraft[], after: readonly DerivedDraft[]): Change[] {
  const was = fieldsOf(before);
  const is = fieldsOf(after);
  const changes: Change[] = [];
  for (const field of new Set([...was.keys(), ...is.keys()])) {
    const from = was.get(field);
    const to = is.get(field);
    if (from === to || (from === undefined && (to === 'null' || to === '[]' || to === 'false'))) continue;
    changes.push({ field, from: from === undefined ? null : JSON.parse(from), to: to === undefined ? null : JSON.parse(to) });
  }
  return changes;
}

/**
 * @param seen the subject's events in log order
 * @returns null when there are none
 */
export function explain(seen: readonly Seen[], settings: Settings): Explanation | null {
  const first = seen[0]?.event;
  if (!first) return null;
  let state = emptyState(first.source, subjectKey(first.tenantId, first.subjectId));
  let latest = -Infinity;
  const events = seen.map(({ event, loggedAt, offset }): ExplainedEvent => {
    const before = state;
    state = addEvent(before, event, loggedAt);
    const isLate = event.at < latest;
    latest = Math.max(latest, event.at);
    return {
      occurredAt: event.at,
      loggedAt,
      offset,
      eventId: event.eventId,
      status: event.status,
      word: event.word,
      note: state === before ? 'repeat' : isLate ? 'late' : null,
      changes: state === before ? [] : changesBetween(readingsOf(before, settings), readingsOf(state, settings)),
    };
  });
  return {
    kind: state.kind,
    tenantId: state.tenantId,
    source: state.source,
    subjectId: state.subjectId,
    events,
    closed: isClosed(state),
    records: readingsOf(state, settings),
  };
}
