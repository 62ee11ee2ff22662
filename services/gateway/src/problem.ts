/** Every error answer: RFC 9457, `application/problem+json`. `code` is for programs and never changes. */

export type Pointed = {
  /** JSON pointer into what was sent; '' is all of it. */
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
};

export const PROBLEMS = {
  malformed: [400, 'The request cannot be read'],
  'no-key': [401, 'No key'],
  'wrong-key': [401, 'The key is not known'],
  'no-signature': [401, 'No signature'],
  'wrong-signature': [401, 'The signature does not fit'],
  'signature-time': [401, 'The signature is too old, or from the future'],
  'foreign-tenant': [403, 'Not for this tenant'],
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

export type More = Readonly<Record<string, unknown>> & { readonly errors?: readonly Pointed[] };

/** Thrown anywhere below a route; answered by the one error handler. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: ProblemCode;
  readonly more: More;
  /** Whole seconds; of 429 and 503. */
  readonly retryAfter: number | null;

  /** @param detail what was seen, and what to do next; never a secret, never a person's data. */
  constructor(code: ProblemCode, detail: string, more: More = {}, retryAfter: number | null = null, cause?: unknown) {
    super(detail, cause === undefined ? {} : { cause });
    this.code = code;
    this.more = more;
    this.retryAfter = retryAfter;
  }

  get status(): number {
    return PROBLEMS[this.code][0];
  }
}

export function problemBody(problem: ProblemError): Record<string, unknown> {
  const [status, title] = PROBLEMS[problem.code];
  const head = { type: `urn:callfold:problem:${problem.code}`, title, status, code: problem.code };
  return { ...head, detail: problem.message, ...problem.more };
}
