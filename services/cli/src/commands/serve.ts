import { createLogger, startHttp } from '@callfold/adapters';
import { Refused } from '@callfold/engine';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import { createMember } from '../member.ts';
import type { RoleName } from '../site.ts';
import { endAnyway } from '../stop.ts';
import { createThreads } from '../threads.ts';

/** `callfold serve ROLE`: one role on Kafka, registry and Redis. It answers from the start, and waits for them. */
export async function serve(role: RoleName, context: Context): Promise<Exit> {
  const { config, stop } = context;
  if (!config.kafka) {
    throw new Refused(
      '`callfold serve` runs one role on Kafka: set CALLFOLD_KAFKA_BROKERS. ' +
        'On the embedded store `callfold dev` runs all of them.',
    );
  }
  const { threads, httpHost: host, httpPort: port } = config;
  const logger = createLogger(config.logLevel ?? 'info', role);
  const member =
    threads === 1 ? createMember({ role, config, logger, stop, thread: null }) : createThreads(role, threads, stop);
  const http = await startHttp({ host, port, ...member });
  logger.info({ event: 'service-started', url: http.url, brokers: config.kafka.brokers, threads }, 'service-started');
  try {
    await member.run();
  } finally {
    await http.close();
  }
  logger.info({ event: 'service-stopped' }, 'service-stopped');
  endAnyway((held) => logger.warn({ event: 'service-lingered', held }, 'service-lingered'));
  return EXIT.done;
}
