import type { Rules, SubjectKind } from '@callfold/core';
import { isErased, KIND_OF } from '@callfold/core';
import type { Clock, LogMoment, RawLog } from '@callfold/engine';
import { explainSubject, explanationJson, readMoment, TooManyEvents } from '@callfold/engine';
import type { ConsoleLimits } from './limits.ts';
import { ProblemError } from './problem.ts';
import type { ReadStates } from './subject.ts';

/** One subject explained by the one `explain`: what `callfold explain` says of it, read within a limit of time. */

export type ExplainQuery = { readonly at?: string | undefined; readonly from?: string | undefined };

export type ExplainQuestion = {
  readonly kind: string;
  readonly id: string;
  readonly tenantId: string;
  readonly query: ExplainQuery;
  /** So much log time has passed, whatever the log says; absent: what it says. */
  readonly passed?: number;
  /** Nobody waits for the answer any more. */
  readonly isLeft: () => boolean;
};

export type Explaining = {
  /** @throws ProblemError */
  answer(question: ExplainQuestion): Promise<object>;
};

export type ExplainPorts = {
  readonly raw: RawLog;
  /** As `outcomes` has them. */
  readonly rules: Rules;
  readonly states: ReadStates;
  readonly clock: Clock;
  readonly limits: ConsoleLimits;
};

const KINDS: readonly SubjectKind[] = [...new Set(Object.values(KIND_OF))];
const WHAT_HELPS =
  'Read only a part of the log, with from= a time at which it had not begun or an offset, and at= one at which it was ' +
  'over; `callfold explain` reads all of it, however long it takes.';

function kindOf(text: string): SubjectKind {
  const kind = KINDS.find((one) => one === text);
  if (kind) return kind;
  throw new ProblemError('bad-query', `what is explained must be one of ${KINDS.join(', ')}`);
}

function momentOf(name: 'at' | 'from', text: string | undefined): LogMoment | null {
  const moment = text === undefined ? null : readMoment(text);
  if (typeof moment === 'string') throw new ProblemError('bad-query', `${name}: ${moment}`);
  return moment;
}

export function createExplaining({ raw, rules, states, clock, limits }: ExplainPorts): Explaining {
  let underWay = 0;

  /** What came before an erasure is nothing, what comes after it is refused: it must be among what is read. */
  async function wasErased(kind: SubjectKind, id: string, tenantId: string): Promise<boolean> {
    return (await states({ kind, id, tenantId, source: null })).some(({ state }) => isErased(state));
  }

  /** A log that does not answer at all keeps nobody waiting, nor others from asking. */
  async function answeredInTime<Found>(asked: Promise<Found>): Promise<Found> {
    const signal = { aborted: false };
    const silence = clock.sleep(limits.explainMs + limits.explainSilentMs, signal).then(() => {
      throw new ProblemError('away', 'the log does not answer; see whether its broker runs');
    });
    try {
      return await Promise.race([asked, silence]);
    } finally {
      signal.aborted = true;
    }
  }

  async function read({ kind: name, id, tenantId, query, passed, isLeft }: ExplainQuestion): Promise<object> {
    const kind = kindOf(name);
    const at = momentOf('at', query.at);
    const given = momentOf('from', query.from);
    const from = given !== null && (await wasErased(kind, id, tenantId)) ? null : given;
    const begun = clock.now();
    const progress = (offset: number, start: number, end: number): void => {
      if (isLeft()) throw new ProblemError('malformed', 'the request was given up');
      if (clock.now() - begun <= limits.explainMs) return;
      const part = `${offset - start} of ${end - start} records of its partition were read in`;
      throw new ProblemError('too-long', `${part} ${limits.explainMs / 1_000} s. ${WHAT_HELPS}`);
    };
    const question = {
      kind,
      id,
      tenantId,
      ...(at && { at }),
      ...(from && { from }),
      ...(passed !== undefined && { passed }),
    };
    const scanning = { progress, eventsMax: limits.explainEvents };
    const found = await answeredInTime(explainSubject(raw, question, rules, scanning));
    if (found.length > 0) return { explanations: found.map(explanationJson) };
    throw new ProblemError(
      'not-found',
      `the log has no event of such a ${kind} of the tenant${at || from ? ' in what was asked for of it' : ''}; ids are ` +
        'taken as they are written, and `callfold explain` names similar ones',
    );
  }

  return {
    async answer(question) {
      if (underWay >= limits.explanations) {
        const detail = `${underWay} explanations are being made; ask again, or another console`;
        throw new ProblemError('busy', detail);
      }
      underWay += 1;
      try {
        return await read(question);
      } catch (error) {
        if (error instanceof ProblemError) throw error;
        if (error instanceof TooManyEvents)
          throw new ProblemError('too-long', `it has more than ${limits.explainEvents} events. ${WHAT_HELPS}`);
        const why = error instanceof Error ? error.message : String(error);
        throw new ProblemError('away', `the log cannot be read: ${why}`, error);
      } finally {
        underWay -= 1;
      }
    },
  };
}
