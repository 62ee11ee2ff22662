import type { Source } from '@callfold/core';
import type { History, Sample } from './history.ts';
import type { Model } from './model.ts';
import { shownNow } from './model.ts';
import type { View } from './view.ts';
import { isWaiting, waitingSince } from './waiting.ts';
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
  readonly samples: readonly Sample[];
};

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

/** Null: there is none, or none of the source that the view is of. */
export type Values = {
  readonly waiting: number | null;
  /** Seconds. */
  readonly longest: number | null;
  readonly level: number | null;
  readonly abandoned: number | null;
  readonly answered: number | null;
  readonly ready: number | null;
  readonly agents: number | null;
};

const isOf = (source: Source | null, ...of: readonly Source[]): boolean => source === null || of.includes(source);

/** @param model as much of it as the view is of */
export function boardValues(model: Model, { source, target }: Pick<View, 'source' | 'target'>): Values {
  const now = shownNow(model);
  const since = [...model.calls.values()].filter(isWaiting).map(waitingSince);
  const calls = isOf(source, 'callcenter24') ? model.figures?.callcenter24 : undefined;
  const agents = [...model.agents.values()].filter(({ state }) => !AWAY.has(state));
  const hasAgents = isOf(source, 'callcenter24', 'vonage');
  const figuresOf = source === 'atlas' ? model.figures?.atlas : calls;
  const hasAnswers = model.figures !== null && isOf(source, 'callcenter24', 'atlas');
  return {
    waiting: isOf(source, 'callcenter24') ? since.length : null,
    longest: since.length === 0 ? null : Math.floor(Math.max(0, ...since.map((at) => now - at)) / 1_000),
    level: calls?.report.serviceLevelPercent[String(target.seconds)]?.ofOffered ?? null,
    abandoned: calls?.report.abandonmentPercent.ofOffered ?? null,
    answered: hasAnswers ? (figuresOf?.outcomes['answered'] ?? 0) : null,
    ready: hasAgents ? agents.filter(({ state }) => READY.has(state)).length : null,
    agents: hasAgents ? agents.length : null,
  };
}

export function noteValues(history: History, values: Values, at: number): void {
  const { longest, waiting, agents: _, ...others } = values;
  const noted = { ...others, waiting, longest: waiting === 0 ? 0 : longest };
  for (const [name, value] of Object.entries(noted)) history.note(name, at, value);
}

export function boardTiles(model: Model, history: History, view: View, say: Say): Tile[] {
  const { target } = view;
  const { waiting, longest, level, abandoned, answered, ready, agents } = boardValues(model, view);
  const isPart = model.lacks.includes('records-reading') || model.lacks.includes('records-full');
  const part = isPart ? ` · ${say('ofPart')}` : '';
  // What is left out may have been one of these: a wrong number is told by nobody.
  const most = (isLower: boolean, text: string | number | null): string =>
    text === null ? '–' : `${isLower ? '≥ ' : ''}${text}`;
  const subjects = (text: string | number | null): string => most(model.lacks.includes('subjects-full'), text);
  const percent = (value: number | null): string => (value === null ? '–' : `${value.toFixed(1)} %`);
  const tile = (id: string, title: string, value: string, rest: Partial<Tile> = {}): Tile => {
    return { id, title, value, formula: '', target: null, level: null, samples: history.of(id), ...rest };
  };
  return [
    tile('waiting', say('waitingNow'), subjects(waiting)),
    tile('longest', say('longestWaiting'), subjects(longest === null ? null : span(longest * 1_000, say)), {
      target: `≤ ${span(target.wait * 1_000, say)}`,
      level: waiting === null ? 'none' : atMost(longest ?? 0, target.wait),
    }),
    tile('level', say('serviceLevel'), percent(level), {
      formula: say('ofOffered', { T: target.seconds }) + part,
      target: `≥ ${target.level} %`,
      level: atLeast(level, target.level),
    }),
    tile('abandoned', say('abandonment'), percent(abandoned), {
      formula: say('abandonFormula') + part,
      target: `≤ ${target.abandon} %`,
      level: atMost(abandoned, target.abandon),
    }),
    tile('answered', say('answeredToday'), most(isPart, answered)),
    tile(
      'ready',
      say('agentsReady'),
      ready === null ? '–' : `${subjects(ready)} ${say('ofTotal')} ${subjects(agents)}`,
      {
        level: ready === null || agents === 0 ? 'none' : ready === 0 ? 'bad' : 'good',
      },
    ),
  ];
}
