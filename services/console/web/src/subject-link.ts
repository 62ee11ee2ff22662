import type { VNode } from 'preact';
import { h } from './dom.ts';
import type { SubjectRef } from './links.ts';
import { subjectHref } from './links.ts';

/** Links within the page: the address holds all of what is shown, and a click needs no reload. */

export function subjectLink(subject: SubjectRef, text: string): VNode {
  return h('a', { class: 'subject-link', href: subjectHref(location.search, subject), 'data-go': '' }, text);
}

/** Plain clicks on links within the page are gone by here; what asks for a new tab is the browser's. */
export function goesHere(event: MouseEvent): string | null {
  const { target, button, metaKey, ctrlKey, shiftKey, altKey, defaultPrevented } = event;
  if (defaultPrevented || button !== 0 || metaKey || ctrlKey || shiftKey || altKey) return null;
  const link = target instanceof Element ? target.closest('a[data-go]') : null;
  return link?.getAttribute('href') ?? null;
}
