/**
 * Secrets of this process, so that no text that leaves it holds one: a proxy's error page may repeat what it was sent,
 * and a client's error what it was given.
 */

/** A shorter one would blank out half of every text. */
const SHORTEST = 6;
const HIDDEN = '[secret]';

/** Longest first: one may hold another. */
let forms: readonly string[] = [];

/** From now on these are blanked out of texts, also percent-encoded, in base64, and as JSON has them. */
export function hideSecrets(secrets: Iterable<string>): void {
  const all = new Set(forms);
  for (const secret of secrets) {
    if (secret.length < SHORTEST) continue;
    const bytes = Buffer.from(secret);
    const base64 = bytes.toString('base64');
    all.add(secret).add(encodeURIComponent(secret)).add(JSON.stringify(secret).slice(1, -1));
    all.add(base64).add(base64.replace(/=+$/, '')).add(bytes.toString('base64url'));
  }
  forms = [...all].sort((a, b) => b.length - a.length);
}

export function withoutSecrets(text: string): string {
  return forms.reduce((left, form) => left.replaceAll(form, HIDDEN), text);
}
