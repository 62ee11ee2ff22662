import type { VNode } from 'preact';
import { h } from './dom.ts';
import { HOUR_MS } from './past.ts';
import { lostGroups } from './lost.ts';
import type { EndedList } from './outcomes.ts';
import { endOf } from './outcomes.ts';
import { subjectLink } from './subject-link.ts';
import { table } from './subject-tables.ts';
import type { SubjectView } from './times.ts';
import { clockOf } from './times.ts';
import { span } from './words.ts';

/** What was lost in the last hour, by why, each call a click away. */

export function lostView({ ended: all, isMore }: EndedList, view: SubjectView): VNode {
  const { say } = view;
  // The hour goes on between two reads.
  const from = new Date(view.now - HOUR_MS).toISOString();
  const ended = all.filter((one) => endOf(one) >= from);
  const groups = lostGroups(ended, view);
  const clock = clockOf(view.now, view);
  const heads = [say('when'), say('call'), say('howLong')];
  return h(
    'div',
    { class: 'lists', 'data-lost': String(ended.length) },
    h(
      'p',
      { class: 'formula wide' },
      `${say('lostFormula')}${isMore ? ` · ${say('atLeast', { N: ended.length })}` : ''}`,
    ),
    groups.length === 0 && h('p', { class: 'empty' }, say('lostNothing')),
    groups.map(({ key, why, calls }, index) =>
      h(
        'section',
        { class: 'list', key },
        h('h2', { id: `lost-${index}` }, why, ' ', h('span', { class: 'number' }, String(calls.length))),
        table(
          heads,
          calls.map((one) =>
            h(
              'tr',
              { key: one.outcomeId },
              h('td', null, clock(Date.parse(endOf(one)))),
              h('td', null, subjectLink({ kind: 'call', id: one.callId, tenantId: one.tenantId }, one.callId)),
              h('td', null, one.waitMs === null ? '–' : span(one.waitMs, say)),
            ),
          ),
          `lost-${index}`,
        ),
      ),
    ),
  );
}
