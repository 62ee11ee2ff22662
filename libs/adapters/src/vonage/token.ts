import { ApiError, retryAfterOf } from './api-error.ts';

/** OAuth 2 client credentials: one token, kept until shortly before it expires. */

export type TokenOptions = {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string;
  readonly timeoutMs: number;
  readonly now: () => number;
};

export type Tokens = {
  /** @throws ApiError when none can be had */
  get(): Promise<string>;
  /** The API did not take it: the next one is asked for anew. */
  drop(token: string): void;
};

/** It must not expire on its way. */
const EARLY_MS = 60_000;
/** Where the answer does not say. */
const LIFE_MS = 3_600_000;

export function createTokens(options: TokenOptions): Tokens {
  const { tokenUrl, clientId, clientSecret, scope, timeoutMs, now } = options;
  let held: { readonly token: string; readonly until: number } | null = null;

  async function ask(): Promise<string> {
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      scope,
    });
    let answer: Response;
    let text: string;
    try {
      answer = await fetch(tokenUrl, { method: 'POST', body, signal: AbortSignal.timeout(timeoutMs) });
      text = await answer.text();
    } catch (cause) {
      throw new ApiError(`no token from ${tokenUrl}: ${reasonOf(cause)}`, { cause });
    }
    const given = tokenOf(text);
    if (!answer.ok || given === null) {
      const retryAfterMs = retryAfterOf(answer.headers.get('retry-after'), now());
      const mend = answer.status < 500 ? ': check CALLFOLD_VONAGE_CLIENT_ID and CALLFOLD_VONAGE_CLIENT_SECRET' : '';
      throw new ApiError(`no token from ${tokenUrl}, status ${answer.status}${mend}`, {
        status: answer.status,
        retryAfterMs,
      });
    }
    const lifeMs = given.expiresIn === null ? LIFE_MS : given.expiresIn * 1_000;
    held = { token: given.token, until: now() + lifeMs - Math.min(EARLY_MS, lifeMs / 2) };
    return given.token;
  }

  return {
    get: async () => (held !== null && now() < held.until ? held.token : ask()),
    drop(token) {
      if (held?.token === token) held = null;
    },
  };
}

function tokenOf(text: string): { readonly token: string; readonly expiresIn: number | null } | null {
  try {
    const json = JSON.parse(text) as { access_token?: unknown; expires_in?: unknown } | null;
    if (typeof json?.access_token !== 'string' || json.access_token === '') return null;
    return { token: json.access_token, expiresIn: typeof json.expires_in === 'number' ? json.expires_in : null };
  } catch {
    return null;
  }
}

/** What `fetch` says is "fetch failed"; why stands in its cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
