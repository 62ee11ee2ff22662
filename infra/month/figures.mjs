// @ts-check
/**
 * The figures that `callfold fold` and `callfold report` must give on a month of simple calls, counted from what
 * happened to each caller and never from events. The structure is that of shared/data/technion/february_expected.json.
 */

/**
 * One caller: in from `queuedAt` to `leftAt`, and with an agent from `answered.at` to `answered.agentLeftAt`. Times are
 * epoch ms; `offered`: the agent was asked by name before.
 * @typedef {{ agent: string, offered: boolean, at: number, agentLeftAt: number }} Answer
 * @typedef {{ queuedAt: number, leftAt: number, answered: Answer | null }} MonthCall
 * @typedef {ReturnType<typeof figuresOf>} MonthFigures
 */

const SHORT_MS = 5_000;
const LEVELS_SECONDS = [20, 30, 60];
const HOUR_MS = 3_600_000;

/** @param {readonly MonthCall[]} calls */
export function figuresOf(calls) {
  const answers = calls.flatMap(({ queuedAt, answered }) => (answered === null ? [] : [{ ...answered, queuedAt }]));
  const waitsOfAnswered = answers.map(({ at, queuedAt }) => at - queuedAt);
  const waitsOfAbandoned = calls.filter(({ answered }) => answered === null).map((one) => one.leftAt - one.queuedAt);
  const [waitMsAnswered, waitMsAbandoned] = [sum(waitsOfAnswered), sum(waitsOfAbandoned)];
  const talkMs = sum(answers.map(({ at, agentLeftAt }) => agentLeftAt - at));
  const [answered, abandoned] = [waitsOfAnswered.length, waitsOfAbandoned.length];
  const shortAbandoned = within(waitsOfAbandoned, SHORT_MS);
  return {
    calls: calls.length,
    outcomes: { answered, abandoned },
    shortAbandoned,
    offers: answers.filter(({ offered }) => offered).length,
    waitMsAnswered,
    waitMsAbandoned,
    talkMs,
    asaSeconds: ratio(waitMsAnswered / 1_000, answered),
    meanWaitOfAbandonedSeconds: ratio(waitMsAbandoned / 1_000, abandoned),
    abandonedOfAllPercent: ratio(100 * abandoned, calls.length),
    meanTalkSeconds: ratio(talkMs / 1_000, answered),
    report: {
      serviceLevelPercent: Object.fromEntries(
        LEVELS_SECONDS.map((level) => [level, serviceLevel(waitsOfAnswered, waitsOfAbandoned, level * 1_000)]),
      ),
      abandonmentPercent: {
        ofOffered: ratio(100 * abandoned, calls.length),
        withoutShort: ratio(100 * (abandoned - shortAbandoned), calls.length - shortAbandoned),
      },
      byHour: byHour(calls),
      byAgent: byAgent(answers),
    },
  };
}

/**
 * @param {readonly number[]} waitsOfAnswered
 * @param {readonly number[]} waitsOfAbandoned
 * @param {number} withinMs T, inclusive
 */
function serviceLevel(waitsOfAnswered, waitsOfAbandoned, withinMs) {
  const hit = 100 * within(waitsOfAnswered, withinMs);
  const offered = waitsOfAnswered.length + waitsOfAbandoned.length;
  return {
    ofAnswered: ratio(hit, waitsOfAnswered.length),
    ofOffered: ratio(hit, offered),
    netOfShortAbandons: ratio(hit, offered - within(waitsOfAbandoned, SHORT_MS)),
    netOfAbandonsWithinT: ratio(hit, offered - within(waitsOfAbandoned, withinMs)),
  };
}

/**
 * By the UTC hour of `queuedAt`; hours without a call are left out.
 * @param {readonly MonthCall[]} calls
 */
function byHour(calls) {
  /** @type {Map<number, { offered: number, answered: number, abandoned: number }>} */
  const hours = new Map();
  for (const { queuedAt, answered } of calls) {
    const hour = Math.floor(queuedAt / HOUR_MS) % 24;
    const counts = hours.get(hour) ?? { offered: 0, answered: 0, abandoned: 0 };
    hours.set(hour, counts);
    counts.offered += 1;
    if (answered === null) counts.abandoned += 1;
    else counts.answered += 1;
  }
  return Object.fromEntries([...hours].sort(([a], [b]) => a - b));
}

/** @param {readonly Answer[]} answers */
function byAgent(answers) {
  /** @type {Map<string, { answered: number, talkMs: number }>} */
  const agents = new Map();
  for (const { agent, at, agentLeftAt } of answers) {
    const counts = agents.get(agent) ?? { answered: 0, talkMs: 0 };
    agents.set(agent, counts);
    counts.answered += 1;
    counts.talkMs += agentLeftAt - at;
  }
  return Object.fromEntries([...agents].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** @param {readonly number[]} values */
function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

/**
 * @param {readonly number[]} waitsMs
 * @param {number} limitMs
 */
function within(waitsMs, limitMs) {
  return waitsMs.filter((waitMs) => waitMs <= limitMs).length;
}

/**
 * Rounded to four places; 0 of nothing is 0.
 * @param {number} part
 * @param {number} whole
 */
function ratio(part, whole) {
  return whole === 0 ? 0 : Math.round((10_000 * part) / whole) / 10_000;
}

/**
 * The same figures, but for the report's, from call outcomes and agent offers as they were published.
 * @param {Iterable<Record<string, any>>} records the last of each id
 */
export function figuresOfRecords(records) {
  const all = [...records];
  const calls = all.filter(({ kind }) => kind === 'call-outcome');
  const answered = calls.filter(({ outcome }) => outcome === 'answered');
  const abandoned = calls.filter(({ outcome }) => outcome === 'abandoned');
  const total = (/** @type {Record<string, any>[]} */ of, /** @type {string} */ field) =>
    sum(of.map((one) => one[field]));
  const [waitMsAnswered, waitMsAbandoned] = [total(answered, 'waitMs'), total(abandoned, 'waitMs')];
  const talkMs = total(answered, 'talkMs');
  return {
    calls: calls.length,
    outcomes: { answered: answered.length, abandoned: abandoned.length },
    shortAbandoned: abandoned.filter(({ short }) => short).length,
    offers: all.filter(({ kind }) => kind === 'agent-offer').length,
    waitMsAnswered,
    waitMsAbandoned,
    talkMs,
    asaSeconds: ratio(waitMsAnswered / 1_000, answered.length),
    meanWaitOfAbandonedSeconds: ratio(waitMsAbandoned / 1_000, abandoned.length),
    abandonedOfAllPercent: ratio(100 * abandoned.length, calls.length),
    meanTalkSeconds: ratio(talkMs / 1_000, answered.length),
  };
}
