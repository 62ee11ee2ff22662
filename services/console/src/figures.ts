import type { ReportFigures, Zone } from '@callfold/core';
import { openReport, THRESHOLDS_SECONDS } from '@callfold/core';
import type { Clock } from '@callfold/engine';
import type { ConsoleLimits } from './limits.ts';
import type { Records } from './records.ts';

/** The figures of `callfold report` over today, from the same records by the same formulas. */

export type Figures = {
  /** @param tenantId null: of all */
  today(tenantId: string | null): ReportFigures;
};

/** Of the time that figures take, so much passes before they are worked out again. */
const REST = 20;

type Kept = { readonly version: number; readonly at: number; readonly tookMs: number; readonly figures: ReportFigures };

export function createFigures(records: Records, zone: Zone, clock: Clock, limits: ConsoleLimits): Figures {
  const kept = new Map<string, Kept>();
  return {
    today(tenantId) {
      const now = clock.now();
      const day = zone.dayOf(now);
      const name = `${tenantId ?? '*'} ${day.date}`;
      const known = kept.get(name);
      const isYoung = known && now - known.at < Math.max(limits.figuresMs, REST * known.tookMs);
      if (known && (known.version === records.version() || isYoung)) return known.figures;
      const report = openReport({
        zone,
        from: day.start,
        to: day.end,
        openUntil: now,
        tenants: tenantId === null ? [] : [tenantId],
        sources: [],
        thresholdsSeconds: THRESHOLDS_SECONDS,
        by: [],
      });
      const version = records.version();
      for (const record of records.all()) report.add(record);
      const figures = report.figures();
      for (const other of kept.keys()) if (!other.endsWith(day.date)) kept.delete(other);
      kept.delete(name);
      const [oldest] = kept.keys();
      if (oldest !== undefined && kept.size >= limits.figuresTenants) kept.delete(oldest);
      kept.set(name, { version, at: now, tookMs: clock.now() - now, figures });
      return figures;
    },
  };
}
