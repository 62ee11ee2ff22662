// @ts-check
/** What `npm audit --json` said, as a result of the tests. */

/**
 * @param {string} text standard output
 * @param {number | null} code
 * @param {string} why how it ended
 * @returns {import('./suites.mjs').Result} skipped only where the registry does not answer the question at all
 */
export function auditResult(text, code, why) {
  /** @type {any} */
  let said = null;
  try {
    said = JSON.parse(text);
  } catch {
    // No JSON: how it ended is all that is known.
  }
  const counts = said?.metadata?.vulnerabilities;
  if (counts && code !== null) {
    const bad = Number(counts.high ?? 0) + Number(counts.critical ?? 0);
    const names = Object.keys(said.vulnerabilities ?? {}).join(', ');
    const notes = bad > 0 ? [`${bad} vulnerabilities, high or critical, in ${names}: run npm audit --omit=dev`] : [];
    return { passed: bad > 0 ? 0 : 1, failed: bad > 0 ? 1 : 0, skipped: 0, notes };
  }
  const endpoint = /audit|advisories/.test(String(said?.uri ?? said?.message ?? ''));
  if (endpoint && [404, 405, 501].includes(said?.statusCode)) {
    const note = `NOT CHECKED: this registry does not offer audits (${said.statusCode}). Run it against one that does.`;
    return { passed: 0, failed: 0, skipped: 1, notes: [note] };
  }
  return { passed: 0, failed: 1, skipped: 0, notes: [`npm audit ${why}: ${text.slice(0, 500)}`] };
}
