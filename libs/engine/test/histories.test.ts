import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { RawEvent } from '@callfold/core';
import { DEFAULT_SETTINGS, isRejection, recordJson } from '@callfold/core';
import { readEvent } from '@callfold/sources';
import { describe, expect, test } from 'vitest';
import { createOfflineFold, fileRules } from '../src/index.ts';

/**
 * What upstreams sent, and what was said of it, record by record as it was published. A history is never changed, nor
 * what stands beside it: who changes a rule adds the next version and says in the commit which records differ and why.
 * A new one: put NAME-v1.jsonl here, run once with CALLFOLD_TEST_WRITE=1, and read what it wrote before you commit it.
 */

const folder = new URL('histories/', import.meta.url);
const histories = readdirSync(folder).filter((file) => /-v\d+\.jsonl$/.test(file));
const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

function eventsOf(file: string): RawEvent[] {
  return linesOf(readFileSync(new URL(file, folder), 'utf8')).map((line, index) => {
    const event = readEvent(JSON.parse(line));
    if (isRejection(event)) throw new Error(`${file}:${index + 1}: ${event.reason}`);
    return event;
  });
}

/** As `callfold fold` prints it. */
function foldOf(events: readonly RawEvent[]): string[] {
  const fold = createOfflineFold(fileRules(DEFAULT_SETTINGS));
  const records = [...events.flatMap((event) => fold.push(event).records), ...fold.end()];
  return records.map((record) => JSON.stringify(recordJson(record)));
}

/** What stands in the end, less what depends on when it was said. */
function lastOf(lines: readonly string[]): Map<string, unknown> {
  const last = lines.map((line): [string, unknown] => {
    const { revision: _, correctionOf: __, ...said } = JSON.parse(line) as Record<string, unknown>;
    return [`${String(said['kind'])} ${String(said['outcomeId'])}`, said];
  });
  return new Map([...new Map(last)].sort(([a], [b]) => (a < b ? -1 : 1)));
}

describe.each(histories)('%s', (file) => {
  const events = eventsOf(file);
  const beside = new URL(file.replace('.jsonl', '.records.jsonl'), folder);
  const records = foldOf(events);
  if (process.env['CALLFOLD_TEST_WRITE'] === '1' && !existsSync(beside))
    writeFileSync(beside, `${records.join('\n')}\n`);
  const expected = linesOf(readFileSync(beside, 'utf8'));

  test('gives the records that stand beside it', () => {
    expect(records.map((line) => JSON.parse(line) as unknown)).toEqual(
      expected.map((line) => JSON.parse(line) as unknown),
    );
  });

  test('gives the same last records from its end to its beginning, and with every event twice', () => {
    expect(lastOf(foldOf(events.toReversed()))).toEqual(lastOf(expected));
    expect(lastOf(foldOf([...events, ...events]))).toEqual(lastOf(expected));
  });
});

test('every source has a history', () => {
  const sources = new Set(histories.map((file) => file.split('-')[0]));
  expect(sources).toEqual(new Set(['atlas', 'callcenter24', 'chatterfy', 'vonage']));
});

describe('a fold that goes on from how another one stood', () => {
  test.each(histories)(
    '%s: wherever it was cut, it says the same, and tells of each state that is another one',
    (file) => {
      const events = eventsOf(file);
      const whole = foldOf(events);
      const step = Math.max(1, Math.floor(events.length / 10));
      for (let cut = 0; cut <= events.length; cut += step) {
        const first = createOfflineFold(fileRules(DEFAULT_SETTINGS));
        const before = events.slice(0, cut).flatMap((event) => first.push(event).records);
        const from = first.standing();
        const states = new Map(from.states);
        const second = createOfflineFold(fileRules(DEFAULT_SETTINGS), false, undefined, {
          from,
          changed(source, subject, state) {
            if (state === null) states.delete(`${source} ${subject}`);
            else states.set(`${source} ${subject}`, state);
          },
        });
        const after = [...events.slice(cut).flatMap((event) => second.push(event).records), ...second.end()];
        expect([...before, ...after].map((record) => JSON.stringify(recordJson(record)))).toEqual(whole);
        expect(states).toEqual(second.standing().states);
        // What it stood at is not changed by who goes on from it.
        expect(first.standing()).toEqual(from);
      }
    },
  );
});
