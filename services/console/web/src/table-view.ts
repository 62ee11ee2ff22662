import type { ComponentChildren, VNode } from 'preact';
import { h } from './dom.ts';

export type TableRow = {
  readonly key: string;
  readonly level?: string;
  readonly cells: readonly ComponentChildren[];
};

/** A table that scrolls by itself, by the keyboard as well; its section's title is `list-ID`. */
export function tableView(id: string, heads: readonly string[], rows: readonly TableRow[]): VNode {
  const body = rows.map(({ key, cells, level }) =>
    h(
      'tr',
      { key, class: level ?? '' },
      cells.map((cell, index) => h('td', { key: heads[index] ?? '' }, cell)),
    ),
  );
  return tableOf(`list-${id}`, heads, body);
}

/** @param titledBy the id of what it is called by */
export function tableOf(titledBy: string, heads: readonly string[], rows: readonly VNode[], name = ''): VNode {
  const head = heads.map((text) => h('th', { scope: 'col', key: text }, text));
  return h(
    'div',
    { class: 'scroll', tabIndex: 0, role: 'region', 'aria-labelledby': titledBy },
    h('table', { class: name }, h('thead', null, h('tr', null, head)), h('tbody', null, rows)),
  );
}
