import type { VNode } from 'preact';
import { h } from './dom.ts';
import type { Standing } from './standing.ts';
import { isWhole } from './standing.ts';
import { shape } from './tiles.ts';
import { linkTo } from './view.ts';
import type { SubjectView } from './times.ts';
import type { Check } from './truth.ts';

/** Whether what is seen is true, in a word, and what that rests on. */

export function truthView(checks: readonly Check[], standing: Standing, { say }: SubjectView): VNode {
  const isTrue = isWhole(standing);
  const isReplay = standing.kind === 'replay';
  return h(
    'section',
    { class: 'list truth', 'data-true': isTrue ? 'yes' : 'no' },
    h(
      'p',
      { class: `value ${isTrue ? 'yes' : 'not'}` },
      say(isReplay ? 'truth.replay' : isTrue ? 'truth.yes' : 'truth.no'),
    ),
    h(
      'ul',
      { role: 'list' },
      checks.map(({ key, level, what, says }) =>
        h(
          'li',
          { key, class: level, 'data-check': key },
          h('span', { class: 'level' }, shape(level), h('strong', null, what)),
          h('span', null, says),
        ),
      ),
    ),
    h('p', { class: 'empty' }, say('truth.drawn')),
    h('p', { class: 'empty' }, say('truth.prove'), ' ', h('code', null, 'callfold verify')),
    h('p', null, h('a', { href: linkTo(location.search, { view: 'status' }), 'data-go': '' }, say('truth.more'))),
  );
}
