import type { VNode } from 'preact';
import { h } from './dom.ts';
import type { Lane, Mark, Span, Timeline, What } from './timeline.ts';
import { ticksOf } from './timeline.ts';
import type { Say } from './words.ts';
import { span as lengthText, wordOr } from './words.ts';

/** The line of time, drawn to scale: a lane for each who was in, and all of it in words for those who do not see it. */

const LANE_HEIGHT = 26;
const BAR_TOP = 4;
const BAR_HEIGHT = 18;
/** Of a whole; a label on less than this has no room. */
const LABEL_PART = 0.06;
/** Percent; what is of one moment is seen all the same. */
const WIDTH_LEAST = 0.35;

const HATCHED: ReadonlySet<What> = new Set(['unknown']);

export type TimelineWords = {
  /** A time of the line, under a tick. */
  readonly tick: (at: number) => string;
  readonly clock: (at: number) => string;
  readonly say: Say;
};

const part = (at: number, { from, to }: Timeline): number => ((at - from) / (to - from)) * 100;
const percent = (value: number): string => `${value.toFixed(3)}%`;

const whatWord = (what: What, say: Say): string => wordOr(`span.${what}`, what, say);

const laneName = ({ key, name }: Lane, say: Say): string => name ?? wordOr(key, key, say);

function spanText(span: Span, { say, clock }: TimelineWords): string {
  const { from, to, what, label, isOpen, isInferred } = span;
  const end = isOpen ? say('still') : clock(to);
  const more = isInferred ? `, ${say('notSeen.edge')}` : '';
  const own = label === null ? '' : ` (${label})`;
  return `${whatWord(what, say)}${own}: ${clock(from)} – ${end}, ${lengthText(to - from, say)}${more}`;
}

function bar(span: Span, line: Timeline, words: TimelineWords): VNode {
  const left = part(span.from, line);
  const width = Math.max(WIDTH_LEAST, part(span.to, line) - left);
  const x = Math.min(left, 100 - width);
  const isHatched = span.isInferred || HATCHED.has(span.what);
  const box = { x: percent(x), y: BAR_TOP, width: percent(width), height: BAR_HEIGHT };
  return h(
    'g',
    { class: `span ${span.what} ${span.isInferred ? 'inferred' : ''} ${span.isOpen ? 'open' : ''}` },
    h('title', null, spanText(span, words)),
    h('rect', { ...box, rx: 3 }),
    isHatched && h('rect', { ...box, rx: 3, class: 'hatch', fill: 'url(#hatch)' }),
    span.isOpen &&
      h(
        'svg',
        { class: 'goes-on', x: percent(x + width), y: BAR_TOP, width: 1, height: BAR_HEIGHT, overflow: 'visible' },
        h('path', { d: 'M-9 3 L-3 9 L-9 15' }),
      ),
    span.label !== null &&
      width > LABEL_PART * 100 &&
      h('text', { x: percent(x + 0.4), y: BAR_TOP + BAR_HEIGHT - 5 }, span.label),
  );
}

function gridLines(line: Timeline, height: number): VNode[] {
  return ticksOf(line).map((at) =>
    h('line', { class: 'grid', key: at, x1: percent(part(at, line)), x2: percent(part(at, line)), y1: 0, y2: height }),
  );
}

function laneView(lane: Lane, line: Timeline, words: TimelineWords): VNode[] {
  return [
    h(
      'div',
      { class: 'lane-name', key: `${lane.key} name`, title: laneName(lane, words.say) },
      laneName(lane, words.say),
    ),
    h(
      'svg',
      { class: 'lane', key: lane.key, height: LANE_HEIGHT, width: '100%', 'data-lane': lane.key },
      gridLines(line, LANE_HEIGHT),
      lane.spans.map((span) => bar(span, line, words)),
    ),
  ];
}

const MARKS_HEIGHT = 30;

function markView({ at, number, role, isRefused }: Mark, line: Timeline): VNode {
  const x = percent(part(at, line));
  const kind = `mark ${role ?? ''} ${isRefused ? 'refused' : ''}`;
  return h(
    'svg',
    { class: kind, x, y: 0, width: 1, height: MARKS_HEIGHT, overflow: 'visible', 'data-mark': number },
    h('line', { x1: 0, x2: 0, y1: role === null ? 8 : 14, y2: 26 }),
    role !== null && h('path', { d: 'M0 0 L7 7 L0 14 L-7 7 Z' }),
  );
}

