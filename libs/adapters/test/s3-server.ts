import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';

/**
 * A bucket over HTTP that takes nothing whose signature (version 4) or checksum is not right: as the protocol's
 * description has it, and not as our client does.
 */

const hex = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const FORM = new RegExp(
  '^AWS4-HMAC-SHA256 Credential=([^/]+)/(\\d{8})/([^/]+)/s3/aws4_request, ' +
    'SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$',
);

export type S3ServerOptions = { readonly bucket: string; readonly keyId: string; readonly secret: string };

function signatureProblem(request: IncomingMessage, { keyId, secret }: S3ServerOptions): string | null {
  const [, id, day = '', region = '', names = '', signature] = FORM.exec(request.headers.authorization ?? '') ?? [];
  if (id !== keyId) return 'InvalidAccessKeyId';
  const time = String(request.headers['x-amz-date']);
  const url = new URL(request.url ?? '/', 'http://host');
  const canonical = [
    request.method,
    url.pathname,
    [...url.searchParams].map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&'),
    ...names.split(';').map((name) => `${name}:${String(request.headers[name]).trim()}`),
    '',
    names,
    String(request.headers['x-amz-content-sha256']),
  ].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const key = [day, region, 's3', 'aws4_request'].reduce<string | Uint8Array>(hmac, `AWS4${secret}`);
  const should = hmac(key, ['AWS4-HMAC-SHA256', time, scope, hex(canonical)].join('\n')).toString('hex');
  return should === signature ? null : 'SignatureDoesNotMatch';
}

export async function startS3Server(options: S3ServerOptions) {
  const objects = new Map<string, Buffer>();
  const asked: string[] = [];
  /** Answers that come instead of the next ones. */
  const instead: number[] = [];

  function answer(response: ServerResponse, status: number, code: string): void {
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>said so</Message></Error>`);
  }

  function serve(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    asked.push(`${request.method} ${request.url}`);
    const early = instead.shift();
    if (early !== undefined) return answer(response, early, 'SlowDown');
    const problem = signatureProblem(request, options);
    if (problem !== null) return answer(response, 403, problem);
    const [, bucket, ...key] = decodeURIComponent(request.url ?? '').split('/');
    const name = key.join('/');
    if (bucket !== options.bucket) return answer(response, 404, 'NoSuchBucket');
    if (request.method === 'PUT') {
      if (request.headers['x-amz-content-sha256'] !== hex(body))
        return answer(response, 400, 'XAmzContentSHA256Mismatch');
      objects.set(name, body);
      return void response.end();
    }
    const found = objects.get(name);
    return found ? void response.end(found) : answer(response, 404, 'NoSuchKey');
  }

  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => serve(request, response, Buffer.concat(parts)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    objects,
    asked,
    instead,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
