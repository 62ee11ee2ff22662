import type { VNode } from 'preact';
import { h } from './dom.ts';
import type { Asked } from './questions.ts';
import type { View } from './view.ts';
import type { Say } from './words.ts';

/** The questions in a row, on every page that has something to click. */

export function questionsView(asked: readonly Asked[], view: View, say: Say): VNode {
  const current = { help: 'help', lost: 'lost', true: 'truth' } as const;
  const isCurrent = (key: Asked['key']): boolean =>
    key in current && current[key as keyof typeof current] === view.page;
  return h(
    'nav',
    { class: 'questions', 'aria-label': say('ask') },
    asked.map(({ key, word, href }) =>
      href === null
        ? h('span', { key, 'data-ask': key }, `${say(word)} ${say(key === 'longest' ? 'nobody' : 'noneYet')}`)
        : h(
            'a',
            { key, href, 'data-go': '', 'data-ask': key, ...(isCurrent(key) && { 'aria-current': 'page' }) },
            say(word),
          ),
    ),
  );
}
