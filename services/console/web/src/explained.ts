import type {
  Change as CoreChange,
  EventNote,
  ExplainedRecord,
  Explanation as Core,
  Phrase,
  Rejection,
  Saying,
} from '@callfold/core';
import type { AgentInterval, AgentOffer, CallAgent, CallOutcome, ChatOutcome } from '@callfold/schemas';
import type { Json, Problem } from './model.ts';
import { asOfMoment, askJson, problemIn } from './poll.ts';

/** What `/v1/explain` says of a subject, as it says it, and how it is asked for again while the subject changes. */

export type Evidence = {
  readonly eventId: string;
  readonly status: string | null;
  readonly word: string;
  readonly occurredAt: string;
  readonly loggedAt: string;
  readonly offset: number | null;
  /** Of a subject that was moved since: where the event stands. */
  readonly partition?: number;
};
export type Change = Saying & Pick<CoreChange, 'record' | 'named' | 'field' | 'to'>;

type CallTimes = 'occurredAt' | 'startedAt' | 'queuedAt' | 'answeredAt' | 'endedAt';
type CallShown =
  | ('kind' | 'source' | 'outcome' | 'reason' | 'stage' | 'short' | 'voicemailLeft' | 'transferred' | 'hungUpBy')
  | ('personReached' | 'fault' | 'inferred' | 'waitMs' | 'talkMs' | 'attributes')
  | CallTimes;
export type CallRecord = Json<Pick<CallOutcome, CallShown>, CallTimes> & {
  readonly agents: readonly Json<CallAgent, 'joinedAt' | 'leftAt'>[];
};
type OfferTimes = 'offeredAt' | 'screenShownAt';
export type OfferRecord = Json<
  Pick<AgentOffer, 'kind' | 'callId' | 'agent' | 'n' | 'result' | 'ringMs' | OfferTimes>,
  OfferTimes
>;
type EpisodeTimes = 'startedAt' | 'endedAt';
type EpisodeShown = 'kind' | 'episode' | 'outcome' | 'contained' | 'handoffs' | 'inferred' | 'dwellMs' | EpisodeTimes;
export type EpisodeRecord = Json<Pick<ChatOutcome, EpisodeShown>, EpisodeTimes>;
type HandoffRecord = { readonly kind: 'chat-handoff'; readonly n: number; readonly dwellMs: number | null };
type StayShown = 'kind' | 'state' | 'description' | 'durationMs' | 'durationFrom' | 'flags' | 'start' | 'end';
export type StayRecord = Json<Pick<AgentInterval, StayShown>, 'start' | 'end'>;
export type AnyRecord = CallRecord | OfferRecord | EpisodeRecord | HandoffRecord | StayRecord;

export type Revision = {
  readonly record: AnyRecord & {
    readonly outcomeId: string;
    readonly revision: number;
    readonly correctionOf: string | null;
  };
  readonly changes: readonly Change[];
};

type Moment = { readonly changes: readonly Change[]; readonly published: readonly Revision[] };
export type EventMoment = Evidence &
  Moment &
  Saying & {
    readonly what: 'event';
    readonly notes: readonly EventNote[];
    readonly refused: Rejection | null;
  };
export type TimerMoment = Moment & {
  readonly what: 'timer';
  readonly due: string;
  readonly why: readonly string[];
  readonly says: readonly string[];
  readonly said: readonly Phrase[];
};

type Decision = Omit<ExplainedRecord['decision'], 'restsOn' | 'passedOver'> & {
  readonly restsOn: readonly Evidence[];
  readonly passedOver: readonly (Evidence & Saying)[];
};
export type Said = Omit<ExplainedRecord, 'record' | 'decision'> & {
  readonly record: AnyRecord;
  readonly decision: Decision;
};

export type Explanation = Pick<Core, 'kind' | 'tenantId' | 'source' | 'subjectId' | 'standing'> & {
  readonly timeline: readonly (EventMoment | TimerMoment)[];
  readonly records: readonly Said[];
  readonly next: (Saying & { readonly due: string }) | null;
  readonly clock: string;
  readonly place: {
    readonly topic: string;
    readonly partition: number;
    readonly start: number;
    readonly upTo: number;
    /** Where its events went before it was moved there. */
    readonly before?: readonly { readonly partition: number; readonly upTo: number }[];
  };
};

