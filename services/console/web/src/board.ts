import type { VNode } from 'preact';
import { boardTiles } from './board-figures.ts';
import { h } from './dom.ts';
import type { Model } from './model.ts';
import type { Past } from './past.ts';
import { tileView } from './tiles.ts';
import type { View } from './view.ts';
import type { Say } from './words.ts';

/** The board: each of its figures as a tile. */

export function boardView(model: Model, past: Past | null, view: View, say: Say): VNode {
  return h(
    'div',
    { class: 'tiles' },
    boardTiles(model, past, view, say).map((tile) => tileView(tile, say)),
  );
}
