// How calls go, for input.mjs: the words of a call's lines, in which order, and how long after one another.

export const GAP_SAMPLES = 4_096;
export const AGENTS = 2_000;
/** Longer than any gap, in ms; one bucket of the wheel a millisecond. */
export const WHEEL = 2 ** 20;
/** With more, the tear-down after a no-answer would take so long that a missed call counts as abandoned. */
export const MIN_GAP_LIMIT_MS = 2_000;
const MAX_GAP_MS = WHEEL - MIN_GAP_LIMIT_MS - 1;

const between = (from, to) => ({ draw: (uniform) => from + uniform() * (to - from) });
const exponential = (mean) => ({ draw: (uniform) => -mean * Math.log(1 - uniform()) });
const logNormal = (median, spread) => ({
  draw: (uniform) =>
    median * Math.exp(spread * Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())),
});

const SOON = between(150, 900);
const MENU = between(500, 2_500);
const QUEUE = exponential(20_000);
const PATIENCE = exponential(60_000);
const PICK_UP = between(1_500, 9_000);
const RING_OUT = between(12_000, 20_000);
const TEAR_DOWN = between(300, 2_900);
const TALK = logNormal(105_000, 0.9);
const MAILBOX_AFTER = between(30_000, 60_000);
const MESSAGE = between(3_000, 30_000);
const CLEAR = between(50, 2_500);
const END = between(10, 400);
const UPLOAD = between(2_000, 40_000);

// Words that name an agent are followed by which one: the call's first or second.
export const REGISTERED = 0;
const CRM = 1;
const CONTACT_IN = 2;
const CONTACT_OUT = 3;
const REDIRECT = 4;
const NO_ANSWER = 5;
const ENDED = 6;
const RECORDED = 7;
const FIRST_ASKED = 8;
const FIRST_SHOWN = 9;
const FIRST_IN = 10;
const FIRST_OUT = 11;
export const SECOND_ASKED = 12;
const SECOND_SHOWN = 13;
const SECOND_IN = 14;
const SECOND_OUT = 15;

const PLAIN_WORDS = [
  'Registred in CallCenter24',
  'Registred in Bitrix',
  'Participant join (Contact)',
  'Participant leave (Contact)',
  'Redirect to voice mail',
  'no-answer',
  'Call ended',
  'Record added',
];

const begin = [[REGISTERED], [CRM, SOON], [CONTACT_IN, MENU]];
const ring = (wait) => [
  [FIRST_ASKED, wait],
  [FIRST_SHOWN, SOON],
];
const callerHangsUp = (agentOut) => [
  [CONTACT_OUT, TALK],
  [agentOut, CLEAR],
  [ENDED, END],
];
const agentHangsUp = (agentOut) => [
  [agentOut, TALK],
  [CONTACT_OUT, CLEAR],
  [ENDED, END],
];
const gone = (wait) => [
  [CONTACT_OUT, wait],
  [ENDED, END],
];

/** The first agent does not answer and the second is asked; a colleague is fetched into the talk. */
const ringTwice = [...ring(QUEUE), [NO_ANSWER, RING_OUT], [SECOND_ASKED, SOON], [SECOND_SHOWN, SOON]];
const transfer = [
  [SECOND_ASKED, TALK],
  [SECOND_SHOWN, SOON],
  [SECOND_IN, PICK_UP],
  [FIRST_OUT, PICK_UP],
];
const answer = [FIRST_IN, PICK_UP];

/** How calls go: how often, what comes of it, and the lines with the gap before each. */
const COURSES = [
  [32, 'answered', [...begin, ...ring(QUEUE), answer, ...callerHangsUp(FIRST_OUT)]],
  [20, 'answered', [...begin, ...ring(SOON), answer, ...agentHangsUp(FIRST_OUT), [RECORDED, UPLOAD]]],
  [4, 'answered', [begin[0], [CONTACT_IN, MENU], ...ring(SOON), answer, ...callerHangsUp(FIRST_OUT)]],
  [7, 'answered', [...begin, ...ringTwice, [SECOND_IN, PICK_UP], ...callerHangsUp(SECOND_OUT)]],
  [4, 'answered', [...begin, ...ring(QUEUE), answer, ...transfer, ...callerHangsUp(SECOND_OUT)]],
  [14, 'abandoned', [...begin, ...gone(PATIENCE)]],
  [4, 'abandoned', [...begin, ...ring(QUEUE), ...gone(PICK_UP)]],
  [5, 'voicemail', [...begin, ...ring(QUEUE), [REDIRECT, RING_OUT], ...gone(MESSAGE), [RECORDED, UPLOAD]]],
  [5, 'voicemail', [...begin, [REDIRECT, MAILBOX_AFTER], ...gone(MESSAGE)]],
  [3, 'missed', [...begin, ...ring(QUEUE), [NO_ANSWER, RING_OUT], ...gone(TEAR_DOWN)]],
  [2, 'left-before-queue', [begin[0], [ENDED, PICK_UP]]],
];

/** For each course its words, and for each word a table of gaps before it, drawn once. */
export function compileCourses(uniform) {
  const tables = new Map();
  const tableOf = (gap) => {
    const known = tables.get(gap);
    if (known !== undefined) return known;
    const table = Int32Array.from({ length: GAP_SAMPLES }, () => Math.min(MAX_GAP_MS, Math.round(gap.draw(uniform))));
    tables.set(gap, table);
    return table;
  };
  return COURSES.map(([weight, outcome, lines]) => ({
    weight,
    outcome,
    length: lines.length,
    words: lines.map(([word]) => word),
    gaps: lines.map(([, gap]) => (gap === undefined ? null : tableOf(gap))),
  }));
}

/** The text of each word, by agent; of a word that names none, always the same. Made once: no event joins texts. */
export function wordTexts() {
  const given = ['Anna', 'Дмитрий', 'Maya', 'Ольга', 'Sam', 'Noor', 'Ирина', 'Tom', 'Zoë', 'Lena'];
  const family = ['Berg', 'Okafor', 'Лебедева', 'Reyes', 'Lindqvist', 'Haddad', 'Соколова', 'Fox', 'Орлов', 'Kim'];
  const names = Array.from(
    { length: AGENTS },
    (_, index) => `${given[index % 10]} ${family[Math.floor(index / 10) % 10]} ${Math.floor(index / 100) + 1}`,
  );
  const ofAgent = [
    names.map((name) => `Sending a request to display the call screen - [${name}] (Available)`),
    names.map((name) => `Show call screen - [${name}]`),
    names.map((name) => `Participant join (${name})`),
    names.map((name) => `Participant leave (${name})`),
  ];
  return [...PLAIN_WORDS.map((text) => names.map(() => text)), ...ofAgent, ...ofAgent];
}
