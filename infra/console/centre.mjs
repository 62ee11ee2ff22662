// @ts-check
/**
 * A centre with more callers than agents: so many calls live at a time, each agent in one of them, the others waiting.
 * A call that is over is followed by the next.
 */

/** An agent whose state changes all the time, and says when: how old it is when a viewer hears of it. */
export const PROBE = 'probe';

/** A caller whose turn it is while nobody is free gives up this rarely, and is sent to voicemail as rarely. */
const GIVES_UP = 1 / 64;
const TO_VOICEMAIL = 1 / 256;
/** An agent leaves and comes back: consults, holds, changes the line. */
const CONSULTS = 3;

const BEGIN = ['Registred in CallCenter24', 'Registred in Bitrix', 'Participant join (Contact)'];
const GIVE_UP = ['Participant leave (Contact)', 'Call ended'];
const VOICEMAIL = ['Redirect to voice mail', 'Record added', 'Participant leave (Contact)', 'Call ended'];

/** @param {string} agent */
const served = (agent) => [
  `Sending a request to display the call screen - [${agent}] (Available)`,
  `Show call screen - [${agent}]`,
  `Participant join (${agent})`,
  ...Array.from({ length: CONSULTS }, () => [`Participant leave (${agent})`, `Participant join (${agent})`]).flat(),
  'Participant leave (Contact)',
  `Participant leave (${agent})`,
  'Call ended',
  'Record added',
];

/** @typedef {{ callId: string, n: number, left: string[], agent: string | null, isWaiting: boolean }} Call */

/**
 * @param {{ calls: number, agents: number, random: import('../random.mjs').Random }} options
 */
export function createCentre({ calls, agents, random }) {
  const free = Array.from({ length: agents }, (_, n) => `Agent ${String(n + 1).padStart(3, '0')}`);
  let begun = 0;
  /** @returns {Call} */
  const begin = () => {
    begun += 1;
    return { callId: `CA-${begun}`, n: 0, left: [...BEGIN], agent: null, isWaiting: true };
  };
  const live = Array.from({ length: calls }, begin);

  /** Nothing happens to some while nobody is free. @param {Call} call */
  function goesOn(call) {
    if (call.left.length > 0) return true;
    const chance = random.next();
    const agent = free.length > 0 ? free.splice(random.whole(0, free.length - 1), 1)[0] : undefined;
    if (agent !== undefined) Object.assign(call, { agent, left: served(agent) });
    else if (chance < TO_VOICEMAIL) call.left = [...VOICEMAIL];
    else if (chance < TO_VOICEMAIL + GIVES_UP) call.left = [...GIVE_UP];
    else return false;
    call.isWaiting = false;
    return true;
  }

  return {
    /** What happens next, now. @param {number} now epoch ms @returns {import('@callfold/core').RawEvent} */
    next(now) {
      for (;;) {
        const slot = random.whole(0, live.length - 1);
        const call = /** @type {Call} */ (live[slot]);
        if (!goesOn(call)) continue;
        const status = /** @type {string} */ (call.left.shift());
        const eventId = `${call.callId}.${call.n}`;
        call.n += 1;
        if (call.left.length === 0 && !call.isWaiting) {
          if (call.agent !== null) free.push(call.agent);
          live[slot] = begin();
        }
        return rawEvent('callcenter24', call.callId, eventId, now, status);
      }
    },
  };
}

/**
 * @param {import('@callfold/core').Source} source
 * @param {string} subjectId @param {string} eventId @param {number} occurredAt @param {string} status
 * @returns {import('@callfold/core').RawEvent}
 */
export const rawEvent = (source, subjectId, eventId, occurredAt, status) => ({
  source,
  tenantId: 'default',
  subjectId,
  eventId,
  occurredAt,
  status,
  attributes: null,
  startedAt: null,
  endedAt: null,
  recordVersion: null,
  duration: null,
  description: null,
});
