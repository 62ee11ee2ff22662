import type { SubjectRef } from './links.ts';
import { NOWHERE, subjectHref } from './links.ts';
import type { Model } from './model.ts';
import type { EndedBy } from './outcomes.ts';
import type { Page } from './view.ts';
import { linkTo } from './view.ts';
import { isWaiting, waitingSince } from '../../src/board-values.ts';
import type { Word } from './words.ts';

/** What a supervisor asks, each a click away from its answer. */

export type Asked = {
  readonly key: 'longest' | 'help' | 'voicemail' | 'lost' | 'true';
  readonly word: Word;
  /** Null: there is nothing that it could be about. */
  readonly href: string | null;
};

function longestWaiting({ calls }: Model): SubjectRef | null {
  const [first] = [...calls.values()].filter(isWaiting).sort((a, b) => waitingSince(a) - waitingSince(b));
  return first ? { kind: 'call', id: first.callId, tenantId: first.tenantId } : null;
}

function lastVoicemail({ voicemail }: EndedBy): SubjectRef | null {
  const [last] = voicemail.ended;
  return last ? { kind: 'call', id: last.callId, tenantId: last.tenantId } : null;
}

export function questionsOf(model: Model, ended: EndedBy, search: string): Asked[] {
  const to = (subject: SubjectRef | null): string | null => subject && subjectHref(search, subject);
  const page = (name: Page): string => linkTo(search, { ...NOWHERE, view: name });
  return [
    { key: 'longest', word: 'ask.longest', href: to(longestWaiting(model)) },
    { key: 'help', word: 'ask.help', href: page('help') },
    { key: 'voicemail', word: 'ask.voicemail', href: to(lastVoicemail(ended)) },
    { key: 'lost', word: 'ask.lost', href: page('lost') },
    { key: 'true', word: 'ask.true', href: page('truth') },
  ];
}
