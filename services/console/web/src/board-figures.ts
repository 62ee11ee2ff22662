import type { BoardValues } from '../../src/board-values.ts';
import { boardValues } from '../../src/board-values.ts';
import type { Model } from './model.ts';
import { shownNow } from './model.ts';
import type { Line, Past } from './past.ts';
import { lineOf, samplesOf } from './past.ts';
import type { View } from './view.ts';
import type { Say } from './words.ts';
import { span } from './words.ts';

/** The board's figures: what waits, how well today goes, who is there; those of the report, under its names. */

export type Level = 'good' | 'warn' | 'bad' | 'none';

export type Tile = {
  readonly id: string;
  readonly title: string;
  readonly value: string;
  /** What it is divided by, or of. */
  readonly formula: string;
  readonly target: string | null;
  readonly level: Level | null;
  /** Its last hour; null: nothing of it is known. */
  readonly line: Line | null;
};

const NEAR = 0.75;

/** Of what is the worse the more of it there is. */
function atMost(value: number | null, limit: number): Level {
  if (value === null) return 'none';
  return value > limit ? 'bad' : value > limit * NEAR ? 'warn' : 'good';
}

/** @param near so much less is near the limit */
function atLeast(value: number | null, limit: number, near: number): Level {
  if (value === null) return 'none';
  return value >= limit ? 'good' : value >= limit - near ? 'warn' : 'bad';
}

/** @param model as much of it as the view is of */
export function shownValues(model: Model, { source }: Pick<View, 'source'>): BoardValues {
  const { calls, agents, figures } = model;
  return boardValues({ calls: calls.values(), agents: agents.values(), figures, now: shownNow(model) }, source);
}

/** Nobody who waits is a wait of nothing. */
const longestOf = ({ waiting, longest }: BoardValues): number | null => (waiting === 0 ? 0 : longest);

type Rest = Partial<Pick<Tile, 'formula' | 'target' | 'level'>>;

export function boardTiles(model: Model, past: Past | null, view: View, say: Say): Tile[] {
  const { target } = view;
  const values = shownValues(model, view);
  const { waiting, longest, abandoned, answered, ready, agents } = values;
  const isPart = model.lacks.includes('records-reading') || model.lacks.includes('records-full');
  const part = isPart ? ` · ${say('ofPart')}` : '';
  // What is left out may have been one of these: a wrong number is told by nobody.
  const most = (isLower: boolean, text: string | number | null): string =>
    text === null ? '–' : `${isLower ? '≥ ' : ''}${text}`;
  const subjects = (text: string | number | null): string => most(model.lacks.includes('subjects-full'), text);
  const percent = (value: number | null): string => (value === null ? '–' : `${value.toFixed(1)} %`);
  function tile(
    id: string,
    title: string,
    value: string,
    valueOf: (values: BoardValues) => number | null,
    rest: Rest = {},
  ): Tile {
    const line = lineOf(samplesOf(past, valueOf), valueOf(values), shownNow(model), past?.everyMs ?? 0);
    return { id, title, value, formula: '', target: null, level: null, line, ...rest };
  }
  const levelOf = (one: BoardValues): number | null => one.levels[String(target.seconds)] ?? null;
  const readyTile = tile(
    'ready',
    say('agentsReady'),
    ready === null ? '–' : `${subjects(ready)} ${say('ofTotal')} ${subjects(agents)}`,
    (one) => one.ready,
    { target: `≥ ${target.ready}`, level: agents === 0 ? 'none' : atLeast(ready, target.ready, target.ready / 4) },
  );
  return [
    tile('waiting', say('waitingNow'), subjects(waiting), (one) => one.waiting, {
      target: `≤ ${target.waiting}`,
      level: atMost(waiting, target.waiting),
    }),
    tile('longest', say('longestWaiting'), subjects(longest === null ? null : span(longest * 1_000, say)), longestOf, {
      target: `≤ ${span(target.wait * 1_000, say)}`,
      level: waiting === null ? 'none' : atMost(longest ?? 0, target.wait),
    }),
    tile('level', say('serviceLevel'), percent(levelOf(values)), levelOf, {
      formula: say('ofOffered', { T: target.seconds }) + part,
      target: `≥ ${target.level} %`,
      level: atLeast(levelOf(values), target.level, 10),
    }),
    tile('abandoned', say('abandonment'), percent(abandoned), (one) => one.abandoned, {
      formula: say('abandonFormula') + part,
      target: `≤ ${target.abandon} %`,
      level: atMost(abandoned, target.abandon),
    }),
    tile('answered', say('answeredToday'), most(isPart, answered), (one) => one.answered, {
      target: target.answered === null ? null : `≥ ${target.answered}`,
      // A day's count is below its target for most of the day: it is good once it is there.
      level: target.answered !== null && answered !== null && answered >= target.answered ? 'good' : null,
    }),
    // What the console noted is of all agents.
    view.agents.length > 0 ? { ...readyTile, line: null } : readyTile,
  ];
}
