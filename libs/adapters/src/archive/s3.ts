import { createHash } from 'node:crypto';
import type { ArchiveFiles } from '@callfold/engine';
import { Refused } from '@callfold/engine';
import { AwsClient } from 'aws4fetch';

/**
 * An archive in a bucket of S3, or of anything that speaks its protocol. An object is there whole or not at all: each
 * is put by one request, never in parts, so that a run that is killed leaves no unfinished upload behind either.
 */

export type S3Access = {
  /** Absent: AWS. Buckets are named in the path there, since few others have a host for each. */
  readonly endpoint?: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
};

const SCHEME = 's3://';
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
/** Of one request; a file has some tens of megabytes. */
const REQUEST_MS = 120_000;
const RETRIES = 5;
const FIRST_RETRY_MS = 200;
/** Of what a server says of a refusal. */
const SAID_CHARACTERS = 300;

export const isS3Address = (address: string): boolean => address.startsWith(SCHEME);

/** @throws Refused when it is no `s3://bucket/prefix` */
function parse(address: string): { readonly bucket: string; readonly prefix: string } {
  const [bucket = '', ...parts] = address.slice(SCHEME.length).split('/');
  const prefix = parts.filter((part) => part !== '').join('/');
  if (BUCKET.test(bucket)) return { bucket, prefix };
  throw new Refused(`${address} is no place of an archive: expected s3://BUCKET or s3://BUCKET/PREFIX.`);
}

const encoded = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

/** `<Code>` and `<Message>` of the answer: the rest is for machines. */
async function said(answer: Response): Promise<string> {
  const text = (await answer.text()).slice(0, 10_000);
  const part = (name: string): string => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? '';
  return `${answer.status} ${part('Code')} ${part('Message')}`.trimEnd().slice(0, SAID_CHARACTERS);
}

export function openS3(address: string, access: S3Access): ArchiveFiles {
  const { bucket, prefix } = parse(address);
  const { endpoint, region, accessKeyId, secretAccessKey, sessionToken } = access;
  const base = endpoint ? `${endpoint.replace(/\/+$/, '')}/${bucket}` : `https://${bucket}.s3.${region}.amazonaws.com`;
  const client = new AwsClient({
    accessKeyId,
    secretAccessKey,
    ...(sessionToken && { sessionToken }),
    region,
    service: 's3',
    retries: RETRIES,
    initRetryMs: FIRST_RETRY_MS,
  });
  const urlOf = (name: string): string => `${base}/${encoded(prefix === '' ? name : `${prefix}/${name}`)}`;

  async function ask(name: string, request: RequestInit): Promise<Response> {
    const url = urlOf(name);
    try {
      return await client.fetch(url, { ...request, signal: AbortSignal.timeout(REQUEST_MS) });
    } catch (error) {
      const { cause, message } = error as Error;
      throw new Error(`${url} cannot be asked: ${cause instanceof Error ? cause.message : message}`, { cause: error });
    }
  }

  async function refused(name: string, answer: Response): Promise<Error> {
    const text = `${urlOf(name)} answered ${await said(answer)}`;
    if (answer.status === 401 || answer.status === 403) {
      return new Refused(
        `${text}. Check CALLFOLD_S3_ACCESS_KEY_ID and its secret; it needs s3:GetObject, s3:PutObject and s3:ListBucket there.`,
      );
    }
    return answer.status === 404 ? new Refused(`${text}. Is there a bucket ${bucket}?`) : new Error(text);
  }

  return {
    place: address,
    async read(name) {
      const answer = await ask(name, {});
      if (answer.ok) return new Uint8Array(await answer.arrayBuffer());
      if (answer.status !== 404) throw await refused(name, answer);
      const text = await answer.clone().text();
      // A missing bucket is a mistake, and not an archive that is empty.
      if (text.includes('NoSuchBucket')) throw await refused(name, answer);
      return null;
    },
    async write(name, bytes) {
      // Told beforehand, so that what arrives damaged is refused there.
      const headers = {
        'x-amz-content-sha256': createHash('sha256').update(bytes).digest('hex'),
        'content-type': name.endsWith('.json') ? 'application/json' : 'application/octet-stream',
      };
      const answer = await ask(name, { method: 'PUT', headers, body: new Uint8Array(bytes) });
      if (!answer.ok) throw await refused(name, answer);
      await answer.arrayBuffer();
    },
  };
}
