import { afterEach, expect, test, vi } from 'vitest';
import { endAnyway } from '../src/stop.ts';
import { callfold, checkBuilt } from './built-command.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test('what has stopped ends, and says what held it', () => {
  vi.useFakeTimers();
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
  const told: (readonly string[])[] = [];
  endAnyway((held) => told.push(held));
  expect(exit).not.toHaveBeenCalled();
  vi.advanceTimersByTime(60_000);
  expect(exit).toHaveBeenCalledOnce();
  expect(told).toHaveLength(1);
  expect(told[0]).toBeInstanceOf(Array);
});

test('it does not hold the process itself', () => {
  const timer = { unref: vi.fn<() => void>() };
  vi.spyOn(globalThis, 'setTimeout').mockReturnValue(timer as never);
  endAnyway(() => undefined);
  expect(timer.unref).toHaveBeenCalledOnce();
});

test('a command that failed ends, whatever still holds its process', async () => {
  checkBuilt();
  const held = '--import data:text/javascript,setInterval(()=>undefined,1_000)';
  const { code, err } = await callfold(['serve', 'projector'], { env: { NODE_OPTIONS: held } });
  expect([code, err]).toEqual([4, expect.stringMatching(/CALLFOLD_KAFKA_BROKERS[^]*held by .*Timeout/)]);
});
