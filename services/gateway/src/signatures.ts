import type { IncomingHttpHeaders } from 'node:http';
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { ProblemError } from './problem.ts';
import { twilioSignatures } from './twilio.ts';

/**
 * How senders show that it is they: over the bytes as they came, with any of several secrets, so that one can follow
 * another.
 */

export type Scheme =
  | {
      readonly kind: 'hmac';
      readonly header: string;
      readonly algorithm: 'sha1' | 'sha256' | 'sha512';
      readonly encoding: 'hex' | 'base64';
      /** The header's value, with `{signature}` in it, and `{timestamp}` where it stands there too. */
      readonly format: string;
      /** What is signed: `{body}`, and `{timestamp}` where it is signed too. */
      readonly signed: string;
      /** Where the timestamp has a header of its own. */
      readonly timestampHeader: string | null;
      readonly timestampUnit: 's' | 'ms';
    }
  | { readonly kind: 'twilio'; readonly publicUrl: string }
  | { readonly kind: 'standard-webhooks' }
  | { readonly kind: 'bearer' }
  | { readonly kind: 'header'; readonly header: string };

export type Signed = {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Path and query as they came. */
  readonly path: string;
};

export type Verifying = { readonly secrets: readonly string[]; readonly toleranceMs: number; readonly now: number };

/** @throws ProblemError `no-signature`, `wrong-signature` or `signature-time` */
export function verify(scheme: Scheme, signed: Signed, how: Verifying): void {
  switch (scheme.kind) {
    case 'hmac':
      return verifyHmac(scheme, signed, how);
    case 'twilio':
      return verifyTwilio(scheme.publicUrl, signed, how);
    case 'standard-webhooks':
      return verifyStandard(signed, how);
    case 'bearer': {
      const [, token = ''] = /^Bearer +(.+?) *$/i.exec(headerOf(signed.headers, 'authorization')) ?? [];
      return expectOne([token], how.secrets, 'authorization');
    }
    case 'header':
      return expectOne([headerOf(signed.headers, scheme.header)], how.secrets, scheme.header);
  }
}

function headerOf(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new ProblemError('no-signature', `the header ${name} is missing, or there are several`);
}

/** Any of what was given must be any of what is right. All are compared, each in the same time, whatever they are. */
function expectOne(given: readonly string[], right: readonly string[], header: string): void {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const wanted = right.map(digest);
  let isRight = false;
  for (const one of given.map(digest)) for (const other of wanted) if (timingSafeEqual(one, other)) isRight = true;
  if (!isRight) throw new ProblemError('wrong-signature', `what ${header} says fits none of this hook's secrets`);
}

function expectNow(timestamp: string, unit: 's' | 'ms', { toleranceMs, now }: Verifying): void {
  const at = /^\d{1,15}$/.test(timestamp) ? Number(timestamp) * (unit === 's' ? 1_000 : 1) : NaN;
  if (Math.abs(now - at) <= toleranceMs) return;
  const detail = `it may be ${toleranceMs / 1_000} s away from now: sign again with the time at which you send`;
  throw new ProblemError('signature-time', detail);
}

function verifyHmac(scheme: Extract<Scheme, { kind: 'hmac' }>, { headers, body }: Signed, how: Verifying): void {
  const { header, algorithm, encoding, format, signed, timestampHeader, timestampUnit } = scheme;
  const found = patternOf(format).exec(headerOf(headers, header))?.groups;
  if (found === undefined)
    throw new ProblemError('wrong-signature', `the header ${header} does not look like ${format}`);
  const timestamp = timestampHeader === null ? (found['timestamp'] ?? '') : headerOf(headers, timestampHeader);
  if (signed.includes('{timestamp}')) expectNow(timestamp, timestampUnit, how);
  const parts = signed.split(/(\{body\}|\{timestamp\})/);
  const right = how.secrets.map((secret) => {
    const hmac = createHmac(algorithm, secret);
    for (const part of parts) {
      if (part === '{body}') hmac.update(body);
      else hmac.update(part === '{timestamp}' ? timestamp : part);
    }
    return hmac.digest(encoding);
  });
  const given = found['signature'] ?? '';
  expectOne([encoding === 'hex' ? given.toLowerCase() : given], right, header);
}

/** `v={timestamp},d={signature}` as a pattern of the header's value. */
function patternOf(format: string): RegExp {
  const source = format
    .split(/(\{signature\}|\{timestamp\})/)
    .map((part) => {
      if (part === '{signature}') return '(?<signature>[A-Za-z0-9+/=_-]+)';
      return part === '{timestamp}' ? '(?<timestamp>\\d+)' : part.replaceAll(/[^\w]/g, '\\$&');
    })
    .join('');
  return new RegExp(`^${source}$`);
}

function verifyTwilio(publicUrl: string, { headers, body, path }: Signed, how: Verifying): void {
  const given = headerOf(headers, 'x-twilio-signature');
  const url = `${publicUrl}${path}`;
  const isForm = (headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
  const form = isForm ? new URLSearchParams(body.toString()) : null;
  const said = new URL(url).searchParams.get('bodySHA256');
  if (form === null && said === null)
    throw new ProblemError(
      'wrong-signature',
      'a body that is no form is signed by bodySHA256 in the URL, which is missing',
    );
  if (said !== null) expectOne([said.toLowerCase()], [createHash('sha256').update(body).digest('hex')], 'bodySHA256');
  const right = how.secrets.flatMap((secret) => twilioSignatures(secret, url, form));
  expectOne([given], right, 'x-twilio-signature');
}

const WHSEC = 'whsec_';

function verifyStandard({ headers, body }: Signed, how: Verifying): void {
  const id = headerOf(headers, 'webhook-id');
  const timestamp = headerOf(headers, 'webhook-timestamp');
  const signatures = headerOf(headers, 'webhook-signature').split(' ');
  expectNow(timestamp, 's', how);
  const given = signatures.filter((one) => one.startsWith('v1,')).map((one) => one.slice(3));
  const right = how.secrets.map((secret) => {
    const key = Buffer.from(secret.startsWith(WHSEC) ? secret.slice(WHSEC.length) : secret, 'base64');
    return createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
  });
  expectOne(given, right, 'webhook-signature');
}
