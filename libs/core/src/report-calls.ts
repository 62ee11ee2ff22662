import type { AgentOffer, CallAgent, CallOutcome } from '@callfold/schemas';
import { byName, count, meanSeconds, percent } from './report-numbers.ts';
import type { Counts } from './report-numbers.ts';
import type { Zone } from './report-time.ts';
import { hourOf } from './report-time.ts';

/** Figures of calls that are told as a timeline (CallCenter24), and of their offers: docs/report.md defines each. */

const SECOND_MS = 1_000;

/** What was put before agents: everything that came in but calls that never queued. */
export function isOffered({ outcome, queuedAt }: CallOutcome): boolean {
  if (outcome === 'unknown') return queuedAt !== null;
  return outcome === 'answered' || outcome === 'abandoned' || outcome === 'missed' || outcome === 'voicemail';
}

/** The agent who was in at the answer, of several the one who joined first; null when the call was not answered. */
export function answeredBy({ outcome, answeredAt, agents }: CallOutcome): string | null {
  if (outcome !== 'answered' || answeredAt === null) return null;
  const wasIn = ({ joinedAt, leftAt }: CallAgent): boolean =>
    (joinedAt === null || joinedAt <= answeredAt) && (leftAt === null || leftAt >= answeredAt);
  return agents.find(wasIn)?.agent ?? null;
}

/** An agent's stay in an answered call, cut to the contact's as far as the record tells: its queueing to its end. */
function togetherMs({ joinedAt, leftAt }: CallAgent, { queuedAt, answeredAt, endedAt }: CallOutcome): number {
  const from = Math.max(joinedAt ?? answeredAt ?? Infinity, queuedAt ?? -Infinity);
  const to = Math.min(leftAt ?? endedAt ?? -Infinity, endedAt ?? Infinity);
  return Math.max(0, to - from);
}

/** A sum of durations, and of how many: those that are unknown are in neither. */
type Sum = { ms: number; of: number };
const noSum = (): Sum => ({ ms: 0, of: 0 });

function addTo(sum: Sum, ms: number | null): void {
  if (ms === null) return;
  sum.ms += ms;
  sum.of += 1;
}

export type CallTally = ReturnType<typeof openCallTally>;
export type CallFigures = ReturnType<CallTally['figures']>;

