import type { VNode } from 'preact';
import { SOURCES_OF } from './view.ts';
import { agentPageView } from './agent-page.ts';
import { dayOf } from './day.ts';
import { h } from './dom.ts';
import type { Explained, Question } from './explained.ts';
import { USUAL_TENANT } from './links.ts';
import type { Model } from './model.ts';
import { shownNow, zoneOf } from './model.ts';
import type { NamedRecords } from './named-calls.ts';
import { namedCalls, namedQuery, NOTHING_NAMED } from './named-calls.ts';
import type { Poll } from './poll.ts';
import type { SubjectView } from './times.ts';
import { subjectView } from './subject-page.ts';
import type { View } from './view.ts';
import { linkTo } from './view.ts';
import type { Say } from './words.ts';

/** The page of the subject that the address names: what is known of it, asked for again as it changes. */

export type SubjectKind = Question['kind'];

const DAY_MS = 86_400_000;

/** Another text as soon as the stream told something of the subject. */
function versionOf({ calls, chats, agents }: Model, kind: SubjectKind, tenant: string, id: string): string {
  const kept: ReadonlyMap<string, unknown> = kind === 'call' ? calls : kind === 'chat' ? chats : agents;
  return JSON.stringify(SOURCES_OF[kind].map((source) => kept.get(`${source}/${tenant}/${id}`) ?? null));
}

export const viewOf = (model: Model, view: View, say: Say): SubjectView => ({
  say,
  language: view.language,
  zone: zoneOf(model, view),
  now: shownNow(model),
});

/** Of the log only the last day, or all of it again. */
function partLink({ subject: { from } }: View, problem: string | null, own: SubjectView): VNode | null {
  if (from !== null) {
    const read = own.say('readOnlyFrom', {
      TIME: new Date(from).toLocaleString(own.language, { timeZone: own.zone }),
    });
    const href = linkTo(location.search, { from: null });
    return h('p', { class: 'empty' }, read, ' ', h('a', { href, 'data-go': '' }, own.say('readAll')));
  }
  if (problem !== 'too-long') return null;
  const href = linkTo(location.search, { from: new Date(own.now - DAY_MS).toISOString() });
  return h('p', null, h('a', { href, 'data-go': '' }, own.say('readLess')));
}

/** @param isHeld the page is paused */
export function subjectBody(
  kind: SubjectKind,
  { model, view, say, isHeld }: { model: Model; view: View; say: Say; isHeld: boolean },
  { explained, named }: { explained: Explained; named: Poll<NamedRecords> },
): VNode {
  const { id, of, day: date, from } = view.subject;
  const own = viewOf(model, view, say);
  const tenant = of ?? view.tenant;
  const owner = tenant ?? USUAL_TENANT;
  const day = dayOf(date, own.zone, own.now);
  // A stay that began the day before reaches into this one.
  const since = from ?? (kind === 'agent' ? new Date(day.from - DAY_MS).toISOString() : null);
  const version = versionOf(model, kind, owner, id);
  const told = explained.look({ kind, id, tenant, from: since }, version, isHeld);
  if (kind === 'agent' && !isHeld) named.want(namedQuery(id, tenant));
  const title = h('h2', { class: 'title' }, `${say(`title.${kind}`)} `, h('span', { 'data-subject': id }, id));
  const body =
    kind === 'agent'
      ? agentPageView(told, namedCalls(id, owner, named.told.value ?? NOTHING_NAMED, model), day, own)
      : subjectView(told, own);
  const part = kind === 'agent' ? null : partLink(view, told.problem?.code ?? null, own);
  return h('article', { key: `${kind} ${owner} ${id}` }, title, part, body);
}
