import type { Logger } from 'pino';
import { destination, pino } from 'pino';

export type { Logger } from 'pino';

/**
 * Fields that may hold people's names, numbers or ids. The engine's events have none of them; this is the second line, for
 * whatever is logged around it.
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

/** Structured logs to standard error: results alone go to standard output. */
export function createLogger(level: string, service: string): Logger {
  return pino(
    {
      level,
      base: { service },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: [...PERSONAL, ...PERSONAL.map((field) => `*.${field}`)], censor: '[redacted]' },
    },
    destination({ dest: 2, sync: true }),
  );
}

/** Longer runs of digits in free text are taken for phone numbers. */
export function redactText(message: string): string {
  return message.replaceAll(/\+?\d[\d ()-]{7,}\d/g, '[number]');
}
