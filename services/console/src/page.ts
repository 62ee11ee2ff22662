import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from '@callfold/adapters';
import { ProblemError } from './problem.ts';

/** The wallboard's page: a handful of files, read and compressed once, and served from memory. It has no data in it. */

/** As vite built it; the same place from `src` and from `dist`. */
const BUILT = fileURLToPath(new URL('../dist/web/', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

/** Nothing that stands in the page itself runs, and nothing is asked of another host. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  vary: 'accept-encoding',
};

type Served = {
  readonly type: string;
  readonly tag: string;
  readonly cache: string;
  readonly bodies: ReadonlyMap<'br' | 'gzip' | '', Buffer>;
};

function served(file: string, cache: string): Served {
  const plain = readFileSync(file);
  return {
    type: TYPES[extname(file)] ?? 'application/octet-stream',
    tag: `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`,
    cache,
    bodies: new Map([
      ['br', brotliCompressSync(plain)],
      ['gzip', gzipSync(plain)],
      ['', plain],
    ]),
  };
}

/** Names in `assets` have a hash of what is in them: what is there never changes. */
function readBuilt(folder: string): ReadonlyMap<string, Served> {
  if (!existsSync(`${folder}index.html`)) return new Map();
  return new Map([
    ['', served(`${folder}index.html`, 'no-cache')],
    ...readdirSync(`${folder}assets`).map((name): [string, Served] => [
      name,
      served(`${folder}assets/${name}`, 'public, max-age=31536000, immutable'),
    ]),
  ]);
}

function send({ headers }: FastifyRequest, reply: FastifyReply, file: Served | undefined): FastifyReply {
  if (file === undefined) {
    const why = existsSync(`${BUILT}index.html`)
      ? 'the page has no such file'
      : 'the page was not built: npm run build';
    throw new ProblemError('not-found', why);
  }
  void reply.headers({ ...HEADERS, etag: file.tag, 'cache-control': file.cache });
  if ((headers['if-none-match'] ?? '').includes(file.tag)) return reply.code(304).send();
  const taken = headers['accept-encoding'] ?? '';
  const coding = /\bbr\b/.test(taken) ? 'br' : /\bgzip\b/.test(taken) ? 'gzip' : '';
  if (coding !== '') void reply.header('content-encoding', coding);
  return reply.type(file.type).send(file.bodies.get(coding));
}

export function addPage(app: FastifyInstance, folder: string = BUILT): void {
  const files = readBuilt(folder);
  app.get('/', (request, reply) => send(request, reply, files.get('')));
  app.get<{ Params: { name: string } }>('/assets/:name', (request, reply) =>
    send(request, reply, request.params.name === '' ? undefined : files.get(request.params.name)),
  );
}
