import { expect, it } from 'vitest';
import { createClock } from '../src/ops/clock.ts';

const HOUR_MS = 3_600_000;

function sources(startMs: number) {
  const at = { wall: startMs, elapsed: 0 };
  return {
    clock: createClock({ wall: () => at.wall, elapsed: () => at.elapsed }),
    pass(ms: number): void {
      at.wall += ms;
      at.elapsed += ms;
    },
    set(ms: number): void {
      at.wall += ms;
    },
    /** Time goes by, and what measures it stands still. */
    suspend(ms: number): void {
      at.wall += ms;
    },
  };
}

it('goes with the wall clock, and on from where it was when that is set back', () => {
  const { clock, pass, set } = sources(1_000_000);
  expect(clock.now()).toBe(1_000_000);
  pass(250);
  expect(clock.now()).toBe(1_000_250);
  set(-HOUR_MS);
  expect(clock.now()).toBe(1_000_250);
  pass(0.4);
  pass(0.4);
  expect(clock.now()).toBe(1_000_250);
  pass(0.4);
  expect(clock.now()).toBe(1_000_251);
  pass(HOUR_MS);
  expect(clock.now()).toBe(1_000_251 + HOUR_MS);
});

it('follows the wall clock when that is set on, and after a sleep of the machine', () => {
  const { clock, set, suspend } = sources(0);
  set(HOUR_MS);
  expect(clock.now()).toBe(HOUR_MS);
  suspend(HOUR_MS);
  expect(clock.now()).toBe(2 * HOUR_MS);
});

it('pauses for the time that passes, though the wall clock is set back meanwhile', async () => {
  let wall = HOUR_MS;
  const clock = createClock({ wall: () => wall, elapsed: () => performance.now() });
  const slept = clock.sleep(20, { aborted: false });
  wall = 0;
  await slept;
  // It would have taken an hour, and the test its time-out.
  expect(clock.now()).toBeGreaterThanOrEqual(HOUR_MS);
});
