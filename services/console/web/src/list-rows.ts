import type { Source } from '@callfold/core';
import { isWaiting, waitingSince } from '../../src/board-values.ts';
import type { Chat, Model } from './model.ts';
import type { SubjectRef } from './links.ts';
import { shownNow, zoneOf } from './model.ts';
import type { Ended, EndedBy } from './outcomes.ts';
import { faultText, reasonText } from './reasons.ts';
import { timeText } from './times.ts';
import type { View } from './view.ts';
import type { Language, Say } from './words.ts';
import { span } from './words.ts';

/** Who waits, whom we lost and why, what lies in the voicemail, where chats are: the most pressing first. */

type Row = {
  readonly key: string;
  readonly cells: readonly string[];
  /** Whose page the cell with its id leads to. */
  readonly subject?: SubjectRef;
  readonly level?: string;
  /** How many it stands for; absent: one. */
  readonly count?: number;
};

export type List = {
  readonly id: string;
  readonly title: string;
  readonly heads: readonly string[];
  readonly rows: readonly Row[];
  /** There are more than these: how many, is not known. */
  readonly isMore?: boolean;
  readonly none: string;
  /** Whose events are in it. */
  readonly of: readonly Source[];
};

/** How many there are, and never fewer for want of having read them. */
export function countText(count: number, isMore: boolean, say: Say): string {
  return isMore ? say('atLeast', { N: count }) : String(count);
}

function waitingRows(model: Model, { target }: View, say: Say): Row[] {
  const now = shownNow(model);
  return [...model.calls.entries()]
    .filter(([, call]) => isWaiting(call))
    .sort(([, a], [, b]) => waitingSince(a) - waitingSince(b))
    .map(([key, call]) => {
      const ms = now - waitingSince(call);
      const state = say(call.phase === 'ringing' ? 'state.ringing' : 'state.waiting');
      const subject = { kind: 'call', id: call.callId, tenantId: call.tenantId } as const;
      return { key, subject, cells: [call.callId, span(ms, say), state], level: ms > target.wait * 1_000 ? 'bad' : '' };
    });
}

const clock = (text: string | null, zone: string, language: string): string =>
  text === null ? '–' : timeText(Date.parse(text), 'time', language, zone);

function endedRow(one: Ended, zone: string, language: Language, say: Say, more: readonly string[]): Row {
  const reason = reasonText(one.reason, language);
  const why = one.inferred ? `${reason} (${say('inferred')})` : reason;
  const waited = one.waitMs === null ? '–' : span(one.waitMs, say);
  return {
    key: one.outcomeId,
    subject: { kind: 'call', id: one.callId, tenantId: one.tenantId },
    cells: [clock(one.endedAt ?? one.occurredAt, zone, language), one.callId, waited, ...more, why],
    level: one.inferred ? 'inferred' : '',
  };
}

function chatRows(chats: Iterable<Chat>): Row[] {
  const counts = new Map<string, number>();
  for (const { status } of chats) counts.set(status ?? '–', (counts.get(status ?? '–') ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([status, count]) => ({ key: status, cells: [status, String(count)], count }));
}

function manualRows(model: Model, say: Say): Row[] {
  const now = shownNow(model);
  return [...model.chats.entries()]
    .filter(([, { status, since }]) => status === 'Manual' && since !== null)
    .map(([key, chat]) => ({ key, chat, ms: now - Date.parse(chat.since ?? '') }))
    .sort((a, b) => b.ms - a.ms)
    .map(({ key, chat: { chatId: id, tenantId }, ms }) => ({
      key,
      subject: { kind: 'chat', id, tenantId },
      cells: [id, span(ms, say)],
    }));
}

function failedRows(failed: readonly Ended[], isMore: boolean, language: Language): Row[] {
  const counts = new Map<string, { one: Ended; count: number }>();
  for (const one of failed) {
    const key = `${one.reason} ${one.fault ?? '–'}`;
    counts.set(key, { one, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts]
    .sort(([, a], [, b]) => b.count - a.count)
    .map(
      ([
        key,
        {
          one: { reason, fault },
          count,
        },
      ]) => ({
        key,
        // Of each there may be some among those that were not read.
        cells: [reasonText(reason, language), faultText(fault, language), `${isMore ? '≥ ' : ''}${count}`],
        count,
      }),
    );
}

function endedLists({ abandoned, voicemail, failed }: EndedBy, zone: string, language: Language, say: Say): List[] {
  const stageOf = ({ stage }: Ended): string => (stage === null ? '–' : say(stage === 'ring' ? 'ring' : 'queue'));
  const messageOf = ({ voicemailLeft }: Ended): string => say(voicemailLeft ? 'left' : 'notSeen');
  const rowsOf = (all: readonly Ended[], more: (one: Ended) => string): Row[] =>
    all.map((one) => endedRow(one, zone, language, say, [more(one)]));
  const heads = (what: 'stage' | 'message'): string[] => [
    say('when'),
    say('call'),
    say('howLong'),
    say(what),
    say('why'),
  ];
  return [
    {
      id: 'abandoned',
      title: say('lastAbandoned'),
      heads: heads('stage'),
      rows: rowsOf(abandoned.ended, stageOf),
      isMore: abandoned.isMore,
      none: say('noneYet'),
      of: ['callcenter24'],
    },
    {
      id: 'voicemail',
      title: say('voicemails'),
      heads: heads('message'),
      rows: rowsOf(voicemail.ended, messageOf),
      isMore: voicemail.isMore,
      none: say('noneYet'),
      of: ['callcenter24', 'atlas'],
    },
    {
      id: 'failed',
      title: say('aiEndings'),
      heads: [say('reason'), say('fault'), say('count')],
      rows: failedRows(failed.ended, failed.isMore, language),
      isMore: failed.isMore,
      none: say('noneYet'),
      of: ['atlas'],
    },
  ];
}

function chatLists(model: Model, say: Say): List[] {
  return [
    {
      id: 'chats',
      title: say('chats'),
      heads: [say('state'), say('chatCount')],
      rows: chatRows(model.chats.values()),
      none: say('noneYet'),
      of: ['chatterfy'],
    },
    {
      id: 'manual',
      title: say('chatsManual'),
      heads: [say('chat'), say('inManual')],
      rows: manualRows(model, say),
      none: say('nobody'),
      of: ['chatterfy'],
    },
  ];
}

/** Those that the source of the view has. */
export function listsOf(model: Model, ended: EndedBy, view: View, say: Say): List[] {
  const { language, source } = view;
  const waiting: List = {
    id: 'waiting',
    title: say('waitingCalls'),
    heads: [say('call'), say('waits'), say('state')],
    rows: waitingRows(model, view, say),
    none: say('nobody'),
    of: ['callcenter24'],
  };
  const lists = [waiting, ...endedLists(ended, zoneOf(model, view), language, say), ...chatLists(model, say)];
  return lists.filter(({ of }) => source === null || of.includes(source));
}
