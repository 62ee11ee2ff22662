import type { DerivedRecord, Explanation } from '@callfold/core';
import { DEFAULT_SETTINGS, partitionOf, rawTopic } from '@callfold/core';
import type { Explained, SubjectQuery } from '@callfold/engine';
import { createOfflineFold, explainSubject, fileRules, readMoment } from '@callfold/engine';
import { normalise } from '@callfold/sources';
import * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { explain } from '@callfold/core';
import { explanationText } from '../src/explanation.ts';
import { answerSubject, rawOf } from '../src/subject.ts';
import type { Row, TestSite } from './explain-site.ts';
import { eventOf, openTestSite, PARTITIONS, RULES, START } from './explain-site.ts';

// Properties take seconds where the machine is busy with other things.
vi.setConfig({ testTimeout: 60_000 });

const CALL: Readonly<Record<string, string>> = { source: 'callcenter24', callId: 'c-1' };
const QUERY: SubjectQuery = { kind: 'call', id: 'c-1', tenantId: 'default' };
const ABANDONED: readonly Row[] = [
  [0, 'Registred in CallCenter24'],
  [1, 'Participant join (Contact)'],
  [9, 'Participant leave (Contact)'],
  [5, 'Participant join ([Anna])', { loggedAfter: 35 }],
];

const only = (found: readonly Explained[]): Explained => {
  expect(found).toHaveLength(1);
  return found[0] as Explained;
};

const outcomeOf = ({ explanation }: Explained): unknown => {
  const { record } = explanation.records[0] as Explanation['records'][number];
  return 'outcome' in record ? record.outcome : null;
};

async function told(rows: readonly Row[] = ABANDONED, subject = CALL): Promise<TestSite> {
  const log = await openTestSite();
  log.tell(subject, rows);
  return log;
}

describe('a moment', () => {
  test.each([
    ['2026-02-28T09:30:00Z', { time: Date.UTC(2026, 1, 28, 9, 30) }],
    ['2026-02-28T09:30:00.250+02:00', { time: Date.UTC(2026, 1, 28, 7, 30, 0, 250) }],
    ['0', { offset: 0 }],
    ['4711', { offset: 4711 }],
  ])('%s is one', (text, moment) => {
    expect(readMoment(text)).toEqual(moment);
  });

  test.each([
    ['2026-02-28T09:30:00', 'has no zone'],
    ['2026-02-30T09:30:00Z', 'is neither'],
    ['yesterday', 'is neither'],
    ['-1', 'is neither'],
    ['1.5', 'is neither'],
    ['', 'is neither'],
    ['1767603600000', 'too many digits'],
  ])('%s is none, and what is expected is said', (text, why) => {
    expect(readMoment(text)).toEqual(expect.stringContaining(why));
    expect(readMoment(text)).toEqual(expect.stringContaining('Expected an ISO 8601 time with a zone'));
  });
});

describe('a subject in the log', () => {
  test('is found in its partition, among others, by its whole key', async () => {
    const log = await told();
    log.tell({ ...CALL, tenantId: 'other' }, [[0, 'Redirect to voice mail']]);
    log.tell({ ...CALL, callId: 'C-1' }, [[0, 'Redirect to voice mail']]);
    log.tell({ ...CALL, callId: 'c/1' }, [[0, 'Redirect to voice mail']]);
    const { explanation, place } = only(await explainSubject(rawOf(log.site), QUERY, RULES));
    expect(explanation.timeline.filter(({ what }) => what === 'event')).toHaveLength(4);
    expect(place).toMatchObject({
      topic: 'callfold.raw.callcenter24',
      partition: partitionOf('default', 'c-1', PARTITIONS),
    });
    expect(outcomeOf(only(await explainSubject(rawOf(log.site), { ...QUERY, tenantId: 'other' }, RULES)))).toBe(
      'voicemail',
    );
    expect(outcomeOf(only(await explainSubject(rawOf(log.site), { ...QUERY, id: 'c/1' }, RULES)))).toBe('voicemail');
  });

  test('that two sources tell of is explained twice', async () => {
    const log = await told();
    log.tell({ source: 'atlas', callId: 'c-1' }, [[60, 'Voicemail']]);
    const found = await explainSubject(rawOf(log.site), QUERY, RULES);
    expect(found.map(({ explanation }) => explanation.source)).toEqual(['callcenter24', 'atlas']);
  });

  test('is settled by the log time that others make pass, ticks too', async () => {
    const log = await told([[0, 'Redirect to voice mail']]);
    const timers = async (): Promise<number> => {
      const { explanation } = only(await explainSubject(rawOf(log.site), QUERY, RULES));
      return explanation.timeline.filter(({ what }) => what === 'timer').length;
    };
    expect(await timers()).toBe(0);
    await log.tick(log.placeOf(eventOf({ ...CALL, occurredAt: START })), 10);
    expect(await timers()).toBe(1);
  });

  test('shows what was refused before it was folded', async () => {
    const log = await told([[0, 'Redirect to voice mail']]);
    log.append(eventOf({ ...CALL, occurredAt: START + 3 * 86_400_000, status: 'Call ended' }));
    const { explanation } = only(await explainSubject(rawOf(log.site), QUERY, RULES));
    expect(explanation.timeline.at(-1)).toMatchObject({
      notes: ['refused'],
      refused: { rejected: 'time-out-of-range' },
    });
  });

  test('is read from where the log begins, which is said', async () => {
    const log = await told();
    const at = log.placeOf(eventOf({ ...CALL, occurredAt: START }));
    log.world.topics.retain(at, 2);
    const { explanation, place } = only(await explainSubject(rawOf(log.site), QUERY, RULES));
    expect(place.start).toBe(2);
    expect(explanation.timeline.filter(({ what }) => what === 'event')).toHaveLength(2);
  });
});

