import type { Console, ConsoleSite } from '@callfold/console';
import { start } from '@callfold/console';
import type { Config, Logger, MetricSet } from '@callfold/adapters';
import { systemClock } from '@callfold/adapters';
import { rulesOf } from '@callfold/engine';
import { OUTCOMES } from '@callfold/outcomes';
import { pageOf } from './derived.ts';
import type { Site } from './site.ts';
import { zoneOf } from './zone.ts';

/** The console on whatever callfold works on. */

export function startConsole(config: Config, logger: Logger, metrics: MetricSet): Console {
  return start(config, { clock: systemClock, logger: logger.child({ role: 'console' }), metrics, zoneOf });
}

export function consoleSite(site: Site, { settings }: Config): ConsoleSite {
  return {
    shelf: site.shelf,
    log: site.log('projector'),
    codec: site.codec,
    rules: rulesOf(OUTCOMES, settings),
    rows: {
      partitions: (topic) => site.partitions(topic),
      offsetAt: (at, time) => site.log('outcomes').offsetAt(at, time),
      page: (topic, partition, from) => pageOf(site, topic, partition, from),
    },
  };
}
