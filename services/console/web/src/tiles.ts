import type { VNode } from 'preact';
import { h } from './dom.ts';
import type { Level, Tile } from './board-figures.ts';
import type { Line } from './past.ts';
import { HOUR_MS } from './past.ts';
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
/** Said to be known for the whole hour when it is for so much of it: samples are some time apart. */
const WHOLE = 0.95;

/** What is not known is a dashed line at the foot, and no figure. */
function sparkline({ strokes, low, high, knownMs }: Line, say: Say): VNode {
  const foot = HEIGHT - 1;
  const unknown = (1 - Math.min(1, knownMs / HOUR_MS)) * WIDTH;
  const short = (value: number): number => Math.round(value * 10) / 10;
  const range = say('sparkline', { LOW: short(low), HIGH: short(high) });
  const since = say('sparklineKnown', { M: Math.round(knownMs / 60_000) });
  return h(
    'svg',
    {
      class: 'spark',
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': knownMs >= WHOLE * HOUR_MS ? range : `${range}; ${since}`,
    },
    unknown > 0 && h('path', { class: 'unknown', d: `M0 ${foot} H${unknown.toFixed(1)}` }),
    h('path', { class: 'hour', d: `M${unknown.toFixed(1)} ${foot} H${WIDTH}` }),
    strokes.map((points, index) => {
      const places = points.map(([x, y]) => `${(x * WIDTH).toFixed(1)},${(HEIGHT - 2 - y * (HEIGHT - 4)).toFixed(1)}`);
      return h('polyline', { key: index, points: places.join(' ') });
    }),
  );
}

export function tileView({ id, title, value, formula, target, level, line }: Tile, say: Say): VNode {
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
    line && sparkline(line, say),
  );
}
