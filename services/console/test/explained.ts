import { DEFAULT_SETTINGS, explain, isRejection } from '@callfold/core';
import { explanationJson } from '@callfold/engine';
import { normalise, readEvent } from '@callfold/sources';
import type { Explanation } from '../web/src/explained.ts';

/** Explanations as the console answers them. */

export const START = Date.UTC(2026, 0, 5, 9);
export const SECOND = 1_000;
const RULES = { settings: DEFAULT_SETTINGS, publishes: true, drops: true };
export const isoAt = (second: number): string => new Date(START + second * SECOND).toISOString();

export type Row = readonly [second: number, status: string | null, more?: Readonly<Record<string, unknown>>];

/** Each event is logged as soon as it happened, or at the second `logged`. @param until log time passes up to there */
export function explained(subject: Readonly<Record<string, string>>, rows: readonly Row[], until: number): Explanation {
  const seen = rows.map(([second, status, { logged = second, ...more } = {}], offset) => {
    const said =
      subject['source'] === 'vonage' ? { start: isoAt(second), state: status } : { occurredAt: isoAt(second), status };
    const raw = readEvent({ ...subject, ...said, ...more });
    if (isRejection(raw)) throw new Error(raw.reason);
    return { event: normalise(raw), loggedAt: START + Number(logged) * SECOND, offset };
  });
  const found = explain(
    seen.sort((a, b) => a.loggedAt - b.loggedAt),
    RULES,
    START + until * SECOND,
  );
  if (found === null) throw new Error('nothing was told');
  const place = { topic: 'callfold.raw', partition: 0, start: 0, upTo: rows.length };
  const json = explanationJson({ explanation: found, place, seen, erased: null });
  return JSON.parse(JSON.stringify(json)) as Explanation;
}
