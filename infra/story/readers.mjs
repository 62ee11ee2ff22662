// @ts-check
/**
 * Readers that never look away: some calls that two generations show differently, and every position, read as the
 * console and `callfold status` read them. Each reading must be of one whole generation, and nothing goes back.
 */

import { setTimeout as pause } from 'node:timers/promises';
import { readLive, valuesOf } from '@callfold/engine';
import { TOPIC } from '../bench/topics.mjs';

const READERS = 2;
const EVERY_MS = 50;

/** @typedef {import('../../services/cli/dist/site.js').Site} Site */
/** @typedef {import('./fold.mjs').Said} Said */

/**
 * @param {Site} site
 * @param {readonly (readonly string[])[]} keys by partition: of calls that have ended
 */
export function startReaders(site, keys) {
  /** @type {Map<string, { readings: number, texts: Map<string, Set<string>> }>} by generation what was read, by call */
  const seen = new Map();
  /** @type {string[]} */
  const problems = [];
  const state = { isOver: false };
  let longestMs = 0;

  const look = () =>
    readLive(site.shelf, async ({ generation, settings, store }) => {
      /** @type {[key: string, text: string][]} */
      const texts = [];
      /** @type {number[]} */
      const positions = [];
      for (const [partition, some] of keys.entries()) {
        const at = { topic: TOPIC, partition };
        positions.push((await store.peek(at))?.next ?? 0);
        const found = await store.read(at, 'states', some);
        for (const [i, key] of some.entries())
          texts.push([key, JSON.stringify(valuesOf(found[i] ?? null, 'callcenter24', key, settings))]);
      }
      return { name: generation.name, positions, texts };
    });

  async function read() {
    /** @type {number[]} */
    let last = [];
    while (!state.isOver) {
      const from = performance.now();
      const { name, positions, texts } = await look();
      longestMs = Math.max(longestMs, performance.now() - from);
      const known = seen.get(name) ?? { readings: 0, texts: new Map() };
      seen.set(name, known);
      known.readings += 1;
      for (const [key, text] of texts) known.texts.set(key, (known.texts.get(key) ?? new Set()).add(text));
      if (positions.some((one, partition) => one < (last[partition] ?? 0)))
        problems.push(`${name} at ${positions.join(', ')}, after ${last.join(', ')}`);
      last = positions;
      await pause(EVERY_MS);
    }
  }

  const reading = Promise.all(Array.from({ length: READERS }, read));
  reading.catch(() => undefined);
  return {
    keys,
    problems,
    get longestMs() {
      return longestMs;
    },
    /** @param {string} name of a generation */
    readingsOf: (name) => seen.get(name)?.readings ?? 0,
    get all() {
      return [...seen.keys()].reduce((sum, name) => sum + this.readingsOf(name), 0);
    },
    /**
     * What was read of a generation beside what it should say: of calls to which nothing came since, one text each.
     * @param {string} name
     * @param {readonly Said[]} said by partition
     * @param {(partition: number, key: string) => boolean} stoodStill
     */
    compare(name, said, stoodStill) {
      const known = seen.get(name)?.texts ?? new Map();
      const still = keys.flatMap((some, partition) =>
        some.filter((key) => stoodStill(partition, key)).map((key) => ({ key, should: said[partition]?.get(key) })),
      );
      const wrong = still.filter(({ key, should }) => String([...(known.get(key) ?? [])]) !== should);
      return {
        calls: still.length,
        wrong: wrong.map(({ key }) => `${key}: ${[...(known.get(key) ?? [])].join(' | ')}`),
      };
    },
    async stop() {
      state.isOver = true;
      await reading;
    },
  };
}
