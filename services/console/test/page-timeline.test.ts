import { expect, test } from 'vitest';
import { dateAway, dayOf, shownOf } from '../web/src/day.ts';
import type { Lane, Span } from '../web/src/timeline.ts';
import { rolesOf, ticksOf, timelineOf } from '../web/src/timeline.ts';
import type { Row } from './explained.ts';
import { explained, isoAt, SECOND, START } from './explained.ts';

/** Where things stand on the line of time: of explanations as the console answers them. */

const CALL = { source: 'callcenter24', callId: 'c-1' };
const JOIN = 'Participant join (Contact)';
const LEAVE = 'Participant leave (Contact)';

const seconds = ({ from, to }: Pick<Span, 'from' | 'to'>): [number, number] => [
  (from - START) / SECOND,
  (to - START) / SECOND,
];
/** By lane what is in it, in seconds; `?` where it is inferred, `>` where it goes on. */
function drawn(lanes: readonly Lane[]): Record<string, string[]> {
  const text = (span: Span): string =>
    `${span.what} ${seconds(span).join('-')}${span.isInferred ? '?' : ''}${span.isOpen ? '>' : ''}`;
  return Object.fromEntries(lanes.map(({ key, spans }) => [key, spans.map(text)]));
}

const at = (second: number): number => START + second * SECOND;

test('a call that rang at two and went to voicemail: who waited, what was asked, what rang', () => {
  const call = explained(
    CALL,
    [
      [0, 'Registred in CallCenter24'],
      [2, JOIN],
      [6, 'Sending a request to display the call screen - [Maya] (Available)'],
      [8, 'Show call screen - [Maya]'],
      [20, 'no-answer'],
      [25, 'Sending a request to display the call screen - [Ann] (Busy)'],
      [29, 'Show call screen - [Ann]'],
      [40, 'Redirect to voice mail'],
      [66, 'Record added'],
      [68, 'Call ended'],
    ],
    100,
  );
  const line = timelineOf(call, at(1_000));
  expect([seconds(line), line.isOpen]).toEqual([[0, 68], false]);
  expect(drawn(line.lanes)).toEqual({
    'lane.contact': ['waits 2-40'],
    'agent Maya': ['asked 6-8', 'missed 8-20'],
    'agent Ann': ['asked 25-29', 'missed 29-40'],
    'lane.voicemail': ['voicemail 40-68'],
  });
  expect(line.marks).toHaveLength(10);
  const roles = line.marks.filter(({ role }) => role !== null).map(({ number, role }) => `${number} ${role}`);
  expect(roles).toEqual(['8 decides', '9 rests']);
});

test('talk is when contact and agent are both in; a leave that was not seen is inferred from the end', () => {
  const rows: readonly Row[] = [
    [0, JOIN],
    [5, 'Show call screen - [Ann]'],
    [8, 'Participant join (Ann)'],
    [20, 'Participant leave (Ann)'],
    [30, 'Participant join (Bo)'],
    [60, 'Call ended'],
  ];
  const line = timelineOf(explained(CALL, rows, 100), at(100));
  expect(drawn(line.lanes)).toEqual({
    'lane.contact': ['waits 0-8', 'talks 8-20', 'waits 20-30', 'talks 30-60?'],
    'agent Ann': ['rings 5-8', 'in 8-20'],
    'agent Bo': ['in 30-60?'],
  });
});

test('of a call that goes on the line ends now, and nothing is decided', () => {
  const call = explained(
    CALL,
    [
      [0, JOIN],
      [5, 'Show call screen - [Ann]'],
    ],
    6,
  );
  const line = timelineOf(call, at(9));
  expect([seconds(line), line.isOpen]).toEqual([[0, 9], true]);
  expect(drawn(line.lanes)).toEqual({ 'lane.contact': ['waits 0-9>'], 'agent Ann': ['rings 5-9>'] });
  expect([...rolesOf(call)]).toEqual([]);
});

test('a contact that was never seen to join, and one that came back', () => {
  expect(
    drawn(
      timelineOf(
        explained(
          CALL,
          [
            [0, 'Registred in CallCenter24'],
            [9, LEAVE],
          ],
          60,
        ),
        at(60),
      ).lanes,
    ),
  ).toEqual({
    'lane.contact': ['waits 0-9?'],
  });
  const back = explained(
    CALL,
    [
      [0, JOIN],
      [4, LEAVE],
      [6, JOIN],
      [9, LEAVE],
      [10, 'Call ended'],
    ],
    60,
  );
  expect(drawn(timelineOf(back, at(60)).lanes)).toEqual({ 'lane.contact': ['waits 0-4', 'waits 6-9'] });
});

test('an event that comes late stands where it happened, and is numbered as the log took it', () => {
  const call = explained(
    CALL,
    [
      [0, JOIN],
      [9, LEAVE],
      [5, 'Participant join (Ann)', { logged: 30 }],
    ],
    60,
  );
  const line = timelineOf(call, at(60));
  expect(line.marks.map(({ at: when, number }) => [number, (when - START) / SECOND])).toEqual([
    [1, 0],
    [2, 9],
    [3, 5],
  ]);
  expect(drawn(line.lanes)['lane.contact']).toEqual(['waits 0-5', 'talks 5-9']);
});

