import { describe, expect, test } from 'vitest';
import type { Seen } from '../src/index.ts';
import { DEFAULT_SETTINGS, LIMITS, reject } from '../src/index.ts';
import {
  ABANDONED,
  at,
  BASE,
  call,
  chat,
  DAY,
  eventsOf,
  explained,
  HOUR,
  record,
  RULES,
  saysOf,
  SECOND,
  seen,
  timersOf,
} from './explain-events.ts';

describe('the timeline', () => {
  test('says what each event changed', () => {
    const explanation = explained(ABANDONED);
    expect(saysOf(explanation, 1)).toEqual(['in the queue from 2024-02-29T10:00:01.000Z', 'now waiting in the queue']);
    expect(saysOf(explanation, 3)).toEqual([
      'now ringing at an agent',
      'offer 1 to Anna: rang from 2024-02-29T10:00:03.000Z',
    ]);
    expect(saysOf(explanation, 4)).toEqual(
      expect.arrayContaining([
        'outcome abandoned',
        'gave up in stage ring',
        'waited 8 s',
        'offer 1 to Anna: result rescinded',
      ]),
    );
    const to = '2024-02-29T10:00:09.000Z';
    expect(eventsOf(explanation)[4]?.changes).toContainEqual({
      record: null,
      named: null,
      field: 'endedAt',
      from: null,
      to,
      says: `ended ${to}`,
      said: [{ code: 'change.new', values: { field: 'endedAt', to } }],
    });
  });

  test('says nothing of an outcome before there is one', () => {
    const fields = eventsOf(explained(ABANDONED.slice(0, 4))).flatMap(({ changes }) =>
      changes.map(({ field }) => field),
    );
    expect(fields).not.toEqual(expect.arrayContaining(['outcome', 'reason', 'inferred', 'personReached']));
  });

  test('marks what was repeated, late, unknown, refused, and an id that two events have', () => {
    const explanation = explained(
      seen(
        [call('a', at(5), 'contact-joined'), 5],
        [call('a', at(5), 'contact-joined'), 6],
        [call('b', at(1), 'registered'), 7],
        [call('c', at(8), 'unknown', null, { status: 'Hold music' }), 8],
        [call('a', at(9), 'contact-left'), 9],
        [call('d', at(10), 'ended'), 10, reject('time-out-of-range', 'by two days')],
      ),
    );
    expect(eventsOf(explanation).map(({ notes }) => notes)).toEqual([
      [],
      ['repeat'],
      ['late'],
      ['unknown-word'],
      ['id-reused'],
      ['refused'],
    ]);
    const refused = eventsOf(explanation)[5];
    expect(refused?.refused?.reason).toContain('by two days');
    expect(refused?.changes).toEqual([]);
    expect(explanation.records[0]?.record).toMatchObject({ outcome: 'abandoned', endedAt: at(9) });
  });

  test('has a label without a status as no unknown word', () => {
    const event = { ...record('a', at(0), null, null), status: null };
    expect(eventsOf(explained(seen([event, 0])))[0]?.notes).toEqual([]);
    expect(eventsOf(explained(seen([record('a', at(0), null, null), 0])))[0]?.notes).toEqual(['unknown-word']);
  });

  test('says when there was no more room for an event', () => {
    const many = Array.from({ length: 800 }, (_, n) => [call(`e${n}`, at(n), 'unknown'), n] as const);
    const explanation = explained(seen(...many));
    expect(eventsOf(explanation)[LIMITS.callRingingFacts - 1]?.notes).not.toContain('no-room');
    expect(eventsOf(explanation)[LIMITS.callRingingFacts]?.notes).toContain('no-room');
    expect(explanation.records[0]?.decision.notes).toContain(
      'there was more than is kept of one subject: what is last by time was left out',
    );
  });
});

