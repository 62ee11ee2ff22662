// @ts-check
/** A way to the registry that can answer in its place, as a proxy before it does, or lead to another one. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import { freePorts } from '../parts/index.mjs';

/** @typedef {{ status: number, type: string, body: string }} Answer */
/** @typedef {{ method: string, path: string }} Question path: after that of the API, such as /schemas/ids/1 */

const HOST = '127.0.0.1';
const JSON_TYPE = 'application/json';

/** @param {import('node:http').IncomingMessage} request */
async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

/** @param {string} to url of the API */
export async function startRegistryFront(to) {
  const [port = 0] = await freePorts(1);
  const api = new URL(to).pathname;
  let target = to;
  /** @type {(question: Question) => Answer | null} */
  let answers = () => null;
  let answered = 0;

  /** @param {import('node:http').IncomingMessage} request @param {string} path @returns {Promise<Answer>} */
  async function pass(request, path) {
    const body = await bodyOf(request);
    try {
      const answer = await fetch(target + path, {
        method: request.method ?? 'GET',
        headers: { 'content-type': request.headers['content-type'] ?? JSON_TYPE },
        ...(body.length > 0 && { body }),
      });
      const type = answer.headers.get('content-type') ?? JSON_TYPE;
      return { status: answer.status, type, body: await answer.text() };
    } catch (error) {
      return { status: 502, type: 'text/html', body: `<h1>502 Bad Gateway</h1>${String(error)}` };
    }
  }

  const server = createServer((request, response) => {
    const path = (request.url ?? '').slice(api.length);
    const own = answers({ method: request.method ?? '', path });
    if (own) answered += 1;
    void Promise.resolve(own ?? pass(request, path)).then(({ status, type, body }) => {
      response.writeHead(status, { 'content-type': type });
      response.end(body);
    });
  });
  server.listen(port, HOST);
  await once(server, 'listening');
  return {
    url: `http://${HOST}:${port}${api}`,
    /** Told every question; null: the registry is asked. @param {(question: Question) => Answer | null} next */
    answer(next) {
      answers = next;
    },
    /** How often it answered in the registry's place. */
    get answered() {
      return answered;
    },
    /** @param {string} url */
    lead(url) {
      target = url;
    },
    normal() {
      answers = () => null;
      target = to;
    },
    async close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
