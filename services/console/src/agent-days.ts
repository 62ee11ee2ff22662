import type { DerivedRecord, Source } from '@callfold/core';

/**
 * What agents did today, of what is over: by state, from the stays that upstreams report, from calls that agents were
 * in, and from screens that rang. The state that an agent is in now is not in it.
 */

export type AgentDay = {
  readonly tenantId: string;
  readonly source: Source;
  readonly agentId: string;
  /** When the first of it began, epoch ms. */
  readonly from: number;
  readonly timeMs: Readonly<Record<string, number>>;
};

type Span = readonly [from: number, to: number];
type Day = {
  readonly tenantId: string;
  readonly source: Source;
  readonly agentId: string;
  readonly spans: Map<string, Span[]>;
};

/** Of all together; what overlaps counts once. */
function lengthOf(spans: readonly Span[]): number {
  let sum = 0;
  let reached = -Infinity;
  for (const [from, to] of spans.toSorted(([a], [b]) => a - b)) {
    sum += Math.max(0, to - Math.max(from, reached));
    reached = Math.max(reached, to);
  }
  return sum;
}

function timesOf({ source, spans }: Day): Record<string, number> {
  if (source !== 'callcenter24')
    return Object.fromEntries([...spans].map(([state, all]) => [state, lengthOf(all)] as const));
  // Another call may ring while one is on: that is being on a call.
  const onCall = spans.get('on-call') ?? [];
  const calls = lengthOf(onCall);
  return { 'on-call': calls, ringing: lengthOf([...onCall, ...(spans.get('ringing') ?? [])]) - calls };
}

/** @param from the day's start @param to now, or the day's end @param tenantId null: of all */
export function agentDays(
  records: Iterable<DerivedRecord>,
  from: number,
  to: number,
  tenantId: string | null,
): AgentDay[] {
  const days = new Map<string, Day>();

  function add({ tenantId: of, source }: DerivedRecord, agentId: string, state: string, [begun, ended]: Span): void {
    const span = [Math.max(from, begun), Math.min(to, ended)] as const;
    if (span[1] <= span[0]) return;
    const name = `${source}/${of}/${agentId}`;
    const day: Day = days.get(name) ?? { tenantId: of, source, agentId, spans: new Map() };
    days.set(name, day);
    const spans: Span[] = day.spans.get(state) ?? [];
    spans.push(span);
    day.spans.set(state, spans);
  }

  for (const record of records) {
    if (tenantId !== null && record.tenantId !== tenantId) continue;
    if (record.kind === 'agent-interval' && record.end !== null)
      add(record, record.agentId, record.state, [record.start, record.end]);
    if (record.kind === 'agent-offer' && record.screenShownAt !== null && record.ringMs !== null)
      add(record, record.agent, 'ringing', [record.screenShownAt, record.screenShownAt + record.ringMs]);
    if (record.kind !== 'call-outcome' || record.source !== 'callcenter24') continue;
    for (const { agent, joinedAt, leftAt } of record.agents) {
      // Nobody is in a call that has ended, whether a leave was seen or not.
      const until = leftAt ?? record.endedAt;
      if (joinedAt !== null && until !== null) add(record, agent, 'on-call', [joinedAt, until]);
    }
  }
  return [...days.values()].map((day) => ({
    tenantId: day.tenantId,
    source: day.source,
    agentId: day.agentId,
    from: Math.min(...[...day.spans.values()].flat().map(([begun]) => begun)),
    timeMs: timesOf(day),
  }));
}
