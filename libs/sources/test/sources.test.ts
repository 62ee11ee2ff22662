import { isRejection, SOURCES } from '@callfold/core';
import type { RawEvent, Source } from '@callfold/core';
import * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { Row, Vocabulary } from '../src/index.ts';
import {
  ATLAS,
  atlasRow,
  CALLCENTER24,
  CHATTERFY,
  chatterfyRow,
  normalise,
  normaliseName,
  readCallStatus,
  readEvent,
  VONAGE,
  vonageRow,
} from '../src/index.ts';
import { CASES } from './cases.ts';

// Properties take seconds where the machine is busy with other things.
vi.setConfig({ testTimeout: 60_000 });

test.each(CASES)('$file:$line $case', ({ raw, expect: expected }) => {
  const event = readEvent(raw);
  if (isRejection(event)) {
    expect({ rejected: event.rejected, reason: event.reason }).toMatchObject(expected);
    return;
  }
  expect({ ...event, ...normalise(event) }).toMatchObject(expected);
  // A second reading comes from what was remembered of the first, and must say the same.
  expect(normalise(event)).toEqual(normalise(event));
});

const TABLES: readonly (readonly [Vocabulary<Row>, (status: string | null) => Row | null])[] = [
  [CALLCENTER24, (status) => readCallStatus(status).row],
  [ATLAS, atlasRow],
  [CHATTERFY, chatterfyRow],
  [VONAGE, vonageRow],
];

test('there is one table a source', () => {
  expect(TABLES.map(([{ source }]) => source)).toEqual(SOURCES);
});

describe.each(TABLES)('the table of $source', ({ source, rows }, rowOf) => {
  const events = CASES.filter(({ file }) => file === `${source}.jsonl`).flatMap(({ raw, expect: expected }) => {
    const event = readEvent(raw);
    return isRejection(event) ? [] : [{ event, expected }];
  });

  test.each(rows)('has a case for $status', (row) => {
    const cases = events.filter(({ event }) => rowOf(event.status) === row);
    expect(cases.length, `add a line to test/cases/${source}.jsonl`).toBeGreaterThan(0);
    // A case that does not say what the row means would let the row mean anything.
    expect(cases.some(({ expected }) => 'word' in expected && (source !== 'atlas' || 'detail' in expected))).toBe(true);
  });

  test('has each spelling once, and says what each means', () => {
    expect(new Set(rows.map(({ status }) => status.toLowerCase())).size).toBe(rows.length);
    for (const { meaning } of rows) expect(meaning).not.toBe('');
  });
});

const name = fc.string({ unit: 'binary', maxLength: 40 });
const anyText = fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)), maxLength: 60 });
const words = fc.constantFrom(
  ...[CALLCENTER24, ATLAS, CHATTERFY, VONAGE].flatMap((table) => table.rows.map(({ status }) => status)),
  'Participant join (',
  'Show call screen - ',
);
const status = fc.oneof(
  anyText,
  name,
  fc.tuple(words, name).map(([word, text]) => word.replace('{agent}', text).replace('{availability}', text)),
  fc.tuple(words, anyText).map(([word, text]) => word + text),
);

function rawEvent(source: Source, text: string | null): RawEvent {
  return {
    source,
    tenantId: 'default',
    subjectId: 's-1',
    eventId: 'e-1',
    occurredAt: 1_700_000_000_000,
    status: text,
    attributes: null,
    startedAt: null,
    endedAt: null,
    recordVersion: null,
    duration: null,
    description: null,
  };
}

test('no status at all makes normalise throw, and each is kept verbatim', () => {
  fc.assert(
    fc.property(fc.constantFrom(...SOURCES), status, (source, text) => {
      expect(normalise(rawEvent(source, text)).status).toBe(text);
    }),
    { numRuns: 1_000 },
  );
});

test('a name is the same after it was normalised once', () => {
  fc.assert(
    fc.property(fc.oneof(name, anyText), (text) => {
      const once = normaliseName(text);
      expect(once).toBe(once.normalize('NFC').trim());
      // A second pair of brackets would go the second time: only one is meant to.
      if (!once.startsWith('[')) expect(normaliseName(once)).toBe(once);
    }),
    { numRuns: 1_000 },
  );
});

test('however a name is dressed, it is the same agent', () => {
  // Half a pair of brackets in a name cannot be told from half of the dress; whole pairs can.
  const bare = name.map(normaliseName).filter((text) => text !== '' && !/[[\]]|^contact$/i.test(text));
  const plain = fc
    .tuple(bare, fc.constantFrom('@', '@ [x]', '[x] @', '[x] [@]'))
    .map(([text, shape]) => shape.replace('@', () => text));
  const space = fc.constantFrom('', ' ', '\u00a0', ' \t');
  fc.assert(
    fc.property(plain, space, fc.constantFrom('-', '–', '—'), (agent, gap, dash) => {
      const dressed = `${gap}${agent.normalize('NFD')}${gap}`;
      for (const text of [
        `Participant join (${dressed})`,
        `participant LEAVE ([${dressed}])`,
        `Show call screen ${dash} [${dressed}]`,
        `${gap}Sending a request to display the call screen ${dash} [${dressed}] (Busy)${gap}`,
      ]) {
        expect(readCallStatus(text).agent, text).toBe(agent);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('what was remembered of a status does not show, however many there were', () => {
  const before = readCallStatus('Participant join (Anna)');
  for (let agent = 0; agent < 20_000; agent++) {
    expect(readCallStatus(`Participant join (Agent ${agent})`).agent).toBe(`Agent ${agent}`);
  }
  expect(readCallStatus('Participant join (Anna)')).toEqual(before);
});
