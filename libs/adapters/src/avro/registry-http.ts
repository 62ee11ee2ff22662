/** Plain questions to a schema registry, and what its answers really say. */

import { Agent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Tls } from '../ops/tls.ts';

/** The largest schemas there are have some hundred kilobytes. */
const ANSWER_BYTES_MAX = 4_194_304;
/** A question that takes longer is given up. */
const TIMEOUT_MS = 10_000;
/** Of an answer that is no answer, as much is shown. */
const SHOWN_CHARACTERS = 200;

/** `timeoutMs`: of one question. */
export type RegistryOptions = {
  readonly url: string;
  readonly auth?: RegistryAuth;
  /** Of https. */
  readonly tls?: Tls;
  readonly timeoutMs?: number;
};

export type RegistryAuth = { readonly username: string; readonly password: string } | { readonly bearer: string };

type Json = Readonly<Record<string, unknown>>;

/** `code` is the API's own, of an error. */
export type Answer = { readonly status: number; readonly code: number | null; readonly json: Json };

export type RegistryHttp = {
  /** Without the user and without a slash at its end. */
  readonly url: string;
  readonly auth: RegistryAuth | null;
  readonly timeoutMs: number;
  readonly agent: Agent;
  /** Resolves with a 200, or with a 404 in the API's own words; throws `Away` for anything else. */
  readonly ask: (method: 'GET' | 'POST' | 'PUT', path: string, body?: object) => Promise<Answer>;
};

/** The registry did not answer, or not as a registry does. It is to be asked again. */
export class Away extends Error {
  override readonly name = 'RegistryAway';
  readonly status: number | null;

  constructor(message: string, status: number | null, cause?: unknown) {
    super(`${message}. It is asked again; if this goes on, check the registry and CALLFOLD_REGISTRY_URL`, { cause });
    this.status = status;
  }
}

export function createRegistryHttp(options: RegistryOptions): RegistryHttp {
  const { timeoutMs = TIMEOUT_MS } = options;
  const address = new URL(options.url);
  const { username, password } = address;
  const inUrl = username ? { username: decodeURIComponent(username), password: decodeURIComponent(password) } : null;
  const auth = options.auth ?? inUrl;
  address.username = '';
  address.password = '';
  const url = address.href.replace(/\/+$/, '');
  const agent = url.startsWith('https:') ? new HttpsAgent({ ...options.tls }) : new Agent();

  async function ask(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<Answer> {
    const headers: Record<string, string> = { accept: 'application/vnd.schemaregistry.v1+json, application/json' };
    if (auth) headers['authorization'] = authorizationOf(auth);
    if (body) headers['content-type'] = 'application/vnd.schemaregistry.v1+json';
    const where = `the schema registry at ${url} was asked ${method} ${path}`;
    let status: number;
    let text: string;
    try {
      const told = body && JSON.stringify(body);
      ({ status, text } = await exchange(url + path, { method, headers, agent, timeoutMs }, told));
    } catch (error) {
      throw new Away(`${where} and did not answer: ${reasonOf(error)}`, null, error);
    }
    const json = jsonOf(text);
    const code = typeof json?.['error_code'] === 'number' ? json['error_code'] : null;
    if (json && (status === 200 || (status === 404 && code !== null))) return { status, code, json };
    throw new Away(`${where} and answered ${status} ${text.slice(0, SHOWN_CHARACTERS)}`, status);
  }

  return { url, auth, timeoutMs, agent, ask };
}

export function authorizationOf(auth: RegistryAuth): string {
  if ('bearer' in auth) return `Bearer ${auth.bearer}`;
  return `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`;
}

/** Null when the text is no JSON object. */
export function jsonOf(text: string): Json | null {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as Json) : null;
  } catch {
    return null;
  }
}

/** Of several addresses that all refused, the first one's reason. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return error.errors[0].message;
  return error.message || String(error);
}

type Exchange = {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: Agent;
  readonly timeoutMs: number;
};

/** One question over node's own client, which takes authorities and certificates of ours. */
function exchange(url: string, how: Exchange, body?: string): Promise<{ status: number; text: string }> {
  const { timeoutMs, ...options } = how;
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(url, { ...options, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= ANSWER_BYTES_MAX) chunks.push(chunk);
        else response.destroy(new Error(`an answer of more than ${ANSWER_BYTES_MAX} bytes`));
      });
      response.once('error', reject);
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
      });
    });
    request.once('error', (error) => {
      reject(error.name === 'AbortError' ? new Error(`timeout, nothing within ${timeoutMs} ms`) : error);
    });
    request.end(body);
  });
}
