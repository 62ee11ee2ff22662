import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
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

/** By name; `PAGE` is the page itself. */
type Files = ReadonlyMap<string, Served>;
const PAGE = '';

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
function readBuilt(folder: string): Files {
  try {
    return new Map([
      [PAGE, served(`${folder}index.html`, 'no-cache')],
      ...readdirSync(`${folder}assets`).map((name): [string, Served] => [
        name,
        served(`${folder}assets/${name}`, 'public, max-age=31536000, immutable'),
      ]),
    ]);
  } catch (error) {
    // Not built, or just being built: the API is served all the same, and the page says what it waits for.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw error;
  }
}

function send({ headers }: FastifyRequest, reply: FastifyReply, files: Files, name: string): FastifyReply {
  const file = files.get(name);
  if (file === undefined) {
    const why =
      files.size > 0
        ? 'the page has no such file'
        : 'the page was not built when the service started: npm run build, then start it again';
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
  app.get('/', (request, reply) => send(request, reply, files, PAGE));
  app.get<{ Params: { name: string } }>('/assets/:name', (request, reply) => {
    // Without a name it is no file's address, and the page has another one.
    const name = request.params.name === PAGE ? '/' : request.params.name;
    return send(request, reply, files, name);
  });
}
