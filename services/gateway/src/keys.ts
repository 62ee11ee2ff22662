import type { KeyHolder } from '@callfold/adapters';
import { ANY_TENANT, integerOf, KEY_ADVICE, readApiKeys } from '@callfold/adapters';
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

const PAGE = 'docs/publishing.md';

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
  const keys = readApiKeys(text, 'CALLFOLD_GATEWAY_KEYS', PAGE, ['eventsPerSecond']);
  const callers = new Map<KeyHolder, Caller>(
    keys.holders.map((holder) => {
      const { name, tenantId, more } = holder;
      const rate = more.get('eventsPerSecond');
      const own = rate === undefined ? eventsPerSecond : integerOf(rate, 1, 1_000_000);
      return [holder, { name, tenantId, eventsPerSecond: own }];
    }),
  );
  return {
    secrets: keys.secrets,
    ofTenant(tenantId) {
      const known = [...callers.values()].find((caller) => caller.tenantId === tenantId);
      return known ?? { name: tenantId, tenantId, eventsPerSecond };
    },
    callerOf(authorization) {
      const holder = keys.holderOf(authorization);
      if (typeof holder === 'string') throw new ProblemError(holder, KEY_ADVICE[holder]);
      const caller = callers.get(holder);
      if (caller === undefined) throw new Error(`the holder ${holder.name} is of other keys`);
      return caller;
    },
  };
}
