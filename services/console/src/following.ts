import type { Health } from '@callfold/adapters';
import type { Rules, Zone } from '@callfold/core';
import type { Clock, Codec, Log, Shelf } from '@callfold/engine';
import { placingStates } from '@callfold/engine';
import { createExplaining } from './explain.ts';
import { createFigures } from './figures.ts';
import { startHistory } from './history.ts';
import type { Standing } from './lacks.ts';
import type { ConsoleLimits } from './limits.ts';
import type { Counting } from './metrics.ts';
import type { OperationsSite } from './operations.ts';
import { openOperations } from './operations.ts';
import type { DerivedRows, Records } from './records.ts';
import { startRecords } from './records.ts';
import { createStreams } from './streams.ts';
import { storedStates } from './subject.ts';
import type { Watch } from './watch.ts';
import { startWatch } from './watch.ts';
import type { AtWork, Work } from './work.ts';

/** What is happening now: followed in the store and in the derived topics, for as long as the console runs. */

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

export type WorkParts = {
  readonly zone: Zone;
  readonly clock: Clock;
  readonly limits: ConsoleLimits;
  readonly counting: Counting;
  readonly onTrouble: (message: string) => void;
};

export function follow(site: ConsoleSite, { zone, clock, limits, counting, onTrouble }: WorkParts): Work {
  const { shelf, log, codec, rules, rows, operations: of } = site;
  const records = startRecords({ rows, clock, limits, onTrouble });
  const figures = createFigures(records, zone, clock, limits);
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
    onTrouble,
  });
  const history = startHistory({
    picture: () => watch.picture(),
    standing: () => standingOf(watch, records),
    figures,
    now: () => clock.now(),
    limits,
  });
  const operations = openOperations(of, { clock, limits, away: () => awayOf(watch, records) });
  const states = storedStates(shelf, log);
  const atWork: AtWork = {
    states,
    picture: () => watch.picture(),
    truth: () => watch.truth(),
    records,
    figures,
    history,
    explaining: createExplaining({ raw: { log, codec, store: placingStates(of.site) }, rules, states, clock, limits }),
    streams: { open: (viewer) => streams.open(viewer), count: () => streams.count, most: limits.streams },
    operations,
    isPast: false,
  };
  return {
    of: () => atWork,
    gauges: {
      streams: () => streams.count,
      subjects: () => watch.picture()?.size ?? 0,
      ageMs() {
        const { asOf } = watch.truth();
        return asOf === null ? null : clock.now() - asOf;
      },
    },
    health: () => [aggregatesHealth(watch, clock.now(), limits), recordsHealth(records)],
    trouble: (message) => operations.trouble(message),
    async stop() {
      streams.stop();
      history.stop();
      await Promise.all([watch.stop(), records.stop(), operations.stop()]);
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

function aggregatesHealth({ picture, truth }: Watch, now: number, { staleMs }: ConsoleLimits): Health {
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

function recordsHealth(records: Records): Health {
  const away = records.away();
  const full = records.isFull() ? 'there are more derived records than are held: figures are of a part' : null;
  return { name: 'records', ok: away === null && full === null, detail: away ?? full ?? 'up to date' };
}
