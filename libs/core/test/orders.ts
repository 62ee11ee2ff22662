import * as fc from 'fast-check';
import type { DerivedRecord, Rules, State, StatusEvent } from '../src/index.ts';
import { decodeState, encodeState } from '../src/index.ts';
import type { Driver } from './drive.ts';
import { drive, standing } from './drive.ts';
import { BASE, KEY } from './events.ts';
import { delivery } from './properties.ts';

/** One history as a log may have it. */
export type Delivered = { readonly event: StatusEvent; readonly loggedAt: number };

const HOUR = 3_600_000;
const PAUSES = [0, 0, 0, 1, 100, 4_999, 5_000, 5_001, 20_000, HOUR, 30 * HOUR];

/** Append times that never go back, with pauses in which timers fire. */
function logged(events: readonly StatusEvent[]): fc.Arbitrary<readonly Delivered[]> {
  return fc.array(fc.constantFrom(...PAUSES), { minLength: events.length, maxLength: events.length }).map((pauses) => {
    let loggedAt = BASE;
    return events.map((event, index) => {
      loggedAt += pauses[index] ?? 0;
      return { event, loggedAt };
    });
  });
}

/** In the order in which they happened, as they come from upstream. */
export function inOrder(events: fc.Arbitrary<StatusEvent[]>): fc.Arbitrary<readonly Delivered[]> {
  return events.chain(logged);
}

/** In any order, some twice. */
export function inAnyOrder(events: fc.Arbitrary<StatusEvent[]>): fc.Arbitrary<readonly Delivered[]> {
  return events.chain(delivery).chain(logged);
}

/** Two log orders of the same events. */
export function inTwoOrders(
  events: fc.Arbitrary<StatusEvent[]>,
): fc.Arbitrary<readonly [readonly Delivered[], readonly Delivered[]]> {
  return events.chain((list) => fc.tuple(delivery(list).chain(logged), delivery(list).chain(logged)));
}

export function fold(history: readonly Delivered[], rules: Rules, restored?: (state: State) => State): Driver {
  const driver = drive(rules, restored);
  for (const { event, loggedAt } of history) driver.push(event, loggedAt);
  driver.end();
  return driver;
}

/** Through the store and back. */
export function stored(state: State): State {
  return decodeState(encodeState(state), state.source, KEY);
}

/** What a record says, less what depends on when and how often it was said. */
export function saying(record: DerivedRecord): object {
  const { revision: _, correctionOf: __, ingestedAt: ___, ...said } = record;
  return said;
}

/** What stands in the end, by name. */
export function sayings(driver: Driver): Map<string, object> {
  const { state, said } = driver;
  if (!state) throw new Error('nothing is left of the subject');
  const records = [...standing(said, state)].map(([name, record]): [string, object] => [name, saying(record)]);
  return new Map(records.sort(([a], [b]) => (a < b ? -1 : 1)));
}
