import { CONTACT, ENDED, joinLine, leaveLine, REGISTERED } from './lines.ts';
import type { MonthCall, MonthFigures } from './month-figures.ts';
import { figuresOf } from './month-figures.ts';
import type { Random, Weighted } from './random.ts';
import { createRandom, weighted } from './random.ts';
import type { CallLogLine } from './raw.ts';
import { isoOf } from './raw.ts';
import { createSchedule } from './schedule.ts';

/**
 * A month of a bank's calls, made up in the shape of a real one: a day's and a week's rhythm, agents by the load, first
 * come first served, callers who give up, times to the second. Events are made from what happened to each caller, and
 * so are the figures, apart from one another.
 */

export type MonthOptions = {
  readonly seed: number | string;
  /** 1 to MAX_CALLS; 4,000 unless told. */
  readonly calls?: number;
  /** Midnight of the first day, epoch ms; 1 February 2025 UTC unless told. */
  readonly startAt?: number;
  /** The share of events that come twice, and of those that come seconds to minutes late; 0.01 each unless told. */
  readonly repeated?: number;
  readonly late?: number;
};

export type Month = { readonly events: readonly CallLogLine[]; readonly expected: MonthFigures };

export const MAX_CALLS = 500_000;
const DAYS = 28;
const DAY_SECONDS = 86_400;

/** Calls of a weekday against the busiest, Sunday first; Friday is short and on Saturday only the night desk answers. */
const WEEK = [95, 90, 92, 96, 100, 55, 18];
/** Calls by hour of the day, in per mille or about. */
const DAY = [4, 1, 1, 0, 0, 1, 3, 27, 67, 75, 84, 77, 65, 78, 72, 69, 71, 57, 51, 48, 41, 42, 36, 29];
/** Below this many calls an hour nobody is there. */
const STAFFED_FROM = 0.15;
const NAMES = [
  ['ADA', 'BORIS', 'CHANA', 'DINO', 'ESTHER', 'FARID', 'GRETA', 'HUGO', 'INES', 'JONAS', 'KAYA', 'LIOR'],
  ['MIRA', 'NOAM', 'OLGA', 'PAVEL', 'QUINN', 'ROSA', 'SAMIR', 'TALIA', 'UMA', 'VICTOR', 'WANDA', 'YAEL'],
].flat();
const UNNAMED = 'NO_SERVER';

const TYPES: Weighted<string> = [
  ['PS', 68],
  ['NE', 10],
  ['NW', 10],
  ['IN', 2],
  ['PE', 5],
  ['TT', 5],
];
const typeOf = weighted(TYPES);

const SERVICE_MEDIAN_S = 105;
const SERVICE_SPREAD = 0.95;
const SERVICE_MEAN_S = SERVICE_MEDIAN_S * Math.exp(SERVICE_SPREAD ** 2 / 2);
const PATIENCE_MEAN_S = 240;
const LEAVES_IN_MENU = 0.05;
const WRONG_CONNECTION = 0.05;
const NOBODY_NAMED = 0.015;
/** Two clocks: the switch says that service began a second before the queue or the menu was left. */
const CLOCKS_DIFFER = 0.55;

/** One caller, in seconds after the month's first midnight. */
type Row = {
  readonly callId: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly entry: number;
  readonly end: number;
  readonly service: { readonly from: number; readonly to: number; readonly agent: string } | null;
};

/** @throws on a number of calls out of range. */
export function generateMonth(options: MonthOptions): Month {
  const { seed, calls = 4_000, startAt = Date.UTC(2025, 1, 1), repeated = 0.01, late = 0.01 } = options;
  if (!Number.isInteger(calls) || calls < 1 || calls > MAX_CALLS) {
    throw new Error(`generateMonth: calls must be a whole number from 1 to ${MAX_CALLS}, it is ${calls}`);
  }
  const random = createRandom(seed);
  const rows = rowsOf(random, calls, new Date(startAt).getUTCDay());
  return {
    events: asDelivered(random.fork('dirt'), { repeated, late }, rows, startAt),
    expected: figuresOf(rows.map((row) => callOf(row, startAt))),
  };
}

function rowsOf(random: Random, calls: number, firstWeekday: number): Row[] {
  const days = Array.from({ length: DAYS }, (_, day) => WEEK[(firstWeekday + day) % WEEK.length] ?? 0);
  const dayOf = weighted(days.map((weight, day) => [day, weight] as const));
  const hourOf = weighted(DAY.map((weight, hour) => [hour, weight] as const));
  const entries = Array.from({ length: calls }, () => {
    const hour = dayOf(random) * 24 + hourOf(random);
    return hour * 3_600 + random.whole(0, 3_599);
  });
  entries.sort((a, b) => a - b);
  const floor = createFloor(random, calls, days);
  return entries.map((entry, index) => rowOf(random, floor, entry, index));
}

/** Who serves: the agents on duty, each with the second from which they are free. */
type Floor = {
  /** The agent who is free first among those on duty at this second, or null when nobody is. */
  readonly next: (second: number) => { readonly agent: string; readonly freeAt: number } | null;
  readonly occupy: (agent: string, until: number) => void;
};

