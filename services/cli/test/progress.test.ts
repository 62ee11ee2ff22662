import { describe, expect, it } from 'vitest';
import type { ProgressOptions } from '../src/progress.ts';
import { createProgress, grouped } from '../src/progress.ts';

function scene(options: Partial<ProgressOptions> & { isTTY?: boolean; columns?: number } = {}) {
  const state = { now: 0, written: '' };
  const lines: string[] = [];
  const { isTTY = false, columns = 100, ...rest } = options;
  const progress = createProgress({
    noun: 'events',
    say: (text) => void lines.push(text),
    now: () => state.now,
    output: { isTTY, columns, write: (text) => (state.written += text) },
    ...rest,
  });
  return { progress, state, lines };
}

describe('createProgress', () => {
  it('writes plain lines where there is no terminal: after one second, two more, four, and then every ten', () => {
    const { progress, state, lines } = scene({ total: 1_000_000 });
    const saidAt: number[] = [];
    for (let ms = 0; ms <= 60_000; ms += 100) {
      state.now = ms;
      const before = lines.length;
      progress.at(ms * 10);
      if (lines.length > before) saidAt.push(ms);
    }
    expect(saidAt).toEqual([1_000, 3_000, 7_000, 15_000, 25_000, 35_000, 45_000, 55_000]);
    expect(lines[0]).toBe('10,000 of 1,000,000 events, 1 %, 10,000 a second, 1 min 39 s left');
    expect(state.written).toBe('');
  });

  it('writes one line over on a terminal, never wider than it, and takes it away at the end', () => {
    const { progress, state, lines } = scene({ isTTY: true, columns: 30, total: 100_000 });
    for (let ms = 0; ms <= 1_000; ms += 50) {
      state.now = ms;
      progress.at(ms);
    }
    const shown = state.written.split('\r\u001b[K').slice(1);
    expect(shown).toHaveLength(5);
    expect(shown[0]).toBe('200 of 100,000 events, 0 %, 1'.slice(0, 29));
    for (const one of shown) expect(one.length).toBeLessThan(30);
    progress.say('line 7 refused');
    expect(lines).toEqual(['line 7 refused']);
    expect(state.written.endsWith('\r\u001b[K')).toBe(true);
    const before = state.written;
    expect(progress.end()).toBe('1,000 a second');
    expect(state.written).toBe(before);
  });

  it('takes the line away for what is printed elsewhere, and nothing where none is shown', () => {
    const { progress, state } = scene({ isTTY: true, columns: 80, total: 100_000 });
    progress.clear();
    expect(state.written).toBe('');
    state.now = 200;
    progress.at(200);
    progress.clear();
    expect(state.written.endsWith(' left\r\u001b[K')).toBe(true);
  });

  it('tells the time left by bytes where those of all are known, and the rate of the last seconds only', () => {
    const { progress, state, lines } = scene({ totalBytes: 100_000_000 });
    for (let ms = 0; ms <= 45_000; ms += 500) {
      state.now = ms;
      // Fast for ten seconds, then a tenth of it.
      const done = ms <= 10_000 ? ms * 10 : 100_000 + (ms - 10_000);
      progress.at(done, done * 100);
    }
    expect(lines.at(-1)).toBe('135,000 events, 13.5 of 100.0 MB, 13 %, 1,000 a second, 14 min 25 s left');
  });

  it('counts what an earlier run did as done, and not for the rate', () => {
    const { progress, state, lines } = scene({ total: 2_000, done: 1_000 });
    state.now = 1_000;
    progress.at(1_100);
    expect(lines).toEqual(['1,100 of 2,000 events, 55 %, 100 a second, 9 s left']);
    expect(progress.end()).toBe('100 a second');
  });

  it('says nothing of a time that it cannot tell', () => {
    const { progress, state, lines } = scene();
    state.now = 1_000;
    progress.at(0);
    expect(lines).toEqual(['0 events, 0 a second']);
  });
});

describe('grouped', () => {
  it('groups by thousands', () => {
    expect([0, 999, 1_000, 1_234_567, 12.6].map(grouped)).toEqual(['0', '999', '1,000', '1,234,567', '13']);
  });
});
