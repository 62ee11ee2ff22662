import type { VNode } from 'preact';
import { h } from './dom.ts';
import { isWaiting, waitingSince } from './board.ts';
import type { Chat, Model } from './model.ts';
import { serverNow, zoneOf } from './model.ts';
import type { Ended } from './outcomes.ts';
import type { View } from './view.ts';
import type { Say } from './words.ts';
import { span } from './words.ts';

/** Who waits, whom we lost and why, what lies in the voicemail, where chats are: each list the most pressing first. */

const SHOWN_MOST = 15;

type Row = {
  readonly key: string;
  readonly cells: readonly (string | VNode)[];
  readonly level?: string;
  /** How many it stands for; absent: one. */
  readonly count?: number;
};

function table(
  id: string,
  title: string,
  heads: readonly string[],
  rows: readonly Row[],
  none: string,
  say: Say,
): VNode {
  const rest = rows.length - SHOWN_MOST;
  return h(
    'section',
    { class: 'list', key: id, 'data-list': id },
    h(
      'h2',
      { id: `list-${id}` },
      title,
      h('span', { class: 'number' }, String(rows.reduce((sum, { count = 1 }) => sum + count, 0))),
    ),
    rows.length === 0
      ? h('p', { class: 'empty' }, none)
      : h(
          'div',
          { class: 'scroll', tabIndex: 0, role: 'region', 'aria-labelledby': `list-${id}` },
          h(
            'table',
            null,
            h(
              'thead',
              null,
              h(
                'tr',
                null,
                heads.map((head) => h('th', { scope: 'col', key: head }, head)),
              ),
            ),
            h(
              'tbody',
              null,
              rows.slice(0, SHOWN_MOST).map(({ key, cells, level }) =>
                h(
                  'tr',
                  { key, class: level ?? '' },
                  cells.map((cell, index) => h('td', { key: heads[index] ?? '' }, cell)),
                ),
              ),
            ),
          ),
        ),
    rest > 0 && h('p', { class: 'empty' }, say('truncated', { N: rest })),
  );
}

function waitingRows(model: Model, { target }: View, say: Say): Row[] {
  const now = serverNow(model);
  return [...model.calls.entries()]
    .filter(([, call]) => isWaiting(call))
    .sort(([, a], [, b]) => waitingSince(a) - waitingSince(b))
    .map(([key, call]) => {
      const ms = now - waitingSince(call);
      const state = say(call.phase === 'ringing' ? 'state.ringing' : 'state.waiting');
      return { key, cells: [call.callId, span(ms), state], level: ms > target.wait * 1_000 ? 'bad' : '' };
    });
}

const clock = (text: string | null, zone: string, language: string): string =>
  text === null ? '–' : new Date(text).toLocaleTimeString(language, { timeZone: zone, hour12: false });

function endedRow(one: Ended, zone: string, language: string, say: Say, more: readonly string[]): Row {
  const why = `${one.reason}${one.inferred ? ` (${say('inferred')})` : ''}`;
  const waited = one.waitMs === null ? '–' : span(one.waitMs);
  return {
    key: one.outcomeId,
    cells: [
      clock(one.endedAt ?? one.occurredAt, zone, language),
      one.callId,
      waited,
      ...more,
      why.replaceAll('-', ' '),
    ],
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

function manualRows(model: Model): Row[] {
  const now = serverNow(model);
  return [...model.chats.entries()]
    .filter(([, { status, since }]) => status === 'Manual' && since !== null)
    .map(([key, chat]) => ({ key, id: chat.chatId, ms: now - Date.parse(chat.since ?? '') }))
    .sort((a, b) => b.ms - a.ms)
    .map(({ key, id, ms }) => ({ key, cells: [id, span(ms)] }));
}

export type Outcomes = {
  readonly abandoned: readonly Ended[];
  readonly voicemail: readonly Ended[];
  /** Of the voice AI, today: not connected, or failed. */
  readonly failed: readonly Ended[];
};

function failedRows(failed: readonly Ended[]): Row[] {
  const counts = new Map<string, { reason: string; fault: string; count: number }>();
  for (const { reason, fault } of failed) {
    const key = `${reason} ${fault ?? '–'}`;
    const known = counts.get(key) ?? { reason, fault: fault ?? '–', count: 0 };
    counts.set(key, { ...known, count: known.count + 1 });
  }
  return [...counts]
    .sort(([, a], [, b]) => b.count - a.count)
    .map(([key, { reason, fault, count }]) => ({
      key,
      cells: [reason.replaceAll('-', ' '), fault, String(count)],
      count,
    }));
}

export function listsView(model: Model, outcomes: Outcomes, view: View, say: Say): VNode {
  const zone = zoneOf(model, view);
  const { language } = view;
  const stageOf = ({ stage }: Ended): string => (stage === null ? '–' : say(stage === 'ring' ? 'ring' : 'queue'));
  const abandoned = outcomes.abandoned.map((one) => endedRow(one, zone, language, say, [stageOf(one)]));
  const voicemail = outcomes.voicemail.map((one) =>
    endedRow(one, zone, language, say, [say(one.voicemailLeft ? 'left' : 'notSeen')]),
  );
  const ended = (what: 'stage' | 'message'): string[] => [
    say('when'),
    say('call'),
    say('howLong'),
    say(what),
    say('why'),
  ];
  return h(
    'div',
    { class: 'lists' },
    table(
      'waiting',
      say('waitingCalls'),
      [say('call'), say('waits'), say('state')],
      waitingRows(model, view, say),
      say('nobody'),
      say,
    ),
    table('abandoned', say('lastAbandoned'), ended('stage'), abandoned, say('noneYet'), say),
    table('voicemail', say('voicemails'), ended('message'), voicemail, say('noneYet'), say),
    table(
      'failed',
      say('aiEndings'),
      [say('reason'), say('fault'), say('count')],
      failedRows(outcomes.failed),
      say('noneYet'),
      say,
    ),
    table('chats', say('chats'), [say('state'), say('chatCount')], chatRows(model.chats.values()), say('noneYet'), say),
    table('manual', say('chatsManual'), [say('chat'), say('inManual')], manualRows(model), say('nobody'), say),
  );
}
