import type { VNode } from 'preact';
import { h } from './dom.ts';
import type { List } from './list-rows.ts';
import { countText, listsOf } from './list-rows.ts';
import { subjectLink } from './subject-link.ts';
import type { Model } from './model.ts';
import type { EndedBy } from './outcomes.ts';
import type { TableRow } from './table-view.ts';
import { tableView } from './table-view.ts';
import type { View } from './view.ts';
import type { Say } from './words.ts';

/** The lists, each as a table. */

const SHOWN_MOST = 15;

/** The cell with its subject's id leads to the page of that. */
function linked({ key, level, cells, subject }: List['rows'][number]): TableRow {
  const its = cells.map((cell) => (subject?.id === cell ? subjectLink(subject, cell) : cell));
  return { key, cells: its, ...(level !== undefined && { level }) };
}

export function listView(list: List, say: Say): VNode {
  const { id, title, rows, isMore = false, none } = list;
  const rest = rows.length - SHOWN_MOST;
  const count = rows.reduce((sum, row) => sum + (row.count ?? 1), 0);
  return h(
    'section',
    { class: 'list', key: id, 'data-list': id },
    h('h2', { id: `list-${id}` }, title, ' ', h('span', { class: 'number' }, countText(count, isMore, say))),
    rows.length === 0
      ? h('p', { class: 'empty' }, none)
      : tableView(id, list.heads, rows.slice(0, SHOWN_MOST).map(linked)),
    rest > 0 && h('p', { class: 'empty' }, say(isMore ? 'truncatedMore' : 'truncated', { N: rest })),
  );
}

export function listsView(model: Model, ended: EndedBy, view: View, say: Say): VNode {
  const lists = listsOf(model, ended, view, say);
  if (lists.length === 0) return h('p', { class: 'empty' }, say('noneOfSource'));
  return h(
    'div',
    { class: 'lists' },
    lists.map((list) => listView(list, say)),
  );
}