const rank = ({ role }: Mark): number => (role === 'decides' ? 2 : role === 'rests' ? 1 : 0);

function marksView(line: Timeline, { say }: TimelineWords): VNode[] {
  // Deciding ones last: they lie on top.
  const marks = [...line.marks].sort((a, b) => rank(a) - rank(b));
  return [
    h('div', { class: 'lane-name', key: 'marks name' }, say('lane.events')),
    h(
      'svg',
      { class: 'lane marks', key: 'marks', height: MARKS_HEIGHT, width: '100%' },
      gridLines(line, MARKS_HEIGHT),
      marks.map((mark) => markView(mark, line)),
    ),
  ];
}

/** Words under a tick that is near the end reach to the left of it. */
const NEAR_END = 92;

function axisView(line: Timeline, { tick }: TimelineWords): VNode[] {
  const text = (at: number): VNode => {
    const x = part(at, line);
    const anchor = x > NEAR_END ? 'end' : x < 100 - NEAR_END ? 'start' : 'middle';
    return h('text', { key: at, x: percent(x), y: 14, 'text-anchor': anchor }, tick(at));
  };
  return [
    h('div', { class: 'lane-name', key: 'axis name' }),
    h('svg', { class: 'lane axis', key: 'axis', height: 20, width: '100%' }, ticksOf(line).map(text)),
  ];
}

function legend(line: Timeline, say: Say): VNode {
  const spans = line.lanes.flatMap((lane) => lane.spans);
  const kinds = [...new Set(spans.map(({ what }) => what))];
  const box = (what: What, inferred: boolean): VNode =>
    h(
      'svg',
      { width: 22, height: 14, 'aria-hidden': 'true' },
      h(
        'g',
        { class: `span ${what} ${inferred ? 'inferred' : ''}` },
        h('rect', { x: 1, y: 1, width: 20, height: 12, rx: 3 }),
        (inferred || HATCHED.has(what)) &&
          h('rect', { x: 1, y: 1, width: 20, height: 12, rx: 3, class: 'hatch', fill: 'url(#hatch)' }),
      ),
    );
  return h(
    'ul',
    { class: 'legend', role: 'list' },
    kinds.map((what) => h('li', { key: what }, box(what, false), whatWord(what, say))),
    spans.some(({ isInferred }) => isInferred) &&
      h('li', { key: 'inferred' }, box('status', true), say('notSeen.edge')),
    (['decides', 'rests'] as const).map(
      (role) =>
        line.marks.some((mark) => mark.role === role) &&
        h(
          'li',
          { key: role },
          h(
            'svg',
            { class: `mark ${role}`, width: 16, height: 16, 'aria-hidden': 'true' },
            h('path', { d: 'M8 1 L15 8 L8 15 L1 8 Z' }),
          ),
          say(role),
        ),
    ),
  );
}

/** The same in words, lane by lane. */
function inWords(line: Timeline, words: TimelineWords): VNode {
  return h(
    'ul',
    { class: 'hidden' },
    line.lanes.flatMap((lane) =>
      lane.spans.map((span, index) =>
        h('li', { key: `${lane.key} ${index}` }, `${laneName(lane, words.say)}: ${spanText(span, words)}`),
      ),
    ),
  );
}

const patterns = (): VNode =>
  h(
    'svg',
    { class: 'patterns', width: 0, height: 0, 'aria-hidden': 'true' },
    h(
      'defs',
      null,
      h(
        'pattern',
        { id: 'hatch', width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
        h('line', { x1: 0, y1: 0, x2: 0, y2: 6, class: 'hatch-line' }),
      ),
    ),
  );

export function timelineView(line: Timeline, words: TimelineWords): VNode {
  return h(
    'div',
    { class: 'timeline', 'data-timeline': 'yes' },
    patterns(),
    h(
      'div',
      { class: 'lanes', 'aria-hidden': 'true' },
      line.lanes.flatMap((lane) => laneView(lane, line, words)),
      line.marks.length > 0 && marksView(line, words),
      axisView(line, words),
    ),
    legend(line, words.say),
    inWords(line, words),
  );
}
