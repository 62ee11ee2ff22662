import type { RawEvent } from '@callfold/core';
import { isRejection } from '@callfold/core';
import { readEvent } from '@callfold/sources';
import { createRandom } from '../random.mjs';

/**
 * Calls and agents as a PBX tells them, in our upstreams' words: whole seconds, so that much happens at one instant;
 * agents asked in rounds, alone or forty at a time, each letting it ring out; hand-overs; stays over midnight. Beside
 * the events stands what happened, counted while it is made up and never from events.
 */

const SECOND = 1_000;
const DAY = 86_400 * SECOND;
/** A month in which clocks change in Europe. */
const START = Date.UTC(2025, 2, 1);
const DAYS = 31;

export type Truth = {
  readonly outcome: 'answered' | 'abandoned' | 'missed' | 'voicemail';
  readonly waitMs: number;
  readonly talkMs: number;
  readonly offers: number;
  readonly missedOffers: number;
  readonly answeredBy: string | null;
  readonly transferred: boolean;
};

export type Trace = { readonly events: RawEvent[]; readonly calls: ReadonlyMap<string, Truth> };

type Line = { readonly at: number; readonly status: string };
type Dice = ReturnType<typeof createRandom>;

export function raw(json: object): RawEvent {
  const event = readEvent(json);
  if (isRejection(event)) throw new Error(`${JSON.stringify(json)}: ${event.reason}`);
  return event;
}

const AGENTS = Array.from({ length: 40 }, (_, i) => `SIP/${100 + i} Agent ${i % 7}%${i}`);

/** Upstreams do not agree with themselves on how to write a status. */
function written(status: string, dice: Dice): string {
  const how = dice.whole(0, 5);
  if (how === 0 && !status.includes('SIP/')) return status.toUpperCase();
  if (how === 1) return `  ${status}\u00A0`;
  return how === 2 ? status.replace(' - ', ' – ') : status;
}

type Ringing = {
  readonly lines: Line[];
  readonly until: number;
  readonly asked: readonly string[];
  readonly rounds: number;
};

/** Rounds in which everybody asked lets it ring out, in whole seconds. */
function ringOut(from: number, asked: readonly string[], rounds: number, dice: Dice): Ringing {
  const lines: Line[] = [];
  let at = from;
  for (let round = 0; round < rounds; round += 1) {
    lines.push(...offersTo(asked, at));
    at += dice.whole(4, 20) * SECOND;
    // As many lines of one second as there are agents, and they look all alike.
    for (const _ of asked) lines.push({ at, status: 'no-answer' });
    at += dice.whole(1, 5) * SECOND;
  }
  return { lines, until: at, asked, rounds };
}

function offersTo(asked: readonly string[], at: number): Line[] {
  return asked.flatMap((agent) => [
    { at, status: `Sending a request to display the call screen - [${agent}] (Available)` },
    { at, status: `Show call screen - [${agent}]` },
  ]);
}

type Course = { readonly lines: readonly Line[]; readonly truth: Truth };

function answered(join: number, ringing: Ringing, dice: Dice): Course {
  const { asked, until } = ringing;
  const answer = until + dice.whole(0, 14) * SECOND;
  const by = asked[dice.whole(0, asked.length - 1)] as string;
  const leave = answer + dice.whole(0, 4_000) * SECOND;
  const lines = [...ringing.lines, ...offersTo(asked, until), { at: answer, status: `Participant join (${by})` }];
  const truth = { outcome: 'answered', waitMs: answer - join, answeredBy: by } as const;
  const offers = asked.length * (ringing.rounds + 1);
  const missedOffers = asked.length * ringing.rounds;
  if (!dice.chance(0.2)) {
    lines.push(
      { at: leave, status: `Participant leave (${by})` },
      { at: leave, status: 'Participant leave (Contact)' },
    );
    lines.push({ at: leave, status: 'Call ended' });
    return { lines, truth: { ...truth, talkMs: leave - answer, offers, missedOffers, transferred: false } };
  }
  // Handed over: the first agent has left when the second one comes, who stays to the end.
  const second = AGENTS.find((agent) => !asked.includes(agent)) ?? 'SIP/999';
  const back = leave + dice.whole(1, 60) * SECOND;
  const end = back + dice.whole(1, 600) * SECOND;
  lines.push({ at: leave, status: `Participant leave (${by})` }, { at: back, status: `Participant join (${second})` });
  lines.push({ at: end, status: 'Participant leave (Contact)' }, { at: end, status: `Participant leave (${second})` });
  lines.push({ at: end, status: 'Call ended' });
  const talkMs = leave - answer + (end - back);
  return { lines, truth: { ...truth, talkMs, offers, missedOffers, transferred: true } };
}

