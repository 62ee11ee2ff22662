import type { FastifyInstance, Health, Logger, MetricSet } from '@callfold/adapters';
import type { Config } from '@callfold/adapters/config';
import { hideSecrets } from '@callfold/adapters/config';
import type { Rules, Zone } from '@callfold/core';
import type { Clock, Codec, Log, Shelf } from '@callfold/engine';
import { liveStore, Refused } from '@callfold/engine';
import { openAccess } from './access.ts';
import { createExplaining } from './explain.ts';
import { createFigures } from './figures.ts';
import { startHistory } from './history.ts';
import type { Standing } from './lacks.ts';
import type { ConsoleLimits } from './limits.ts';
import { CONSOLE_LIMITS } from './limits.ts';
import { createCounting } from './metrics.ts';
import { ProblemError } from './problem.ts';
import type { OperationsSite } from './operations.ts';
import { openOperations } from './operations.ts';
import type { DerivedRows, Records } from './records.ts';
import { startRecords } from './records.ts';
import type { AtWork } from './routes.ts';
import { addConsoleRoutes } from './routes.ts';
import { createStreams } from './streams.ts';
import type { Watch } from './watch.ts';
import { startWatch } from './watch.ts';

export { CONSOLE_LIMITS } from './limits.ts';
export type { DerivedRow, DerivedRows } from './records.ts';

/** Answers what is happening now, and what came of it, over HTTP: it reads, and writes nothing. */

export type ConsoleConfig = {
  readonly console: Config['console'];
  readonly httpHost: string;
  /** Over `CONSOLE_LIMITS`. */
  readonly limits?: Partial<ConsoleLimits>;
};

/** What is there once Kafka and Redis, or the embedded store, are. */
export type ConsoleSite = {
  readonly shelf: Shelf;
  /** The raw log, and how its records are read. */
  readonly log: Log;
  readonly codec: Codec;
  /** As `outcomes` has them. */
  readonly rules: Rules;
  readonly rows: DerivedRows;
  readonly operations: OperationsSite;
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
  health(): Health[];
  stop(): Promise<void>;
};

type Work = AtWork & { stop(): Promise<void> };

const RETRY_SECONDS = 5;

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
    streams: () => work?.streams.count ?? 0,
    subjects: () => work?.picture()?.size ?? 0,
    ageMs: () => {
      const asOf = work?.truth().asOf ?? null;
      return asOf === null ? null : clock.now() - asOf;
    },
  });
  function trouble(message: string): void {
    logger.warn({ event: 'console-trouble', message }, 'console-trouble');
    work?.operations.trouble(message);
  }

  function open({ shelf, log, codec, rules, rows, operations: of }: ConsoleSite): Work {
    const records = startRecords({ rows, clock, limits, onTrouble: trouble });
    const figures = createFigures(records, zone as Zone, clock, limits);
    const streams = createStreams({
      limits,
      now: () => clock.now(),
      shown: () => watch.picture()?.all() ?? [],
      standing: () => standingOf(watch, records),
      figures: (tenantId) => JSON.stringify(figures.today(tenantId)),
      onSlow: () => counting.slowStream(),
    });
    const watch = startWatch({
      shelf,
      log,
      clock,
      limits,
      onChanges(changes) {
        counting.changed(changes.length);
        streams.publish(changes);
      },
      onTrouble: trouble,
    });
    const history = startHistory({
      picture: () => watch.picture(),
      standing: () => standingOf(watch, records),
      figures,
      now: () => clock.now(),
      limits,
    });
    const operations = openOperations(of, { clock, limits, away: () => awayOf(watch, records) });
    return {
      operations,
      shelf,
      log,
      records,
      figures,
      history,
      explaining: createExplaining({ raw: { log, codec, store: liveStore(shelf) }, rules, shelf, clock, limits }),
      streams,
      picture: () => watch.picture(),
      truth: () => watch.truth(),
      async stop() {
        streams.stop();
        history.stop();
        await Promise.all([watch.stop(), records.stop(), operations.stop()]);
      },
    };
  }

  return {
    name: 'console',
    routes: (app) =>
      addConsoleRoutes(app, {
        access,
        limits,
        atWork() {
          if (work) return work;
          throw new ProblemError(
            'starting',
            'the store is not there yet; /readyz says what is missing',
            {},
            RETRY_SECONDS,
          );
        },
        counting,
        fault: (error) => logger.error({ event: 'console-fault', err: error }, 'console-fault'),
      }),
    begin(site) {
      work = open(site);
    },
    health() {
      if (work === null) return [{ name: 'console', ok: false, detail: 'the store is not there yet' }];
      return [aggregatesHealth(work, clock.now(), limits), recordsHealth(work)];
    },
    async stop() {
      await work?.stop();
    },
  };
}

/** What the console itself cannot read now, in words. */
function awayOf(watch: Watch, records: Records): string[] {
  const recordsAway = records.lack() === 'records-away' ? records.away() : null;
  return [watch.truth().away, recordsAway].filter((one) => one !== null);
}

function standingOf(watch: Watch, records: Records): Standing {
  const { asOf, away } = watch.truth();
  const lack = records.lack();
  return {
    // Before records were read once there is no time that they are as of, and it is said that they are being read.
    asOf: asOf === null ? null : Math.min(asOf, records.asOf() ?? asOf),
    isWell: away === null && lack !== 'records-away',
    lacks: [...(watch.picture()?.isFull ? (['subjects-full'] as const) : []), ...(lack === null ? [] : [lack])],
  };
}

function aggregatesHealth({ picture, truth }: Work, now: number, { staleMs }: ConsoleLimits): Health {
  const name = 'aggregates';
  const shown = picture();
  const { asOf, away } = truth();
  if (away !== null) return { name, ok: false, detail: away };
  if (shown === null || asOf === null) return { name, ok: false, detail: 'they are being read' };
  if (shown.isFull)
    return { name, ok: false, detail: `there are more live subjects than the ${shown.size} that are held` };
  const ageMs = now - asOf;
  if (ageMs > staleMs) return { name, ok: false, detail: `what is shown is ${Math.round(ageMs / 1_000)} s old` };
  return { name, ok: true, detail: `${shown.size} live subjects` };
}

function recordsHealth({ records }: Work): Health {
  const away = records.away();
  const full = records.isFull() ? 'there are more derived records than are held: figures are of a part' : null;
  return { name: 'records', ok: away === null && full === null, detail: away ?? full ?? 'up to date' };
}
