import type { VNode } from 'preact';
import type { BarPart, Days } from './agent-bar.ts';
import { barOf } from './agent-bar.ts';
import type { Level } from './board-figures.ts';
import { h } from './dom.ts';
import { subjectLink } from './subject-link.ts';
import type { Agent, Model } from './model.ts';
import { shownNow } from './model.ts';
import { shape } from './tiles.ts';
import type { View } from './view.ts';
import type { Say } from './words.ts';
import { span, wordOr } from './words.ts';

/** Agents as a grid that fits sixty: who needs attention first, how long each has been in its state, and its day. */

const MARKS: Readonly<Record<string, string>> = {
  free: '○',
  Ready: '○',
  ringing: '◔',
  'on-call': '●',
  Busy: '●',
  Wrap: '◑',
};

type Card = {
  readonly key: string;
  readonly agent: Agent;
  readonly ms: number;
  /** Of its threshold, ms; null: the state has none. */
  readonly threshold: number | null;
  readonly part: number;
  readonly bar: readonly BarPart[];
};

type Scene = { readonly now: number; readonly days: Days | null; readonly thresholds: View['thresholds'] };

function cardOf(key: string, agent: Agent, { now, days, thresholds }: Scene): Card {
  const ms = Math.max(0, now - Date.parse(agent.since));
  const seconds = thresholds[agent.state];
  const threshold = seconds === undefined ? null : seconds * 1_000;
  const part = threshold === null ? 0 : ms / threshold;
  return { key, agent, ms, threshold, part, bar: barOf(key, agent, days, now) };
}

/** What somebody in a state can do now: a colour of its own, beside the word and the mark. */
const DOES: Readonly<Record<string, string>> = {
  free: 'can',
  Ready: 'can',
  ringing: 'rings',
  'on-call': 'talks',
  Busy: 'talks',
};
const doesOf = (state: string): string => DOES[state] ?? 'else';

/** Each of the bar's parts has a height of its own, so that it is not told by its colour alone. */
const HEIGHTS: Readonly<Record<string, number>> = { talks: 8, rings: 8, can: 4, else: 2 };
const BAR_WIDTH = 100;
const BAR_HEIGHT = 8;
/** Of what took little time: it is there. */
const LEAST_WIDTH = 1;

const levelOf = (part: number): Level => (part > 1 ? 'bad' : part > 0.75 ? 'warn' : 'good');

const stateWord = (state: string, say: Say): string => wordOr(`state.${state}`, state, say);

function dayView(bar: readonly BarPart[], say: Say): VNode | null {
  const all = bar.reduce((sum, { ms }) => sum + ms, 0);
  if (all === 0) return null;
  const told = bar.map(({ state, ms }) => `${stateWord(state, say)} ${span(ms, say)}`).join(', ');
  let x = 0;
  const parts = bar.map(({ state, ms }) => {
    const does = doesOf(state);
    const width = Math.max(LEAST_WIDTH, (ms / all) * BAR_WIDTH);
    const height = HEIGHTS[does] ?? BAR_HEIGHT;
    const at = { x: x.toFixed(1), y: BAR_HEIGHT - height, width: width.toFixed(1), height };
    x += width;
    return h('rect', { key: state, class: does, ...at });
  });
  return h(
    'svg',
    {
      class: 'day',
      viewBox: `0 0 ${Math.max(BAR_WIDTH, x).toFixed(1)} ${BAR_HEIGHT}`,
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': `${say('agentToday')}: ${told}`,
    },
    h('title', null, told),
    parts,
  );
}

function cardView({ key, agent, ms, threshold, part, bar }: Card, say: Say): VNode {
  const level = levelOf(part);
  return h(
    'li',
    { key, class: `agent ${level} ${doesOf(agent.state)}`, 'data-agent': agent.agentId },
    h('strong', null, subjectLink({ kind: 'agent', id: agent.agentId, tenantId: agent.tenantId }, agent.agentId)),
    h(
      'span',
      { class: 'state' },
      h('span', { 'aria-hidden': 'true' }, `${MARKS[agent.state] ?? '◇'} `),
      stateWord(agent.state, say),
      agent.description === null || agent.description === agent.state ? '' : ` · ${agent.description}`,
    ),
    h('span', { class: 'time' }, level === 'good' ? null : shape(level), span(ms, say)),
    threshold !== null && h('small', { class: 'of' }, `/ ${span(threshold, say)}`),
    level === 'bad' && h('span', { class: 'hidden' }, say('needsAttention')),
    h('span', { class: 'bar', style: { '--part': Math.min(1, part).toFixed(2) } }),
    dayView(bar, say),
  );
}

/** @param areInNeed only those that need attention */
export function agentsView(model: Model, days: Days | null, { thresholds }: View, say: Say, areInNeed = false): VNode {
  const now = shownNow(model);
  const cards = [...model.agents.entries()]
    .filter(([, { state }]) => state !== 'LoggedOut')
    .map(([key, agent]) => cardOf(key, agent, { now, days, thresholds }))
    .filter(({ part }) => !areInNeed || part > 1)
    .sort((a, b) => (b.part > 1 || a.part > 1 ? b.part - a.part : 0) || (a.agent.agentId < b.agent.agentId ? -1 : 1));
  if (cards.length === 0) return h('p', { class: 'empty' }, say(areInNeed ? 'helpNobody' : 'nobody'));
  return h(
    'ul',
    // A list without its marks is none to some readers of screens.
    { class: 'agents', role: 'list' },
    cards.map((card) => cardView(card, say)),
  );
}
