import type { Source } from './event.ts';

/**
 * Every figure of a report: its name in the JSON, its formula, and what it does not say. The report's text and
 * docs/report.md are made of this table. A part of a name in angle brackets stands for any.
 */

export type FigureFormula = readonly [figure: string, formula: string, saysNot: string];

const CALLS: readonly FigureFormula[] = [
  ['calls', 'call outcomes', 'Legs or agents: one call is one, however often it rang.'],
  ['outcomes.<outcome>', 'calls with that outcome', 'An outcome that is not there did not occur.'],
  [
    'offered',
    'answered + abandoned + missed + voicemail + unknown with queuedAt',
    'Calls lost in a voice menu: the source has no word for one. Calls over before the queue are not offered.',
  ],
  [
    'inferred',
    'calls that were closed because nothing more came',
    'How they ended. They count under their outcome too.',
  ],
  [
    'shortAbandoned',
    'abandoned with short = true: a wait of at most SHORT_ABANDON_MS',
    'Another threshold than that of the fold which made the records.',
  ],
  [
    'abandonedStage.<stage>',
    'abandoned while a call screen was open (ring), and others (queue)',
    'Whether the agent saw it.',
  ],
  ['voicemailLeft', 'voicemail calls with a recording after the redirect', 'That the others left none.'],
  [
    'transferred',
    'calls in which a second agent joined the contact',
    'Transfers: a call with three of them counts once.',
  ],
  ['abandonedInTransfer', 'answered calls that the contact left while a next agent was asked', 'These stay answered.'],
  ['offers', 'offers of a call to one agent, by when they were made', 'Calls: one call may be offered many times.'],
  ['offerResults.<result>', 'offers with that result', 'Why an agent missed one.'],
  [
    'waitMsAnswered',
    'sum of waitMs of answered calls',
    'Time in the queue alone: what the contact hears first is in it.',
  ],
  ['waitMsAbandoned', 'sum of waitMs of abandoned calls', 'The same.'],
  [
    'waitsUnknown',
    'answered and abandoned calls without waitMs',
    'These are in no wait, and in no threshold as in time.',
  ],
  ['talkMs', 'sum of talkMs of answered calls', 'Hold: it is part of the talk, and cannot be told from it.'],
  ['talksUnknown', 'answered calls without talkMs', 'These are in no talk time.'],
  ['asaSeconds', 'waitMsAnswered / answered calls with waitMs', 'The wait of those who gave up.'],
  ['meanWaitOfAbandonedSeconds', 'waitMsAbandoned / abandoned calls with waitMs', 'How long they would have waited.'],
  ['longestWaitSeconds', 'the greatest waitMs of the offered calls', 'How the call ended.'],
  ['abandonedOfAllPercent', '100 * abandoned / calls', 'A rate of the offered: calls over before the queue are in it.'],
  [
    'meanTalkSeconds',
    'talkMs / answered calls with talkMs',
    'AHT: work after the call is not told, and hold not told apart.',
  ],
  [
    'report.serviceLevelPercent.<T>.ofAnswered',
    '100 * answered within T s / answered',
    'Anything of those who gave up: with fewer patient callers it rises.',
  ],
  [
    'report.serviceLevelPercent.<T>.ofOffered',
    '100 * answered within T s / offered',
    'Whether the others could have been answered at all.',
  ],
  [
    'report.serviceLevelPercent.<T>.netOfShortAbandons',
    '100 * answered within T s / (offered - shortAbandoned)',
    'The same.',
  ],
  [
    'report.serviceLevelPercent.<T>.netOfAbandonsWithinT',
    '100 * answered within T s / (offered - abandoned within T s)',
    'The same.',
  ],
  ['report.abandonmentPercent.ofOffered', '100 * abandoned / offered', 'Missed and voicemail calls: these are apart.'],
  [
    'report.abandonmentPercent.withoutShort',
    '100 * (abandoned - shortAbandoned) / (offered - shortAbandoned)',
    'The same.',
  ],
  ['report.missedPercent.ofOffered', '100 * missed / offered', 'Missed offers: a missed call may have none, or many.'],
  ['report.voicemailPercent.ofOffered', '100 * voicemail / offered', 'Messages left.'],
  ['report.missedOfferPercent.ofOffers', '100 * missed offers / offers', 'Of whom; group by agent for that.'],
  [
    'report.missedOfferPercent.ofAnsweredAndMissed',
    '100 * missed offers / (answered + missed offers)',
    'Offers that somebody else took, or the contact left.',
  ],
  [
    'report.byHour.<hour>',
    'offered, answered and abandoned calls by the hour of the day in the zone',
    'Missed, voicemail and unknown calls apart: they are the rest of the offered.',
  ],
  [
    'report.byAgent.<agent>',
    'answered: calls that the agent answered, the first who was in; talkMs: own stays, cut to queuedAt and endedAt',
    'Persons: agents are display names. With two agents in, both have the time: the sum may pass talkMs.',
  ],
];

