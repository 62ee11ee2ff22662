import type { Console, ConsoleSite } from '@callfold/console';
import { start } from '@callfold/console';
import type { Config, Logger, MetricSet } from '@callfold/adapters';
import { systemClock } from '@callfold/adapters';
import { DEAD_LETTERS } from '@callfold/core';
import type { ProblemOf } from '@callfold/engine';
import { rulesOf } from '@callfold/engine';
import { OUTCOMES } from '@callfold/outcomes';
import { pageOf } from './derived.ts';
import type { Site } from './site.ts';
import { zoneOf } from './zone.ts';

/** The console on whatever callfold works on. */

export function startConsole(config: Config, logger: Logger, metrics: MetricSet): Console {
  return start(config, { clock: systemClock, logger: logger.child({ role: 'console' }), metrics, zoneOf });
}

/** @param known of services that are at work in this process */
export function consoleSite(site: Site, { settings }: Config, known?: ProblemOf): ConsoleSite {
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
    operations: {
      site,
      letters: { partitions: () => site.partitions(DEAD_LETTERS), reader: site.derived, codec: site.codec },
      settings,
      ...(known && { known }),
    },
  };
}
