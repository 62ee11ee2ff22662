// @ts-check
/**
 * What the log gives by a history of versions: which records were read by a code that did not know voicemail. A fold of
 * its own, with no store, group or owner; the bug is made on the event, and not by the code that had it.
 */

import { contentHash, encodeState } from '@callfold/core';
import { createOfflineFold, inputOf, logPages, nameOf, rulesOf, valuesOf } from '@callfold/engine';
import { OUTCOMES } from '@callfold/outcomes';
import { projectorRole } from '@callfold/projector';
import { TOPIC } from '../bench/topics.mjs';

const SOURCE = /** @type {const} */ ('callcenter24');

/** @typedef {import('@callfold/core').Settings} Settings */
/** @typedef {import('../../services/cli/dist/site.js').Site} Site */
/**
 * By partition the offset from which on a version read the log, in order; the first from the start.
 * @typedef {readonly { from: readonly number[], buggy: boolean }[]} Versions
 */
/** @typedef {{ versions: Versions, settings: Settings }} History */
/** What is said of a subject, as text. @typedef {Map<string, string>} Said */

/** @param {Versions} versions @param {number} partition @param {number} offset */
const isBuggy = (versions, partition, offset) =>
  versions.findLast(({ from }) => offset >= (from[partition] ?? 0))?.buggy ?? false;

/** @param {import('@callfold/core').StatusEvent} event */
const unread = (event) => (event.word === 'redirected' ? { ...event, word: /** @type {const} */ ('unknown') } : event);

/**
 * @param {Site} site
 * @param {number} partition
 * @param {number} upTo exclusive
 * @param {(input: import('@callfold/engine').Input, offset: number, appendedAt: number) => void} take
 */
async function readLog(site, partition, upTo, take) {
  const at = { topic: TOPIC, partition };
  const log = site.log('projector');
  const place = { source: SOURCE, partition, partitions: await site.partitions(TOPIC) };
  for await (const { records } of logPages(log, at, (await log.bounds(at)).start, upTo)) {
    await site.codec.prepare(records);
    for (const record of records) take(inputOf(record, place, site.codec), record.offset, record.appendedAt);
  }
}

/**
 * Of one partition up to an offset, by each history.
 * @param {Site} site
 * @param {number} partition
 * @param {number} upTo
 * @param {'aggregates' | 'outcomes'} what
 * @param {readonly History[]} histories
 * @returns {Promise<{ said: Said[], lastOf: Map<string, number> }>} what is said of each call or by each record, and
 *   the offset of a call's last event
 */
export async function foldLog(site, partition, upTo, what, histories) {
  /** @type {Map<string, number>} */
  const lastOf = new Map();
  const sides = histories.map(({ versions, settings }) => {
    const role = what === 'aggregates' ? projectorRole(settings) : OUTCOMES;
    /** @type {Said} */
    const said = new Map();
    return { versions, settings, said, fold: createOfflineFold(rulesOf(role, settings), true) };
  });
  /** @param {Said} said @param {readonly import('@callfold/core').DerivedRecord[]} records */
  const note = (said, records) => {
    if (what === 'outcomes') for (const record of records) said.set(nameOf(record), contentHash(record));
  };
  await readLog(site, partition, upTo, (input, offset, appendedAt) => {
    if (input.what === 'event') lastOf.set(input.key, offset);
    for (const { versions, fold, said } of sides) {
      if (input.what !== 'event') {
        note(said, fold.advance(appendedAt));
        continue;
      }
      const event = isBuggy(versions, partition, offset) ? unread(input.event) : input.event;
      note(said, fold.fold(input.key, event, appendedAt).records);
    }
  });
  if (what === 'aggregates') {
    for (const { settings, fold, said } of sides) {
      for (const state of fold.states()) {
        const key = `${state.tenantId}/${state.subjectId}`;
        said.set(key, JSON.stringify(valuesOf(encodeState(state), SOURCE, key, settings)));
      }
    }
  }
  return { said: sides.map(({ said }) => said), lastOf };
}

/** Of whom two say something different. @param {Said} one @param {Said} other */
export const differing = (one, other) =>
  [...new Set([...one.keys(), ...other.keys()])].filter((name) => one.get(name) !== other.get(name));
