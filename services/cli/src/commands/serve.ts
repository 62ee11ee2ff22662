import { setTimeout as delay } from 'node:timers/promises';
import type { Health, Logger, Metrics } from '@callfold/adapters';
import { createLogger, KafkaError, partitionHealth, startHttp } from '@callfold/adapters';
import { Refused } from '@callfold/engine';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import type { Running } from '../services.ts';
import { runRole } from '../services.ts';
import type { RoleName, Site } from '../site.ts';
import { endAnyway } from '../stop.ts';
import { openKafkaSite, serviceLogger } from '../wiring/kafka.ts';

/** Between two attempts to start, at first and at most. */
const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 5_000;

/** What `/readyz` tells of; changed as the start goes on. */
type Stage = { waitsFor: string; site: Site | null; running: Running | null };

function healthOf(role: RoleName, { waitsFor, site, running }: Stage): Health[] {
  if (site === null || running === null) return [{ name: 'start', ok: false, detail: waitsFor }];
  const { isMember, detail } = site.member(role);
  return [{ name: 'group', ok: isMember, detail }, ...partitionHealth(running.service.status())];
}

/** Trying again may help: something does not answer. Anything else is for whoever started the service. */
function isAway(error: unknown): error is Error {
  if (!(error instanceof Error) || error instanceof Refused) return false;
  return !(error instanceof KafkaError) || error.retriable;
}

/** Waits for Kafka, registry and Redis. Null: it was asked to stop before they were there. */
async function openWhenThere(stage: Stage, logger: Logger, { config, stop }: Context): Promise<Site | null> {
  const doing = 'starting';
  const stopped = stop.wanted.then(() => null);
  let pauseMs = RETRY_FIRST_MS;
  for (let attempt = 1; !stop.requested; attempt += 1) {
    const opening = openKafkaSite(config, (text) => logger.warn({ event: 'notice' }, text), serviceLogger(logger));
    try {
      const site = await Promise.race([opening, stopped]);
      if (site === null) void opening.then((late) => late.close()).catch(() => undefined);
      else if (attempt > 1)
        logger.info({ event: 'infrastructure-back', doing, attempts: attempt }, 'infrastructure-back');
      return site;
    } catch (error) {
      if (!isAway(error)) throw error;
      stage.waitsFor = error.message;
      logger.warn({ event: 'infrastructure-away', doing, message: error.message, attempt }, 'infrastructure-away');
      const pause = new AbortController();
      await Promise.race([delay(pauseMs, undefined, { signal: pause.signal }), stopped]);
      pause.abort();
      pauseMs = Math.min(pauseMs * 2, RETRY_MOST_MS);
    }
  }
  return null;
}

/** `callfold serve ROLE`: one role on Kafka, registry and Redis. It answers from the start, and waits for them. */
export async function serve(role: RoleName, context: Context): Promise<Exit> {
  const { config, stop } = context;
  if (!config.kafka) {
    throw new Refused(
      '`callfold serve` runs one role on Kafka: set CALLFOLD_KAFKA_BROKERS. ' +
        'On the embedded store `callfold dev` runs all of them.',
    );
  }
  const logger = createLogger(config.logLevel ?? 'info', role);
  const stage: Stage = { waitsFor: 'the service starts', site: null, running: null };
  const metrics: Metrics[] = [];
  const ready = (): Health[] => healthOf(role, stage);
  const services = () => (stage.running === null ? [] : [stage.running.service]);
  const http = await startHttp({ host: config.httpHost, port: config.httpPort, ready, services, metrics });
  logger.info({ event: 'service-started', url: http.url, brokers: config.kafka.brokers }, 'service-started');
  try {
    stage.site = await openWhenThere(stage, logger, context);
    if (stage.site !== null) {
      stage.running = runRole(role, stage.site, config, logger);
      metrics.push(stage.running.metrics);
      await Promise.race([stage.running.service.done, stop.wanted]);
    }
  } finally {
    await stage.running?.service.stop();
    await http.close();
    await stage.site?.close();
  }
  logger.info({ event: 'service-stopped' }, 'service-stopped');
  endAnyway((held) => logger.warn({ event: 'service-lingered', held }, 'service-lingered'));
  return EXIT.done;
}
