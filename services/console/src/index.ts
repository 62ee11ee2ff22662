import type { FastifyInstance, Health, Logger, MetricSet } from '@callfold/adapters';
import type { Config } from '@callfold/adapters/config';
import { hideSecrets } from '@callfold/adapters/config';
import type { Zone } from '@callfold/core';
import type { Clock } from '@callfold/engine';
import { Refused } from '@callfold/engine';
import { openAccess } from './access.ts';
import type { ConsoleSite, WorkParts } from './following.ts';
import { follow } from './following.ts';
import type { ConsoleLimits } from './limits.ts';
import { CONSOLE_LIMITS } from './limits.ts';
import { createCounting } from './metrics.ts';
import { ProblemError } from './problem.ts';
import type { Recording } from './recording.ts';
import { openReplay } from './replay.ts';
import { addConsoleRoutes } from './routes.ts';
import type { Work } from './work.ts';

export type { ConsoleSite } from './following.ts';
export { CONSOLE_LIMITS } from './limits.ts';
export type { DerivedRow, DerivedRows } from './records.ts';
export type { DayOfLog, Mark, Recording } from './recording.ts';
export { readDay } from './recording.ts';

/** Answers what is happening now, and what came of it, over HTTP: it reads, and writes nothing. */

export type ConsoleConfig = {
  readonly console: Config['console'];
  readonly httpHost: string;
  /** Over `CONSOLE_LIMITS`. */
  readonly limits?: Partial<ConsoleLimits>;
};

export type ConsolePorts = {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: MetricSet;
  /** By its IANA name; null: there is none. */
  readonly zoneOf: (name: string) => Zone | null;
};

export type Console = {
  readonly name: 'console';
  /** To be called before the server listens. */
  routes(app: FastifyInstance): void;
  /** The parts are there: from here on it answers. */
  begin(site: ConsoleSite): void;
  /** In place of `begin`: it answers of a past day. @param speed the usual one */
  replay(recording: Recording, speed: number): void;
  health(): Health[];
  stop(): Promise<void>;
};

/** @throws Refused for a wrong setting, or where anybody on the network could read */
export function start({ console: settings, httpHost, limits: given }: ConsoleConfig, ports: ConsolePorts): Console {
  const { clock, logger, metrics } = ports;
  const limits = { ...CONSOLE_LIMITS, ...given };
  const access = openAccess({ ...settings, httpHost });
  hideSecrets(access.secrets);
  const zone = ports.zoneOf(settings.zone);
  if (zone === null) throw new Refused(`CALLFOLD_CONSOLE_ZONE: ${settings.zone} is no time zone of the IANA list.`);
  let work: Work | null = null;
  const counting = createCounting(metrics, {
    streams: () => work?.gauges.streams() ?? 0,
    subjects: () => work?.gauges.subjects() ?? 0,
    ageMs: () => work?.gauges.ageMs() ?? null,
  });
  const parts: WorkParts = {
    zone,
    clock,
    limits,
    counting,
    onTrouble(message) {
      logger.warn({ event: 'console-trouble', message }, 'console-trouble');
      work?.trouble(message);
    },
  };

  return {
    name: 'console',
    routes: (app) =>
      addConsoleRoutes(app, {
        access,
        limits,
        atWork(query) {
          if (work) return work.of(query);
          throw new ProblemError('starting', 'the store is not there yet; /readyz says what is missing');
        },
        counting,
        fault: (error) => logger.error({ event: 'console-fault', err: error }, 'console-fault'),
      }),
    begin(site) {
      work = follow(site, parts);
    },
    replay(recording, speed) {
      work = openReplay(recording, speed, parts);
    },
    health() {
      if (work === null) return [{ name: 'console', ok: false, detail: 'the store is not there yet' }];
      return work.health();
    },
    async stop() {
      await work?.stop();
    },
  };
}
