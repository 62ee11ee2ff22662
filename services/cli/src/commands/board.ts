import { createLogger, createMetricSet, startHttp } from '@callfold/adapters';
import type { Recording } from '@callfold/console';
import { readDay } from '@callfold/console';
import type { Zone } from '@callfold/core';
import { longestTimerMs } from '@callfold/core';
import { placingStates, Refused, rulesOf } from '@callfold/engine';
import { OUTCOMES } from '@callfold/outcomes';
import { isoTime } from '@callfold/schemas';
import { siteWith } from '../archiving.ts';
import type { Context, Exit } from '../command.ts';
import { EXIT, WrongArgument } from '../command.ts';
import { startConsole } from '../console-site.ts';
import { openRejects, readLines } from '../lines.ts';
import { createProgress, grouped, shownTo } from '../progress.ts';
import type { Site } from '../site.ts';
import { openEmbeddedSite } from '../wiring/embedded.ts';
import { openKafkaSite } from '../wiring/kafka.ts';
import { openMemoryRaw } from '../wiring/memory.ts';
import { zoneOf } from '../zone.ts';
import type { BoardOptions } from './board-options.ts';

const HOUR_MS = 3_600_000;
const STOPPED = 'Stopped before the day was read.';

/** Some moment of the day: noon of the zone is not that of UTC. */
function momentIn(zone: Zone, date: string): number {
  const noon = Date.parse(`${date}T12:00:00Z`);
  const found = [0, -12, 12].map((hours) => noon + hours * HOUR_MS).find((at) => zone.dayOf(at).date === date);
  if (found !== undefined) return found;
  throw new WrongArgument(`--day ${date}: ${zone.name} has no such day.`);
}

/** What begins before the day and goes on in it: only an agent's state lasts longer than the longest timer. */
function sinceOf(zone: Zone, at: number, { settings }: Context['config']): number {
  return zone.dayOf(at).start - longestTimerMs(settings);
}

async function readFiles(
  files: readonly string[],
  { day }: BoardOptions,
  zone: Zone,
  { config, say, stop }: Context,
): Promise<Recording> {
  const memory = await openMemoryRaw();
  const end = day === undefined ? Infinity : zone.dayOf(momentIn(zone, day)).end;
  const rejects = openRejects(undefined, say);
  let events = 0;
  let clock = -Infinity;
  for await (const lines of readLines(files, stop)) {
    for (const item of lines) {
      if ('rejection' in item) rejects.add(item.line, item.rejection);
      else {
        events += 1;
        clock = Math.max(clock, item.event.occurredAt);
        // What the log takes after the day is not of it, whenever it happened.
        if (clock < end) memory.add(item.event);
      }
    }
  }
  if (stop.requested) throw new Error(STOPPED);
  say(`${grouped(events)} events read, ${rejects.count} lines refused`);
  const { lastAt } = memory;
  if (lastAt === null) throw new WrongArgument('There is no event in what was given.');
  const at = day === undefined ? lastAt : momentIn(zone, day);
  const recording = await readDay({ raw: memory.raw, rules: rulesOf(OUTCOMES, config.settings), zone, at });
  if (recording !== null) return recording;
  const last = zone.dayOf(lastAt).date;
  throw new WrongArgument(`--day ${day}: no event is of that day in ${zone.name}; the last ones are of ${last}.`);
}

async function readLog(
  site: Site,
  { day, archive }: BoardOptions,
  zone: Zone,
  { config, say, shows, stop }: Context,
): Promise<Recording> {
  const log = siteWith(site, archive, config).log('projector');
  const at = day === undefined ? zone.dayOf(Date.now()).start - 1 : momentIn(zone, day);
  const progress = createProgress({ noun: 'records', ...shownTo({ say, ...(shows && { shows }) }) });
  const recording = await readDay({
    raw: { log, codec: site.codec, store: placingStates(site) },
    states: site.store('outcomes'),
    rules: rulesOf(OUTCOMES, config.settings),
    zone,
    at,
    since: sinceOf(zone, at, config),
    until: Date.now(),
    progress(records) {
      if (stop.requested) throw new Error(STOPPED);
      progress.at(records);
    },
  }).finally(() => progress.end());
  if (recording !== null) return recording;
  const { date } = zone.dayOf(at);
  throw new WrongArgument(`${site.name} has no event that it took on ${date} in ${zone.name}: name another --day.`);
}

function welcome({ day, from, to, steps }: Recording, url: string, zone: Zone, speed: string): string {
  const middle = isoTime(from + Math.floor((to - from) / 2));
  const lines = [
    '',
    `The wallboard of ${day.date} (${zone.name}), ${grouped(steps.length)} events: ${url}/`,
    'It is a replay: nothing is kept or published, and whoever opens it has one of their own.',
    '',
    `  ${url}/                plays it from its beginning, ${speed} times as fast`,
    `  ${url}/?at=${middle}    one moment of it, to be sent to somebody`,
    `  curl ${url}/v1/calls?at=${middle}    the same of every answer`,
    '',
    '  Ctrl-C ends it.',
    '',
  ];
  return lines.join('\n');
}

/** `callfold board`: a past day on the wallboard, of files, else of the raw log. */
export async function board(files: readonly string[], options: BoardOptions, context: Context): Promise<Exit> {
  const { config, out, say, stop, json } = context;
  if (files.length > 0 && options.archive !== undefined)
    throw new WrongArgument('--archive is read beside the raw log: leave it out, or leave the files out.');
  const zone = zoneOf(config.console.zone);
  if (zone === null)
    throw new Refused(`CALLFOLD_CONSOLE_ZONE: ${config.console.zone} is no time zone of the IANA list.`);
  const logger = createLogger(config.logLevel ?? 'warn', 'board');
  const metrics = createMetricSet('console');
  const console = startConsole(config, logger, metrics);
  // First: a port that is taken is found before a long log is read.
  const http = await startHttp({
    host: config.httpHost,
    port: config.httpPort,
    ready: () => console.health(),
    metrics: [metrics],
    routes: (app) => console.routes(app),
  });
  let site: Site | null = null;
  try {
    if (files.length === 0) site = await (config.kafka ? openKafkaSite(config, say) : openEmbeddedSite(config));
    const recording = await (site === null
      ? readFiles(files, options, zone, context)
      : readLog(site, options, zone, context));
    console.replay(recording, Number(options.speed));
    say(welcome(recording, http.url, zone, options.speed));
    const { day, from, to, steps } = recording;
    if (json)
      out(
        `${JSON.stringify({ url: http.url, day: day.date, from: isoTime(from), to: isoTime(to), events: steps.length })}\n`,
      );
    await stop.wanted;
  } finally {
    await console.stop();
    await http.close();
    await site?.close();
  }
  return EXIT.done;
}