describe('in the past', () => {
  const at = (second: number) => ({ ...QUERY, at: { time: START + second * 1_000 } });

  test('only what was logged by then counts, however early it happened', async () => {
    const log = await told();
    const outcomes = [];
    for (const second of [5, 20, 39.9, 40])
      outcomes.push(outcomeOf(only(await explainSubject(rawOf(log.site), at(second), RULES))));
    expect(outcomes).toEqual(['unknown', 'abandoned', 'abandoned', 'answered']);
  });

  test('timers had fired as far as the log time had come', async () => {
    const log = await told([...ABANDONED.slice(0, 3), [20, 'Record added']]);
    const published = async (second: number): Promise<number> => {
      const { explanation } = only(await explainSubject(rawOf(log.site), at(second), RULES));
      return explanation.timeline.reduce((sum, moment) => sum + moment.published.length, 0);
    };
    expect(await published(19)).toBe(0);
    expect(await published(21)).toBe(1);
  });

  test('an offset counts itself', async () => {
    const log = await told();
    const outcomes = [];
    for (const offset of [1, 2, 3, 99]) {
      outcomes.push(outcomeOf(only(await explainSubject(rawOf(log.site), { ...QUERY, at: { offset } }, RULES))));
    }
    expect(outcomes).toEqual(['unknown', 'abandoned', 'answered', 'answered']);
  });

  test('the end is the present', async () => {
    const log = await told();
    const now = await explainSubject(rawOf(log.site), QUERY, RULES);
    expect(await explainSubject(rawOf(log.site), at(40), RULES)).toEqual(now);
    expect(await explainSubject(rawOf(log.site), { ...QUERY, at: { offset: 3 } }, RULES)).toEqual(now);
  });

  test('before its first event there was nothing, and the message says when there was', async () => {
    const log = await told();
    const answer = await answerSubject(log.site, at(-10), RULES);
    expect(answer).toMatchObject({ found: null, similar: [] });
    const message = answer.found === null ? answer.message : '';
    expect(message).toContain('No events of call c-1 of tenant default are in the log up to that moment');
    expect(message).toContain('its first event is at offset 0 of callfold.raw.callcenter24/');
    expect(message).toContain('logged 2026-01-05T09:00:00.100Z');
  });
});

describe('what is not there', () => {
  test('may have been meant for another tenant, of another kind, or be written otherwise', async () => {
    const log = await told(ABANDONED, { ...CALL, tenantId: 'north' });
    log.tell({ source: 'chatterfy', chatId: 'c-1' }, [[0, 'Auto']]);
    log.tell({ ...CALL, callId: ' C-1' }, [[0, 'Call ended']]);
    log.tell({ ...CALL, callId: 'c-2' }, [[0, 'Call ended']]);
    const answer = await answerSubject(log.site, QUERY, RULES);
    if (answer.found !== null) throw new Error('It is not there');
    expect(answer.message).toContain('callfold explain call c-1 --tenant north');
    expect(answer.message).toContain('callfold explain chat c-1');
    expect(answer.message).toContain("callfold explain call ' C-1'");
    expect(answer.similar).toHaveLength(3);
  });

  test('at all is said so', async () => {
    const log = await told();
    const answer = await answerSubject(log.site, { ...QUERY, id: 'never' }, RULES);
    expect(answer).toMatchObject({ found: null, similar: [] });
    if (answer.found === null)
      expect(answer.message).toMatch(/No events of call never .* Nor is that id among the newest/);
  });
});

const WORDS = [
  'Registred in CallCenter24',
  'Participant join (Contact)',
  'Show call screen - [Anna]',
  'Participant join ([Anna])',
  'Participant leave ([Anna])',
  'no-answer',
  'Redirect to voice mail',
  'Participant leave (Contact)',
  'Call ended',
  'Record added',
  'Martian',
];
const SUBJECTS: readonly (readonly [Readonly<Record<string, string>>, readonly (string | null)[]])[] = [
  [CALL, WORDS],
  [{ source: 'atlas', callId: 'c-1' }, ['No answer', 'Voicemail', 'Customer ended call', null, 'Martian']],
  [{ source: 'chatterfy', chatId: 'c-1' }, ['Auto', 'Manual', 'Waiting', 'Finished', 'Blocked', 'Stopped', 'Martian']],
  [{ source: 'vonage', agentId: 'c-1' }, ['Ready', 'Busy', 'Wrap', 'LoggedOut', 'Martian']],
];

