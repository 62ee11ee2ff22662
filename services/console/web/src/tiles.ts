import type { VNode } from 'preact';
import { h } from './dom.ts';
import type { Level, Tile } from './board-figures.ts';
import type { Sample } from './history.ts';
import { HOUR_MS } from './history.ts';
import type { Say } from './words.ts';

/** One figure with its target, how it stands to it (in a word, a shape and a colour), and its last hour. */

/** Each level has a shape of its own: none is told by its colour alone. */
const SHAPES: Readonly<Record<Level, string>> = {
  good: 'M2 8.5 L6.5 13 L14 3.5',
  warn: 'M8 2 L15 14 L1 14 Z M8 6 L8 10 M8 11.6 L8 12.4',
  bad: 'M3 3 L13 13 M13 3 L3 13',
  none: 'M3 8 L13 8',
};

export function shape(level: Level): VNode {
  return h('svg', { class: 'shape', viewBox: '0 0 16 16', 'aria-hidden': 'true' }, h('path', { d: SHAPES[level] }));
}

const WIDTH = 120;
const HEIGHT = 28;

function sparkline(samples: readonly Sample[], say: Say): VNode | null {
  const last = samples.at(-1);
  if (!last) return null;
  const most = Math.max(1, ...samples.map(({ value }) => value));
  const points = samples.map(
    ({ at, value }) =>
      `${((1 - (last.at - at) / HOUR_MS) * WIDTH).toFixed(1)},${(HEIGHT - 2 - (value / most) * (HEIGHT - 4)).toFixed(1)}`,
  );
  return h(
    'svg',
    {
      class: 'spark',
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': say('sparkline'),
    },
    h('path', { class: 'hour', d: `M0 ${HEIGHT - 1} H${WIDTH}` }),
    h('polyline', { points: points.join(' ') }),
  );
}

export function tileView({ id, title, value, formula, target, level, samples }: Tile, say: Say): VNode {
  return h(
    'section',
    { class: `tile ${level ?? ''}`, key: id, 'data-tile': id, role: 'group', 'aria-labelledby': `tile-${id}` },
    h('h2', { id: `tile-${id}` }, title),
    h('p', { class: 'value' }, value),
    h('p', { class: 'formula' }, formula),
    h(
      'p',
      { class: 'level' },
      level && shape(level),
      level && h('span', null, say(level)),
      target !== null && h('span', { class: 'target' }, `${say('target')} ${target}`),
    ),
    sparkline(samples, say),
  );
}
