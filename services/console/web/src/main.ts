import type { VNode } from 'preact';
import { render } from 'preact';
import type { AgentDaysTold } from './agent-bar.ts';
import { daysOf } from './agent-bar.ts';
import { agentsView } from './agents.ts';
import { boardView } from './board.ts';
import { createCopying } from './copy.ts';
import { h } from './dom.ts';
import { NOWHERE } from './links.ts';
import { goesHere } from './subject-link.ts';
import { listsView } from './lists.ts';
import { readLost } from './lost.ts';
import type { Model } from './model.ts';
import { emptyModel, paused, seen, STALE_MS, zoneOf } from './model.ts';
import type { NamedRecords } from './named-calls.ts';
import { readNamed } from './named-calls.ts';
import type { Told } from './operations.ts';
import { createOperations, isOldNow } from './operations.ts';
import { operationsView } from './operations-view.ts';
import type { EndedBy, EndedList, Question } from './outcomes.ts';
import { createLists, readEnded } from './outcomes.ts';
import type { Past } from './past.ts';
import { asOfMoment, askJson, createPoll } from './poll.ts';
import { createReplaying } from './replay.ts';
import { momentText, replayBar } from './replay-view.ts';
import type { Standing } from './standing.ts';
import { standingOf, whyText } from './standing.ts';
import { followStream } from './stream.ts';
import type { Page, View } from './view.ts';
import { createExplained } from './explained.ts';
import { answerBody } from './answers.ts';
import { questionsOf } from './questions.ts';
import { questionsView } from './questions-view.ts';
import { subjectBody, viewOf } from './subject-body.ts';
import { timeText } from './times.ts';
import { linkTo, readView } from './view.ts';
import type { Say } from './words.ts';
import { sayIn, span } from './words.ts';

const KEY = 'callfold-key';
/**
 * More often than this nothing is drawn; of the time that a draw takes, so much passes before the next, so that a large
 * page leaves its machine to others. Clocks on the page go by seconds, and it is drawn as often as that.
 */
const DRAW_MS = 250;
const DRAW_REST = 20;
const DRAW_MOST_MS = 1_000;
/** How often what grows slowly is asked for: the last hour, and agents' days. */
const SLOW_MS = 60_000;
/** And what came of calls: of the last hour, and of those that name an agent. */
const SOON_MS = 5_000;
/** All of it, of a replay that plays. */
const REPLAY_MS = 1_000;
/** What is old is seen to be so early enough, whatever comes or does not. */
const LOOK_MS = 500;
/** Problems that another key may mend. */
const KEY_PROBLEMS: ReadonlySet<string> = new Set(['no-key', 'wrong-key', 'foreign-tenant']);

/** What is asked for beside the stream. */
type Held = {
  readonly ended: EndedBy;
  readonly told: Told;
  readonly past: Past | null;
  readonly days: AgentDaysTold | null;
};

const root = document.getElementById('page');
const model: Model = emptyModel();
/** What was shown when it was paused, and is until it goes on. */
let held: (Held & { readonly model: Model }) | null = null;
let drawnAt = 0;
let drawTookMs = 0;
let timer: ReturnType<typeof setTimeout> | null = null;

const viewNow = (): View =>
  readView(location.search, matchMedia('(prefers-color-scheme: dark)').matches, navigator.language);
const keyNow = (): string | null => sessionStorage.getItem(KEY);

function go(event: Event, link: string): void {
  const { page, subject } = viewNow();
  event.preventDefault();
  history.pushState(null, '', link);
  draw();
  const now = viewNow();
  if (now.page === page && now.subject.id === subject.id) return;
  // Another page: read from its beginning, by whatever reads it.
  scrollTo(0, 0);
  document.querySelector('main')?.focus();
}

function link(text: string, changes: Readonly<Record<string, string | null>>, isCurrent = false): VNode {
  const href = linkTo(location.search, changes);
  return h('a', { href, 'data-go': '', key: text, ...(isCurrent && { 'aria-current': 'page' as const }) }, text);
}

/** In words, without the time of day: also read out where it changes. */
function standingText(standing: Standing, say: Say): string {
  const why = whyText(standing, model, say);
  if (standing.kind === 'live') return say('live');
  if (standing.kind === 'replay') return say('replay');
  if (standing.kind === 'starting') return `${say('starting')} ${why}`;
  return `${say(standing.kind === 'old' ? 'stale' : 'notWhole')}. ${why}`;
}

