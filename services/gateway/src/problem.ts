import type { ProblemMore } from '@callfold/adapters';
import { KEY_PROBLEMS, Problem } from '@callfold/adapters';

/** The gateway's problems. */

export const PROBLEMS = {
  malformed: [400, 'The request cannot be read'],
  ...KEY_PROBLEMS,
  'no-signature': [401, 'No signature'],
  'wrong-signature': [401, 'The signature does not fit'],
  'signature-time': [401, 'The signature is too old, or from the future'],
  'no-such-path': [404, 'Nothing is here'],
  'no-such-hook': [404, 'No such hook'],
  'too-slow': [408, 'The body came too slowly'],
  'too-large': [413, 'The body is too large'],
  'unpacked-too-large': [413, 'The body unpacks to far more than it is'],
  'media-type': [415, 'The content type is not known'],
  encoding: [415, 'The content encoding is not known'],
  'all-refused': [422, 'Every item was refused'],
  'too-many-refused': [422, 'Too many items were refused'],
  rate: [429, 'More than this tenant may send'],
  internal: [500, 'A fault of the gateway'],
  busy: [503, 'Too much is under way'],
  starting: [503, 'The gateway is not ready yet'],
  stopping: [503, 'The gateway is stopping'],
  'log-away': [503, 'The log did not acknowledge'],
} as const satisfies Readonly<Record<string, readonly [status: number, title: string]>>;

export type ProblemCode = keyof typeof PROBLEMS;

/** Thrown anywhere below a route; answered by the one error handler. */
export class ProblemError extends Problem {
  declare readonly code: ProblemCode;

  /** @param detail what was seen, and what to do next; never a secret, never a person's data. */
  constructor(code: ProblemCode, detail: string, more?: ProblemMore, retryAfter?: number | null, cause?: unknown) {
    super(code, PROBLEMS[code], detail, more, retryAfter, cause);
  }
}
