/**
 * The figures that `callfold fold` and `callfold report` must give on a month of simple calls, counted from what
 * happened to each caller and never from events. The same structure as the February figures that such a month imitates.
 */

/** One caller: in from `queuedAt` to `leftAt`, with an agent from `answeredAt` to `agentLeftAt`. Times epoch ms. */
export type MonthCall = {
  readonly queuedAt: number;
  readonly leftAt: number;
  readonly answered: {
    readonly agent: string;
    /** The agent was asked by name before: an offer. */
    readonly offered: boolean;
    readonly at: number;
    readonly agentLeftAt: number;
  } | null;
};

type ServiceLevel = {
  readonly ofAnswered: number;
  readonly ofOffered: number;
  readonly netOfShortAbandons: number;
  readonly netOfAbandonsWithinT: number;
};

export type MonthFigures = {
  readonly calls: number;
  readonly outcomes: { readonly answered: number; readonly abandoned: number };
  readonly shortAbandoned: number;
  readonly offers: number;
  readonly waitMsAnswered: number;
  readonly waitMsAbandoned: number;
  readonly talkMs: number;
  readonly asaSeconds: number;
  readonly meanWaitOfAbandonedSeconds: number;
  readonly abandonedOfAllPercent: number;
  readonly meanTalkSeconds: number;
  readonly report: {
    /** By T in seconds. */
    readonly serviceLevelPercent: Readonly<Record<string, ServiceLevel>>;
    readonly abandonmentPercent: { readonly ofOffered: number; readonly withoutShort: number };
    /** By the UTC hour of `queuedAt`; hours without a call are left out. */
    readonly byHour: Readonly<
      Record<string, { readonly offered: number; readonly answered: number; readonly abandoned: number }>
    >;
    readonly byAgent: Readonly<Record<string, { readonly answered: number; readonly talkMs: number }>>;
  };
};

const SHORT_MS = 5_000;
const LEVELS_SECONDS = [20, 30, 60];
const HOUR_MS = 3_600_000;

export function figuresOf(calls: readonly MonthCall[]): MonthFigures {
  const waitsOfAnswered: number[] = [];
  const waitsOfAbandoned: number[] = [];
  const talks: number[] = [];
  for (const { queuedAt, leftAt, answered } of calls) {
    if (answered === null) waitsOfAbandoned.push(leftAt - queuedAt);
    else {
      waitsOfAnswered.push(answered.at - queuedAt);
      talks.push(answered.agentLeftAt - answered.at);
    }
  }
  const [waitMsAnswered, waitMsAbandoned, talkMs] = [sum(waitsOfAnswered), sum(waitsOfAbandoned), sum(talks)];
  const [answered, abandoned] = [waitsOfAnswered.length, waitsOfAbandoned.length];
  const shortAbandoned = within(waitsOfAbandoned, SHORT_MS);
  return {
    calls: calls.length,
    outcomes: { answered, abandoned },
    shortAbandoned,
    offers: calls.filter((call) => call.answered?.offered === true).length,
    waitMsAnswered,
    waitMsAbandoned,
    talkMs,
    asaSeconds: ratio(waitMsAnswered / 1_000, answered),
    meanWaitOfAbandonedSeconds: ratio(waitMsAbandoned / 1_000, abandoned),
    abandonedOfAllPercent: ratio(100 * abandoned, calls.length),
    meanTalkSeconds: ratio(talkMs / 1_000, answered),
    report: {
      serviceLevelPercent: Object.fromEntries(
        LEVELS_SECONDS.map((level) => [
          String(level),
          serviceLevel(waitsOfAnswered, waitsOfAbandoned, shortAbandoned, level * 1_000),
        ]),
      ),
      abandonmentPercent: {
        ofOffered: ratio(100 * abandoned, calls.length),
        withoutShort: ratio(100 * (abandoned - shortAbandoned), calls.length - shortAbandoned),
      },
      byHour: byHour(calls),
      byAgent: byAgent(calls),
    },
  };
}

/** @param withinMs T, inclusive */
function serviceLevel(
  waitsOfAnswered: readonly number[],
  waitsOfAbandoned: readonly number[],
  shortAbandoned: number,
  withinMs: number,
): ServiceLevel {
  const hit = 100 * within(waitsOfAnswered, withinMs);
  const offered = waitsOfAnswered.length + waitsOfAbandoned.length;
  return {
    ofAnswered: ratio(hit, waitsOfAnswered.length),
    ofOffered: ratio(hit, offered),
    netOfShortAbandons: ratio(hit, offered - shortAbandoned),
    netOfAbandonsWithinT: ratio(hit, offered - within(waitsOfAbandoned, withinMs)),
  };
}

function byHour(calls: readonly MonthCall[]): MonthFigures['report']['byHour'] {
  const hours = new Map<number, { offered: number; answered: number; abandoned: number }>();
  for (const { queuedAt, answered } of calls) {
    const hour = Math.floor(queuedAt / HOUR_MS) % 24;
    const counts = hours.get(hour) ?? { offered: 0, answered: 0, abandoned: 0 };
    hours.set(hour, counts);
    counts.offered += 1;
    if (answered === null) counts.abandoned += 1;
    else counts.answered += 1;
  }
  return Object.fromEntries([...hours].sort(([a], [b]) => a - b));
}

function byAgent(calls: readonly MonthCall[]): MonthFigures['report']['byAgent'] {
  const agents = new Map<string, { answered: number; talkMs: number }>();
  for (const { answered } of calls) {
    if (answered === null) continue;
    const counts = agents.get(answered.agent) ?? { answered: 0, talkMs: 0 };
    agents.set(answered.agent, counts);
    counts.answered += 1;
    counts.talkMs += answered.agentLeftAt - answered.at;
  }
  return Object.fromEntries([...agents].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function within(waitsMs: readonly number[], limitMs: number): number {
  return waitsMs.filter((waitMs) => waitMs <= limitMs).length;
}

/** Rounded to four places; 0 of nothing is 0. */
function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((10_000 * part) / whole) / 10_000;
}