export type Question = {
  readonly kind: Core['kind'];
  readonly id: string;
  readonly tenant: string | null;
  /** Only what the log took from then on, ISO 8601; null: all of it. */
  readonly from: string | null;
};

export const isEvent = (moment: EventMoment | TimerMoment): moment is EventMoment => moment.what === 'event';

/** What is published of it is what is said of it, and nothing more is to come by itself. */
export function isSettled(all: readonly Explanation[]): boolean {
  return all.every(({ kind, standing, records }) => {
    const isAtRest = kind === 'agent' || standing !== 'open';
    return isAtRest && records.every((one) => one.standing === 'published' || one.standing === 'kept');
  });
}

/** @throws as `askJson` */
async function ask(
  { kind, id, tenant, from }: Question,
  key: string | null,
  at: string | null,
): Promise<readonly Explanation[]> {
  const query = new URLSearchParams({ ...(tenant !== null && { tenant }), ...(from !== null && { from }) }).toString();
  const path = asOfMoment(`/v1/explain/${kind}/${encodeURIComponent(id)}${query === '' ? '' : `?${query}`}`, at);
  type Answer = { readonly explanations: readonly Explanation[] };
  return (await askJson<Answer>(path, key, AbortSignal.timeout(ASK_MS))).explanations;
}

/** More than the console takes itself. */
const ASK_MS = 20_000;
const RETRY_MS = 3_000;
/** While something is still to come of it, what no change of a live subject tells: that it is published. */
const AGAIN_MS = 3_000;
/** What another question, or a later moment, would not mend. */
const LASTING: ReadonlySet<string> = new Set(['not-found', 'bad-query', 'too-long', 'foreign-tenant']);

export type Told = {
  readonly question: Question;
  /** Null: not answered yet. */
  readonly explanations: readonly Explanation[] | null;
  readonly problem: Problem | null;
};

export type Explained = {
  /**
   * What is known of it; asks where it is another question than before, or where `version` is.
   * @param isHeld what is known stays as it is
   */
  look(question: Question, version: string, isHeld: boolean): Told;
  /** Asks again what was asked last: the answer may be another one now. */
  again(): void;
};

/** From where on the log has all of it that was told before; of what never stood there there is nothing to read. */
function sinceFirst(question: Question, all: readonly Explanation[] | null): Question {
  const first = (all ?? []).flatMap(({ timeline }) =>
    timeline
      .filter(isEvent)
      .slice(0, 1)
      .map((one) => one.loggedAt),
  );
  const isWhole = all !== null && all.length > 0 && first.length === all.length;
  return isWhole && question.from === null ? { ...question, from: first.sort()[0] ?? null } : question;
}

/** One question at a time: the last one that is looked at. @param moment of a replay, ISO 8601; null: it is now */
export function createExplained(
  key: () => string | null,
  changed: () => void,
  moment: () => string | null = () => null,
): Explained {
  let told: Told | null = null;
  let version = '';
  let isHeld = false;
  /** It was to be asked again while it was held. */
  let isWanted = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let turn = 0;

  function soon(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (isHeld) isWanted = true;
      else void read();
    }, ms);
  }

  async function read(): Promise<void> {
    clearTimeout(timer);
    if (told === null) return;
    const { question, explanations } = told;
    turn += 1;
    const own = turn;
    const at = moment();
    try {
      const found = await ask(sinceFirst(question, explanations), key(), at);
      if (own !== turn) return;
      told = { question, explanations: found, problem: null };
      if (!isSettled(found)) soon(AGAIN_MS);
    } catch (error) {
      if (own !== turn) return;
      const problem = problemIn(error);
      // What was told once stays, and is said to be old; but before it began there is nothing of it.
      const isBefore = at !== null && problem.code === 'not-found';
      told = { question, explanations: isBefore ? null : explanations, problem };
      if (!LASTING.has(problem.code)) soon(RETRY_MS);
    }
    changed();
  }

  return {
    look(question, itsVersion, itsHeld) {
      isHeld = itsHeld;
      if (JSON.stringify(question) !== JSON.stringify(told?.question)) {
        told = { question, explanations: null, problem: null };
        version = itsVersion;
        void read();
      } else if (!isHeld && (isWanted || version !== itsVersion)) {
        version = itsVersion;
        isWanted = false;
        soon(0);
      }
      return told as Told;
    },
    again: () => soon(0),
  };
}
