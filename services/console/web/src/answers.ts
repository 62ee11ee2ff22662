import type { VNode } from 'preact';
import type { AgentDaysTold } from './agent-bar.ts';
import { daysOf } from './agent-bar.ts';
import { agentsView } from './agents.ts';
import { h } from './dom.ts';
import { listsOf } from './list-rows.ts';
import { listView } from './lists.ts';
import { lostView } from './lost-view.ts';
import type { Model } from './model.ts';
import type { EndedBy, EndedList } from './outcomes.ts';
import type { Standing } from './standing.ts';
import { viewOf } from './subject-body.ts';
import { checksOf } from './truth.ts';
import { truthView } from './truth-view.ts';
import type { View } from './view.ts';
import type { Say } from './words.ts';

/** The pages that answer what a supervisor asks and no list does. */

type Parts = {
  readonly model: Model;
  /** As much of it as the view is of, or as it was when it was paused. */
  readonly shown: Model;
  readonly ended: EndedBy;
  readonly days: AgentDaysTold | null;
  /** Null: it was not told yet. */
  readonly lost: EndedList | null;
  readonly standing: Standing;
  readonly isListsOld: boolean;
  readonly view: View;
  readonly say: Say;
};

/** Agents too long in a state, and calls that wait too long. */
function helpView({ shown, ended, days, view, say }: Parts): VNode {
  const waiting = listsOf(shown, ended, view, say).filter(({ id }) => id === 'waiting');
  const tooLong = waiting.map((list) => ({ ...list, rows: list.rows.filter(({ level }) => level === 'bad') }));
  return h(
    'div',
    { class: 'lists', 'data-help': 'yes' },
    h('section', { class: 'list' }, h('h2', null, say('agents')), agentsView(shown, daysOf(days), view, say, true)),
    tooLong.map((list) => listView(list, say)),
  );
}

export function answerBody(page: 'help' | 'lost' | 'truth', parts: Parts): VNode {
  const { model, shown, lost, standing, isListsOld, view, say } = parts;
  const body =
    page === 'help'
      ? helpView(parts)
      : page === 'lost'
        ? lost === null
          ? h('p', { class: 'empty' }, say('reading'))
          : lostView(lost, viewOf(shown, view, say))
        : truthView(
            checksOf(model, standing, isListsOld, Date.now(), viewOf(model, view, say)),
            standing,
            viewOf(model, view, say),
          );
  return h('article', { key: page }, h('h2', { class: 'title' }, say(page)), body);
}
