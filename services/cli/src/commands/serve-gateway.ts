import { createLogger, createMetricSet, startHttp } from '@callfold/adapters';
import { Refused } from '@callfold/engine';
import { start } from '@callfold/gateway';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import type { RawSite } from '../site.ts';
import { endAnyway } from '../stop.ts';
import { whenThere } from '../when-there.ts';
import { openKafkaRaw, serviceLogger } from '../wiring/kafka.ts';

/** `callfold serve gateway`: events over HTTP to Kafka. It answers from the start: 503 until Kafka and registry are there. */
export async function serveGateway({ config, stop }: Context): Promise<Exit> {
  if (!config.kafka) {
    throw new Refused(
      '`callfold serve gateway` publishes to Kafka: set CALLFOLD_KAFKA_BROKERS and CALLFOLD_REGISTRY_URL. ' +
        'On the embedded store `callfold dev` has the same gateway.',
    );
  }
  const logger = createLogger(config.logLevel ?? 'info', 'gateway');
  const metrics = createMetricSet('gateway');
  const stage: { waitsFor: string; site: RawSite | null } = { waitsFor: 'the service starts', site: null };
  const gateway = start(config, { log: () => stage.site, logger, metrics, now: Date.now });
  const http = await startHttp({
    host: config.httpHost,
    port: config.httpPort,
    ready: () => (stage.site === null ? [{ name: 'start', ok: false, detail: stage.waitsFor }] : [gateway.health()]),
    metrics: [metrics],
    limits: gateway.http,
    routes: (app) => gateway.routes(app),
  });
  logger.info({ event: 'service-started', url: http.url, brokers: config.kafka.brokers }, 'service-started');
  try {
    stage.site = await whenThere(() => openKafkaRaw(config, serviceLogger(logger)), stage, logger, stop);
    if (stage.site !== null) {
      logger.info({ event: 'log-there' }, 'log-there');
      await stop.wanted;
    }
  } finally {
    await gateway.stop();
    await http.close();
    await stage.site?.close();
  }
  logger.info({ event: 'service-stopped' }, 'service-stopped');
  endAnyway((held) => logger.warn({ event: 'service-lingered', held }, 'service-lingered'));
  return EXIT.done;
}
