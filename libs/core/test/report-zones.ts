import type { Zone, ZoneDay, ZoneHour } from '../src/index.ts';

/** Zones made by hand: core takes their arithmetic from outside. The command's own are tested with it. */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A zone whose clock is ahead of UTC by whole hours, of which `change` may take it forward or back once. */
function zoneWith(name: string, before: number, change: { readonly at: number; readonly to: number } | null): Zone {
  const ahead = (at: number): number => (change && at >= change.at ? change.to : before) * HOUR;
  const localDay = (at: number): number => Math.floor((at + ahead(at)) / DAY);
  return {
    name,
    dayOf(at) {
      const day = localDay(at);
      const hours: ZoneHour[] = [];
      // No clock is ahead or behind by more than a day, and these change at full hours.
      for (let start = (day - 1) * DAY; start < (day + 2) * DAY; start += HOUR) {
        const hour = Math.floor((start + ahead(start)) / HOUR) % 24;
        if (localDay(start) === day) hours.push({ hour, start, end: start + HOUR });
      }
      const [first, last] = [hours[0] as ZoneHour, hours.at(-1) as ZoneHour];
      const date = new Date(day * DAY).toISOString().slice(0, 10);
      return { date, start: first.start, end: last.end, hours } satisfies ZoneDay;
    },
  };
}

export const UTC = zoneWith('UTC', 0, null);
/** Central Europe in the spring and in the autumn of 2025. */
export const SPRING = zoneWith('spring', 1, { at: Date.UTC(2025, 2, 30, 1), to: 2 });
export const AUTUMN = zoneWith('autumn', 2, { at: Date.UTC(2025, 9, 26, 1), to: 1 });
