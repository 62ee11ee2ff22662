import type { VNode } from 'preact';
import { h } from './dom.ts';
import type { Agent, Model } from './model.ts';
import { shownNow } from './model.ts';
import type { Level } from './board-figures.ts';
import { shape } from './tiles.ts';
import type { Say } from './words.ts';
import { isWord, span } from './words.ts';

/** Agents as a grid that fits sixty: who needs attention first, how long each has been in its state. */

/** Seconds in a state after which somebody should look; a state that is not here has none. */
const THRESHOLDS: Readonly<Record<string, number>> = {
  ringing: 20,
  'on-call': 600,
  Busy: 600,
  Wrap: 120,
  Away: 900,
  Unexpected: 30,
  Failed: 30,
};

const MARKS: Readonly<Record<string, string>> = {
  free: '○',
  Ready: '○',
  ringing: '◔',
  'on-call': '●',
  Busy: '●',
  Wrap: '◑',
};

type Card = { readonly key: string; readonly agent: Agent; readonly ms: number; readonly part: number };

function cardOf(key: string, agent: Agent, now: number): Card {
  const ms = Math.max(0, now - Date.parse(agent.since));
  const threshold = THRESHOLDS[agent.state];
  return { key, agent, ms, part: threshold === undefined ? 0 : ms / (threshold * 1_000) };
}

/** What somebody in a state can do now: a colour of its own, beside the word and the mark. */
const DOES: Readonly<Record<string, string>> = {
  free: 'can',
  Ready: 'can',
  ringing: 'rings',
  'on-call': 'talks',
  Busy: 'talks',
};

const levelOf = (part: number): Level => (part > 1 ? 'bad' : part > 0.75 ? 'warn' : 'good');

function stateWord(state: string, say: Say): string {
  const word = `state.${state}`;
  return isWord(word) ? say(word) : state;
}

function cardView({ key, agent, ms, part }: Card, say: Say): VNode {
  const level = levelOf(part);
  return h(
    'li',
    { key, class: `agent ${level} ${DOES[agent.state] ?? 'else'}`, 'data-agent': agent.agentId },
    h('strong', null, agent.agentId),
    h(
      'span',
      { class: 'state' },
      h('span', { 'aria-hidden': 'true' }, `${MARKS[agent.state] ?? '◇'} `),
      stateWord(agent.state, say),
      agent.description === null || agent.description === agent.state ? '' : ` · ${agent.description}`,
    ),
    h('span', { class: 'time' }, level === 'good' ? null : shape(level), span(ms, say)),
    level === 'bad' && h('span', { class: 'hidden' }, say('needsAttention')),
    h('span', { class: 'bar', style: { '--part': String(Math.min(1, part)) } }),
  );
}

export function agentsView(model: Model, say: Say): VNode {
  const now = shownNow(model);
  const cards = [...model.agents.entries()]
    .filter(([, { state }]) => state !== 'LoggedOut')
    .map(([key, agent]) => cardOf(key, agent, now))
    .sort((a, b) => (b.part > 1 || a.part > 1 ? b.part - a.part : 0) || (a.agent.agentId < b.agent.agentId ? -1 : 1));
  if (cards.length === 0) return h('p', { class: 'empty' }, say('nobody'));
  return h(
    'ul',
    // A list without its marks is none to some readers of screens.
    { class: 'agents', role: 'list' },
    cards.map((card) => cardView(card, say)),
  );
}