function statusText(standing: Standing, view: View, say: Say): string {
  const zone = zoneOf(model, view);
  const clock = (at: number): string => `${timeText(at, 'time', view.language, zone)} ${zone}`;
  if (held !== null) {
    const beside = standing.kind === 'live' ? '' : ` ${standingText(standing, say)}`;
    return `${say('pausedSince')} ${clock(held.model.pausedAt ?? 0)}: ${say('pausedHelp')}.${beside}`;
  }
  if (standing.kind === 'old') {
    const why = whyText(standing, model, say);
    // The console has not read anything yet that has a time.
    if (model.asOf === 0) return `${say('stale')}. ${why}`;
    const asOf = clock(Math.min(model.asOf, model.heardAt));
    return `${say('stale')}: ${say('asOf')} ${asOf} (${span(standing.ageMs ?? 0, say)}). ${why}`;
  }
  if (standing.kind === 'starting') return standingText(standing, say);
  if (model.replay !== null) {
    const { speed } = model.replay;
    const beside = standing.kind === 'replay' ? '' : ` ${standingText(standing, say)}`;
    const moment = momentText(model.clock.now(), viewOf(model, view, say));
    return `${say('replay')} · ${moment} · ${speed > 0 ? `×${speed}` : say('stands')}${beside}`;
  }
  const now = clock(model.clock.now());
  return standing.kind === 'live' ? `${say('live')} · ${now}` : `${standingText(standing, say)} · ${now}`;
}

function status(standing: Standing, view: View, say: Say): VNode {
  const isStale = standing.kind === 'old';
  return h(
    'p',
    {
      class: `status ${held === null ? standing.kind : 'paused'}`,
      'data-stale': isStale ? 'yes' : 'no',
      'data-standing': standing.kind,
    },
    statusText(standing, view, say),
  );
}

/** What is set aside stays as it is; the stream goes on behind it, so that going on shows all that came since. */
function togglePause(): void {
  held = held === null ? { model: paused(model), ...asked() } : null;
  draw();
}

