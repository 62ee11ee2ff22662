import { readFileSync } from 'node:fs';
import type { Source } from '@callfold/core';
import { LIMITS, SOURCES, TENANT } from '@callfold/core';
import { Refused } from '@callfold/engine';
import type { Given } from '@callfold/adapters';
import { givenJson, integerOf, listOf, objectOf, oneOf, textOf, wrong } from '@callfold/adapters';
import { GATEWAY_LIMITS } from './limits.ts';
import type { Mapping } from './mapping.ts';
import { MAPPED_FIELDS, TIME_FORMATS } from './mapping.ts';
import type { Scheme } from './signatures.ts';

/** Who may send to `/v1/hooks/{source}`, how they sign, and how their payloads are read: `CALLFOLD_GATEWAY_HOOKS`. */

export type Hook = {
  readonly source: Source;
  readonly tenantId: string;
  readonly scheme: Scheme;
  /** The newest first, by habit: any of them will do. */
  readonly secrets: readonly string[];
  readonly toleranceMs: number;
  readonly mapping: Mapping;
};

const POINTER = /^(\/([^~/]|~[01])*)*$/;
const HEADER = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const ADAPTER = /^[A-Za-z0-9._-]+\/[A-Za-z0-9._-]+$/;
const DEFAULT_TENANT = 'default';

/** @param text JSON, a list; null: there are no hooks @throws Refused naming what is wrong with it */
export function readHooks(text: string | null): readonly Hook[] {
  if (text === null) return [];
  const hooks = listOf(givenJson(text, 'CALLFOLD_GATEWAY_HOOKS', 'docs/publishing.md')).map(readHook);
  const names = hooks.map(({ source, tenantId }) => `${source} of tenant ${tenantId}`);
  const twice = names.find((name, n) => names.indexOf(name) !== n);
  if (twice !== undefined) throw new Refused(`CALLFOLD_GATEWAY_HOOKS has two hooks for ${twice}: take one away.`);
  return hooks;
}

function readHook(given: Given): Hook {
  const fields = objectOf(given, [
    'source',
    'tenantId',
    'scheme',
    'secrets',
    'secretFiles',
    'toleranceMs',
    'adapter',
    'items',
    'only',
    'fields',
    'attributes',
    'times',
  ]);
  const need = (name: string): Given => {
    const found = fields.get(name);
    if (found === undefined) throw wrong(given, `must have ${name}`);
    return found;
  };
  const [tolerance, tenant] = [fields.get('toleranceMs'), fields.get('tenantId')];
  return {
    source: oneOf(need('source'), SOURCES),
    tenantId: tenant === undefined ? DEFAULT_TENANT : textOf(tenant, TENANT),
    scheme: readScheme(need('scheme')),
    secrets: secretsOf(given, fields),
    toleranceMs: tolerance === undefined ? GATEWAY_LIMITS.toleranceMs : integerOf(tolerance, 1_000, 86_400_000),
    mapping: readMapping(need, fields),
  };
}

function secretsOf(given: Given, fields: ReadonlyMap<string, Given>): string[] {
  const inline = fields.get('secrets');
  const files = fields.get('secretFiles');
  const secrets = [
    ...(inline === undefined ? [] : listOf(inline).map((one) => textOf(one))),
    ...(files === undefined ? [] : listOf(files).map(secretIn)),
  ];
  if (secrets.length === 0) throw wrong(given, 'must have secrets, or secretFiles');
  return secrets;
}

