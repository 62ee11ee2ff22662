/** A few subjects of every vocabulary, as upstreams write them in NDJSON. */

const START = Date.UTC(2026, 0, 5, 9);

export const iso = (second: number): string => new Date(START + second * 1_000).toISOString();

type Line = Readonly<Record<string, unknown>>;

function told(source: string, idName: string, id: string, words: readonly (readonly [number, string])[]): Line[] {
  return words.map(([second, status]) => ({ source, [idName]: id, occurredAt: iso(second), status }));
}

export const ANSWERED = told('callcenter24', 'callId', 'call-answered', [
  [0, 'Registred in CallCenter24'],
  [1, 'Participant join (Contact)'],
  [2, 'Sending a request to display the call screen - [Anna] (Available)'],
  [3, 'Show call screen - [Anna]'],
  [8, 'Participant join ([Anna])'],
  [68, 'Participant leave (Contact)'],
  [70, 'Participant leave ([Anna])'],
  [70, 'Call ended'],
]);

export const ABANDONED = told('callcenter24', 'callId', 'call/abandoned', [
  [0, 'Registred in CallCenter24'],
  [1, 'Participant join (Contact)'],
  [31, 'Participant leave (Contact)'],
  [31, 'Call ended'],
]);

export const VOICEMAIL = told('callcenter24', 'callId', 'call-voicemail', [
  [0, 'Registred in CallCenter24'],
  [1, 'Participant join (Contact)'],
  [41, 'Redirect to voice mail'],
]);

export const ATLAS = told('atlas', 'callId', 'atlas-1', [[5, 'Line busy']]);

export const CHAT = told('chatterfy', 'chatId', 'chat-1', [
  [0, 'Auto'],
  [60, 'Manual'],
  [360, 'Finished'],
]);

export const AGENT: readonly Line[] = [
  { source: 'vonage', agentId: '101', start: iso(0), duration: 60_000, state: 'Ready' },
  { source: 'vonage', agentId: '101', start: iso(60), duration: 30_000, state: 'Busy', description: 'Inbound' },
];

export const EVENTS: readonly Line[] = [...ANSWERED, ...ABANDONED, ...VOICEMAIL, ...ATLAS, ...CHAT, ...AGENT];

export const REFUSED = [
  '{"source":"callcenter24","callId":"","occurredAt":"2026-01-05T09:00:00Z","status":"Call ended"}',
  'not json',
  '{"source":"teapot"}',
  '{"source":"atlas","callId":"1","occurredAt":"1980-01-01T00:00:00Z"}',
] as const;
export const REFUSED_CODES = ['missing-id', 'not-json', 'unknown-source', 'time-out-of-range'] as const;

export const ndjson = (lines: readonly (Line | string)[]): string =>
  lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('');

/** Abandoned calls, four events each, a minute apart. */
export function manyCalls(count: number, name = 'many'): string {
  const calls = Array.from({ length: count }, (_, n) =>
    ABANDONED.map((line, index) => ({ ...line, callId: `${name}-${n}`, occurredAt: iso(n * 60 + index * 10) })),
  );
  return ndjson(calls.flat());
}