describe('revisions', () => {
  test('stand where they were published, with what was corrected', () => {
    const late = seen(
      ...[...ABANDONED, { event: call('f', at(5), 'agent-joined', 'Anna'), loggedAt: at(40) }].map(
        ({ event, loggedAt }) => [event, (loggedAt - BASE) / SECOND] as const,
      ),
    );
    const explanation = explained(late, at(60));
    const timers = timersOf(explanation);
    expect(timers.map(({ due, why }) => [due, why])).toEqual([
      [at(14), ['settled']],
      [at(45), ['settled']],
    ]);
    expect(
      timers.map(({ published }) =>
        published.map((one) => [one.record.kind, one.record.revision, one.record.correctionOf]),
      ),
    ).toEqual([
      [
        ['call-outcome', 1, null],
        ['agent-offer', 1, null],
      ],
      [
        ['call-outcome', 2, 'abandoned'],
        ['agent-offer', 2, 'rescinded'],
      ],
    ]);
    expect(timers[1]?.published[0]?.changes.map(({ says }) => says)).toContain('outcome answered, was abandoned');
    expect(explanation.timeline.map(({ what }) => what)).toEqual([
      'event',
      'event',
      'event',
      'event',
      'event',
      'timer',
      'event',
      'timer',
    ]);
    expect(explanation.records.map(({ revision, standing }) => [revision, standing])).toEqual([
      [2, 'published'],
      [2, 'published'],
    ]);
  });

  test('are not yet there while nothing has settled; then they change', () => {
    expect(explained(ABANDONED, at(13)).records[0]).toMatchObject({ revision: null, standing: 'unpublished' });
    const explanation = explained([...ABANDONED, ...seen([call('f', at(5), 'agent-joined', 'Anna'), 40])], at(41));
    expect(explanation.records[0]).toMatchObject({ revision: 1, standing: 'changed', record: { outcome: 'answered' } });
    expect(explanation.next).toMatchObject({ due: at(45), says: 'what is settled is published' });
  });

  test('stand at their events where nothing settles', () => {
    const rules = { ...RULES, settings: { ...DEFAULT_SETTINGS, settleMs: 0 } };
    const explanation = explained(ABANDONED, at(9), rules);
    expect(eventsOf(explanation).map(({ published }) => published.length)).toEqual([0, 0, 0, 0, 2]);
    expect(timersOf(explanation)).toEqual([]);
  });

  test('come of silence, too, which is told as a timer that fired', () => {
    const explanation = explained(ABANDONED.slice(0, 2), at(5 * 3_600));
    expect(timersOf(explanation)).toMatchObject([
      { due: at(1) + 4 * HOUR, why: ['silent'], says: ['nothing more came for 4 h: it is closed, as inferred'] },
    ]);
    expect(explanation.standing).toBe('silent');
    expect(explanation.records[0]?.record).toMatchObject({ outcome: 'unknown', inferred: true });
    expect(timersOf(explanation)[0]?.changes.map(({ says }) => says)).toEqual(
      expect.arrayContaining(['outcome unknown', 'inferred: yes', 'now over']),
    );
  });

  test('of an open call none, and what the timer will do', () => {
    const explanation = explained(ABANDONED.slice(0, 2), at(60));
    expect(explanation.standing).toBe('open');
    expect(explanation.next).toMatchObject({ due: at(1) + 4 * HOUR, says: 'it is closed, as inferred' });
    expect(explanation.records).toMatchObject([{ revision: null, standing: 'unpublished' }]);
  });

  test('are known after the state was dropped, and what comes then was too late', () => {
    const much = seen([call('z', at(5), 'agent-joined', 'Anna'), 2 * 86_400]);
    const explanation = explained([...ABANDONED, ...much]);
    expect(timersOf(explanation).map(({ why }) => why)).toEqual([['settled'], ['dropped']]);
    expect(explanation.standing).toBe('dropped');
    expect(eventsOf(explanation)[5]?.refused?.rejected).toBe('too-late');
    expect(explanation.records.map(({ standing, record: { kind } }) => [kind, standing])).toEqual([
      ['call-outcome', 'kept'],
      ['agent-offer', 'kept'],
    ]);
    expect(explanation.records[0]).toMatchObject({
      revision: 1,
      record: { outcome: 'abandoned' },
      decision: { rule: 'contact-left-unanswered' },
    });
    const gone = explained(ABANDONED, at(9) + 9 * DAY);
    expect(timersOf(gone).at(-1)?.why).toEqual(['forgotten']);
    expect(gone).toMatchObject({ standing: 'gone', next: null });
  });

  test('of a chat, whose episodes go one by one, and of what is left of them', () => {
    const rows = seen(
      [chat('a', at(0), 'auto'), 0],
      [chat('b', at(1), 'manual'), 1],
      [chat('c', at(2), 'finished'), 2],
      [chat('d', at(90_000), 'auto'), 90_000],
    );
    const explanation = explained(rows, at(90_001));
    expect(timersOf(explanation).flatMap(({ why }) => why)).toContain('dropped');
    expect(explanation.records.map(({ name, standing, revision }) => [name, standing, revision])).toEqual([
      ['episode 1', 'kept', 1],
      ['hand-off 1', 'kept', 1],
      ['episode 2', 'unpublished', null],
    ]);
  });

  test('fire by the log time of the partition, which other subjects move', () => {
    const [first, ...others] = ABANDONED.slice(0, 2);
    const moved = [first as Seen, ...others.map((one) => ({ ...one, clock: at(20_000) }))];
    expect(
      explained(moved).timeline.map((moment) => (moment.what === 'timer' ? moment.due : moment.occurredAt)),
    ).toEqual([at(0), at(0) + 4 * HOUR, at(1), at(1) + 4 * HOUR]);
    expect(timersOf(explained(ABANDONED.slice(0, 2)))).toEqual([]);
  });
});