const CALL_RECORDS: readonly FigureFormula[] = [
  ['calls', 'call outcomes', 'Attempts: a record that came in several versions is one.'],
  ['outcomes.<outcome>', 'calls with that outcome', 'An outcome that is not there did not occur.'],
  ['reasons.<reason>', 'calls with that reason, which is finer than the outcome', 'The raw words: rawStatus has them.'],
  [
    'faults.<fault>',
    'calls whose failure was the fault of that one',
    'Failures that are nobody’s fault, or cannot be told.',
  ],
  [
    'personReached.<answer>',
    'calls in which a live person was spoken to: yes, no, unknown',
    'Who it was. The words of some labels leave it open: unknown.',
  ],
  ['transferred', 'calls that the voice AI handed over', 'Whether somebody took it.'],
  ['durationMs', 'sum of endedAt - startedAt where a record gives both', 'Talk: dialling and ringing are in it.'],
  ['durationsUnknown', 'calls without one of these times', 'These are in no duration.'],
  ['meanDurationSeconds', 'durationMs / calls with both times', 'The same as durationMs.'],
  [
    'report.connectPercent.ofYesAndNo',
    '100 * yes / (yes + no) of personReached',
    'Anything of the unknown ones: personUnknownPercent says how many they are.',
  ],
  ['report.personUnknownPercent.ofAll', '100 * personReached unknown / calls', 'Which way they would fall.'],
  ['report.voicemailPercent.ofAll', '100 * voicemail / calls', 'Messages left.'],
  ['report.failedPercent.ofAll', '100 * failed / calls', 'Whose fault: faults says it.'],
  ['report.transferredPercent.ofAll', '100 * transferred / calls', 'Whether somebody took it.'],
];

const CHATS: readonly FigureFormula[] = [
  [
    'episodes',
    'chat outcomes: one an episode',
    'Chats or clients: one chat may have many episodes. Open ones are not there.',
  ],
  [
    'outcomes.<outcome>',
    'episodes with that outcome',
    'blocked (the client blocked the bot) and undeliverable (the bot may not write) are not one thing.',
  ],
  ['containedCompleted', 'completed episodes that were never in Manual', 'Whether the client was content.'],
  ['withHandoff', 'episodes that were in Manual at least once', 'That a person looked at it.'],
  [
    'everBlocked',
    'episodes in which the client blocked the bot at any time',
    'The outcome: of several endings one decides.',
  ],
  [
    'inferred',
    'episodes that were closed because nothing more came',
    'How they end: a chat that goes on corrects them.',
  ],
  ['dwellMs.<status>', 'sum of the time in that status', 'Work: time in Waiting is the client’s.'],
  ['handoffs', 'stays in Manual, by when they began', 'Wait and handling apart: no event tells when a person took it.'],
  ['openHandoffs', 'stays in Manual that have not ended', 'How long they have lasted.'],
  ['handoffDwellMs', 'sum of dwellMs of ended stays in Manual', 'Wait and handling apart.'],
  ['meanHandoffDwellSeconds', 'handoffDwellMs / ended stays in Manual', 'Wait and handling apart.'],
  [
    'report.containmentPercent.ofCompleted',
    '100 * containedCompleted / completed',
    'Blocked, undeliverable and stalled episodes: they are in neither number. Whether the client came back.',
  ],
  ['report.completedPercent.ofEpisodes', '100 * completed / episodes', 'Anything of open episodes.'],
  ['report.blockedPercent.ofEpisodes', '100 * blocked / episodes', 'The same.'],
  ['report.undeliverablePercent.ofEpisodes', '100 * undeliverable / episodes', 'The same.'],
  ['report.stalledPercent.ofEpisodes', '100 * stalled / episodes', 'That the client will not answer.'],
];

const AGENTS: readonly FigureFormula[] = [
  ['agents', 'agents with a stay that touches the range', 'That they were logged in.'],
  [
    'intervals.<state>',
    'stays that began in the range, by state; Unexpected: did not answer, or line busy',
    'Contacts: Busy holds one or more. Which of its two meanings an Unexpected had.',
  ],
  ['timeMs.<state>', 'time in that state, each stay cut to the range', 'Open stays past openIntervalsUntil.'],
  ['loggedInMs', 'sum of timeMs less LoggedOut', 'Gaps: what nobody reported is no time.'],
  ['openIntervals', 'stays that have no end', 'Their time, where openIntervalsUntil is null: it is left out.'],
  ['gaps', 'stays behind which nothing is known until the next', 'What the agent did.'],
  [
    'overlaps',
    'stays whose reported duration reached past the next start, and was cut there',
    'Which report was right.',
  ],
  ['unknownStates', 'stays in a state that is not on the list', 'Its meaning: it counts under its own name only.'],
  [
    'report.occupancyPercent.busyAndWrapOfBusyWrapReady',
    '100 * (Busy + Wrap) / (Busy + Wrap + Ready) of timeMs',
    'Talk: Busy has ringing in it. ReadyRFO, Away, Unexpected and Failed are in neither number.',
  ],
  [
    'report.byDay.<day>',
    'hours: the local day’s length; timeMs and occupancyPercent of what lies between its midnights',
    'A whole day where the range begins or ends within it.',
  ],
];

export const FORMULAS: Readonly<Record<Source, readonly FigureFormula[]>> = {
  callcenter24: CALLS,
  atlas: CALL_RECORDS,
  chatterfy: CHATS,
  vonage: AGENTS,
};

/** The table as docs/report.md has it. */
export function formulasMarkdown(source: Source): string {
  const rows = FORMULAS[source].map(([figure, formula, saysNot]) => `| \`${figure}\` | ${formula} | ${saysNot} |`);
  return ['| figure | formula | what it does not say |', '|---|---|---|', ...rows].join('\n');
}
