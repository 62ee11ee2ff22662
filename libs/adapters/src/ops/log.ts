import type { DestinationStream, Logger } from 'pino';
import { destination, pino } from 'pino';
import { withoutSecrets } from './secrets.ts';

export type { Logger } from 'pino';

/**
 * Fields that may hold people's names, numbers or ids. The engine's events have none of them; this is the second line,
 * for whatever is logged around it.
 */
const PERSONAL = [
  'agent',
  'agentId',
  'agentName',
  'callId',
  'chatId',
  'subjectId',
  'key',
  'value',
  'payload',
  'status',
  'rawStatus',
  'attributes',
  'headers',
  'number',
  'phone',
  'from',
  'to',
  'name',
  'customerId',
  'password',
  'token',
  'secret',
  'authorization',
];

const CENSORED = '[redacted]';
/** Deeper than this nothing is logged. */
const DEPTH_MAX = 6;
const PERSONAL_NAMES: ReadonlySet<string> = new Set(PERSONAL.map((name) => name.toLowerCase()));

/** A copy in which no field that may be a person's is left, however deep, and no text holds a longer number. */
function redacted(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === DEPTH_MAX) return CENSORED;
  if (value instanceof Error) return redactedError(value, depth);
  if (ArrayBuffer.isView(value)) return CENSORED;
  if (Array.isArray(value)) return value.map((one) => redacted(one, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      name,
      PERSONAL_NAMES.has(name.toLowerCase()) ? CENSORED : redacted(one, depth + 1),
    ]),
  );
}

function redactedError(error: Error, depth: number): Record<string, unknown> {
  const { cause } = error;
  return {
    type: error.name,
    message: redactText(error.message),
    ...(error.stack !== undefined && { stack: redactText(error.stack) }),
    ...(cause !== undefined && { cause: redacted(cause, depth + 1) }),
  };
}

/**
 * Structured logs to standard error: results alone go to standard output.
 * @param stream in its place
 */
export function createLogger(level: string, service: string, stream?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: { service },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => redacted(fields) as Record<string, unknown>,
      },
      // What `redacted` made of an error is as it is to be; what a child is bound to does not come by there.
      serializers: { err: (error: unknown) => error },
      redact: { paths: [...PERSONAL, ...PERSONAL.map((field) => `*.${field}`)], censor: CENSORED },
      hooks: {
        logMethod(args, method) {
          const texts = args.map((one: unknown) => (typeof one === 'string' ? redactText(one) : one));
          method.apply(this, texts as Parameters<typeof method>);
        },
      },
    },
    stream ?? destination({ dest: 2, sync: true }),
  );
}

/** Longer runs of digits in free text are taken for phone numbers; a date is none. Secrets of ours are blanked out. */
export function redactText(message: string): string {
  return withoutSecrets(message).replaceAll(NUMBER, (found) => (DATE.test(found) ? found : '[number]'));
}

const NUMBER = /\+?\d[\d ()-]{7,}\d/g;
const DATE = /^\d{4}-\d\d-\d\d$/;
