import type { AgentInterval } from '@callfold/schemas';
import { idOf } from './key.ts';
import { byName, count, percent } from './report-numbers.ts';
import type { Counts } from './report-numbers.ts';
import type { Piece } from './report-time.ts';

/** Figures of agents' stays in states (Vonage). Each is defined in docs/report.md. */

const HOUR_MS = 3_600_000;

type Times = Counts;

function occupancy(times: Times): number | null {
  const of = (state: string): number => times.get(state) ?? 0;
  const handling = of('Busy') + of('Wrap');
  return percent(handling, handling + of('Ready'));
}

function total(times: Times): number {
  return [...times.values()].reduce((sum, ms) => sum + ms, 0);
}

export type AgentTally = ReturnType<typeof openAgentTally>;
export type AgentFigures = ReturnType<AgentTally['figures']>;

export function openAgentTally() {
  const agents = new Set<string>();
  const intervals: Counts = new Map();
  const times: Times = new Map();
  const days = new Map<string, { readonly hours: number; readonly times: Times }>();
  const flags: Counts<AgentInterval['flags'][number]> = new Map();
  let open = 0;

  return {
    /** A stay that began in the range. */
    addStart(interval: AgentInterval): void {
      count(intervals, interval.state);
      for (const flag of interval.flags) count(flags, flag);
    },
    /** A stay that touches the range and has no end yet. */
    addOpen(): void {
      open += 1;
    },
    /** What of a stay lies in one local day and in the range. */
    addTime({ state }: AgentInterval, { from, to, day }: Piece): void {
      count(times, state, to - from);
      const ofDay = days.get(day.date) ?? { hours: (day.end - day.start) / HOUR_MS, times: new Map() };
      days.set(day.date, ofDay);
      count(ofDay.times, state, to - from);
    },
    /** Every stay that touches the range. */
    addAgent({ tenantId, agentId }: AgentInterval): void {
      agents.add(idOf(tenantId, agentId));
    },
    figures() {
      return {
        agents: agents.size,
        intervals: byName(intervals),
        timeMs: byName(times),
        loggedInMs: total(times) - (times.get('LoggedOut') ?? 0),
        openIntervals: open,
        gaps: flags.get('gap-after') ?? 0,
        overlaps: flags.get('overlap') ?? 0,
        unknownStates: flags.get('unknown-state') ?? 0,
        report: {
          occupancyPercent: { busyAndWrapOfBusyWrapReady: occupancy(times) },
          byDay: byName(
            [...days].map(([date, day]) => [
              date,
              {
                hours: day.hours,
                timeMs: byName(day.times),
                occupancyPercent: { busyAndWrapOfBusyWrapReady: occupancy(day.times) },
              },
            ]),
          ),
        },
      };
    },
  };
}
