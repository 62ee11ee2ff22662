/** What the readers of `npm run consumers` give is brought into one form, in which no difference is lost. */

import { SCHEMAS } from '@callfold/schemas';
import { describe, expect, test } from 'vitest';
import { differences, latestOf } from '../consumers/records.mjs';

/** As `callfold export` writes it. */
const RECORD = {
  kind: 'call-outcome',
  outcomeId: 'bank/callcenter24/a',
  revision: 2,
  correctionOf: 'abandoned',
  tenantId: 'bank',
  source: 'callcenter24',
  occurredAt: '1999-02-01T07:00:09.250Z',
  ingestedAt: '2026-01-05T10:00:00.000Z',
  callId: 'a',
  outcome: 'answered',
  reason: 'agent-ended',
  rawStatus: 'Participant leave ([Anna])',
  stage: null,
  short: null,
  voicemailLeft: null,
  transferred: false,
  abandonedInTransfer: false,
  hungUpBy: 'agent',
  personReached: 'yes',
  fault: null,
  inferred: false,
  startedAt: '1999-02-01T07:00:00.000Z',
  queuedAt: '1999-02-01T07:00:01.000Z',
  answeredAt: '1999-02-01T07:00:05.000Z',
  endedAt: '1999-02-01T07:00:09.250Z',
  waitMs: 4_000,
  talkMs: 4_250,
  agents: [{ agent: '[Anna]', joinedAt: '1999-02-01T07:00:05.000Z', leftAt: null }],
  offers: 1,
  missedOffers: 0,
  anomalies: ['agent-leave-without-join'],
  decidedBy: { rule: 'contact-and-agent', eventIds: ['e1', 'e2'] },
  attributes: { queue: 'sales', campaign: '7' },
};
type Form = { readonly [field: string]: unknown };

const TIMES = /At$/;

/** Every time in it by another writing. */
function timesAs(write: (at: number) => unknown, value: unknown, name = ''): unknown {
  if (typeof value === 'string' && TIMES.test(name)) return write(Date.parse(value));
  if (Array.isArray(value)) return value.map((one) => timesAs(write, one));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([field, one]) => [field, timesAs(write, one, field)]));
}

const iso = (at: number): string => new Date(at).toISOString();
const FORMS: Readonly<Record<string, Form>> = {
  'epoch ms, as Avro has it': timesAs((at) => at, RECORD) as Form,
  'a blank for the T, hours for the zone, as databases write it': timesAs(
    (at) => iso(at).replace('T', ' ').replace('Z', '+00'),
    RECORD,
  ) as Form,
  'numbers as texts, names of a map in another order': {
    ...RECORD,
    waitMs: '4000',
    talkMs: '4250',
    attributes: { campaign: '7', queue: 'sales' },
  },
};
const wanted = latestOf([RECORD]);

test.each(Object.entries(FORMS))('the same record is the same: %s', (_what, form) => {
  expect(differences(wanted, latestOf([form]))).toEqual([]);
});

/** Something else of the same kind. */
function another(value: unknown): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1;
  if (Array.isArray(value)) return value.slice(1);
  if (typeof value === 'string') return Number.isNaN(Date.parse(value)) ? `${value}!` : iso(Date.parse(value) + 1);
  if (value === null) return 'was null';
  const [[name, one] = ['', '']] = Object.entries(value as Form);
  return { ...(value as Form), [name]: another(one) };
}

describe('one thing altered is a difference', () => {
  const names = SCHEMAS['callfold.call-outcomes'].fields.map(({ name }) => name);
  test.each(names)('%s', (name) => {
    const altered = { ...RECORD, [name]: another((RECORD as Form)[name]) };
    const found = differences(wanted, latestOf([altered]));
    expect(found).toContain(RECORD.outcomeId);
  });

  test('a record that is missing, one too many, an older revision', () => {
    const more = { ...RECORD, outcomeId: 'bank/callcenter24/b' };
    expect(differences(wanted, latestOf([]))).toEqual([RECORD.outcomeId]);
    expect(differences(wanted, latestOf([RECORD, more]))).toEqual([more.outcomeId]);
    const older = { ...RECORD, revision: 1, outcome: 'abandoned', correctionOf: null };
    expect(differences(wanted, latestOf([older]))).toEqual([RECORD.outcomeId]);
    expect(differences(wanted, latestOf([RECORD, older]))).toEqual([]);
  });
});
