import type { Settings } from '@callfold/core';
import { settingsOf } from '@callfold/core';
import { HELD } from './engine.ts';
import type { Generation } from './generations.ts';
import type { Opened } from './keep-up.ts';
import type { At, Clock, Consumer, Log, LogRecord, Store } from './ports.ts';
import { Refused } from './ports.ts';
import type { Rebuilding } from './rebuild.ts';
import { handOver, throttled } from './rebuild.ts';
import type { Role } from './role.ts';
import type { Service, ServiceConfig } from './service.ts';
import { startRole } from './service.ts';
import { placeText } from './place.ts';

/** How far a generation is in one partition. */
export type Standpoint = {
  readonly at: At;
  /** Where its fold began. */
  readonly from: number;
  readonly position: number;
  readonly end: number;
};

export type Building = Rebuilding & {
  readonly generation: Generation;
  roleOf(settings: Settings): Role;
  readonly config: ServiceConfig;
  open(generation: Generation): Opened;
  /** Records a second at most; null: as fast as it goes. */
  readonly perSecond: number | null;
  readonly stop: { readonly requested: boolean };
  /** Told at each look. @param bytes of keys and values that were read to be folded, since this began */
  progress?(rows: readonly Standpoint[], bytes: number): void;
};

const LOOK_MS = 250;
/** Of one commit beside live ones, which the store has wait for it: some milliseconds. */
const SLICE_SUBJECTS_BESIDE = 250;
/** For how long an end of the log that was seen is what a partition has to pass. */
const GOAL_MS = 1_000;

/**
 * Which partitions have caught up: they passed an end of the log that was seen a moment ago. Under load nobody ever
 * stands at the end of now, since more has come before the position is known.
 */
function createReached(clock: Clock): (rows: readonly Standpoint[]) => number {
  const reached = new Set<string>();
  const goals = new Map<string, { readonly end: number; readonly until: number }>();
  return (rows) => {
    for (const { at, position, end } of rows) {
      const place = placeText(at);
      const goal = goals.get(place);
      if (position >= Math.min(goal?.end ?? end, end)) reached.add(place);
      if (goal === undefined || clock.now() >= goal.until) goals.set(place, { end, until: clock.now() + GOAL_MS });
    }
    return reached.size;
  };
}

/** How far it is everywhere, whoever folds it. */
export function standpoints(store: Store, log: Log, ats: readonly At[], { from }: Generation): Promise<Standpoint[]> {
  return Promise.all(
    ats.map(async (at) => {
      const [stored, { start, end }] = await Promise.all([store.peek(at), log.bounds(at)]);
      const began = from[placeText(at)] ?? start;
      return { at, from: began, position: stored?.next ?? began, end };
    }),
  );
}

const bytesOf = (records: readonly LogRecord[]): number =>
  records.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0);

/** @param add told of what comes to be folded */
function counted(consumer: Consumer, add: (bytes: number) => void): Consumer {
  return {
    run: (handler) =>
      consumer.run({
        ...handler,
        batch(at, batch, signal) {
          add(bytesOf(batch.records));
          return handler.batch(at, batch, signal);
        },
      }),
    stop: () => consumer.stop(),
    seek: (at, offset) => consumer.seek(at, offset),
  };
}

function checkService(service: Service): void {
  for (const { at, refused } of service.status())
    if (refused !== null && refused !== HELD) throw new Refused(`${placeText(at)}: ${refused}`);
}

/**
 * Folds until every partition has caught up with the log, and hands it over to the projectors.
 * @returns false: it was asked to stop before
 */
export async function buildGeneration(building: Building): Promise<boolean> {
  const { shelf, log, clock, ats, generation, perSecond, stop, progress } = building;
  const settings = settingsOf(generation.settings);
  const { ports, close } = building.open(generation);
  let bytes = 0;
  const paced = perSecond === null ? ports.consumer : throttled(ports.consumer, clock, perSecond);
  const consumer = counted(paced, (more) => (bytes += more));
  const store = shelf.storeOf(generation.key);
  const { limits } = building.config;
  const sliceSubjects = perSecond === null ? limits.sliceSubjects : SLICE_SUBJECTS_BESIDE;
  const config = { settings, limits: { ...limits, sliceSubjects } };
  const service = startRole(building.roleOf(settings), config, { ...ports, consumer, store });
  const reached = createReached(clock);
  let failure: unknown = null;
  service.done.catch((error: unknown) => {
    failure = error;
  });
  try {
    while (!stop.requested) {
      const rows = await standpoints(store, log, ats, generation);
      if (failure !== null) throw failure as Error;
      checkService(service);
      progress?.(rows, bytes);
      if (reached(rows) === ats.length) break;
      await clock.sleep(LOOK_MS);
    }
  } finally {
    await service.stop();
    await close();
  }
  if (stop.requested) return false;
  await handOver(shelf, generation);
  return true;
}