function secretIn(file: Given): string {
  try {
    return textOf({ ...file, value: readFileSync(textOf(file), 'utf8').trim() });
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw wrong(file, `cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const SCHEMES = ['hmac', 'twilio', 'standard-webhooks', 'bearer', 'header'] as const;

function readScheme(given: Given): Scheme {
  const kindOnly = objectOf(given, null).get('kind');
  if (kindOnly === undefined) throw wrong(given, `must have kind, one of ${SCHEMES.join(', ')}`);
  const kind = oneOf(kindOnly, SCHEMES);
  if (kind === 'hmac') return readHmac(given);
  const own = kind === 'twilio' ? ['publicUrl'] : kind === 'header' ? ['header'] : [];
  const fields = objectOf(given, ['kind', ...own]);
  const [name = ''] = own;
  const field = fields.get(name);
  if (kind === 'standard-webhooks' || kind === 'bearer') return { kind };
  if (field === undefined) throw wrong(given, `must have ${name}`);
  if (kind === 'header') return { kind, header: textOf(field, HEADER).toLowerCase() };
  return { kind, publicUrl: textOf(field, /^https?:\/\/[^/?#]+$/) };
}

function readHmac(given: Given): Scheme {
  const fields = objectOf(given, [
    'kind',
    'header',
    'algorithm',
    'encoding',
    'format',
    'signed',
    'timestampHeader',
    'timestampUnit',
  ]);
  const text = (name: string, usual: string, pattern?: RegExp): string => {
    const found = fields.get(name);
    return found === undefined ? usual : textOf(found, pattern);
  };
  const word = <Word extends string>(name: string, usual: Word, words: readonly Word[]): Word => {
    const found = fields.get(name);
    return found === undefined ? usual : oneOf(found, words);
  };
  const header = fields.get('header');
  if (header === undefined) throw wrong(given, 'must have header');
  const own = fields.get('timestampHeader');
  const scheme = {
    kind: 'hmac',
    header: textOf(header, HEADER).toLowerCase(),
    algorithm: word('algorithm', 'sha256', ['sha1', 'sha256', 'sha512']),
    encoding: word('encoding', 'hex', ['hex', 'base64']),
    format: text('format', '{signature}', /\{signature\}/),
    signed: text('signed', '{body}', /\{body\}/),
    timestampHeader: own === undefined ? null : textOf(own, HEADER).toLowerCase(),
    timestampUnit: word('timestampUnit', 's', ['s', 'ms']),
  } as const;
  const isSigned = scheme.signed.includes('{timestamp}');
  const isGiven = scheme.format.includes('{timestamp}') || scheme.timestampHeader !== null;
  // A time that is not signed proves nothing, and one that is signed must come from somewhere.
  if (isSigned !== isGiven) throw wrong(given, 'must have {timestamp} in signed, and in format or by timestampHeader');
  return scheme;
}

type Fields = ReadonlyMap<string, Given>;

function pointersOf(given: Given): string[] {
  return Array.isArray(given.value) ? listOf(given).map((one) => textOf(one, POINTER)) : [textOf(given, POINTER)];
}

function readMapping(need: (name: string) => Given, fields: Fields): Mapping {
  const [items, only, mapped, attributes, times] = ['items', 'only', 'fields', 'attributes', 'times'].map((name) =>
    fields.get(name),
  );
  const adapter = textOf(need('adapter'), ADAPTER);
  if (adapter.length > LIMITS.adapter) throw wrong(need('adapter'), `has more than ${LIMITS.adapter} characters`);
  return {
    adapter,
    items: items === undefined ? null : textOf(items, POINTER),
    only: only === undefined ? [] : listOf(only).map(readOnly),
    fields:
      mapped === undefined
        ? null
        : new Map([...objectOf(mapped, MAPPED_FIELDS)].map(([name, one]) => [name, pointersOf(one)])),
    attributes:
      attributes === undefined
        ? new Map()
        : new Map([...objectOf(attributes, null)].map(([name, one]) => [name, pointersOf(one)])),
    times: times === undefined ? 'iso' : oneOf(times, TIME_FORMATS),
  };
}

function readOnly(given: Given): Mapping['only'][number] {
  const fields = objectOf(given, ['pointer', 'values']);
  const [pointer, values] = [fields.get('pointer'), fields.get('values')];
  if (pointer === undefined || values === undefined) throw wrong(given, 'must have pointer and values');
  return { pointer: textOf(pointer, POINTER), values: listOf(values).map((one) => textOf(one)) };
}
