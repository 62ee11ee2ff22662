import { randomUUID } from 'node:crypto';
import { constants, setPriority } from 'node:os';
import { createLogger, logObserver, systemClock } from '@callfold/adapters';
import { undisguised } from '@callfold/core';
import type { At, Beginning, Headway, Log, Standpoint } from '@callfold/engine';
import {
  archiveFirst,
  beginRebuild,
  buildGeneration,
  createHeadway,
  DEFAULT_LIMITS,
  liveOf,
  placeText,
  rawPartitions,
  readGenerations,
  Refused,
} from '@callfold/engine';
import { projectorRole } from '@callfold/projector';
import { againCommand } from './again.ts';
import type { Context, Exit } from './command.ts';
import { EXIT, WrongArgument } from './command.ts';
import { logWith, siteWith } from './archiving.ts';
import { withGenerations } from './generations.ts';
import { checkFresh, planId, readListed } from './offset-plan.ts';
import { planFile } from './plan-file.ts';
import type { Point } from './points.ts';
import { placeOf, readPoint } from './points.ts';
import { duration, grouped } from './progress.ts';
import type { Site } from './site.ts';

/** What `callfold rebuild` does and says. */

export type RebuildOptions = {
  readonly from?: string;
  /** A file with a plan of `callfold offsets`. */
  readonly fromFile?: string;
  readonly rate?: number;
  /** Where what retention took is read from. */
  readonly archive?: string;
};

const SAY_FIRST_MS = 1_000;
const SAY_MOST_MS = 10_000;

const beginningOf = (asked: string, log: Log, ats: readonly At[], pointOf: (at: At) => Point): Beginning => ({
  asked,
  offsets: async () =>
    Object.fromEntries(
      await Promise.all(ats.map(async (at) => [placeText(at), (await placeOf(log, at, pointOf(at))).offset] as const)),
    ),
});

function fromPoint(from: string, log: Log, ats: readonly At[]): Beginning {
  const point = readPoint(from, Date.now());
  if (typeof point === 'string') throw new WrongArgument(`--from: ${point}`);
  return beginningOf(from, log, ats, () => point);
}

/** @param isNew it has not begun: later, what the plan was made of may be gone */
async function fromPlan(site: Site, text: string, log: Log, ats: readonly At[], isNew: boolean): Promise<Beginning> {
  const listed = readListed(text);
  const rows = listed.rows.filter(({ role }) => (role ?? 'projector') === 'projector');
  const offsets = new Map(rows.map((row) => [placeText(row), row.offset]));
  const missing = ats.filter((at) => !offsets.has(placeText(at))).map(placeText);
  if (missing.length > 0) {
    throw new WrongArgument(
      `The plan has no offset of ${missing.join(', ')}. Make it of all partitions: callfold offsets --role projector ... --json`,
    );
  }
  if (isNew) await checkFresh(site, listed);
  const id = listed.plan ?? planId(rows.map((row) => ({ ...row, role: 'projector', recordAt: null })));
  return beginningOf(`plan ${id}`, log, ats, (at) => ({ what: 'offset', offset: offsets.get(placeText(at)) ?? 0 }));
}

async function beginningAsked(
  site: Site,
  { from, fromFile }: RebuildOptions,
  { log, ats, isNew }: { log: Log; ats: readonly At[]; isNew: boolean },
): Promise<Beginning | null> {
  if (from !== undefined && fromFile !== undefined) throw new WrongArgument('Only one of --from, --from-file.');
  if (fromFile !== undefined) return fromPlan(site, planFile(fromFile), log, ats, isNew);
  return from === undefined ? null : fromPoint(from, log, ats);
}

function etaText({ perSecond, comePerSecond, etaMs }: Headway): string {
  if (perSecond === null || etaMs === null) return 'its rate is not known yet';
  if (perSecond === 0 && (comePerSecond ?? 0) === 0) return 'nothing was folded yet';
  const rate = `${grouped(perSecond)} a second`;
  if (etaMs !== 'never') return `${rate}, ${duration(etaMs / 1_000)} left`;
  return `${rate}, and ${grouped(comePerSecond ?? 0)} come: at this rate it does not end`;
}