const histories = fc.constantFrom(...SUBJECTS).chain(([subject, statuses]) =>
  fc
    .array(
      fc.record({
        second: fc.integer({ min: 0, max: 60 }),
        status: fc.constantFrom(...statuses),
        gap: fc.oneof(
          { weight: 9, arbitrary: fc.integer({ min: 0, max: 9_000 }) },
          { weight: 1, arbitrary: fc.constantFrom(18_000_000, 100_000_000) },
        ),
        recordVersion: fc.option(fc.nat(3)),
        duration: fc.option(fc.nat(20_000)),
      }),
      { minLength: 1, maxLength: 25 },
    )
    .map((rows) => {
      let loggedAt = START + 60_000;
      return rows.map(({ second, status, gap, ...more }, offset) => {
        const at = START + second * 1_000;
        const ofVonage = subject['source'] === 'vonage';
        const raw = eventOf({
          ...subject,
          ...more,
          ...(ofVonage ? { start: new Date(at).toISOString(), state: status } : { occurredAt: at, status }),
        });
        return { raw, loggedAt: (loggedAt += gap), offset };
      });
    }),
);

const publishedIn = (explanation: Explanation | null): DerivedRecord[] =>
  explanation?.timeline.flatMap((moment) => moment.published.map(({ record }) => record)) ?? [];

const lastOf = (records: readonly DerivedRecord[]): Map<string, DerivedRecord> =>
  new Map(records.map((record) => [`${record.kind} ${record.outcomeId}`, record]));

describe('the offline fold', () => {
  test('publishes what is explained as published, of a log as the services fold it', () => {
    fc.assert(
      fc.property(histories, fc.nat(200_000_000), (rows, more) => {
        const offline = createOfflineFold(RULES, true);
        const folded = rows.flatMap(({ raw, loggedAt }) => offline.push(raw, loggedAt).records);
        const clock = (rows.at(-1)?.loggedAt ?? START) + more;
        folded.push(...offline.advance(clock));
        const explanation = explain(
          rows.map(({ raw, ...one }) => ({ event: normalise(raw), ...one })),
          RULES,
          clock,
        );
        expect(publishedIn(explanation)).toEqual(folded);
        const records = explanation?.records.filter(({ revision }) => revision !== null) ?? [];
        expect(records).toHaveLength(lastOf(folded).size);
        for (const { record, revision, standing } of records) {
          const last = lastOf(folded).get(`${record.kind} ${record.outcomeId}`);
          expect(revision).toBe(last?.revision);
          if (standing !== 'published') continue;
          const { revision: _, correctionOf: __, ingestedAt: ___, ...said } = last as DerivedRecord;
          expect(record).toMatchObject(said);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('publishes what is explained as published, of a file to its end', () => {
    fc.assert(
      fc.property(histories, (rows) => {
        const rules = fileRules(DEFAULT_SETTINGS);
        const offline = createOfflineFold(rules);
        const folded = [...rows.flatMap(({ raw, loggedAt }) => offline.push(raw, loggedAt).records), ...offline.end()];
        const explanation = explain(
          rows.map(({ raw, ...one }) => ({ event: normalise(raw), ...one })),
          rules,
          Infinity,
        );
        expect(publishedIn(explanation).map((record) => ({ ...record, ingestedAt: null }))).toEqual(folded);
      }),
      { numRuns: 300 },
    );
  });
});

test('a topic of the kind is looked into only where its key belongs', async () => {
  const log = await told();
  const read: string[] = [];
  const site = {
    ...log.site,
    log: (role: 'projector' | 'outcomes') => {
      const port = log.site.log(role);
      return {
        ...port,
        read: (at: Parameters<typeof port.read>[0], from: number, most: number) => (
          read.push(`${at.topic}/${at.partition}`), port.read(at, from, most)
        ),
      };
    },
  };
  await explainSubject(rawOf(site), QUERY, RULES);
  expect(new Set(read)).toEqual(new Set([`${rawTopic('callcenter24')}/${partitionOf('default', 'c-1', PARTITIONS)}`]));
});

test('what came before it was moved to another partition says of which one it is', async () => {
  const found = only(await explainSubject(rawOf((await told()).site), QUERY, RULES));
  const seen = found.seen.map((one, place) => (place < 2 ? { ...one, partition: 1 } : one));
  const explanation = explain(seen, RULES) as Explanation;
  const place = { ...found.place, before: [{ partition: 1, upTo: 71 }] };
  const text = explanationText({ ...found, explanation, place }).replaceAll(/\n +/g, ' ');
  expect(text).toContain('before it was moved, by partition 1 up to offset 71');
  expect(text).toContain('offset 1/0 ');
  expect(text).toContain('offset 1/1 ');
  expect(text).toMatch(/offset 2 {2,}/);
});
