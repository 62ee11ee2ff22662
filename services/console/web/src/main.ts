import type { VNode } from 'preact';
import { render } from 'preact';
import { agentsView } from './agents.ts';
import { boardView } from './board.ts';
import { h } from './dom.ts';
import { createHistory } from './history.ts';
import { listsView } from './lists.ts';
import type { Model } from './model.ts';
import { emptyModel, seen, serverNow, staleMs, zoneOf } from './model.ts';
import type { EndedBy } from './outcomes.ts';
import { readEnded } from './outcomes.ts';
import { followStream } from './stream.ts';
import type { Page, View } from './view.ts';
import { linkTo, readView } from './view.ts';
import type { Say, Word } from './words.ts';
import { isWord, sayIn, span } from './words.ts';

const KEY = 'callfold-key';
/** Clocks on the page go by seconds; more often than this nothing is drawn. */
const DRAW_MS = 250;

const root = document.getElementById('page');
const model: Model = emptyModel();
const history_ = createHistory();
let ended: EndedBy = { abandoned: [], voicemail: [], failed: [] };
let isPaused = false;
let drawnAt = 0;
let timer: ReturnType<typeof setTimeout> | null = null;

const viewNow = (): View =>
  readView(location.search, matchMedia('(prefers-color-scheme: dark)').matches, navigator.language);
const keyNow = (): string | null => sessionStorage.getItem(KEY);

function go(event: Event, link: string): void {
  event.preventDefault();
  history.pushState(null, '', link);
  draw();
}

function link(text: string, changes: Readonly<Record<string, string | null>>, isCurrent = false): VNode {
  const href = linkTo(location.search, changes);
  const onClick = (event: Event): void => go(event, href);
  return h('a', { href, onClick, key: text, ...(isCurrent && { 'aria-current': 'page' as const }) }, text);
}

function clockText(at: number, zone: string, language: string): string {
  return new Date(at).toLocaleTimeString(language, { timeZone: zone, hour12: false });
}

/** Why what is shown is old. */
function whyStale(): Word {
  const word = `stale.${model.problem ?? ''}`;
  if (isWord(word)) return word;
  return model.isWell ? 'stale.behind' : 'stale.away';
}

function status(view: View, say: Say): VNode {
  const age = staleMs(model);
  const zone = zoneOf(model, view);
  const asOf = Math.min(model.asOf, model.heardAt);
  const text = !model.isThere
    ? `${say('starting')} ${model.problem === null ? '' : say(whyStale())}`
    : age === null
      ? `${isPaused ? say('paused') : say('live')} · ${clockText(serverNow(model), zone, view.language)} ${zone}`
      : `${say('stale')}: ${say('asOf')} ${clockText(asOf, zone, view.language)} ${zone} (${span(age)}). ${say(whyStale())}`;
  return h('p', { class: `status ${age === null ? '' : 'stale'}`, 'data-stale': age === null ? 'no' : 'yes' }, text);
}

function head(view: View, say: Say): VNode {
  const page = (name: Page): VNode => link(say(name), { view: name === 'board' ? null : name }, view.page === name);
  return h(
    'header',
    null,
    h('h1', null, view.tenant === null ? 'callfold' : `callfold · ${view.tenant}`),
    h('nav', { 'aria-label': 'callfold' }, page('board'), page('agents'), page('lists')),
    status(view, say),
    h(
      'div',
      { class: 'tools' },
      h(
        'button',
        {
          type: 'button',
          'aria-pressed': isPaused,
          onClick: () => {
            isPaused = !isPaused;
            draw();
          },
        },
        isPaused ? say('resume') : say('pause'),
      ),
      link(say('theme'), { theme: view.theme === 'dark' ? 'light' : 'dark' }),
      link(say('language'), { lang: view.language === 'ru' ? 'en' : 'ru' }),
      link(say('bigScreen'), { big: '1' }),
    ),
  );
}

function keyForm(say: Say): VNode {
  const onSubmit = (event: Event): void => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement).get('key');
    const key = typeof given === 'string' ? given.trim() : '';
    // Another letter cannot stand in a header: typed in another layout, it would be tried again and again.
    const isKey = /^[\x21-\x7e]+$/.test(key);
    if (isKey) sessionStorage.setItem(KEY, key);
    model.problem = isKey ? null : 'wrong-key';
    draw();
  };
  return h(
    'form',
    { class: 'key', onSubmit },
    h(
      'label',
      null,
      `${say('needsKey')} ${say('key')}: `,
      h('input', { name: 'key', type: 'password', autocomplete: 'off' }),
    ),
    h('button', { type: 'submit' }, say('open')),
  );
}

function body(view: View, say: Say): VNode {
  if (model.problem === 'no-key' || model.problem === 'wrong-key') return keyForm(say);
  const shown = seen(model, view);
  if (view.page === 'agents') return agentsView(shown, say);
  if (view.page === 'lists') return listsView(shown, ended, view, say);
  const agents = h('section', { class: 'list' }, h('h2', null, say('agents')), agentsView(shown, say));
  return h('div', null, boardView(shown, history_, view, say), agents, listsView(shown, ended, view, say));
}

function page(): VNode {
  const view = viewNow();
  const say = sayIn(view.language);
  document.documentElement.dataset['theme'] = view.theme;
  document.documentElement.lang = view.language;
  const isStale = staleMs(model) !== null || !model.isThere;
  return h(
    'div',
    { class: `${view.isBig ? 'big' : ''} ${isStale ? 'old' : ''}` },
    head(view, say),
    h('div', { role: 'status', 'aria-live': 'polite', class: 'hidden' }, isStale ? say('stale') : say('live')),
    h('main', null, body(view, say)),
  );
}

function draw(): void {
  if (root) render(page(), root);
  drawnAt = performance.now();
}

/** At most so often, whatever comes. A page that is paused shows only that it may be old. */
function drawSoon(): void {
  if (timer !== null || (isPaused && staleMs(model) === null)) return;
  timer = setTimeout(
    () => {
      timer = null;
      draw();
    },
    Math.max(0, DRAW_MS - (performance.now() - drawnAt)),
  );
}

let figuresAt: unknown = null;
async function readLists(): Promise<void> {
  if (figuresAt === model.figures || model.figures === null) return;
  const asked = model.figures;
  figuresAt = asked;
  const read = await readEnded(viewNow().tenant, keyNow(), asked.from);
  // What was not answered is asked again, with the next beat; what was shown before stays.
  if (read === null) figuresAt = null;
  else ended = read;
  drawSoon();
}

const { tenant } = viewNow();
followStream({
  url: tenant === null ? '/v1/changes' : `/v1/changes?tenant=${encodeURIComponent(tenant)}`,
  model,
  key: keyNow,
  changed: () => {
    void readLists();
    drawSoon();
  },
});
addEventListener('popstate', draw);
setInterval(drawSoon, 1_000);
draw();
