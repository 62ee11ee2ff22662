import { ApiError, retryAfterOf } from './api-error.ts';
import type { TokenOptions } from './token.ts';
import { createTokens, reasonOf } from './token.ts';

/**
 * Vonage Contact Center's agent states: `GET /stats/wfm/agent-states` of the Insights Stats API, as its pages describe
 * it (docs-vcc.atlassian.net, "Get WFM agent states", "Responses", "Create bearer access token"). `include=Processed`
 * brings what began, ended or was worked on in the window, so a stay comes again once its end is known.
 */

export type StatesPage = {
  /** As they came; the validator of raw events reads them. */
  readonly items: readonly unknown[];
  readonly pageCount: number;
  readonly totalCount: number;
  /** The API's own clock when it answered, epoch ms. */
  readonly upTo: number;
};

export type StatesApi = {
  /**
   * @param from epoch ms @param to epoch ms @param page from 1
   * @throws ApiError for anything but a whole page
   */
  page(from: number, to: number, page: number): Promise<StatesPage>;
};

export type StatesOptions = Omit<TokenOptions, 'scope' | 'timeoutMs'> & {
  /** Such as `https://emea.api.newvoicemedia.com`. */
  readonly url: string;
  readonly pageRows?: number;
  readonly timeoutMs?: number;
};

const ACCEPT = 'application/vnd.newvoicemedia.v3+json';
const PAGE_ROWS = 1_000;
const TIMEOUT_MS = 30_000;
const UNAUTHORISED = 401;

export function createStatesApi(options: StatesOptions): StatesApi {
  const { url, pageRows = PAGE_ROWS, timeoutMs = TIMEOUT_MS, now } = options;
  const tokens = createTokens({ ...options, scope: 'stats', timeoutMs });

  async function ask(target: URL): Promise<Response> {
    const token = await tokens.get();
    const headers = { accept: ACCEPT, authorization: `Bearer ${token}` };
    const answer = await fetch(target, { headers, signal: AbortSignal.timeout(timeoutMs) });
    if (answer.status === UNAUTHORISED) tokens.drop(token);
    return answer;
  }

  return {
    async page(from, to, page) {
      const target = new URL(`${url.replace(/\/$/, '')}/stats/wfm/agent-states`);
      target.search = new URLSearchParams({
        start: new Date(from).toISOString(),
        end: new Date(to).toISOString(),
        include: 'Processed',
        page: String(page),
        limit: String(pageRows),
      }).toString();
      const what = `page ${page} of the agent states from ${new Date(from).toISOString()}`;
      try {
        let answer = await ask(target);
        // Expired early, or withdrawn: once with a new one.
        if (answer.status === UNAUTHORISED) answer = await ask(target);
        const text = await answer.text();
        if (!answer.ok) {
          const retryAfterMs = retryAfterOf(answer.headers.get('retry-after'), now());
          throw new ApiError(`${what}: status ${answer.status} ${text.slice(0, 200)}`, {
            status: answer.status,
            retryAfterMs,
          });
        }
        return pageOf(text, what, Date.parse(answer.headers.get('date') ?? ''));
      } catch (cause) {
        throw cause instanceof ApiError ? cause : new ApiError(`${what}: ${reasonOf(cause)}`, { cause });
      }
    },
  };
}

type Json = {
  readonly meta?: { readonly count?: unknown; readonly pageCount?: unknown; readonly totalCount?: unknown };
  readonly items?: unknown;
  readonly upTo?: unknown;
};

/** @param date of the answer's header, for an API that does not say `upTo` */
function pageOf(text: string, what: string, date: number): StatesPage {
  let json: Json | null;
  try {
    json = JSON.parse(text) as Json | null;
  } catch (cause) {
    throw new ApiError(`${what} is no JSON, or cut short`, { cause });
  }
  const { items, meta } = json ?? {};
  const [count, pageCount, totalCount] = [meta?.count, meta?.pageCount, meta?.totalCount];
  if (!Array.isArray(items) || !isCount(count) || !isCount(pageCount) || !isCount(totalCount))
    throw new ApiError(`${what} has no items with a meta of count, pageCount and totalCount`);
  if (items.length !== count) throw new ApiError(`${what} has ${items.length} items, and says it has ${count}`);
  const said = typeof json?.upTo === 'string' ? Date.parse(json.upTo) : NaN;
  const upTo = Number.isNaN(said) ? date : said;
  if (Number.isNaN(upTo)) throw new ApiError(`${what} does not tell the API's time: neither upTo nor a Date header`);
  return { items, pageCount, totalCount, upTo };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
