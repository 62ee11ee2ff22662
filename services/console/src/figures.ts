import type { ReportFigures, Zone } from '@callfold/core';
import { openReport, THRESHOLDS_SECONDS } from '@callfold/core';
import type { Clock } from '@callfold/engine';
import type { AgentDay } from './agent-days.ts';
import { agentDays } from './agent-days.ts';
import { createKept } from './kept.ts';
import type { ConsoleLimits } from './limits.ts';
import type { Records } from './records.ts';

/** The figures of `callfold report` over today, from the same records by the same formulas, and what agents did. */

export type AgentDays = {
  /** When today began, epoch ms. */
  readonly from: number;
  readonly agents: readonly AgentDay[];
};

export type Figures = {
  /** @param tenantId null: of all */
  today(tenantId: string | null): ReportFigures;
  agentDays(tenantId: string | null): AgentDays;
};

export function createFigures(
  records: Pick<Records, 'all' | 'version'>,
  zone: Zone,
  clock: Pick<Clock, 'now'>,
  limits: ConsoleLimits,
): Figures {
  const reports = createKept<ReportFigures>(records.version, clock, limits);
  const days = createKept<AgentDays>(records.version, clock, limits);

  function report(tenantId: string | null, from: number, to: number, now: number): ReportFigures {
    const opened = openReport({
      zone,
      from,
      to,
      openUntil: now,
      tenants: tenantId === null ? [] : [tenantId],
      sources: [],
      thresholdsSeconds: THRESHOLDS_SECONDS,
      by: [],
    });
    for (const record of records.all()) opened.add(record);
    return opened.figures();
  }

  return {
    today(tenantId) {
      const now = clock.now();
      const { date, start, end } = zone.dayOf(now);
      return reports(tenantId, date, () => report(tenantId, start, end, now));
    },
    agentDays(tenantId) {
      const now = clock.now();
      const { date, start } = zone.dayOf(now);
      return days(tenantId, date, () => ({ from: start, agents: agentDays(records.all(), start, now, tenantId) }));
    },
  };
}
