import { createHmac, randomBytes } from 'node:crypto';
import { TENANT } from '@callfold/core';
import type { Given } from './given.ts';
import type { ProblemKinds } from './problem.ts';
import { givenJson, listOf, objectOf, textOf, wrong } from './given.ts';

/** Keys of an HTTP API, by tenant: `{"acme": ["key", "the key before"], "globex": {"keys": ["key"], …}, "*": […]}`. */

export type KeyHolder = {
  readonly name: string;
  /** Null: of every tenant. */
  readonly tenantId: string | null;
  /** What else was said of it, by name. */
  readonly more: ReadonlyMap<string, Given>;
};

/** What is wrong with a caller, in every API that takes keys. */
export const KEY_PROBLEMS = {
  'no-key': [401, 'No key'],
  'wrong-key': [401, 'The key is not known'],
  'foreign-tenant': [403, 'Not for this tenant'],
} as const satisfies ProblemKinds;

/** What a caller is told to do about the key. */
export const KEY_ADVICE = {
  'no-key': 'send `authorization: Bearer KEY`, with the key of your tenant',
  'wrong-key': 'nobody has this key; it may have been taken away',
} as const;

export type ApiKeys = {
  readonly holders: readonly KeyHolder[];
  readonly secrets: readonly string[];
  /** @param authorization of `Bearer KEY`  @returns `no-key`: there is none; `wrong-key`: nobody has it */
  holderOf(authorization: string | undefined): KeyHolder | keyof typeof KEY_ADVICE;
};

/** A key's name for every tenant. */
export const ANY_TENANT = '*';
/** Shorter keys can be guessed. */
const KEY_LEAST = 16;
const BEARER = /^Bearer +([^\s]+) *$/i;

/**
 * @param names what a tenant may have beside its keys
 * @throws Refused naming what is wrong with it
 */
export function readApiKeys(text: string, variable: string, page: string, names: readonly string[] = []): ApiKeys {
  // Found by a hash that nobody outside can compute, so that the time it takes tells nothing of the keys.
  const pepper = randomBytes(32);
  const hashOf = (key: string): string => createHmac('sha256', pepper).update(key).digest('base64');
  const byHash = new Map<string, KeyHolder>();
  const holders: KeyHolder[] = [];
  const secrets: string[] = [];
  for (const [name, given] of objectOf(givenJson(text, variable, page), null)) {
    const { keys, more } = tenantOf(name, given, names);
    const holder = { name, tenantId: name === ANY_TENANT ? null : name, more };
    holders.push(holder);
    for (const one of keys) {
      const key = textOf(one, /^[\x21-\x7e]+$/);
      if (key.length < KEY_LEAST) throw wrong(one, `must have at least ${KEY_LEAST} characters`);
      if (byHash.has(hashOf(key))) throw wrong(one, 'is the key of another tenant too');
      byHash.set(hashOf(key), holder);
      secrets.push(key);
    }
  }
  return {
    holders,
    secrets,
    holderOf(authorization) {
      const [, key] = BEARER.exec(authorization ?? '') ?? [];
      return key === undefined ? 'no-key' : (byHash.get(hashOf(key)) ?? 'wrong-key');
    },
  };
}

function tenantOf(name: string, given: Given, names: readonly string[]): Pick<KeyHolder, 'more'> & { keys: Given[] } {
  if (name !== ANY_TENANT && !TENANT.test(name)) throw wrong(given, `must be named by a tenant, ${TENANT.source}`);
  if (Array.isArray(given.value)) return { keys: listOf(given), more: new Map() };
  const more = objectOf(given, ['keys', ...names]);
  const keys = more.get('keys');
  if (keys === undefined) throw wrong(given, 'must have keys');
  return { keys: listOf(keys), more };
}
