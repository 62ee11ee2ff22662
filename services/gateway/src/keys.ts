import { createHmac, randomBytes } from 'node:crypto';
import { TENANT } from '@callfold/core';
import type { Given } from './given.ts';
import { givenJson, integerOf, listOf, objectOf, textOf, wrong } from './given.ts';
import { ProblemError } from './problem.ts';

/** Who sends. A tenant of null may speak for any. */
export type Caller = { readonly name: string; readonly tenantId: string | null; readonly eventsPerSecond: number };

export type Keys = {
  /** @throws ProblemError `no-key` or `wrong-key` */
  callerOf(authorization: string | undefined): Caller;
  /** Who signs by other means, for a tenant. */
  ofTenant(tenantId: string): Caller;
  readonly secrets: readonly string[];
};

/** A key's name for every tenant. */
const ANY_TENANT = '*';
/** Shorter keys can be guessed. */
const KEY_LEAST = 16;
const BEARER = /^Bearer +([^\s]+) *$/i;

/**
 * `{"acme": ["key", "the key before"], "globex": {"keys": ["key"], "eventsPerSecond": 500}}`
 * @param text null: nobody needs a key, and everybody may speak for every tenant
 * @throws Refused naming what is wrong with it
 */
export function readKeys(text: string | null, eventsPerSecond: number): Keys {
  if (text === null) {
    const anybody = { name: ANY_TENANT, tenantId: null, eventsPerSecond };
    return { secrets: [], callerOf: () => anybody, ofTenant: (tenantId) => ({ ...anybody, name: tenantId, tenantId }) };
  }
  // Found by a hash that nobody outside can compute, so that the time it takes tells nothing of the keys.
  const pepper = randomBytes(32);
  const hashOf = (key: string): string => createHmac('sha256', pepper).update(key).digest('base64');
  const callers = new Map<string, Caller>();
  const secrets: string[] = [];
  for (const [name, given] of objectOf(givenJson(text, 'CALLFOLD_GATEWAY_KEYS'), null)) {
    const { keys, rate } = tenantOf(name, given, eventsPerSecond);
    const caller = { name, tenantId: name === ANY_TENANT ? null : name, eventsPerSecond: rate };
    for (const one of keys) {
      const key = textOf(one, /^[\x21-\x7e]+$/);
      if (key.length < KEY_LEAST) throw wrong(one, `must have at least ${KEY_LEAST} characters`);
      if (callers.has(hashOf(key))) throw wrong(one, 'is the key of another tenant too');
      callers.set(hashOf(key), caller);
      secrets.push(key);
    }
  }
  return {
    secrets,
    ofTenant(tenantId) {
      const known = [...callers.values()].find((caller) => caller.tenantId === tenantId);
      return known ?? { name: tenantId, tenantId, eventsPerSecond };
    },
    callerOf(authorization) {
      const [, key] = BEARER.exec(authorization ?? '') ?? [];
      if (key === undefined)
        throw new ProblemError('no-key', 'send `authorization: Bearer KEY`, with the key of your tenant');
      const caller = callers.get(hashOf(key));
      if (caller === undefined) throw new ProblemError('wrong-key', 'nobody has this key; it may have been taken away');
      return caller;
    },
  };
}

function tenantOf(name: string, given: Given, usual: number): { keys: readonly Given[]; rate: number } {
  if (name !== ANY_TENANT && !TENANT.test(name)) throw wrong(given, `must be named by a tenant, ${TENANT.source}`);
  if (Array.isArray(given.value)) return { keys: listOf(given), rate: usual };
  const fields = objectOf(given, ['keys', 'eventsPerSecond']);
  const rate = fields.get('eventsPerSecond');
  const keys = fields.get('keys');
  if (keys === undefined) throw wrong(given, 'must have keys');
  return { keys: listOf(keys), rate: rate === undefined ? usual : integerOf(rate, 1, 1_000_000) };
}