function lost(outcome: 'abandoned' | 'missed' | 'voicemail', join: number, ringing: Ringing, dice: Dice): Course {
  const { asked, until, rounds, lines: before } = ringing;
  const none = { talkMs: 0, answeredBy: null, transferred: false };
  const offers = asked.length * (rounds + 1);
  const missed = asked.length * rounds;
  // Nobody lets it ring out in the last round, so only the way in which it ends tells of these offers.
  const end = until + dice.whole(1, 14) * SECOND;
  const lines = [...before, ...offersTo(asked, until)];
  if (outcome === 'voicemail') {
    lines.push({ at: end, status: 'Redirect to voice mail' });
    lines.push(
      { at: end + 9 * SECOND, status: 'Participant leave (Contact)' },
      { at: end + 9 * SECOND, status: 'Call ended' },
    );
    return { lines, truth: { ...none, outcome, waitMs: end - join, offers, missedOffers: offers } };
  }
  const gone = outcome === 'missed' ? end + dice.whole(0, 5) * SECOND : end;
  if (outcome === 'missed') lines.push({ at: end, status: 'no-answer' });
  lines.push({ at: gone, status: 'Participant leave (Contact)' }, { at: gone, status: 'Call ended' });
  // A no-answer is about the one who was shown the call; of several, only those that rang for 15 s are missed.
  const alone = asked.length === 1 || gone - until >= 15 * SECOND;
  const last = outcome === 'missed' && alone ? asked.length : 0;
  return { lines, truth: { ...none, outcome, waitMs: gone - join, offers, missedOffers: missed + last } };
}

function courseOf(join: number, dice: Dice): Course {
  const crowd = dice.chance(0.1)
    ? AGENTS
    : dice.chance(0.3)
      ? AGENTS.slice(3, 7)
      : [AGENTS[dice.whole(0, 39)] as string];
  const ringing = ringOut(join + dice.whole(0, 3) * SECOND, crowd, dice.whole(0, crowd === AGENTS ? 4 : 9), dice);
  const outcome = (['answered', 'answered', 'answered', 'abandoned', 'missed', 'voicemail'] as const)[dice.whole(0, 5)];
  return outcome === 'answered' || outcome === undefined
    ? answered(join, ringing, dice)
    : lost(outcome, join, ringing, dice);
}

/** Calls begin at any second of the month, and run over midnight and over the hour at which clocks change. */
export function pbxCalls(seed: number, count: number): Trace {
  const dice = createRandom(seed);
  const calls = new Map<string, Truth>();
  const events: RawEvent[] = [];
  for (let i = 0; i < count; i += 1) {
    const callId = `${1_740_787_200 + i}.${i % 10}`;
    const join = START + dice.whole(0, (DAYS * DAY) / SECOND - 1) * SECOND;
    const { lines, truth } = courseOf(join, dice);
    calls.set(callId, truth);
    const begin = ['Registred in CallCenter24', 'Registred in Bitrix', 'Participant join (Contact)'];
    for (const { at, status } of [...begin.map((words) => ({ at: join, status: words })), ...lines]) {
      const occurredAt = new Date(at).toISOString();
      events.push(raw({ source: 'callcenter24', callId, occurredAt, status: written(status, dice) }));
    }
  }
  return { events, calls };
}

/** By state the time that all agents were in it, ms; stays of no length, and two at one start, are among them. */
export type States = {
  readonly events: RawEvent[];
  readonly timeMs: ReadonlyMap<string, number>;
  readonly stays: number;
};

const STATES = ['Ready', 'Busy', 'Wrap', 'Away', 'LoggedOut', 'Unexpected', 'On the roof'];
const GREATEST = 'Wrap';

/** Each stay is told when it begins, and again with its length when it is over; now and then only one of these. */
export function pbxAgents(seed: number, agents: number, staysEach: number): States {
  const dice = createRandom(seed);
  const events: RawEvent[] = [];
  const timeMs = new Map<string, number>();
  let stays = 0;
  for (let agent = 0; agent < agents; agent += 1) {
    let at = START + dice.whole(0, 3_600) * SECOND;
    let before = '';
    let isLong = true;
    for (let i = 0; i < staysEach; i += 1) {
      // Of two known stays at one start the later one is the one whose name is greater.
      const may = STATES.filter((one) => (isLong ? one !== before : one > before));
      const state = may[dice.whole(0, may.length - 1)] as string;
      isLong = state === GREATEST || !dice.chance(0.15);
      const duration = isLong ? dice.whole(1, 7_200) * SECOND : 0;
      const stay = {
        source: 'vonage',
        agentId: `a${agent}`,
        start: new Date(at).toISOString(),
        state,
        description: 'x',
      };
      const isToldOnce = isLong && dice.chance(0.1);
      events.push(raw({ ...stay, duration: null }));
      if (!isToldOnce) events.push(raw({ ...stay, duration }));
      timeMs.set(state, (timeMs.get(state) ?? 0) + duration);
      before = state;
      stays += 1;
      at += duration;
    }
    events.push(
      raw({
        source: 'vonage',
        agentId: `a${agent}`,
        start: new Date(at).toISOString(),
        state: 'ReadyRFO',
        duration: null,
      }),
    );
  }
  return { events, timeMs, stays };
}

/** In any order, a tenth of them twice. */
export function shuffled(events: readonly RawEvent[], seed: number): RawEvent[] {
  const dice = createRandom(seed);
  const all = [...events, ...events.filter(() => dice.chance(0.1))];
  for (let i = all.length - 1; i > 0; i -= 1) {
    const j = dice.whole(0, i);
    [all[i], all[j]] = [all[j] as RawEvent, all[i] as RawEvent];
  }
  return all;
}
