import { isRejection } from '@callfold/core';
import { describe, expect, it } from 'vitest';
import { createRowReader, readEvent } from '../src/index.ts';

const NOTHING = { columns: new Map<string, string>(), constants: new Map<string, string>() };

function reader(
  header: readonly string[],
  columns: Record<string, string> = {},
  constants: Record<string, string> = {},
) {
  const made = createRowReader(header, {
    columns: new Map(Object.entries(columns)),
    constants: new Map(Object.entries(constants)),
  });
  if (typeof made === 'string') throw new Error(made);
  return made;
}

describe('createRowReader', () => {
  it('reads columns of the fields own names as the JSON of the same event is read', () => {
    const read = reader(['source', 'callId', 'occurredAt', 'status', 'attributes.queue', 'comment']);
    const row = ['callcenter24', 'a,b', '2026-01-05T09:00:00Z', 'Call ended', 'sales', 'not a field'];
    expect(read(row)).toEqual(
      readEvent({
        source: 'callcenter24',
        callId: 'a,b',
        occurredAt: '2026-01-05T09:00:00Z',
        status: 'Call ended',
        attributes: { queue: 'sales' },
      }),
    );
  });

  it('takes other headers for fields, and constants for what the rows do not say', () => {
    const read = reader(
      ['Agent', 'Began', 'ms', 'State', 'Why', 'occurredAt'],
      {
        agentId: 'Agent',
        start: 'Began',
        duration: 'ms',
        state: 'State',
        description: 'Why',
        'attributes.team': 'Why',
      },
      { source: 'vonage', tenantId: 'acme', 'attributes.site': 'north' },
    );
    expect(read(['0101', '1767603600000', '60000', 'Away', 'Lunch', ''])).toEqual(
      readEvent({
        source: 'vonage',
        tenantId: 'acme',
        agentId: '0101',
        start: 1_767_603_600_000,
        duration: 60_000,
        state: 'Away',
        description: 'Lunch',
        attributes: { site: 'north', team: 'Lunch' },
      }),
    );
  });

  it('takes an empty cell for a field that is not given, and a cell before a constant', () => {
    const read = reader(
      ['callId', 'startedAt', 'occurredAt', 'recordVersion', 'tenantId'],
      {},
      { source: 'atlas', tenantId: 'acme' },
    );
    const event = read(['7', '', '2026-01-05T09:00:00Z', '3', '']);
    expect(event).toMatchObject({ tenantId: 'acme', startedAt: null, recordVersion: 3, subjectId: '7', status: null });
    expect(read(['7', '', '2026-01-05T09:00:00Z', '3', 'other'])).toMatchObject({ tenantId: 'other' });
  });

  it('leaves what is no number to the validator, whose codes are the same everywhere', () => {
    const read = reader(['agentId', 'start', 'duration'], {}, { source: 'vonage' });
    const codeOf = (cells: readonly string[]): string => {
      const event = read(cells);
      return isRejection(event) ? event.rejected : 'taken';
    };
    expect(codeOf(['1', '2026-01-05T09:00:00Z', ''])).toBe('taken');
    expect(codeOf(['1', '2026-01-05 09:00:00', ''])).toBe('bad-time');
    expect(codeOf(['1', '1767603600', ''])).toBe('bad-time');
    expect(codeOf(['1', '', ''])).toBe('missing-time');
    expect(codeOf(['', '2026-01-05T09:00:00Z', ''])).toBe('missing-id');
    expect(codeOf(['1', '2026-01-05T09:00:00Z', '1.5'])).toBe('bad-field');
    expect(codeOf(['1', '2026-01-05T09:00:00Z', '1', '1'])).toBe('not-csv');
    expect(codeOf(['1'])).toBe('not-csv');
  });

  it('hands on an attribute of any name, and refuses the one that the validator refuses in JSON too', () => {
    const read = (name: string): unknown =>
      reader(
        ['callId', 'occurredAt', `attributes.${name}`],
        {},
        { source: 'callcenter24' },
      )(['1', '2026-01-05T09:00:00Z', 'x']);
    expect(read('constructor')).toMatchObject({ attributes: { constructor: 'x' } });
    expect(read('__proto__')).toMatchObject({ rejected: 'bad-field' });
  });

  it('says what is wrong with a mapping', () => {
    const wrong = (header: readonly string[], columns: Record<string, string>): unknown =>
      createRowReader(header, { ...NOTHING, columns: new Map(Object.entries(columns)) });
    expect(wrong(['a'], { caller: 'a' })).toMatch(/^caller is no field of a raw event; known are source, tenantId/);
    expect(wrong(['a', 'b'], { callId: 'c' })).toBe('there is no column "c" for callId; the header has "a", "b"');
    expect(wrong(['callId', 'callId'], {})).toBe('the header has "callId" twice');
    expect(typeof wrong(['x', 'x', 'callId'], {})).toBe('function');
  });
});
