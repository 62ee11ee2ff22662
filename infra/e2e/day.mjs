// @ts-check
/** A scripted day of a small centre: what happens in each step, how many wait after it, and what became of calls. */

const MINUTE = 60_000;

/**
 * @typedef {Readonly<Record<string, unknown>>} Raw
 * @typedef {object} Step
 * @property {string} what
 * @property {number} waiting
 * @property {Readonly<Record<string, number>>} outcomes
 * @property {readonly Raw[]} events
 */

/** Twelve agents, two of them too long in their states, one gone. @param {number} now @returns {readonly Raw[]} */
function staff(now) {
  /** @param {string} agentId @param {string} state @param {number} minutesAgo @param {string} description */
  const agent = (agentId, state, minutesAgo, description = state) => ({
    source: 'vonage',
    agentId,
    state,
    description,
    duration: null,
    start: new Date(now - minutesAgo * MINUTE).toISOString(),
  });
  return [
    ...['101', '102', '103', '104', '105', '106'].map((id, n) => agent(`vcc-${id}`, 'Ready', 9 - n)),
    agent('vcc-201', 'Busy', 4, 'Live'),
    agent('vcc-202', 'Busy', 14, 'Live'),
    agent('vcc-203', 'Wrap', 1, 'Live'),
    agent('vcc-204', 'Wrap', 3, 'Live'),
    agent('vcc-205', 'Away', 5, 'Lunch'),
    agent('vcc-206', 'LoggedOut', 5),
  ];
}

/**
 * @param {number} now epoch ms; the day's events are some minutes before it, what waits is of now
 * @returns {readonly Step[]}
 */
export function scriptedDay(now) {
  /** @param {string} callId @param {number} minutesAgo @param {readonly [seconds: number, status: string][]} lines */
  const call = (callId, minutesAgo, ...lines) =>
    lines.map(([seconds, status]) => ({
      source: 'callcenter24',
      callId,
      occurredAt: new Date(now - minutesAgo * MINUTE + seconds * 1_000).toISOString(),
      status,
    }));
  /** @param {string} id @param {number} ago @param {string} who @param {number} waits @param {number} talks */
  const answered = (id, ago, who, waits, talks) =>
    call(
      id,
      ago,
      [0, 'Participant join (Contact)'],
      [waits - 3, `Show call screen - [${who}]`],
      [waits, `Participant join (${who})`],
      [waits + talks, 'Call ended'],
    );
  /** @param {string} id @param {number} ago @param {number} waits */
  const abandoned = (id, ago, waits) =>
    call(id, ago, [0, 'Participant join (Contact)'], [waits, 'Participant leave (Contact)'], [waits + 1, 'Call ended']);
  /** It rang at two agents in turn, and at nobody in time. @param {string} id @param {number} ago */
  const voicemail = (id, ago) =>
    call(
      id,
      ago,
      [0, 'Registred in CallCenter24'],
      [1, 'Registred in Bitrix'],
      [2, 'Participant join (Contact)'],
      [6, 'Sending a request to display the call screen - [Maya Okafor] (Available)'],
      [8, 'Show call screen - [Maya Okafor]'],
      [24, 'no-answer'],
      [25, 'Sending a request to display the call screen - [Ирина Соколова] (Busy)'],
      [29, 'Show call screen - [Ирина Соколова]'],
      [47, 'Redirect to voice mail'],
      [66, 'Record added'],
      [68, 'Call ended'],
    );
  /** @param {string} id @param {number} ago */
  const waiting = (id, ago) => call(id, ago, [0, 'Participant join (Contact)']);
  return [
    {
      what: 'twelve agents log in, one call is answered',
      waiting: 0,
      outcomes: { answered: 1 },
      events: [...staff(now), ...answered('CA-1001', 9, 'Anna Berg', 8, 60)],
    },
    {
      what: 'two calls wait',
      waiting: 2,
      outcomes: { answered: 1 },
      events: [...waiting('CA-1010', 1.5), ...waiting('CA-1011', 0.5)],
    },
    {
      what: 'calls are answered, one of them late, and one gives up',
      waiting: 2,
      outcomes: { abandoned: 1, answered: 4 },
      events: [
        ...answered('CA-1002', 8, 'Maya Okafor', 14, 95),
        ...answered('CA-1003', 7.5, 'Noor Haddad', 42, 80),
        ...answered('CA-1004', 7, 'Ирина Соколова', 6, 120),
        ...abandoned('CA-1005', 6, 37),
      ],
    },
    {
      what: 'a voicemail, another who gives up, and the longest waiting call is answered',
      waiting: 1,
      outcomes: { abandoned: 2, answered: 4, voicemail: 1 },
      events: [
        ...voicemail('CA-1006', 5),
        ...abandoned('CA-1007', 4, 12),
        ...call('CA-1010', 0.2, [0, 'Participant join (Anna Berg)']),
      ],
    },
    {
      what: 'chats, and the voice AI',
      waiting: 1,
      outcomes: { abandoned: 2, answered: 4, voicemail: 1 },
      events: [
        ...['Auto', 'Auto', 'Manual'].map((status, n) => ({
          source: 'chatterfy',
          chatId: `chat-${n + 1}`,
          occurredAt: new Date(now - (n + 2) * MINUTE).toISOString(),
          status,
        })),
        ...['Agent ended call', 'No answer', 'No answer', 'Voicemail'].map((status, n) => ({
          source: 'atlas',
          callId: `atl-${n + 1}`,
          occurredAt: new Date(now - (n + 3) * MINUTE).toISOString(),
          status,
        })),
      ],
    },
  ];
}

/** @param {number} now @param {string} callId @returns {readonly Raw[]} */
export function oneMoreWaits(now, callId = 'CA-1020') {
  const occurredAt = new Date(now).toISOString();
  return [{ source: 'callcenter24', callId, occurredAt, status: 'Participant join (Contact)' }];
}
