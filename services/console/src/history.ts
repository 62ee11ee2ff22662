import type { Source } from '@callfold/core';
import { SOURCES } from '@callfold/core';
import { isoTime } from '@callfold/schemas';
import type { BoardFigures, BoardValues } from './board-values.ts';
import { boardValues } from './board-values.ts';
import type { Figures } from './figures.ts';
import type { Standing } from './lacks.ts';
import type { ConsoleLimits } from './limits.ts';
import type { Picture, Shown } from './picture.ts';

/**
 * The board's figures of the last hour, noted as they were shown: a page that is opened now has its lines at once. What
 * was not known then is not there: nothing is noted while data is old or a part.
 */

export type Sample = BoardValues & { readonly at: number };

export type History = {
  /** The last hour of a tenant, null: of all, and of a source. */
  of(tenantId: string | null, source: Source | null): readonly Sample[];
  stop(): void;
};

export type HistoryParts = {
  readonly picture: () => Picture | null;
  readonly standing: () => Standing;
  readonly figures: Figures;
  readonly now: () => number;
  readonly limits: ConsoleLimits;
};

export const HOUR_MS = 3_600_000;
const SOURCES_OF_VIEWS: readonly (Source | null)[] = [null, ...SOURCES];

/** What is live of one tenant, or of all. */
type Live = { readonly calls: Shown[]; readonly agents: Shown[] };

/** By tenant, and under null of all. */
export function liveByTenant(picture: Picture): Map<string | null, Live> {
  const all: Live = { calls: [...picture.of('call')], agents: [...picture.of('agent')] };
  const found = new Map<string | null, Live>([[null, all]]);
  for (const kind of ['calls', 'agents'] as const) {
    for (const one of all[kind]) {
      const own = found.get(one.tenantId) ?? { calls: [], agents: [] };
      own[kind].push(one);
      found.set(one.tenantId, own);
    }
  }
  return found;
}

export const NOBODY: Live = { calls: [], agents: [] };

/** The board as it is, of a source, null: of all. */
export function valuesOf(
  { calls, agents }: Live,
  figures: BoardFigures,
  now: number,
  source: Source | null,
): BoardValues {
  const board = {
    calls: calls.flatMap(({ aggregate }) => (aggregate.kind === 'call' ? [aggregate] : [])),
    agents: agents.flatMap(({ aggregate }) => (aggregate.kind === 'agent' ? [aggregate] : [])),
    figures,
    now,
  };
  return boardValues(board, source);
}

export function startHistory({ picture, standing, figures, now, limits }: HistoryParts): History {
  /** By tenant, then by source. */
  const kept = new Map<string | null, Map<Source | null, Sample[]>>();
  let notedAt = -Infinity;

  function note(tenantId: string | null, live: Live, at: number): void {
    const today = figures.today(tenantId);
    const own = kept.get(tenantId) ?? new Map<Source | null, Sample[]>();
    kept.set(tenantId, own);
    for (const source of SOURCES_OF_VIEWS) {
      const before = (own.get(source) ?? []).filter((one) => at - one.at <= HOUR_MS);
      own.set(source, [...before, { at, ...valuesOf(live, today, at, source) }]);
    }
  }

  function look(): void {
    const shown = picture();
    const { asOf, isWell, lacks } = standing();
    const at = now();
    if (shown === null || asOf === null || !isWell || lacks.length > 0 || at - asOf > limits.staleMs) return;
    if (at - notedAt < limits.historyMs) return;
    notedAt = at;
    const live = liveByTenant(shown);
    for (const tenantId of new Set([...kept.keys(), ...live.keys()])) {
      if (!kept.has(tenantId) && kept.size > limits.historyTenants) continue;
      note(tenantId, live.get(tenantId) ?? NOBODY, at);
    }
  }

  const timer = setInterval(look, Math.min(limits.historyMs, limits.confirmMs)).unref();
  return {
    of: (tenantId, source) => (kept.get(tenantId)?.get(source) ?? []).filter(({ at }) => now() - at <= HOUR_MS),
    stop: () => clearInterval(timer),
  };
}

/** As it is answered. */
export const historyJson = (samples: readonly Sample[], { historyMs }: ConsoleLimits): object => ({
  everyMs: historyMs,
  samples: samples.map(({ at, ...values }) => ({ at: isoTime(at), ...values })),
});
