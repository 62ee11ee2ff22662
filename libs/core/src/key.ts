/**
 * Keys and ids: parts joined by `/`; `%` and `/` inside a part are percent-encoded, so that no two differ only in where
 * a part ends.
 */

export function part(text: string): string {
  return /[%/]/.test(text) ? text.replaceAll('%', '%25').replaceAll('/', '%2F') : text;
}

export function unpart(text: string): string {
  return text.includes('%') ? text.replaceAll('%2F', '/').replaceAll('%25', '%') : text;
}

export function idOf(...parts: readonly (string | number)[]): string {
  return parts.map((one) => part(String(one))).join('/');
}

/** The text that places a subject in a partition, and the usual record key. */
export function subjectKey(tenantId: string, subjectId: string): string {
  return `${tenantId}/${part(subjectId)}`;
}
