import type { CallRecord, OfferRecord } from './explained.ts';
import type { Call, Model } from './model.ts';
import { asOfMoment, askJson } from './poll.ts';
import type { Frame, Lane, Span } from './timeline.ts';
import { within } from './timeline.ts';

/** What calls tell of an agent: offers that rang, and calls that the agent was in, ended ones and live ones. */

type Offer = OfferRecord & { readonly tenantId: string };
type Ended = CallRecord & { readonly callId: string; readonly tenantId: string };

/** As read of `/v1/outcomes`. */
export type NamedRecords = {
  readonly offers: readonly Offer[];
  readonly calls: readonly Ended[];
};
export const NOTHING_NAMED: NamedRecords = { offers: [], calls: [] };

export type CallStay = {
  readonly callId: string;
  readonly tenantId: string;
  readonly joinedAt: string | null;
  readonly leftAt: string | null;
  /** Of the call; null: it goes on, or its end was not seen. */
  readonly endedAt: string | null;
  readonly isLive: boolean;
};

export type NamedIn = { readonly offers: readonly Offer[]; readonly stays: readonly CallStay[] };

export type NamedCalls = {
  /** A call names the agent, on whatever day. */
  readonly isKnown: boolean;
  of(frame: Frame): NamedIn;
};

const MOST = 1_000;

/** What to ask for: another agent is another question. @param tenant null: that of the key */
export const namedQuery = (agent: string, tenant: string | null): string =>
  new URLSearchParams({ agent, ...(tenant !== null && { tenant }) }).toString();

/** @param at as of then, ISO 8601; null: now. @throws where it is not answered */
export async function readNamed(
  query: string,
  key: string | null,
  at: string | null,
  signal: AbortSignal,
): Promise<NamedRecords> {
  const read = async <Row>(kind: string): Promise<readonly Row[]> => {
    const path = asOfMoment(`/v1/outcomes?kind=${kind}&limit=${MOST}&${query}`, at);
    return (await askJson<{ records: readonly Row[] }>(path, key, signal)).records;
  };
  const [offers, calls] = await Promise.all([read<Offer>('agent-offer'), read<Ended>('call-outcome')]);
  return { offers, calls };
}

function staysOf(agent: string, { calls }: NamedRecords, live: readonly Call[]): CallStay[] {
  const stays = ({ callId, tenantId, agents }: Ended | Call, endedAt: string | null, isLive: boolean): CallStay[] =>
    agents
      .filter((one) => one.agent === agent)
      .map(({ joinedAt, leftAt }) => ({ callId, tenantId, joinedAt, leftAt, endedAt, isLive }));
  const isLive = new Set(live.map(({ callId, tenantId }) => `${tenantId}/${callId}`));
  const ended = calls.filter(({ callId, tenantId }) => !isLive.has(`${tenantId}/${callId}`));
  return [...ended.flatMap((one) => stays(one, one.endedAt, false)), ...live.flatMap((one) => stays(one, null, true))];
}

export function namedCalls(agent: string, tenant: string, records: NamedRecords, model: Model): NamedCalls {
  const live = [...model.calls.values()].filter((call) => call.tenantId === tenant);
  const stays = staysOf(agent, records, live);
  const isIn = (from: string | null, to: string | null, frame: Frame): boolean =>
    from !== null && Date.parse(from) < frame.to && (to === null || Date.parse(to) > frame.from);
  return {
    isKnown: stays.length > 0 || records.offers.length > 0,
    of: (frame) => ({
      offers: records.offers.filter(({ offeredAt, screenShownAt }) => {
        const at = screenShownAt ?? offeredAt;
        return isIn(at, at, { ...frame, from: frame.from - 1 });
      }),
      stays: stays.filter(({ joinedAt, leftAt, endedAt }) => isIn(joinedAt, leftAt ?? endedAt, frame)),
    }),
  };
}

export function namedLanes({ offers, stays }: NamedIn, frame: Frame, now: number): Lane[] {
  const rang = offers.flatMap(({ screenShownAt, ringMs, result, callId }): Span[] => {
    if (screenShownAt === null) return [];
    const from = Date.parse(screenShownAt);
    const what = result === 'missed' ? 'missed' : 'rings';
    return [{ from, to: from + (ringMs ?? 0), what, isOpen: false, isInferred: ringMs === null, label: callId }];
  });
  const inCall = stays.map(({ joinedAt, leftAt, endedAt, callId, isLive }): Span => {
    const from = Date.parse(joinedAt ?? '');
    const isOpen = leftAt === null && isLive;
    const end = leftAt ?? endedAt;
    const to = end === null ? (isLive ? now : from) : Date.parse(end);
    return { from, to, what: 'in', isOpen, isInferred: leftAt === null && !isLive, label: callId };
  });
  const lane = (key: string, spans: readonly Span[]): Lane => ({ key, name: null, spans });
  return within(frame, [lane('lane.rang', rang), lane('lane.onCall', inCall)]);
}
