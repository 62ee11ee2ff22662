import { createLogger, partitionHealth, startHttp } from '@callfold/adapters';
import { Refused } from '@callfold/engine';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import { runRole } from '../services.ts';
import type { RoleName } from '../site.ts';
import { openKafkaSite } from '../wiring/kafka.ts';

/** `callfold serve ROLE`: one role on Kafka, registry and Redis. */
export async function serve(role: RoleName, context: Context): Promise<Exit> {
  const { config } = context;
  if (!config.kafka) {
    throw new Refused(
      '`callfold serve` runs one role on Kafka: set CALLFOLD_KAFKA_BROKERS. On the embedded store `callfold dev` runs all of them.',
    );
  }
  const logger = createLogger(config.logLevel ?? 'info', role);
  const site = await openKafkaSite(config, (text) => logger.warn(text));
  const { service, metrics } = runRole(role, site, config, logger);
  const http = await startHttp({
    host: config.httpHost,
    port: config.httpPort,
    ready: () => partitionHealth(service.status(), Date.now()),
    metrics: [metrics],
  });
  logger.info({ event: 'service-started', url: http.url, on: site.name }, 'service-started');
  try {
    await Promise.race([service.done, context.stop.wanted]);
  } finally {
    await service.stop();
    await http.close();
    await site.close();
  }
  logger.info({ event: 'service-stopped' }, 'service-stopped');
  return EXIT.done;
}
