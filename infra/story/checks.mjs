// @ts-check
/** What a command found or did, held against a fold of its own of the same log. */

import { DERIVED_OF } from '@callfold/core';
import { nameOf, recordPages, stoodOf } from '@callfold/engine';
import { TOPIC } from '../bench/topics.mjs';
import { differing, foldLog } from './fold.mjs';

const TOPICS = DERIVED_OF.callcenter24;

/** @typedef {import('../../services/cli/dist/site.js').Site} Site */
/** @typedef {import('./fold.mjs').History} History */
/** @typedef {import('./fold.mjs').Said} Said */
/** @typedef {readonly number[]} Offsets by partition */

/**
 * A call that got an event while the command ran may have been looked at before it or after it; every other one has
 * one answer, and that must have been found.
 * @typedef {{ exact: number, during: number, wrong: string[] }} Judged
 */

/**
 * @param {ReadonlySet<string>} found
 * @param {readonly string[]} should
 * @param {(name: string) => boolean} stoodStill
 * @returns {Judged}
 */
function judge(found, should, stoodStill) {
  const expected = new Set(should);
  const missing = should.filter((name) => stoodStill(name) && !found.has(name));
  const surplus = [...found].filter((name) => stoodStill(name) && !expected.has(name));
  const exact = should.filter((name) => stoodStill(name) && found.has(name)).length;
  const wrong = [
    ...missing.map((name) => `not found: ${name}`),
    ...surplus.map((name) => `found, and is none: ${name}`),
  ];
  return { exact, during: [...found].filter((name) => !stoodStill(name)).length, wrong };
}

/** @param {readonly Judged[]} all @returns {Judged} */
const sumOf = (all) => ({
  exact: all.reduce((sum, one) => sum + one.exact, 0),
  during: all.reduce((sum, one) => sum + one.during, 0),
  wrong: all.flatMap(({ wrong }) => wrong),
});

/**
 * @param {Site} site
 * @param {readonly [left: History, right: History]} histories
 * @param {{ found: readonly { place: string, key: string }[], since: Offsets, upTo: Offsets }} diff what it listed,
 *   where both generations were when it began, and where the log ended when it was done
 * @param {readonly (readonly string[])[]} keys by partition: of these what is said is answered as well
 */
export async function checkDiff(site, histories, { found, since, upTo }, keys) {
  /** @type {Judged[]} */
  const judged = [];
  /** @type {Said[][]} of the left, of the right, by partition */
  const said = [[], []];
  /** @type {Map<string, number>[]} */
  const lastOf = [];
  for (const [partition, end] of upTo.entries()) {
    const folded = await foldLog(site, partition, end, 'aggregates', histories);
    const [left = new Map(), right = new Map()] = folded.said;
    const its = new Set(found.filter(({ place }) => place === `${TOPIC}/${partition}`).map(({ key }) => key));
    const stoodStill = (/** @type {string} */ key) => (folded.lastOf.get(key) ?? Infinity) < (since[partition] ?? 0);
    judged.push(judge(its, differing(left, right), stoodStill));
    lastOf.push(folded.lastOf);
    // Of all calls it would be much to keep.
    const only = (/** @type {Said} */ all) => new Map((keys[partition] ?? []).map((key) => [key, all.get(key) ?? '']));
    said[0]?.push(only(left));
    said[1]?.push(only(right));
  }
  return { ...sumOf(judged), left: said[0] ?? [], right: said[1] ?? [], lastOf };
}

/** @param {Site} site @returns {Promise<Map<string, number>>} by topic and partition */
export async function derivedEnds(site) {
  /** @type {Map<string, number>} */
  const ends = new Map();
  for (const topic of TOPICS) {
    for (let partition = 0; partition < (await site.partitions(topic)); partition += 1)
      ends.set(`${topic}/${partition}`, (await site.derived.bounds(topic, partition)).end);
  }
  return ends;
}

/**
 * By id, how often something was published as the correction of a replay.
 * @param {Site} site
 * @param {number} partition
 * @param {ReadonlyMap<string, number>} from
 */
async function correctionsOf(site, partition, from) {
  /** @type {Map<string, number>} */
  const times = new Map();
  for (const topic of TOPICS) {
    const begin = from.get(`${topic}/${partition}`);
    for await (const { records } of recordPages(site.derived, { topic, partition }, begin)) {
      await site.codec.prepare(records);
      for (const record of records) {
        const stood = stoodOf({ ...record, topic }, { topic: TOPIC, partition });
        if (stood?.correctedAt === undefined || stood.value === null) continue;
        const name = nameOf(/** @type {any} */ (site.codec.decodeDerived(topic, stood.value)));
        times.set(name, (times.get(name) ?? 0) + 1);
      }
    }
  }
  return times;
}

/** Ids have no signs in them that keys write otherwise. @param {string} name */
function callOf(name) {
  const [tenant = '', , call = ''] = name.slice(name.indexOf(' ') + 1).split('/');
  return `${tenant}/${call}`;
}

/**
 * @param {Site} site
 * @param {readonly [standing: History, says: History]} histories
 * @param {{ since: Offsets, positions: Offsets, from: ReadonlyMap<string, number> }} replay where outcomes were when it
 *   began, the positions it compared, and the ends of the derived topics before it
 */
export async function checkReplay(site, histories, { since, positions, from }) {
  /** @type {Judged[]} */
  const judged = [];
  /** @type {string[]} */
  const twice = [];
  for (const [partition, position] of positions.entries()) {
    const { said, lastOf } = await foldLog(site, partition, position, 'outcomes', histories);
    const [stands = new Map(), says = new Map()] = said;
    const times = await correctionsOf(site, partition, from);
    twice.push(...[...times].flatMap(([name, count]) => (count > 1 ? [`published ${count} times: ${name}`] : [])));
    // What stands and is not given is told and left.
    const due = differing(stands, says).filter((name) => says.has(name));
    const stoodStill = (/** @type {string} */ name) => (lastOf.get(callOf(name)) ?? Infinity) < (since[partition] ?? 0);
    judged.push(judge(new Set(times.keys()), due, stoodStill));
  }
  const sum = sumOf(judged);
  return { ...sum, wrong: [...sum.wrong, ...twice] };
}
