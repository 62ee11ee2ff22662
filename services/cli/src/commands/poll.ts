import type { Health } from '@callfold/adapters';
import { createLogger, createMetricSet, startHttp } from '@callfold/adapters';
import { Refused } from '@callfold/engine';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import type { Poller } from '../polling.ts';
import { startPoller } from '../polling.ts';
import type { Site } from '../site.ts';
import { endAnyway } from '../stop.ts';
import { whenThere } from '../when-there.ts';
import { openServiceSite } from '../wiring/kafka.ts';

/** `callfold poll vonage`: a service of its own on Kafka; it answers from the start, and waits for the parts. */
export async function pollCommand(context: Context): Promise<Exit> {
  const { config, stop } = context;
  if (!config.vonage) throw new Refused('Nothing is there to be polled: set CALLFOLD_VONAGE_URL. See docs/polling.md.');
  if (!config.kafka) {
    throw new Refused(
      '`callfold poll` publishes to Kafka: set CALLFOLD_KAFKA_BROKERS. ' +
        'On the embedded store `callfold dev` polls, where CALLFOLD_VONAGE_URL is set.',
    );
  }
  const logger = createLogger(config.logLevel ?? 'info', 'poll');
  const metrics = createMetricSet('poll');
  const stage = { waitsFor: 'the service starts' };
  let site: Site | null = null;
  let poller: Poller | null = null;
  const ready = (): Health[] => [poller?.health() ?? { name: 'start', ok: false, detail: stage.waitsFor }];
  const http = await startHttp({ host: config.httpHost, port: config.httpPort, ready, metrics: [metrics] });
  logger.info({ event: 'service-started', url: http.url, brokers: config.kafka.brokers }, 'service-started');
  try {
    site = await whenThere(() => openServiceSite(config, logger), stage, logger, stop);
    if (site !== null) {
      poller = startPoller(config.vonage, site, logger, metrics);
      await Promise.race([poller.done, stop.wanted]);
    }
  } finally {
    await poller?.stop();
    await http.close();
    await site?.close();
  }
  logger.info({ event: 'service-stopped' }, 'service-stopped');
  endAnyway((held) => logger.warn({ event: 'service-lingered', held }, 'service-lingered'));
  return EXIT.done;
}
