import type { Tls } from '../ops/tls.ts';

/** Who asks, and how the server is known: what is better not in a URL. It goes before what the URL says. */
export type RedisAccess = {
  readonly username?: string;
  readonly password?: string;
  /** Of sentinels that ask for their own. */
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: string;
  /** Of rediss. */
  readonly tls?: Tls;
};
