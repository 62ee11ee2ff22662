import type { LettersAnswer, StatusAnswer } from '../../src/status-answer.ts';
import type { Problem } from './model.ts';
import { NO_ANSWER, problemOf } from './stream.ts';

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
const RETRY_MS = 2_000;
/** The console answers within some seconds, whatever is away. */
const READ_MS = 8_000;
const WANTED_MS = 2_000;
/** What was not answered for so long is old. */
const OLD_MS = 10_000;
const LETTERS = 50;

class NotAnswered extends Error {
  override readonly name = 'NotAnswered';
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.code);
    this.problem = problem;
  }
}

async function ask<Answer>(path: string, key: string | null, signal: AbortSignal): Promise<Answer> {
  const headers: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` };
  const answer = await fetch(path, { headers, signal });
  const isJson = (answer.headers.get('content-type') ?? '').startsWith('application/json');
  if (!answer.ok || !isJson) throw new NotAnswered(await problemOf(answer));
  return (await answer.json()) as Answer;
}

/** @throws NotAnswered, or what the network says */
async function readAll(key: string | null): Promise<Pick<Told, 'status' | 'letters'>> {
  const signal = AbortSignal.timeout(READ_MS);
  const [status, letters] = await Promise.all([
    ask<StatusAnswer>('/v1/status', key, signal),
    ask<LettersAnswer>(`/v1/dead-letters?limit=${LETTERS}`, key, signal),
  ]);
  return { status, letters };
}

/** What is shown may be old, or is not there. */
export const isOldNow = ({ problem, status, answeredAt }: Told): boolean =>
  problem !== null || status === null || status.trouble !== null || performance.now() - answeredAt > OLD_MS;

export function createOperations(key: () => string | null, changed: () => void): Operations {
  let told = NOTHING_TOLD;
  let wantedAt = -Infinity;
  let isAsking = false;

  async function run(): Promise<void> {
    isAsking = true;
    while (performance.now() - wantedAt < WANTED_MS) {
      try {
        told = { ...(await readAll(key())), problem: null, answeredAt: performance.now() };
      } catch (error) {
        told = { ...told, problem: error instanceof NotAnswered ? error.problem : NO_ANSWER };
      }
      changed();
      await new Promise((resolve) => setTimeout(resolve, told.problem === null ? EVERY_MS : RETRY_MS));
    }
    isAsking = false;
  }

  return {
    get told() {
      return told;
    },
    want() {
      wantedAt = performance.now();
      if (!isAsking) void run();
    },
  };
}