test('a call told as one record has the length that it says, or none', () => {
  const atlas = { source: 'atlas', callId: 'a-1' };
  const known = explained(atlas, [[60, 'Line busy', { startedAt: isoAt(10), endedAt: isoAt(40) }]], 100);
  expect(drawn(timelineOf(known, at(100)).lanes)).toEqual({ 'lane.call': ['record 10-40'] });
  const line = timelineOf(explained(atlas, [[60, 'Line busy']], 100), at(100));
  expect([line.lanes, seconds(line)]).toEqual([[], [60, 61]]);
});

test('a chat has a lane for each status and one for its episodes', () => {
  const chat = explained(
    { source: 'chatterfy', chatId: 'k-1' },
    [
      [0, 'Auto'],
      [10, 'Waiting'],
      [20, 'Manual'],
      [50, 'Finished'],
      [80, 'Auto'],
    ],
    90,
  );
  expect(drawn(timelineOf(chat, at(100)).lanes)).toEqual({
    'lane.episodes': ['episode 0-50', 'episode 80-100>'],
    'status Auto': ['status 0-10', 'status 80-100>'],
    'status Waiting': ['status 10-20'],
    'status Manual': ['person 20-50'],
    'status Finished': ['status 50-50'],
  });
});

test("an agent's day is cut off at its ends; gaps, overlaps and unknown states are drawn as such", () => {
  const agent = explained(
    { source: 'vonage', agentId: '101' },
    [
      [-100, 'Ready', { duration: 150_000 }],
      [50, 'Busy', { duration: 60_000 }],
      [100, 'Wrap', { duration: 20_000 }],
      [140, 'Dancing'],
    ],
    200,
  );
  const line = timelineOf(agent, at(200), { from: at(0), to: at(150), isOpen: false });
  expect(drawn(line.lanes)).toEqual({
    'state Ready': ['state 0-50'],
    'state Busy': ['state 50-100?'],
    'state Wrap': ['state 100-120'],
    'state Dancing': ['unknown 140-150'],
    'lane.unknown': ['unknown 120-140?'],
  });
  expect(line.marks.map(({ at: when }) => (when - START) / SECOND)).toEqual([50, 100, 140]);
});

test.each([
  [68, 10],
  [7, 1],
  [240, 30],
  [3_600, 600],
  [86_400, 10_800],
  [86_400 * 20, 86_400 * 7],
])('a line of %i s has a tick each %i s', (length, step) => {
  const ticks = ticksOf({ from: START, to: at(length) });
  expect(ticks[1]).toBe(at(step));
  expect(ticks.length).toBeLessThanOrEqual(9);
  expect(ticksOf({ from: START, to: START })).toEqual([START]);
});

test('a day of a zone is as long as it is there', () => {
  const hours = (date: string, zone: string): number => {
    const { from, to } = dayOf(date, zone, START);
    return (to - from) / 3_600_000;
  };
  expect(hours('2026-03-29', 'Europe/Berlin')).toBe(23);
  expect(hours('2026-10-25', 'Europe/Berlin')).toBe(25);
  expect(hours('2026-01-05', 'Asia/Kathmandu')).toBe(24);
  expect(dayOf('2026-01-05', 'Asia/Kathmandu', START)).toMatchObject({
    from: Date.UTC(2026, 0, 4, 18, 15),
    isOpen: true,
  });
  const today = { date: '2026-01-05', from: Date.UTC(2026, 0, 5), to: Date.UTC(2026, 0, 6), isOpen: true };
  for (const text of [null, '2026-13-01', 'yesterday']) expect(dayOf(text, 'UTC', START)).toEqual(today);
  expect(dayOf('2026-01-04', 'UTC', START).isOpen).toBe(false);
  expect([dateAway('2026-03-01', -1), dateAway('2026-12-31', 1)]).toEqual(['2026-02-28', '2027-01-01']);
});

test('of a day is shown what is from its first full hour on, and of today nothing that is still to come', () => {
  const hour = (at_: number): number => Date.UTC(2026, 0, 5) + at_ * 3_600_000;
  const now = hour(9.25);
  const shown = (day: string, ...begins: number[]): number[] => {
    const { from, to } = shownOf(dayOf(day, 'UTC', now), begins, now);
    return [from, to].map((at_) => (at_ - hour(0)) / 3_600_000);
  };
  expect(shown('2026-01-05', hour(9.1), hour(8.5), hour(23))).toEqual([8, 9.25]);
  // A stay from the day before reaches into it.
  expect(shown('2026-01-05', hour(-3), hour(8))).toEqual([0, 9.25]);
  expect(shown('2026-01-05')).toEqual([0, 9.25]);
  expect(shown('2026-01-04', hour(-10.5))).toEqual([-11, 0]);
});
