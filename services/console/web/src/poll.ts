import type { Problem } from './model.ts';
import { NO_ANSWER, problemOf } from './stream.ts';

/** What is asked for again and again, for as long as the page shows it. */

export type Polled<Value> = {
  /** Null: it was not answered yet. */
  readonly value: Value | null;
  /** Why it was not answered the last time; null: it was. */
  readonly problem: Problem | null;
  /** Of this machine's clock that only goes forward, ms: when it was answered last. */
  readonly answeredAt: number;
};

export type Poll<Value> = {
  readonly told: Polled<Value>;
  /** It is shown: it is asked for until this was not called for a while; another question begins anew. */
  want(question: string): void;
  /** Asks at once where it is asked for: the answer may be another one now. */
  again(): void;
};

/** An address as of a moment, ISO 8601; null: as of now. */
export const asOfMoment = (path: string, at: string | null): string =>
  at === null ? path : `${path}${path.includes('?') ? '&' : '?'}at=${encodeURIComponent(at)}`;

const RETRY_MS = 2_000;
/** The console answers within some seconds, whatever is away. */
const READ_MS = 8_000;
/** The page is drawn more often than this. */
const WANTED_MS = 2_000;

class NotAnswered extends Error {
  override readonly name = 'NotAnswered';
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.code);
    this.problem = problem;
  }
}

/** @throws what `problemIn` reads: the console's problem, or what the network says */
export async function askJson<Answer>(path: string, key: string | null, signal: AbortSignal): Promise<Answer> {
  const headers: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` };
  const answer = await fetch(path, { headers, signal });
  const isJson = (answer.headers.get('content-type') ?? '').startsWith('application/json');
  if (!answer.ok || !isJson) throw new NotAnswered(await problemOf(answer));
  return (await answer.json()) as Answer;
}

/** Why `askJson` threw. */
export const problemIn = (error: unknown): Problem => (error instanceof NotAnswered ? error.problem : NO_ANSWER);

const nothing = <Value>(): Polled<Value> => ({ value: null, problem: null, answeredAt: -Infinity });

export function createPoll<Value>(
  read: (question: string, signal: AbortSignal) => Promise<Value>,
  everyMs: () => number,
  changed: () => void,
): Poll<Value> {
  let told: Polled<Value> = nothing();
  let question = '';
  let wantedAt = -Infinity;
  let isAsking = false;
  let goOn = (): void => undefined;

  /** What is answered to a question that nobody has any more is nothing. */
  async function ask(asked: string): Promise<void> {
    try {
      const value = await read(asked, AbortSignal.timeout(READ_MS));
      if (asked === question) told = { value, problem: null, answeredAt: performance.now() };
    } catch (error) {
      if (asked === question) told = { ...told, problem: problemIn(error) };
    }
    changed();
  }

  async function run(): Promise<void> {
    isAsking = true;
    while (performance.now() - wantedAt < WANTED_MS) {
      const asked = question;
      await ask(asked);
      if (asked !== question) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, told.problem === null ? everyMs() : RETRY_MS);
        goOn = (): void => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    isAsking = false;
  }

  return {
    get told() {
      return told;
    },
    want(asked) {
      wantedAt = performance.now();
      if (asked !== question) {
        question = asked;
        told = nothing();
        goOn();
      }
      if (!isAsking) void run();
    },
    again: () => goOn(),
  };
}
