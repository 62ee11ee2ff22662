import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A local server of the shape of the agent states' API: stays begin, end and are worked on in its own time. */

export type Stay = {
  readonly agentId: string;
  readonly state: string;
  readonly start: number;
  readonly end: number;
  /** When the API first knows of it, and of its end: later than it happened. */
  readonly knownAt: number;
  readonly endKnownAt: number;
};

export type Fault = 'expire' | 'throttle' | 'break' | 'cut' | 'short' | 'slow' | null;

export type VonageServer = {
  readonly url: string;
  readonly tokenUrl: string;
  readonly counts: { requests: number; tokens: number; unauthorised: number };
  /** What it answers last: every stay with its end. */
  close(): Promise<void>;
};

const SECRET = 'a-secret-of-the-test';
export const CREDENTIALS = { clientId: 'callfold-test', clientSecret: SECRET };

export type ServerOptions = {
  readonly stays: readonly Stay[];
  /** Its clock, epoch ms. */
  readonly now: () => number;
  /** Of each request for a page, from 1. */
  readonly faultOf?: (page: number) => Fault;
  readonly slowMs?: number;
  /** Of one page, however many are asked for. */
  readonly mostRows?: number;
};

const isIn = (at: number, from: number, to: number): boolean => at >= from && at < to;

/** As the API's pages say of `Processed`: what began, ended or was worked on in the window, as it is known by now. */
export function rowsOf(stays: readonly Stay[], now: number, from: number, to: number) {
  return stays
    .filter((one) => one.knownAt <= now)
    .map((one) => ({ ...one, isOver: one.endKnownAt <= now }))
    .filter(
      ({ start, end, knownAt, endKnownAt, isOver }) =>
        isIn(start, from, to) ||
        isIn(knownAt, from, to) ||
        (isOver && (isIn(end, from, to) || isIn(endKnownAt, from, to))),
    )
    .sort((a, b) => a.start - b.start || (a.agentId < b.agentId ? -1 : 1))
    .map(({ agentId, state, start, end, isOver }) => ({
      agentId,
      start: new Date(start).toISOString(),
      duration: isOver ? end - start : null,
      state,
      description: 'Live',
    }));
}

export async function startVonageServer(options: ServerOptions): Promise<VonageServer> {
  const { stays, now, faultOf = () => null, slowMs = 400, mostRows = Infinity } = options;
  const counts = { requests: 0, tokens: 0, unauthorised: 0 };
  let token = '';

  async function giveToken(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const given = new URLSearchParams(body);
    const isGood =
      given.get('grant_type') === 'client_credentials' &&
      given.get('client_id') === CREDENTIALS.clientId &&
      given.get('client_secret') === SECRET &&
      given.get('scope') === 'stats';
    if (!isGood) return void response.writeHead(400).end('{"error":"invalid_client"}');
    counts.tokens += 1;
    token = `token-${counts.tokens}`;
    response.end(JSON.stringify({ access_token: token, expires_in: 7_200, token_type: 'Bearer' }));
  }

  function givePage(request: IncomingMessage, response: ServerResponse): void {
    counts.requests += 1;
    const { searchParams } = new URL(request.url ?? '', 'http://localhost');
    const [page, asked] = [Number(searchParams.get('page')), Number(searchParams.get('limit'))];
    const fault = faultOf(page);
    if (fault === 'expire') token = '';
    if (token === '' || request.headers.authorization !== `Bearer ${token}`) {
      counts.unauthorised += 1;
      return void response.writeHead(401).end('{"message":"Unauthorized"}');
    }
    if (fault === 'throttle') return void response.writeHead(429, { 'retry-after': '2' }).end('{"message":"Too many"}');
    if (fault === 'break') return void response.writeHead(500).end('<html>');
    const limit = Math.min(asked, mostRows);
    const [from, to] = ['start', 'end'].map((name) => Date.parse(searchParams.get(name) ?? '')) as [number, number];
    const at = now();
    const all = rowsOf(stays, at, from, to);
    const items = all.slice((page - 1) * limit, page * limit);
    const meta = { page, count: items.length, pageCount: Math.ceil(all.length / limit), totalCount: all.length };
    if (fault === 'short') items.pop();
    const text = JSON.stringify({ meta: { ...meta, count: meta.count }, items, upTo: new Date(at).toISOString() });
    if (fault === 'short' && meta.count === 0) return void response.end('{"meta":{}}');
    if (fault === 'cut') {
      response.writeHead(200, { 'content-length': Buffer.byteLength(text) });
      return void response.write(text.slice(0, text.length / 2), () => response.destroy());
    }
    setTimeout(() => response.end(text), fault === 'slow' ? slowMs : 0);
  }

  const server = createServer((request, response) => {
    if (request.method === 'POST' && request.url === '/Auth/connect/token') void giveToken(request, response);
    else if (request.url?.startsWith('/stats/wfm/agent-states?')) givePage(request, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    tokenUrl: `${url}/Auth/connect/token`,
    counts,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
