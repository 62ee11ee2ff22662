import type { ComponentChildren, VNode } from 'preact';
import { h } from './dom.ts';

export type TableRow = {
  readonly key: string;
  readonly level?: string;
  readonly cells: readonly ComponentChildren[];
};

/** A table that scrolls by itself, by the keyboard as well; its section's title is `list-ID`. */
export function tableView(id: string, heads: readonly string[], rows: readonly TableRow[]): VNode {
  const head = heads.map((text) => h('th', { scope: 'col', key: text }, text));
  const body = rows.map(({ key, cells, level }) =>
    h(
      'tr',
      { key, class: level ?? '' },
      cells.map((cell, index) => h('td', { key: heads[index] ?? '' }, cell)),
    ),
  );
  return h(
    'div',
    { class: 'scroll', tabIndex: 0, role: 'region', 'aria-labelledby': `list-${id}` },
    h('table', null, h('thead', null, h('tr', null, head)), h('tbody', null, body)),
  );
}