function head(standing: Standing, view: View, say: Say): VNode {
  const page = (name: Page): VNode =>
    link(say(name), { ...NOWHERE, view: name === 'board' ? null : name }, view.page === name);
  return h(
    'header',
    null,
    h('h1', null, ['callfold', view.tenant, view.source].filter((one) => one !== null).join(' · ')),
    h(
      'nav',
      { 'aria-label': 'callfold' },
      page('board'),
      page('agents'),
      page('lists'),
      model.replay === null && page('status'),
    ),
    status(standing, view, say),
    h(
      'div',
      { class: 'tools' },
      // A replay has a pause of its own.
      model.replay === null &&
        h('button', { type: 'button', onClick: togglePause }, held === null ? say('pause') : say('resume')),
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
    model.problem = isKey ? null : { code: 'wrong-key', detail: '' };
    draw();
  };
  return h(
    'form',
    { class: 'key', onSubmit },
    h('label', null, `${say('key')}: `, h('input', { name: 'key', type: 'password', autocomplete: 'off' })),
    ' ',
    h('button', { type: 'submit' }, say('open')),
  );
}

/** In place of what there is nothing of yet: what happened, and what can be done here. */
function notice(standing: Standing, say: Say): VNode {
  const code = model.problem?.code ?? '';
  // Loaded anew: the stream is of the tenant that the page was opened with.
  const without = h('a', { href: linkTo(location.search, { tenant: null }) }, say('withoutTenant'));
  return h(
    'section',
    { class: 'notice' },
    h('p', null, standingText(standing, say)),
    KEY_PROBLEMS.has(code) && keyForm(say),
    code === 'foreign-tenant' && h('p', null, without),
  );
}

/** As paths have it. */
function questionOf({ tenant, source }: View): string {
  const query = new URLSearchParams({ ...(tenant !== null && { tenant }), ...(source !== null && { source }) });
  return query.size === 0 ? '' : `?${query}`;
}

function operationsPage(view: View, say: Say): VNode {
  const { language } = view;
  const zone = zoneOf(model, view);
  if (held === null) operations.want();
  // The English of no country: 2026-01-05 is read the same everywhere.
  const days = language === 'en' ? 'en-CA' : language;
  const clock = (at: number): string => `${timeText(at, 'day', days, zone)} ${timeText(at, 'time', language, zone)}`;
  const now = held?.model.pausedAt ?? model.clock.now();
  return operationsView(held?.told ?? operations.told, { say, language, copying, now, clock });
}

function body(standing: Standing, view: View, say: Say): VNode {
  const needsKey = KEY_PROBLEMS.has(model.problem?.code ?? '');
  // It tells most when there is nothing else to be told.
  if (view.page === 'status' && !needsKey) return operationsPage(view, say);
  if (!model.isThere || needsKey) return notice(standing, say);
  const shown = seen(held?.model ?? model, view);
  const { ended, past, days } = held ?? asked();
  const { page: name } = view;
  if (name === 'call' || name === 'chat' || name === 'agent')
    return subjectBody(name, { model: held?.model ?? model, view, say, isHeld: held !== null }, { explained, named });
  if (name !== 'lists') daysPoll.want(questionOf(view));
  if (name === 'lost') lost.want(questionOf(view));
  if (name === 'help' || name === 'lost' || name === 'truth')
    return answerBody(name, {
      model,
      shown,
      ended,
      days,
      lost: lost.told.value,
      standing,
      isListsOld: lists.isOld,
      view,
      say,
    });
  if (name === 'agents') return agentsView(shown, daysOf(days), view, say);
  if (view.page === 'lists') return listsView(shown, ended, view, say);
  pastPoll.want(questionOf(view));
  const agents = h(
    'section',
    { class: 'list' },
    h('h2', null, say('agents')),
    agentsView(shown, daysOf(days), view, say),
  );
  return h('div', null, boardView(shown, past, view, say), agents, listsView(shown, ended, view, say));
}

/** What is set aside grows old like what nobody tells any more. */
function isOld({ kind }: Standing, { page: shown }: View): boolean {
  const pausedMs = held === null ? 0 : model.clock.now() - (held.model.pausedAt ?? 0);
  if (pausedMs > STALE_MS) return true;
  return shown === 'status' ? isOldNow(operations.told) : kind === 'old' || kind === 'starting';
}

function page(): VNode {
  const view = viewNow();
  const say = sayIn(view.language);
  const standing = standingOf(model, lists.isOld);
  document.documentElement.dataset['theme'] = view.theme;
  document.documentElement.lang = view.language;
  const { id } = view.subject;
  const { replay } = model;
  document.title = `${replay ? `${say('replay')} · ` : ''}${say(view.page)}${id === '' ? '' : ` ${id}`} · callfold`;
  return h(
    'div',
    { class: `${view.isBig ? 'big' : ''} ${isOld(standing, view) ? 'old' : ''}` },
    head(standing, view, say),
    h(
      'div',
      { role: 'status', 'aria-live': 'polite', class: 'hidden' },
      held === null ? standingText(standing, say) : `${say('pausedSince')} ${standingText(standing, say)}`,
    ),
    replay && !view.isBig && replayBar(replay, viewOf(model, view, say), replaying, draw),
    !view.isBig && questionsView(questionsOf(seen(model, view), lists.ended, location.search), view, say),
    h('main', { tabIndex: -1 }, body(standing, view, say)),
  );
}

function draw(): void {
  const begun = performance.now();
  if (root) render(page(), root);
  drawnAt = performance.now();
  drawTookMs = drawnAt - begun;
}

/** At most so often, whatever comes. */
function drawSoon(): void {
  if (timer !== null) return;
  const restMs = Math.min(DRAW_MOST_MS, Math.max(DRAW_MS, DRAW_REST * drawTookMs));
  timer = setTimeout(
    () => {
      timer = null;
      draw();
    },
    Math.max(0, restMs - (performance.now() - drawnAt)),
  );
}

function questionNow(): Question {
  const { tenant, source } = viewNow();
  return { tenant, source, key: keyNow(), at: replaying.moment(), from: model.figures?.from ?? '' };
}

/** A replay that plays makes minutes of seconds. */
const everyMs = (ms: number) => (): number => ((model.replay?.speed ?? 0) > 0 ? REPLAY_MS : ms);
const askOf = <Answer>(path: string, signal: AbortSignal): Promise<Answer> =>
  askJson(asOfMoment(path, replaying.moment()), keyNow(), signal);

const lists = createLists((signal) => readEnded(questionNow(), signal), drawSoon);
const lost = createPoll<EndedList>(
  (_query, signal) => readLost(questionNow(), model.clock.now(), signal),
  everyMs(SOON_MS),
  drawSoon,
);
const explained = createExplained(keyNow, drawSoon, () => replaying.moment());
const named = createPoll<NamedRecords>(
  (query, signal) => readNamed(query, keyNow(), replaying.moment(), signal),
  everyMs(SOON_MS),
  drawSoon,
);
const operations = createOperations(keyNow, drawSoon);
const pastPoll = createPoll<Past>((query, signal) => askOf(`/v1/history${query}`, signal), everyMs(SLOW_MS), drawSoon);
const daysPoll = createPoll<AgentDaysTold>(
  (query, signal) => askOf(`/v1/agent-days${query}`, signal),
  everyMs(SLOW_MS),
  drawSoon,
);
const asked = (): Held => ({
  ended: lists.ended,
  told: operations.told,
  past: pastPoll.told.value,
  days: daysPoll.told.value,
});

const copying = createCopying(drawSoon);
/** The figures with which the lists were last asked for: they change with what the lists have. */
let listedAt: unknown = null;

const { tenant: opened } = viewNow();
const replaying = createReplaying({
  model,
  search: () => location.search,
  replace: (address) => history.replaceState(null, '', address),
  again: () => stream.again(),
  arrived() {
    for (const one of [lost, explained, named, pastPoll, daysPoll]) one.again();
  },
  local: () => performance.now(),
});
const stream = followStream({
  url() {
    const query = new URLSearchParams({ ...(opened !== null && { tenant: opened }), ...replaying.query() });
    return query.size === 0 ? '/v1/changes' : `/v1/changes?${query}`;
  },
  model,
  key: keyNow,
  changed() {
    if (listedAt !== model.figures) lists.want();
    listedAt = model.figures;
    replaying.heard();
    drawSoon();
  },
});
// The moment is no step back: what is gone back to is looked at as of it.
addEventListener('popstate', () => {
  replaying.heard();
  draw();
});
root?.addEventListener('click', (event) => {
  const href = goesHere(event);
  if (href !== null) go(event, href);
});
// A wall has nothing to click, and whoever came there by a click comes back by a key.
addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && viewNow().isBig) go(event, linkTo(location.search, { big: null }));
});
setInterval(drawSoon, LOOK_MS);
draw();
