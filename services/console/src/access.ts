import type { ApiKeys, FastifyRequest } from '@callfold/adapters';
import { isLoopback, KEY_ADVICE, readApiKeys } from '@callfold/adapters';
import { TENANT } from '@callfold/core';
import { Refused } from '@callfold/engine';
import { ProblemError } from './problem.ts';

/** Who may see what: by a tenant's key, by a header that a reverse proxy sets, or, on this machine only, anybody. */

export type Access = {
  readonly secrets: readonly string[];
  /**
   * The tenant that is asked about; null: all of them.
   * @throws ProblemError for a key that is missing or wrong, and for another's tenant
   */
  tenantOf(request: Pick<FastifyRequest, 'headers'>, asked: string | undefined): string | null;
  /** For what is of all tenants, and of none. @throws ProblemError also for a tenant's own key */
  checkOperator(request: Pick<FastifyRequest, 'headers'>): void;
};

type AccessSettings = {
  readonly keys: string | null;
  readonly tenantHeader: string | null;
  readonly httpHost: string;
};

const PAGE = 'docs/console.md';

/** @throws Refused where anybody on the network could read */
export function openAccess({ keys: text, tenantHeader, httpHost }: AccessSettings): Access {
  if (text === null && tenantHeader === null && !isLoopback(httpHost)) {
    throw new Refused(
      `CALLFOLD_HTTP_HOST is ${httpHost}, where anybody could read: name keys by tenant in CALLFOLD_CONSOLE_KEYS or ` +
        '…_KEYS_FILE, or the header of a reverse proxy in CALLFOLD_CONSOLE_TENANT_HEADER, or listen on 127.0.0.1.',
    );
  }
  const keys: ApiKeys | null = text === null ? null : readApiKeys(text, 'CALLFOLD_CONSOLE_KEYS', PAGE);

  /** Whose the caller is; null: every tenant's. */
  function ownOf(headers: FastifyRequest['headers']): string | null {
    const named = tenantHeader === null ? undefined : headers[tenantHeader.toLowerCase()];
    if (typeof named === 'string' && TENANT.test(named)) return named;
    if (keys === null) {
      if (tenantHeader === null) return null;
      throw new ProblemError('no-key', `the reverse proxy sent no tenant in ${tenantHeader}`);
    }
    const holder = keys.holderOf(headers.authorization);
    if (typeof holder === 'string') throw new ProblemError(holder, KEY_ADVICE[holder]);
    return holder.tenantId;
  }

  return {
    secrets: keys?.secrets ?? [],
    tenantOf({ headers }, asked) {
      const own = ownOf(headers);
      if (asked === undefined || asked === own) return own;
      if (!TENANT.test(asked)) throw new ProblemError('bad-query', `tenant must match ${TENANT.source}`);
      if (own === null) return asked;
      throw new ProblemError('foreign-tenant', 'the key is of another tenant than that of the query');
    },
    checkOperator({ headers }) {
      if (ownOf(headers) === null) return;
      throw new ProblemError('all-tenants-only', 'partitions and dead letters are of all tenants: use a key of "*"');
    },
  };
}
