import type { VNode } from 'preact';
import { h } from './dom.ts';
import type { History } from './history.ts';
import type { Call, Model } from './model.ts';
import { serverNow } from './model.ts';
import type { Level, Tile } from './tiles.ts';
import { tileView } from './tiles.ts';
import type { View } from './view.ts';
import type { Say } from './words.ts';
import { span } from './words.ts';

/** The board: what waits, how well today goes, who is there. Figures are those of the report, under its names. */

/** A call that nobody has answered yet, ringing or not: its contact waits. */
export const isWaiting = ({ phase }: Call): boolean => phase === 'waiting' || phase === 'ringing';

export const waitingSince = (call: Call): number => Date.parse(call.queuedAt ?? call.since ?? '');

const READY: ReadonlySet<string> = new Set(['free', 'Ready']);
const AWAY: ReadonlySet<string> = new Set(['LoggedOut']);

const NEAR = 0.75;

/** Of what is the worse the more of it there is. */
function atMost(value: number | null, limit: number): Level {
  if (value === null) return 'none';
  return value > limit ? 'bad' : value > limit * NEAR ? 'warn' : 'good';
}

function atLeast(value: number | null, limit: number): Level {
  if (value === null) return 'none';
  return value >= limit ? 'good' : value >= limit - 10 ? 'warn' : 'bad';
}

const percent = (value: number | null): string => (value === null ? '–' : `${value.toFixed(1)} %`);

export function boardTiles(model: Model, history: History, { target }: View, say: Say): Tile[] {
  const now = serverNow(model);
  const waiting = [...model.calls.values()].filter(isWaiting);
  const longestMs = waiting.length === 0 ? 0 : now - Math.min(...waiting.map(waitingSince));
  const calls = model.figures?.callcenter24 ?? null;
  const level = calls?.report.serviceLevelPercent[String(target.seconds)]?.['ofOffered'] ?? null;
  const abandoned = calls?.report.abandonmentPercent['ofOffered'] ?? null;
  const agents = [...model.agents.values()].filter(({ state }) => !AWAY.has(state));
  const ready = agents.filter(({ state }) => READY.has(state)).length;
  const values: Readonly<Record<string, number | null>> = {
    waiting: waiting.length,
    longest: Math.round(longestMs / 1_000),
    level,
    abandoned,
    answered: calls?.outcomes['answered'] ?? 0,
    ready,
  };
  for (const [name, value] of Object.entries(values)) history.note(name, now, value);
  const tile = (id: string, title: string, value: string, rest: Partial<Tile> = {}): Tile => {
    return { id, title, value, formula: '', target: null, level: null, samples: history.of(id), ...rest };
  };
  return [
    tile('waiting', say('waitingNow'), String(waiting.length)),
    tile('longest', say('longestWaiting'), waiting.length === 0 ? '–' : span(longestMs), {
      target: `≤ ${span(target.wait * 1_000)}`,
      level: atMost(longestMs / 1_000, target.wait),
    }),
    tile('level', say('serviceLevel'), percent(level), {
      formula: say('ofOffered', { T: target.seconds }),
      target: `≥ ${target.level} %`,
      level: atLeast(level, target.level),
    }),
    tile('abandoned', say('abandonment'), percent(abandoned), {
      formula: say('abandonFormula'),
      target: `≤ ${target.abandon} %`,
      level: atMost(abandoned, target.abandon),
    }),
    tile('answered', say('answeredToday'), String(values['answered'])),
    tile('ready', say('agentsReady'), `${ready} ${say('ofTotal')} ${agents.length}`, {
      level: agents.length === 0 ? 'none' : ready === 0 ? 'bad' : 'good',
    }),
  ];
}

export function boardView(model: Model, history: History, view: View, say: Say): VNode {
  return h(
    'div',
    { class: 'tiles' },
    boardTiles(model, history, view, say).map((tile) => tileView(tile, say)),
  );
}
