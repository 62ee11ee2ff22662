import type { Source } from '@callfold/core';
import { SOURCES } from '@callfold/core';
import { readMoment } from '@callfold/engine';
import { isoTime } from '@callfold/schemas';
import { createExplaining } from './explain.ts';
import type { WorkParts } from './following.ts';
import type { Sample } from './history.ts';
import { HOUR_MS, liveByTenant, NOBODY, valuesOf } from './history.ts';
import type { ConsoleLimits } from './limits.ts';
import type { Playback } from './playback.ts';
import { openPlayback } from './playback.ts';
import { ProblemError } from './problem.ts';
import type { Mark, Recording } from './recording.ts';
import { SPEED_MOST } from './speeds.ts';
import type { Viewer } from './streams.ts';
import { createStreams } from './streams.ts';
import type { AtWork, MomentQuery, Work } from './work.ts';

/**
 * A past day in place of now. Nothing of it is the process's: each question names its moment, and each stream plays by
 * itself, so that any number of people look at any moments of it, and one that is sent to somebody is the same one.
 */

/** Over the console's own: a stream that is lost begins anew at its moment, and figures are exactly of theirs. */
const limitsOf = (limits: ConsoleLimits): ConsoleLimits => ({
  ...limits,
  figuresMs: 0,
  ringChanges: limits.eventChanges,
});

/** Moments of the day from which others are soon reached. */
function marksOf(recording: Recording, open: (mark: Mark) => Playback, limits: ConsoleLimits): Mark[] {
  const { base, steps } = recording;
  const every = Math.max(limits.replayMarkEvents, Math.ceil(steps.length / limits.replayMarks));
  const playback = open(base);
  playback.advance(recording.from);
  // Now it is known which of all that stood before the day are to be shown.
  const marks = [playback.mark()];
  for (let next = every; next < steps.length; next += every) {
    playback.advance(steps[next]?.at ?? recording.to);
    marks.push(playback.mark());
  }
  return marks;
}

type Desks = {
  /** Of that moment, until another one is asked for. */
  at(moment: number): Playback;
  /** One of its own. */
  open(moment: number): Playback;
  /** Live subjects of the one that was asked for last. */
  subjects(): number;
};

function openDesks(marks: readonly Mark[], open: (mark: Mark) => Playback, { replayDesks }: ConsoleLimits): Desks {
  /** Those that were used last are the last ones. */
  let desks: Playback[] = [];

  const indexBefore = (moment: number): number =>
    Math.max(
      0,
      marks.findLastIndex(({ now }) => now <= moment),
    );

  function openAt(moment: number): Playback {
    const playback = open(marks[indexBefore(moment)] as Mark);
    playback.advance(moment);
    return playback;
  }

  return {
    open: openAt,
    at(moment) {
      // What plays on over a mark goes on: that is less than to begin from it.
      const bound = marks[Math.max(0, indexBefore(moment) - 1)]?.now ?? Infinity;
      const before = desks.filter(({ now }) => now <= moment && now >= bound);
      const desk = before.toSorted((a, b) => b.now - a.now)[0] ?? openAt(moment);
      desk.advance(moment);
      desks = [...desks.filter((one) => one !== desk), desk].slice(-replayDesks);
      return desk;
    },
    subjects: () => desks.at(-1)?.picture.size ?? 0,
  };
}

type History = {
  /** The hour before a moment: the figures as the board had them, one each minute. */
  of(tenantId: string | null, source: Source | null, moment: number): readonly Sample[];
};

function openHistory({ from }: Recording, desks: Desks, { historyMs, historyTenants }: ConsoleLimits): History {
  type BySource = ReadonlyMap<Source | null, Sample>;
  /** By tenant, then by moment. */
  const kept = new Map<string | null, Map<number, BySource>>();

  function note(tenantId: string | null, at: number): BySource {
    const { picture, figures } = desks.at(at);
    const live = liveByTenant(picture).get(tenantId) ?? NOBODY;
    const today = figures.today(tenantId);
    return new Map([null, ...SOURCES].map((source) => [source, { at, ...valuesOf(live, today, at, source) }]));
  }

  return {
    of(tenantId, source, moment) {
      const known = kept.get(tenantId) ?? new Map<number, BySource>();
      kept.delete(tenantId);
      const [oldest] = kept.keys();
      if (oldest !== undefined && kept.size >= historyTenants) kept.delete(oldest);
      kept.set(tenantId, known);
      const samples: Sample[] = [];
      const first = from + Math.ceil(Math.max(0, moment - HOUR_MS - from) / historyMs) * historyMs;
      for (let at = first; at <= moment; at += historyMs) {
        const noted = known.get(at) ?? note(tenantId, at);
        known.set(at, noted);
        const sample = noted.get(source);
        if (sample) samples.push(sample);
      }
      return samples;
    },
  };
}

