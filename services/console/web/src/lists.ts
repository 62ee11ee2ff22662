import type { VNode } from 'preact';
import { h } from './dom.ts';
import type { List } from './list-rows.ts';
import { countText, listsOf } from './list-rows.ts';
import type { Model } from './model.ts';
import type { EndedBy } from './outcomes.ts';
import { tableView } from './table-view.ts';
import type { View } from './view.ts';
import type { Say } from './words.ts';

/** The lists, each as a table. */

const SHOWN_MOST = 15;

function listView(list: List, say: Say): VNode {
  const { id, title, rows, isMore = false, none } = list;
  const rest = rows.length - SHOWN_MOST;
  const count = rows.reduce((sum, row) => sum + (row.count ?? 1), 0);
  return h(
    'section',
    { class: 'list', key: id, 'data-list': id },
    h('h2', { id: `list-${id}` }, title, ' ', h('span', { class: 'number' }, countText(count, isMore, say))),
    rows.length === 0 ? h('p', { class: 'empty' }, none) : tableView(id, list.heads, rows.slice(0, SHOWN_MOST)),
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
