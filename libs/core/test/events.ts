import type { AgentWord, CallWord, ChatWord, Label, Source, StatusEvent } from '../src/index.ts';

/**
 * Events of the inner language, made short. Times are epoch ms; every event has the one subject `s-1` of tenant `t`.
 */

export const BASE = Date.UTC(2024, 1, 29, 10);
export const TENANT_ID = 't';
export const SUBJECT = 's-1';
export const KEY = `${TENANT_ID}/${SUBJECT}`;

export type Extras = {
  readonly agentWas?: 'available' | 'busy' | null;
  readonly attributes?: Readonly<Record<string, string>> | null;
  readonly status?: string | null;
};

function common<S extends Source>(source: S, eventId: string, at: number, word: string, extras: Extras) {
  const status = extras.status === undefined ? word : extras.status;
  return {
    source,
    tenantId: TENANT_ID,
    subjectId: SUBJECT,
    eventId,
    at,
    status,
    attributes: extras.attributes ?? null,
  };
}

/** @param agent null where the word names none */
export function callEvent(
  id: string,
  at: number,
  word: CallWord,
  agent: string | null,
  extras: Extras = {},
): StatusEvent {
  const agentWas = extras.agentWas ?? null;
  return { ...common('callcenter24', id, at, word, extras), kind: 'call', word, agent, agentWas };
}

export function chatEvent(id: string, at: number, word: ChatWord, extras: Extras = {}): StatusEvent {
  return { ...common('chatterfy', id, at, word, extras), kind: 'chat', word };
}

export function agentEvent(
  id: string,
  at: number,
  word: AgentWord,
  duration: number | null,
  extras: Extras & { readonly description?: string | null } = {},
): StatusEvent {
  const detail = { duration, description: extras.description ?? null };
  return { ...common('vonage', id, at, word, extras), kind: 'agent', word, detail };
}

export type RecordExtras = Extras & {
  readonly recordVersion?: number | null;
  readonly startedAt?: number | null;
  readonly endedAt?: number | null;
};

/** @param label null: a status that no table has */
export function recordEvent(id: string, at: number, label: Label | null, extras: RecordExtras = {}): StatusEvent {
  const { recordVersion = null, startedAt = null, endedAt = null } = extras;
  const detail = { label, recordVersion, startedAt, endedAt };
  return {
    ...common('atlas', id, at, label?.reason ?? 'never heard of', extras),
    kind: 'call',
    word: 'record',
    detail,
  };
}
