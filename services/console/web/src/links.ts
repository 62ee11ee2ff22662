import { linkTo } from './view.ts';

/** Addresses of other views of the page. */

export type SubjectRef = { readonly kind: 'call' | 'chat' | 'agent'; readonly id: string; readonly tenantId: string };

export const USUAL_TENANT = 'default';

/** What is only of one subject's page, or of one list: left out of a link to somewhere else. */
export const NOWHERE = { view: null, id: null, of: null, day: null, from: null, need: null };

export function subjectHref(search: string, { kind, id, tenantId }: SubjectRef): string {
  return linkTo(search, { ...NOWHERE, view: kind, id, of: tenantId === USUAL_TENANT ? null : tenantId });
}
