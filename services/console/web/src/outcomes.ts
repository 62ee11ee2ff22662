import type { Source } from '@callfold/core';
import type { CallOutcome } from '@callfold/schemas';
import type { Json } from './model.ts';
import { asOfMoment, askJson } from './poll.ts';

/** The last ended calls by what became of them, asked for again when figures have changed. */

type Shown =
  | 'outcomeId'
  | 'callId'
  | 'tenantId'
  | 'source'
  | 'outcome'
  | 'reason'
  | 'stage'
  | 'voicemailLeft'
  | 'fault'
  | 'waitMs';
type Times = 'endedAt' | 'occurredAt' | 'ingestedAt';
export type Ended = Json<Pick<CallOutcome, Shown | 'inferred' | Times>, Times>;

export type EndedList = {
  readonly ended: readonly Ended[];
  /** There are more of them than were read. */
  readonly isMore: boolean;
};
export type EndedBy = {
  readonly abandoned: EndedList;
  readonly voicemail: EndedList;
  /** Of the voice AI, today: not connected, or failed. */
  readonly failed: EndedList;
};

export const NONE: EndedList = { ended: [], isMore: false };
export const NOTHING_ENDED: EndedBy = { abandoned: NONE, voicemail: NONE, failed: NONE };

export type Question = {
  readonly tenant: string | null;
  /** Null: of all. */
  readonly source: Source | null;
  readonly key: string | null;
  /** As of this moment, ISO 8601; absent: now. */
  readonly at?: string | null;
  /** When today began, ISO 8601. */
  readonly from: string;
};

export const endOf = ({ endedAt, occurredAt }: Ended): string => endedAt ?? occurredAt;

const LIMIT = 50;
const MOST = 1_000;

/** @throws where it was not answered */
export async function listOf(
  query: string,
  { tenant, source, key, at = null }: Question,
  signal: AbortSignal,
): Promise<EndedList> {
  const of = tenant === null ? '' : `&tenant=${encodeURIComponent(tenant)}`;
  const from = source === null || query.includes('source=') ? '' : `&source=${source}`;
  type Answer = { readonly records: readonly Ended[]; readonly next: string | null };
  const path = asOfMoment(`/v1/outcomes?kind=call-outcome&${query}${from}${of}`, at);
  const { records, next } = await askJson<Answer>(path, key, signal);
  return { ended: records, isMore: next !== null };
}

function todays({ ended, isMore }: EndedList, from: string): EndedList {
  // What the log took last comes first: when it took the last one before today, the rest is of before today too.
  const last = ended.at(-1)?.ingestedAt ?? null;
  return { ended: ended.filter((one) => endOf(one) >= from), isMore: isMore && (last === null || last >= from) };
}

function latestFirst({ ended, isMore }: EndedList): EndedList {
  return { ended: [...ended].sort((a, b) => (endOf(a) < endOf(b) ? 1 : -1)), isMore };
}

/** @throws where not all of it was answered */
export async function readEnded(question: Question, signal: AbortSignal): Promise<EndedBy> {
  const read = (query: string): Promise<EndedList> => listOf(query, question, signal);
  const ofAi = async (outcome: string): Promise<EndedList> => {
    if (question.source !== null && question.source !== 'atlas') return NONE;
    return todays(await read(`outcome=${outcome}&source=atlas&limit=${MOST}`), question.from);
  };
  const [abandoned, voicemail, failed, unconnected] = await Promise.all([
    read(`outcome=abandoned&limit=${LIMIT}`),
    read(`outcome=voicemail&limit=${LIMIT}`),
    ofAi('failed'),
    ofAi('not-connected'),
  ]);
  return {
    abandoned: latestFirst(abandoned),
    voicemail: latestFirst(voicemail),
    failed: { ended: [...failed.ended, ...unconnected.ended], isMore: failed.isMore || unconnected.isMore },
  };
}

export type Lists = {
  readonly ended: EndedBy;
  /** They could not be read again: they are as they were. */
  readonly isOld: boolean;
  /** They may be others now. */
  want(): void;
};

const READ_MS = 5_000;
const RETRY_MS = 2_000;

/** One read at a time, none of them for ever; what was not answered is asked again. */
export function createLists(read: (signal: AbortSignal) => Promise<EndedBy>, changed: () => void): Lists {
  const lists = { ended: NOTHING_ENDED, isOld: false };
  let isReading = false;
  let isWanted = false;

  async function run(): Promise<void> {
    isReading = true;
    while (isWanted) {
      isWanted = false;
      try {
        lists.ended = await read(AbortSignal.timeout(READ_MS));
        lists.isOld = false;
      } catch {
        lists.isOld = true;
        isWanted = true;
      }
      changed();
      if (lists.isOld) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    isReading = false;
  }

  return {
    get ended() {
      return lists.ended;
    },
    get isOld() {
      return lists.isOld;
    },
    want() {
      isWanted = true;
      if (!isReading) void run();
    },
  };
}
