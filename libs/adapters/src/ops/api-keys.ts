import { createHmac, randomBytes } from 'node:crypto';
import { TENANT } from '@callfold/core';
import type { Given } from './given.ts';
import { givenJson, listOf, objectOf, textOf, wrong } from './given.ts';

/** Keys of an HTTP API, by tenant: `{"acme": ["key", "the key before"], "globex": {"keys": ["key"], …}, "*": […]}`. */

export type KeyHolder = {
  readonly name: string;
  /** Null: of every tenant. */
  readonly tenantId: string | null;
  /** What else was said of it, by name. */
  readonly more: ReadonlyMap<string, Given>;
};

export type ApiKeys = {
  readonly holders: readonly KeyHolder[];
  readonly secrets: readonly string[];
  /** @param authorization of `Bearer KEY`  @returns `no-key`: there is none; `wrong-key`: nobody has it */
  holderOf(authorization: string | undefined): KeyHolder | 'no-key' | 'wrong-key';
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