/** @param what is said beside what is done */
function lineOf(name: string, { from, position, end }: Omit<Standpoint, 'at'>, headway: Headway, what = ''): string {
  const [done, all] = [position - from, end - from];
  const share = all === 0 ? 100 : Math.floor((done * 100) / all);
  const ending = position >= end ? 'at the end' : etaText(headway);
  return `${name}: ${grouped(done)} of ${grouped(all)} records, ${share} %${what}, ${ending}`;
}

/** One line for each partition that is not at its end, and one for all. */
export function progressTo(
  say: (text: string) => void,
  now: () => number,
): (rows: readonly Standpoint[], bytes: number) => void {
  const headways = new Map<string, ReturnType<typeof createHeadway>>();
  let everyMs = SAY_FIRST_MS;
  let sayAt = now() + everyMs;
  const look = (name: string, at: number, { position, end }: Pick<Standpoint, 'position' | 'end'>): Headway => {
    const headway = headways.get(name) ?? createHeadway();
    headways.set(name, headway);
    return headway(at, position, end);
  };
  return (rows, bytes) => {
    const at = now();
    const total = { from: 0, position: 0, end: 0 };
    const lines: string[] = [];
    for (const row of rows) {
      const name = placeText(row.at);
      total.from += row.from;
      total.position += row.position;
      total.end += row.end;
      const headway = look(name, at, row);
      if (row.position < row.end) lines.push(lineOf(name, row, headway));
    }
    const read = `, ${(bytes / 1_000_000).toFixed(1)} MB read`;
    const whole = lineOf('all', total, look('all', at, total), read);
    if (at < sayAt) return;
    everyMs = Math.min(everyMs * 2, SAY_MOST_MS);
    sayAt = at + everyMs;
    for (const line of [...lines, whole]) say(line);
  };
}

/** `callfold rebuild NAME`: folds it up to the log's end, and hands it over to the projectors. */
export async function rebuildOn(site: Site, name: string, options: RebuildOptions, context: Context): Promise<Exit> {
  const { config, out, say, json, stop } = context;
  const ats = await rawPartitions(site);
  const topic = site.log('projector');
  const log = logWith(topic, options.archive, config);
  const { shelf } = site;
  const settings = undisguised(config.settings);
  const rebuilding = { shelf, log, clock: systemClock, ats, settings, newToken: randomUUID };
  const { all } = await readGenerations(shelf);
  const live = liveOf(all).name;
  if (name === live) throw new Refused(`${name} is live. Take another name: callfold rebuild next`);
  const isNew = all.generations.every((one) => one.name !== name);
  const beginning = await beginningAsked(siteWith(site, options.archive, config), options, { log, ats, isNew });
  const generation = await beginRebuild(rebuilding, name, beginning);
  const { sliceRecords, cachedSubjects, stalledAfterMs } = config;
  const logger = createLogger(config.logLevel ?? 'warn', 'rebuild');
  const isDone =
    generation.phase === 'kept' ||
    (await buildGeneration({
      ...rebuilding,
      generation,
      roleOf: projectorRole,
      config: { settings, limits: { ...DEFAULT_LIMITS, sliceRecords, cachedSubjects, stalledAfterMs } },
      open(one) {
        const opened = site.openGeneration(one, logObserver(logger));
        if (options.archive === undefined) return opened;
        const consumer = archiveFirst(opened.ports.consumer, log, topic);
        return {
          ...opened,
          ports: { ...opened.ports, consumer, log: logWith(opened.ports.log, options.archive, config) },
        };
      },
      perSecond: options.rate ?? null,
      stop,
      progress: progressTo(say, () => performance.now()),
    }));
  if (json) out(`${JSON.stringify({ generation: name, complete: isDone })}\n`);
  if (!isDone) {
    say(
      `Ended before ${name} was folded to the log's end; what is done is kept. To go on:\n${againCommand(`rebuild ${name}`, options)}`,
    );
    return EXIT.failed;
  }
  say(
    `${name} is folded to the log's end, and the projectors keep it up from now on. What differs:\ncallfold diff ${live} ${name}`,
  );
  return EXIT.done;
}

/** Whoever gives a rate has others at work: where they share a machine, theirs comes first. */
function giveWay(): void {
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // A machine that does not let it be lowered has its rebuild at the usual one.
  }
}

export function rebuild(name: string, options: RebuildOptions, context: Context): Promise<Exit> {
  if (options.rate !== undefined) giveWay();
  return withGenerations(context, (site) => rebuildOn(site, name, options, context));
}
