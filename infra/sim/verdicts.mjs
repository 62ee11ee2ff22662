// @ts-check
/** Which verdicts of the engine a history makes right: a partition may be given up for what befell it, and no other. */

import { hashOfRecord } from '@callfold/engine';
import { placeOf } from './reader.mjs';

/** @typedef {import('@callfold/engine').At} At */
/** @typedef {import('./plan.mjs').RoleName} RoleName */

/** @param {import('./world.mjs').World} world */
export function createVerdicts({ memory, topics, cuts }) {
  /** Their state was lost, so that only `recover` can help: `role place`. @type {Set<string>} */
  const lost = new Set();
  /** They folded records that the log lost since. @type {Set<string>} */
  const beyond = new Set();

  /** @param {RoleName} role @param {At} at */
  const nameOf = (role, at) => `${role} ${placeOf(at)}`;
  /** @param {RoleName} role @param {At} at */
  const positionOf = (role, at) => memory.storeServer(role).peek(at)?.next ?? null;

  return {
    positionOf,
    /** @param {RoleName} role @param {At} at @param {number | null} was the position before the store lost writes */
    sawLoss(role, at, was) {
      const is = positionOf(role, at);
      if (was !== null && is === null) lost.add(nameOf(role, at));
      // What the replica had folded may be what the log lost.
      if ((cuts.get(placeOf(at)) ?? []).some((end) => (is ?? 0) > end)) beyond.add(nameOf(role, at));
    },
    /** After a commit, and after the log was cut. @param {RoleName} role @param {At} at */
    sawPosition(role, at) {
      if (!cuts.has(placeOf(at))) return;
      const stored = memory.storeServer(role).peek(at);
      const last = stored?.meta ? JSON.parse(stored.meta).last : null;
      // A commit that was on its way when the log was cut may come after the log has grown again.
      const record = last && topics.read(at, last.offset, 1).records.find(({ offset }) => offset === last.offset);
      const isKept =
        last === null || last.offset < topics.bounds(at).start || (record && hashOfRecord(record) === last.hash);
      if (!isKept || (stored?.next ?? 0) > topics.bounds(at).end) beyond.add(nameOf(role, at));
    },
    /**
     * It folded what the log does not say any more: all that is promised is that it says so.
     * @param {RoleName} role
     * @param {At} at
     */
    isBeyond: (role, at) => beyond.has(nameOf(role, at)),
    /**
     * Null: the verdict is right, and says what to do; else why it is not.
     * @param {RoleName} role
     * @param {At} at
     * @param {string} message
     */
    whyWrong(role, at, message) {
      const name = nameOf(role, at);
      const says = (/** @type {string} */ text) => message.includes(text);
      if (says('no checkpoint in its store')) {
        return lost.has(name) && says('callfold recover') ? null : 'its state was not lost';
      }
      if (!says('callfold recover')) return 'nothing allows it';
      if (says('retention passed it')) {
        return (positionOf(role, at) ?? 0) < topics.bounds(at).start ? null : 'retention did not pass it';
      }
      const isCut = says('was truncated') || says('is not the one that was folded');
      return isCut && beyond.has(name) ? null : 'the log was not cut below it';
    },
  };
}
