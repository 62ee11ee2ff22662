import type { FastifyReply } from './http.ts';

/** Every error answer of a service: RFC 9457, `application/problem+json`. `code` is for programs and never changes. */

export type Pointed = {
  /** JSON pointer into what was sent; '' is all of it. */
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
};

export type ProblemMore = Readonly<Record<string, unknown>> & { readonly errors?: readonly Pointed[] };

/** By code. */
export type ProblemKinds = Readonly<Record<string, readonly [status: number, title: string]>>;

/** Thrown anywhere below a route; answered by the service's one error handler. Each service has its own kinds. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly more: ProblemMore;
  /** Whole seconds; of 429 and 503. */
  readonly retryAfter: number | null;

  /** @param detail what was seen, and what to do next; never a secret, never a person's data. */
  constructor(
    code: string,
    [status, title]: readonly [status: number, title: string],
    detail: string,
    more: ProblemMore = {},
    retryAfter: number | null = null,
    cause?: unknown,
  ) {
    super(detail, cause === undefined ? {} : { cause });
    this.code = code;
    this.status = status;
    this.title = title;
    this.more = more;
    this.retryAfter = retryAfter;
  }
}

function problemBody({ code, status, title, message, more }: Problem): Record<string, unknown> {
  return { type: `urn:callfold:problem:${code}`, title, status, code, detail: message, ...more };
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.retryAfter !== null) void reply.header('retry-after', String(problem.retryAfter));
  if (problem.code === 'no-key' || problem.code === 'wrong-key') void reply.header('www-authenticate', 'Bearer');
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .send(JSON.stringify(problemBody(problem)));
}

type Json = Readonly<Record<string, unknown>>;

const RETRY_AFTER: Json = {
  'Retry-After': { required: true, schema: { type: 'integer', minimum: 1 }, description: 'Seconds.' },
};

/** The answers of these statuses, as OpenAPI has them; the shape is `#/components/schemas/Problem`. */
export function problemResponses(kinds: ProblemKinds, statuses: readonly number[]): Json {
  return Object.fromEntries(
    statuses.map((status) => {
      const codes = Object.entries(kinds).filter(([, [of]]) => of === status);
      const description = codes.map(([code, [, title]]) => `${code}: ${title}`).join('; ');
      const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
      const headers = status === 429 || status === 503 ? { headers: RETRY_AFTER } : {};
      return [String(status), { description, content, ...headers }];
    }),
  );
}

/** @param more properties of a service's own */
export function problemSchema(kinds: ProblemKinds, more: Json = {}): Json {
  const pointed = {
    type: 'object',
    required: ['pointer', 'code', 'detail'],
    properties: { pointer: { type: 'string' }, code: { type: 'string' }, detail: { type: 'string' } },
  };
  return {
    type: 'object',
    required: ['type', 'title', 'status', 'code', 'detail'],
    properties: {
      type: { type: 'string' },
      title: { type: 'string' },
      status: { type: 'integer' },
      code: { enum: Object.keys(kinds) },
      detail: { type: 'string' },
      errors: { type: 'array', items: pointed },
      ...more,
    },
  };
}
