import type { Health, Metrics } from '@callfold/adapters';
import { createLogger, partitionHealth, startHttp } from '@callfold/adapters';
import { Refused } from '@callfold/engine';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import type { Running } from '../services.ts';
import { runRole } from '../services.ts';
import type { RoleName, Site } from '../site.ts';
import { endAnyway } from '../stop.ts';
import { whenThere } from '../when-there.ts';
import { openKafkaSite, serviceLogger } from '../wiring/kafka.ts';

/** What `/readyz` tells of; changed as the start goes on. */
type Stage = { waitsFor: string; site: Site | null; running: Running | null };

function healthOf(role: RoleName, { waitsFor, site, running }: Stage): Health[] {
  if (site === null || running === null) return [{ name: 'start', ok: false, detail: waitsFor }];
  const { isMember, detail } = site.member(role);
  return [{ name: 'group', ok: isMember, detail }, ...partitionHealth(running.service.status())];
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
    const open = () => openKafkaSite(config, (text) => logger.warn({ event: 'notice' }, text), serviceLogger(logger));
    stage.site = await whenThere(open, stage, logger, stop);
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
