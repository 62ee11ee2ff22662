import { createLogger, createMetricSet, startHttp } from '@callfold/adapters';
import { Refused } from '@callfold/engine';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import { consoleSite, startConsole } from '../console-site.ts';
import type { Site } from '../site.ts';
import { endAnyway } from '../stop.ts';
import { whenThere } from '../when-there.ts';
import { openServiceSite } from '../wiring/kafka.ts';

/** `callfold serve console`: what is happening now, over HTTP. It answers from the start: 503 until its parts are there. */
export async function serveConsole({ config, stop }: Context): Promise<Exit> {
  if (!config.kafka) {
    throw new Refused(
      '`callfold serve console` reads Kafka and Redis: set CALLFOLD_KAFKA_BROKERS, CALLFOLD_REGISTRY_URL and ' +
        'CALLFOLD_REDIS_URL. On the embedded store `callfold dev` has the same console.',
    );
  }
  const logger = createLogger(config.logLevel ?? 'info', 'console');
  const metrics = createMetricSet('console');
  const stage: { waitsFor: string; site: Site | null } = { waitsFor: 'the service starts', site: null };
  const console = startConsole(config, logger, metrics);
  const http = await startHttp({
    host: config.httpHost,
    port: config.httpPort,
    ready: () => (stage.site === null ? [{ name: 'start', ok: false, detail: stage.waitsFor }] : console.health()),
    metrics: [metrics],
    routes: (app) => console.routes(app),
  });
  logger.info({ event: 'service-started', url: http.url, brokers: config.kafka.brokers }, 'service-started');
  try {
    const open = () => openServiceSite(config, logger);
    stage.site = await whenThere(open, stage, logger, stop);
    if (stage.site !== null) {
      console.begin(consoleSite(stage.site, config));
      await stop.wanted;
    }
  } finally {
    await console.stop();
    await http.close();
    await stage.site?.close();
  }
  logger.info({ event: 'service-stopped' }, 'service-stopped');
  endAnyway((held) => logger.warn({ event: 'service-lingered', held }, 'service-lingered'));
  return EXIT.done;
}