/** @param thresholdsSeconds of the service levels, inclusive */
export function openCallTally({ thresholdsSeconds, zone }: { thresholdsSeconds: readonly number[]; zone: Zone }) {
  const outcomes: Counts<CallOutcome['outcome']> = new Map();
  const facts: Counts<'offered' | 'short' | 'ring' | 'queue' | 'inferred' | 'transferred' | 'lost' | 'message'> =
    new Map();
  const waits = { answered: noSum(), abandoned: noSum() };
  const talk = noSum();
  const levels = thresholdsSeconds.map((seconds) => ({ seconds, answered: 0, abandoned: 0 }));
  const hours = new Map<number, { offered: number; answered: number; abandoned: number }>();
  const agents = new Map<string, { answered: number; talkMs: number }>();
  const results: Counts<AgentOffer['result']> = new Map();
  let longestWaitMs: number | null = null;

  function addHour(call: CallOutcome): void {
    const at = call.queuedAt ?? call.startedAt ?? call.occurredAt;
    const hour = hourOf(zone.dayOf(at), at);
    const counts = hours.get(hour) ?? { offered: 0, answered: 0, abandoned: 0 };
    hours.set(hour, counts);
    counts.offered += 1;
    if (call.outcome === 'answered') counts.answered += 1;
    if (call.outcome === 'abandoned') counts.abandoned += 1;
  }

  function agentOf(name: string): { answered: number; talkMs: number } {
    const figures = agents.get(name) ?? { answered: 0, talkMs: 0 };
    agents.set(name, figures);
    return figures;
  }

  function addWait(call: CallOutcome): void {
    const { outcome, waitMs } = call;
    if (outcome !== 'answered' && outcome !== 'abandoned') return;
    addTo(waits[outcome], waitMs);
    if (waitMs === null) return;
    for (const level of levels) if (waitMs <= level.seconds * SECOND_MS) level[outcome] += 1;
  }

  function addAnswered(call: CallOutcome): void {
    addTo(talk, call.talkMs);
    const first = answeredBy(call);
    if (first !== null) agentOf(first).answered += 1;
    for (const stay of call.agents) agentOf(stay.agent).talkMs += togetherMs(stay, call);
  }

  function addCall(call: CallOutcome): void {
    count(outcomes, call.outcome);
    if (call.inferred) count(facts, 'inferred');
    if (call.short) count(facts, 'short');
    if (call.stage) count(facts, call.stage);
    if (call.transferred) count(facts, 'transferred');
    if (call.abandonedInTransfer) count(facts, 'lost');
    if (call.voicemailLeft) count(facts, 'message');
    addWait(call);
    if (call.outcome === 'answered') addAnswered(call);
    if (!isOffered(call)) return;
    count(facts, 'offered');
    addHour(call);
    if (call.waitMs !== null) longestWaitMs = Math.max(longestWaitMs ?? 0, call.waitMs);
  }

  function ratesOf(answered: number, abandoned: number, offered: number) {
    const short = facts.get('short') ?? 0;
    const missedOffers = results.get('missed') ?? 0;
    const offers = [...results.values()].reduce((sum, n) => sum + n, 0);
    return {
      serviceLevelPercent: Object.fromEntries(
        levels.map((level) => [
          String(level.seconds),
          {
            ofAnswered: percent(level.answered, answered),
            ofOffered: percent(level.answered, offered),
            netOfShortAbandons: percent(level.answered, offered - short),
            netOfAbandonsWithinT: percent(level.answered, offered - level.abandoned),
          },
        ]),
      ),
      abandonmentPercent: {
        ofOffered: percent(abandoned, offered),
        withoutShort: percent(abandoned - short, offered - short),
      },
      missedPercent: { ofOffered: percent(outcomes.get('missed') ?? 0, offered) },
      voicemailPercent: { ofOffered: percent(outcomes.get('voicemail') ?? 0, offered) },
      missedOfferPercent: {
        ofOffers: percent(missedOffers, offers),
        ofAnsweredAndMissed: percent(missedOffers, missedOffers + (results.get('answered') ?? 0)),
      },
      byHour: Object.fromEntries([...hours].sort(([a], [b]) => a - b).map(([hour, counts]) => [hour, { ...counts }])),
      byAgent: byName([...agents].map(([name, figures]) => [name, { ...figures }])),
    };
  }

  return {
    addCall,
    addOffer: (offer: AgentOffer): void => count(results, offer.result),
    figures() {
      const calls = [...outcomes.values()].reduce((sum, n) => sum + n, 0);
      const of = (fact: Parameters<typeof facts.get>[0]): number => facts.get(fact) ?? 0;
      const [answered, abandoned] = [outcomes.get('answered') ?? 0, outcomes.get('abandoned') ?? 0];
      return {
        calls,
        outcomes: byName(outcomes),
        offered: of('offered'),
        inferred: of('inferred'),
        shortAbandoned: of('short'),
        abandonedStage: { ring: of('ring'), queue: of('queue') },
        voicemailLeft: of('message'),
        transferred: of('transferred'),
        abandonedInTransfer: of('lost'),
        offers: [...results.values()].reduce((sum, n) => sum + n, 0),
        offerResults: byName(results),
        waitMsAnswered: waits.answered.ms,
        waitMsAbandoned: waits.abandoned.ms,
        waitsUnknown: answered + abandoned - waits.answered.of - waits.abandoned.of,
        talkMs: talk.ms,
        talksUnknown: answered - talk.of,
        asaSeconds: meanSeconds(waits.answered.ms, waits.answered.of),
        meanWaitOfAbandonedSeconds: meanSeconds(waits.abandoned.ms, waits.abandoned.of),
        longestWaitSeconds: longestWaitMs === null ? null : meanSeconds(longestWaitMs, 1),
        abandonedOfAllPercent: percent(abandoned, calls),
        meanTalkSeconds: meanSeconds(talk.ms, talk.of),
        report: ratesOf(answered, abandoned, of('offered')),
      };
    },
  };
}
