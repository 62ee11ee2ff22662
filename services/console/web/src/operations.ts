import type { LettersAnswer, StatusAnswer } from '../../src/status-answer.ts';
import type { Problem } from './model.ts';
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

type Answers = { readonly status: StatusAnswer; readonly letters: LettersAnswer };

async function readAll(key: string | null, signal: AbortSignal): Promise<Answers> {
  const [status, letters] = await Promise.all([
    askJson<StatusAnswer>('/v1/status', key, signal),
    askJson<LettersAnswer>(`/v1/dead-letters?limit=${LETTERS}`, key, signal),
  ]);
  return { status, letters };
}

/** What is shown may be old, or is not there. */
export const isOldNow = ({ problem, status, answeredAt }: Told): boolean =>
  problem !== null || status === null || status.trouble !== null || performance.now() - answeredAt > OLD_MS;

export function createOperations(key: () => string | null, changed: () => void): Operations {
  const poll = createPoll((_question, signal) => readAll(key(), signal), EVERY_MS, changed);
  return {
    get told() {
      const { value, problem, answeredAt } = poll.told;
      return { status: value?.status ?? null, letters: value?.letters ?? null, problem, answeredAt };
    },
    want: () => poll.want(''),
  };
}
