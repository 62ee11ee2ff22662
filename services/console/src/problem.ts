import { KEY_PROBLEMS, Problem } from '@callfold/adapters';

/** The console's problems. */

export const PROBLEMS = {
  'bad-query': [400, 'The query cannot be read'],
  malformed: [400, 'The request cannot be read'],
  ...KEY_PROBLEMS,
  'all-tenants-only': [403, 'Only with a key for all tenants'],
  'no-such-path': [404, 'Nothing is here'],
  'not-found': [404, 'Nothing is known of it'],
  replay: [404, 'Not in a replay'],
  'too-long': [422, 'There is too much of it to be read here'],
  ambiguous: [409, 'Two sources know this id'],
  internal: [500, 'A fault of the console'],
  starting: [503, 'The console is not ready yet'],
  away: [503, 'What holds the data is away'],
  'too-many': [503, 'Too many streams are open'],
  busy: [503, 'Too many explanations are asked for at once'],
} as const satisfies Readonly<Record<string, readonly [status: number, title: string]>>;

export type ProblemCode = keyof typeof PROBLEMS;

/** What a 503 is passes by itself, or is mended elsewhere. */
const RETRY_SECONDS = 5;

export class ProblemError extends Problem {
  declare readonly code: ProblemCode;

  /** @param detail what was seen, and what to do next; never a secret, never a person's data. */
  constructor(code: ProblemCode, detail: string, cause?: unknown) {
    const [status] = PROBLEMS[code];
    super(code, PROBLEMS[code], detail, {}, status === 503 ? RETRY_SECONDS : null, cause);
  }
}
