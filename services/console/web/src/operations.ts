import type { LettersAnswer, StatusAnswer } from '../../src/status-answer.ts';
import type { Problem } from './model.ts';
import type { Poll } from './poll.ts';
import { askJson, createPoll } from './poll.ts';

/** What the page for operators knows: asked for again and again for as long as the page is looked at. */

export type Told = {
  readonly status: StatusAnswer | null;
  readonly letters: LettersAnswer | null;
  /** Why it was not answered the last time; null: it was. */
  readonly problem: Problem | null;
  /** Of this machine's clock that only goes forward, ms: when it was answered last. */
  readonly answeredAt: number;
};

export const NOTHING_TOLD: Told = { status: null, letters: null, problem: null, answeredAt: -Infinity };

export type Operations = {
  readonly told: Told;
  /** It is looked at: it is asked for until this was not called for a while. */
  want(): void;
};

const EVERY_MS = 5_000;
/** What was not answered for so long is old. */
const OLD_MS = 10_000;
const LETTERS = 50;

/** What is shown may be old, or is not there. */
export const isOldNow = ({ problem, status, answeredAt }: Told): boolean =>
  problem !== null || status === null || status.trouble !== null || performance.now() - answeredAt > OLD_MS;

/** Each by itself: one that is slow or away does not keep the other one back. */
export function createOperations(key: () => string | null, changed: () => void): Operations {
  const ask = <Answer>(path: string): Poll<Answer> =>
    createPoll<Answer>(
      (_question, signal) => askJson(path, key(), signal),
      () => EVERY_MS,
      changed,
    );
  const status = ask<StatusAnswer>('/v1/status');
  const letters = ask<LettersAnswer>(`/v1/dead-letters?limit=${LETTERS}`);
  return {
    get told() {
      const { value, problem, answeredAt } = status.told;
      return { status: value, letters: letters.told.value, problem: problem ?? letters.told.problem, answeredAt };
    },
    want() {
      status.want('');
      letters.want('');
    },
  };
}
