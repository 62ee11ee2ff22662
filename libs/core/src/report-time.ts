/** Days and hours as a named zone has them. The calendar's arithmetic is given from outside: core knows no zones. */

/** A stretch in which the local clock shows one hour: 0 to 23. A day whose clocks go back has one hour twice. */
export type ZoneHour = { readonly hour: number; readonly start: number; readonly end: number };

/** A local day: `date` as 2025-03-30; `start` to `end` (exclusive), epoch ms: 23 or 25 hours where clocks change. */
export type ZoneDay = {
  readonly date: string;
  readonly start: number;
  readonly end: number;
  /** Without a gap, from `start` to `end`. */
  readonly hours: readonly ZoneHour[];
};

export type Zone = {
  /** The name the day and hour are said to be of, as Europe/Berlin. */
  readonly name: string;
  /** The local day in which an instant lies. */
  dayOf(at: number): ZoneDay;
};

export function hourOf(day: ZoneDay, at: number): number {
  return day.hours.find((hour) => at < hour.end)?.hour ?? 0;
}

/** Part of an interval that lies in one local day, and where asked for in one hour. */
export type Piece = { readonly from: number; readonly to: number; readonly day: ZoneDay };

/** Cuts an interval at every local midnight, or at every hour's end. */
export function* pieces(from: number, to: number, zone: Zone, at: 'days' | 'hours'): Generator<Piece> {
  for (let next = from; next < to; ) {
    const day = zone.dayOf(next);
    if (next < day.start || next >= day.end) throw new Error(`the zone ${zone.name} gives no day for ${next}`);
    const stretches = at === 'days' ? [day] : day.hours;
    for (const { end } of stretches) {
      const until = Math.min(end, to);
      if (until <= next) continue;
      yield { from: next, to: until, day };
      next = until;
    }
  }
}
