// @ts-check
/** Valid raw events of all four sources: what the fuzzer spoils. */

import { SOURCES } from '@callfold/core';

/** @typedef {import('../random.mjs').Random} Random */
/** @typedef {import('@callfold/core').Source} Source */
/** @typedef {Record<string, unknown>} Json an event as it comes in NDJSON */

const START = Date.UTC(2026, 0, 5, 9);
/** Few, so that mutated events meet states that others began. */
const SUBJECTS = 40;
const DAY_MS = 86_400_000;

const NAMES = ['Anna Berg', 'Дмитрий Орлов', 'Tom [Tier 2]', 'Contact', 'O’Brien', '李 雷', 'Zoë – Nights', ''];

/** @type {Readonly<Record<Source, readonly string[]>>} */
const WORDS = {
  callcenter24: [
    'Registred in CallCenter24',
    'Registred in Bitrix',
    'Participant join (Contact)',
    'Participant leave (Contact)',
    'Participant join ([{agent}])',
    'Participant leave ([{agent}])',
    'Sending a request to display the call screen - [{agent}] (Available)',
    'Sending a request to display the call screen - [{agent}] (Busy)',
    'Show call screen - [{agent}]',
    'No answer',
    'Redirect to voice mail',
    'Call ended',
    'Recording is ready',
    'Teleported to the moon',
  ],
  atlas: ['Agent ended call', 'Customer ended call', 'Voicemail', 'Line busy', 'Unknown error', 'Quantum hang-up'],
  chatterfy: ['Auto', 'Manual', 'Waiting', 'Finished', 'Blocked', 'Stopped', 'Pondering'],
  vonage: ['Ready', 'ReadyRFO', 'Away', 'ExtendedAway', 'LoggedOut', 'Busy', 'Wrap', 'Unexpected', 'Failed', 'Napping'],
};

/**
 * @template T
 * @param {Random} random
 * @param {readonly T[]} items at least one
 * @returns {T}
 */
export function pick(random, items) {
  return /** @type {T} */ (items[random.whole(0, items.length - 1)]);
}

/** @param {Random} random @param {number} at @returns {string | number} */
function time(random, at) {
  return random.chance(0.5) ? at : new Date(at).toISOString();
}

/** @param {Random} random @returns {Record<string, string>} */
function attributes(random) {
  const names = ['queue', 'campaign', 'number', 'constructor', 'имя', 'a b'];
  const count = random.whole(1, 4);
  return Object.fromEntries(
    Array.from({ length: count }, () => [pick(random, names), `v${random.whole(0, 9)}${pick(random, NAMES)}`]),
  );
}

/** @param {Random} random @param {Source} [source] @returns {Json} an event that the validator takes */
export function validJson(random, source = pick(random, SOURCES)) {
  const at = START + random.whole(0, DAY_MS / 2);
  const id = `s-${random.whole(0, SUBJECTS)}`;
  const status = pick(random, WORDS[source]).replace('{agent}', pick(random, NAMES));
  const common = {
    source,
    ...(random.chance(0.3) && { tenantId: `tenant-${random.whole(0, 3)}` }),
    ...(random.chance(0.4) && { eventId: `e-${random.whole(0, 500)}` }),
    ...(random.chance(0.4) && { attributes: attributes(random) }),
  };
  switch (source) {
    case 'callcenter24':
      return { ...common, callId: id, occurredAt: time(random, at), status };
    case 'atlas':
      return {
        ...common,
        callId: id,
        occurredAt: time(random, at),
        status: random.chance(0.1) ? null : status,
        ...(random.chance(0.5) && { startedAt: time(random, at - 60_000), endedAt: time(random, at - 1_000) }),
        ...(random.chance(0.5) && { recordVersion: random.whole(0, 9) }),
      };
    case 'chatterfy':
      return { ...common, chatId: id, occurredAt: time(random, at), status };
    case 'vonage':
      return {
        ...common,
        agentId: id,
        start: new Date(at).toISOString(),
        duration: random.chance(0.3) ? null : random.whole(0, 3_600_000),
        state: status,
        description: random.chance(0.5) ? null : `${status} (Semi-Live)`,
      };
  }
}