function createFloor(random: Random, calls: number, days: readonly number[]): Floor {
  const freeAt = new Map<string, number>();
  const ofDays = days.reduce((total, weight) => total + weight, 0);
  const ofHours = DAY.reduce((total, weight) => total + weight, 0);
  const shift = random.whole(0, NAMES.length - 1);
  /** Enough for the load, with little to spare: queues build up, as they did in the month this imitates. */
  const onDuty = (second: number): readonly string[] => {
    const day = Math.floor(second / DAY_SECONDS);
    const hour = Math.floor(second / 3_600) % 24;
    const perHour = (calls * (days[day] ?? 0) * (DAY[hour] ?? 0)) / ofDays / ofHours;
    if (perHour < STAFFED_FROM) return [];
    const load = (perHour * SERVICE_MEAN_S) / 3_600;
    const count = Math.max(1, Math.round(load * 0.92 + 0.35 * Math.sqrt(load)));
    return Array.from({ length: count }, (_, place) => nameOf(shift + day * 5, place));
  };
  return {
    next: (second) => {
      let best: { agent: string; freeAt: number } | null = null;
      for (const agent of onDuty(second)) {
        const free = freeAt.get(agent) ?? 0;
        if (best === null || free < best.freeAt) best = { agent, freeAt: free };
      }
      return best;
    },
    occupy: (agent, until) => void freeAt.set(agent, until),
  };
}

/** A large month needs more agents than there are names: they are numbered then. */
function nameOf(first: number, place: number): string {
  const round = Math.floor(place / NAMES.length);
  const name = NAMES[(first + place) % NAMES.length] ?? UNNAMED;
  return round === 0 ? name : `${name} ${round + 1}`;
}

function rowOf(random: Random, floor: Floor, entry: number, index: number): Row {
  const line = String(random.whole(1, 16)).padStart(2, '0');
  const callId = `AA01${line}-${30_000 + index}`;
  const customerId = random.chance(0.4) ? '0' : String(random.whole(1_000_000, 99_999_999));
  const attributes = { type: typeOf(random), priority: String(random.whole(0, 2)), customerId };
  const menuLeft = entry + Math.max(1, Math.round(random.logNormal(8, 0.5)));
  const waitsUntil = menuLeft + Math.round(random.exponential(PATIENCE_MEAN_S));
  const early = random.chance(CLOCKS_DIFFER) ? 1 : 0;
  const talks = random.chance(WRONG_CONNECTION)
    ? random.whole(0, 3)
    : Math.round(random.logNormal(SERVICE_MEDIAN_S, SERVICE_SPREAD));
  const nobodyNamed = random.chance(NOBODY_NAMED);
  const base = { callId, attributes, entry };
  if (random.chance(LEAVES_IN_MENU)) return { ...base, end: menuLeft, service: null };
  const server = floor.next(menuLeft);
  const reached = server === null ? Infinity : Math.max(menuLeft, server.freeAt);
  if (server === null || reached > waitsUntil) return { ...base, end: waitsUntil, service: null };
  const from = Math.max(entry, reached - early);
  const to = from + talks;
  floor.occupy(server.agent, to + 1);
  return {
    ...base,
    // The queue is left when service is reached, though the agent's clock may say that it was over by then.
    end: Math.max(to, reached),
    service: { from, to, agent: nobodyNamed ? UNNAMED : server.agent },
  };
}

function callOf({ entry, end, service }: Row, startAt: number): MonthCall {
  const ms = (second: number) => startAt + second * 1_000;
  return {
    queuedAt: ms(entry),
    leftAt: ms(end),
    answered:
      service === null
        ? null
        : {
            agent: service.agent,
            offered: service.agent !== UNNAMED,
            at: ms(service.from),
            agentLeftAt: ms(service.to),
          },
  };
}

/** What the call log says of one caller, by second. The agent nobody named is not asked before. */
function linesOf({ entry, end, service }: Row): (readonly [second: number, status: string])[] {
  const lines: (readonly [number, string])[] = [
    [entry, REGISTERED],
    [entry, joinLine(CONTACT)],
  ];
  if (service !== null) {
    const { from, to, agent } = service;
    const asked = `Sending a request to display the call screen - ${agent} (Available)`;
    if (agent !== UNNAMED) lines.push([Math.max(entry, from - 1), asked]);
    lines.push([from, joinLine(agent)], [to, leaveLine(agent)]);
  }
  lines.push([end, leaveLine(CONTACT)], [end, ENDED]);
  return lines;
}

/** All lines in the order in which they come in: by their time, but for the late ones and the repeats. */
function asDelivered(
  random: Random,
  shares: { readonly repeated: number; readonly late: number },
  rows: readonly Row[],
  startAt: number,
): CallLogLine[] {
  const due = createSchedule<CallLogLine>(MAX_CALLS * 16);
  for (const row of rows) {
    linesOf(row).forEach(([second, status], index) => {
      const event: CallLogLine = {
        source: 'callcenter24',
        tenantId: 'bank',
        callId: row.callId,
        occurredAt: isoOf(startAt + second * 1_000),
        status,
        ...(index === 0 ? { attributes: row.attributes } : {}),
      };
      const cameAt = second + (random.chance(shares.late) ? random.whole(2, 600) : 0);
      due.put(cameAt, event);
      if (random.chance(shares.repeated)) due.put(cameAt + random.whole(0, 120), event);
    });
  }
  const events: CallLogLine[] = [];
  for (let next = due.take(); next !== null; next = due.take()) events.push(next.item);
  return events;
}