/** @param usual the speed of a stream that names neither a moment nor a speed */
export function openReplay(
  recording: Recording,
  usual: number,
  { zone, clock, limits: given, counting }: WorkParts,
): Work {
  const limits = limitsOf(given);
  const { from, to, raw, rules } = recording;
  const open = (mark: Mark): Playback => openPlayback(mark, { recording, zone, limits });
  const marks = marksOf(recording, open, limits);
  const desks = openDesks(marks, open, limits);
  const history = openHistory(recording, desks, limits);
  const explaining = createExplaining({
    raw,
    rules,
    // Whether it was erased at all: what is read then is more than is needed, and never less.
    states: async (question) => desks.at(to).states(question),
    clock,
    limits,
  });
  const closing = new Set<() => void>();

  function momentOf(text: string | undefined): number | null {
    if (text === undefined) return null;
    const moment = readMoment(text);
    if (typeof moment === 'string') throw new ProblemError('bad-query', `at: ${moment}`);
    if ('time' in moment && moment.time >= from && moment.time <= to) return moment.time;
    throw new ProblemError('bad-query', `at must be a time of the replay, ${isoTime(from)} to ${isoTime(to)}`);
  }

  function speedOf({ at, speed }: MomentQuery): number {
    if (speed === undefined) return at === undefined ? usual : 0;
    const number = /^\d{1,3}$/.test(speed) ? Number(speed) : Infinity;
    if (number <= SPEED_MOST) return number;
    throw new ProblemError('bad-query', `speed must be a whole number from 0, which stands still, to ${SPEED_MOST}`);
  }

  /** One reader's own replay: it begins at the moment, and ends with its reader. */
  function play(viewer: Viewer, moment: number, speed: number): void {
    const playback = desks.open(moment);
    const begun = performance.now();
    const streams = createStreams({
      limits,
      now: () => playback.now,
      elapsed: () => performance.now(),
      shown: () => playback.picture.all(),
      standing: () => playback.standing(),
      figures: (tenantId) => JSON.stringify(playback.figures.today(tenantId)),
      replay: () => ({ from: isoTime(from), to: isoTime(to), speed: playback.now < to ? speed : 0, usual }),
      onSlow: () => counting.slowStream(),
    });
    const goOn = (): void => {
      if (playback.now >= to) return;
      const changes = playback.advance(Math.min(to, moment + Math.floor((performance.now() - begun) * speed)));
      counting.changed(changes.length);
      if (changes.length > 0) streams.publish(changes);
      streams.beat();
    };
    const timer = speed > 0 ? setInterval(goOn, limits.replayTickMs) : undefined;
    const close = (): void => {
      clearInterval(timer);
      streams.stop();
      closing.delete(close);
    };
    closing.add(close);
    viewer.response.on('close', close);
    streams.open(viewer);
  }

  function of(query: MomentQuery): AtWork {
    const asked = momentOf(query.at);
    const moment = asked ?? to;
    const speed = speedOf(query);
    const desk = (): Playback => desks.at(moment);
    return {
      states: async (question) => desk().states(question),
      picture: () => desk().picture,
      truth: () => ({ asOf: moment, away: null }),
      records: { all: () => desk().records(), away: () => null, isFull: () => desk().isFull },
      figures: {
        today: (tenantId) => desk().figures.today(tenantId),
        agentDays: (tenantId) => desk().figures.agentDays(tenantId),
      },
      history: { of: (tenantId, source) => history.of(tenantId, source, moment) },
      explaining: {
        answer: (question) =>
          explaining.answer({ ...question, query: { ...question.query, at: isoTime(moment) }, passed: moment }),
      },
      streams: {
        count: () => closing.size,
        most: limits.replayStreams,
        open: (viewer) => play(viewer, asked ?? from, speed),
      },
      operations: null,
      isPast: true,
    };
  }

  return {
    of,
    gauges: { streams: () => closing.size, subjects: () => desks.subjects(), ageMs: () => null },
    health: () => [{ name: 'replay', ok: true, detail: `${recording.steps.length} events of ${recording.day.date}` }],
    trouble: () => undefined,
    async stop() {
      for (const close of closing) close();
    },
  };
}
