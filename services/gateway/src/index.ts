import type { FastifyInstance, Health, HttpLimits, Logger, MetricSet } from '@callfold/adapters';
import { isLoopback } from '@callfold/adapters';
import { hideSecrets } from '@callfold/adapters/config';
import type { Config } from '@callfold/adapters/config';
import { Refused } from '@callfold/engine';
import { createHeldBytes } from './held-bytes.ts';
import { readHooks } from './hook-settings.ts';
import type { RawLog } from './intake.ts';
import { readKeys } from './keys.ts';
import type { GatewayLimits } from './limits.ts';
import { GATEWAY_LIMITS } from './limits.ts';
import { createCounting } from './metrics.ts';
import { ProblemError } from './problem.ts';
import type { RateLimit } from './rate.ts';
import { createRateLimit } from './rate.ts';
import { addGatewayRoutes } from './routes.ts';

export { GATEWAY_LIMITS } from './limits.ts';

/** Takes events over HTTP and answers once the log has them. */

export type GatewayConfig = {
  readonly gateway: Config['gateway'];
  readonly httpHost: string;
  /** Over `GATEWAY_LIMITS`. */
  readonly limits?: Partial<GatewayLimits>;
};

export type GatewayPorts = {
  /** Null until the log is there. */
  readonly log: () => RawLog | null;
  readonly logger: Logger;
  readonly metrics: MetricSet;
  /** Epoch ms. */
  readonly now: () => number;
};

export type Gateway = {
  readonly name: 'gateway';
  /** To be called before the server listens. */
  routes(app: FastifyInstance): void;
  /** For the server that they run on. */
  readonly http: HttpLimits;
  health(): Health;
  /** Refuses what comes from now on; resolves when what is under way is answered. */
  stop(): Promise<void>;
};

const RETRY_SECONDS = 5;
const LOOK_MS = 20;

/** @throws Refused for a wrong setting, or where anybody on the network could send without a key */
export function start(config: GatewayConfig, ports: GatewayPorts): Gateway {
  const { gateway, httpHost } = config;
  const { logger, now } = ports;
  const limits = { ...GATEWAY_LIMITS, ...config.limits };
  const keys = readKeys(gateway.keys, gateway.eventsPerSecond);
  const hooks = readHooks(gateway.hooks);
  hideSecrets([...keys.secrets, ...hooks.flatMap(({ secrets }) => secrets)]);
  if (gateway.keys === null && !isLoopback(httpHost)) {
    const mend = 'name keys by tenant in CALLFOLD_GATEWAY_KEYS or …_KEYS_FILE, or listen on 127.0.0.1';
    throw new Refused(`CALLFOLD_HTTP_HOST is ${httpHost}, where anybody could send events: ${mend}.`);
  }
  const held = createHeldBytes(limits.heldBytes);
  const counting = createCounting(ports.metrics, logger, () => held.now);
  const rates = new Map<string, RateLimit>();
  let isStopping = false;
  const underWay = new Set<object>();

  function log(): RawLog {
    if (isStopping)
      throw new ProblemError('stopping', 'send it to another one, or again in a while', {}, RETRY_SECONDS);
    const there = ports.log();
    if (there !== null) return there;
    throw new ProblemError('starting', 'the log is not there yet; /readyz says what is missing', {}, RETRY_SECONDS);
  }

  return {
    name: 'gateway',
    http: {
      requestMs: 0,
      headersMs: limits.headersMs,
      connections: gateway.connections,
      refused: (what) => counting.refusedEarly(what),
    },
    routes: (app) =>
      addGatewayRoutes(app, {
        keys,
        hooks,
        held,
        limits,
        bodyBytes: gateway.bodyBytes,
        log,
        rateOf({ name, eventsPerSecond }) {
          const rate = rates.get(name) ?? createRateLimit(eventsPerSecond, limits.burstMs, () => performance.now());
          rates.set(name, rate);
          return rate;
        },
        partitions: new Map(),
        counting,
        now,
        underWay,
        fault: (error) => logger.error({ event: 'gateway-fault', err: error }, 'gateway-fault'),
      }),
    health() {
      const detail = isStopping
        ? 'it stops'
        : ports.log() === null
          ? 'the log is not there yet'
          : 'it does not acknowledge';
      const ok = !isStopping && ports.log() !== null && !counting.isLogAway;
      return { name: 'log', ok, detail: ok ? 'acknowledges' : detail };
    },
    async stop() {
      isStopping = true;
      const until = performance.now() + limits.drainMs;
      while (underWay.size > 0 && performance.now() < until)
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    },
  };
}
