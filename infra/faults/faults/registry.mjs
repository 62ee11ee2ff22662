// @ts-check
/** The schema registry: away when it is needed, answering nonsense, not knowing an id, and another one. */

import { setTimeout as pause } from 'node:timers/promises';
import { DEAD_LETTERS } from '@callfold/core';
import { startRegistry } from '../../parts/index.mjs';
import { openNewcomer } from '../newcomer.mjs';
import { ROLES, told } from './words.mjs';

/** @typedef {import('../scene.mjs').Fault} Fault */
/** @typedef {import('../scene.mjs').Scene} Scene */
/** @typedef {import('../registry-front.mjs').Answer} Answer */

const needs = /** @type {const} */ ({ brokers: 1, redis: 'single', proxy: true });
const EVENTS = 400;
const TOLD_MS = 60_000;
const HOLD_MS = 3_000;
/** No registry gives this one out. */
const NOBODYS_ID = 2_000_000_000;
const BOUND = {
  boundSeconds: 36,
  because:
    'the registry is asked again after at most 3 s, and by a service that starts after at most 5 s; twice, and what they do then',
};

/** @param {number} status @param {string} body @returns {Answer} */
const json = (status, body) => ({ status, type: 'application/json', body });
/** @param {number} status @returns {Answer} */
const html = (status) => ({ status, type: 'text/html', body: '<html><body>Sign in to continue</body></html>' });

/** What a registry, or something in front of it, says when it is not well; none of it is about the schema. */
const NONSENSE = [
  json(500, '{"error_code":50001,"message":"store"}'),
  json(503, ''),
  html(200),
  html(404),
  json(404, '{"error_code":40401,"message":"subject"}'),
  json(404, '{"message":"no route"}'),
  json(200, '{}'),
  json(200, '[]'),
  json(200, '{"schema":'),
  json(200, '{"schema":"<html>"}'),
  json(429, '{"message":"slow down"}'),
];

/** @param {Scene} scene @returns {Promise<number>} dead letters that stand */
async function letters({ stage }) {
  const ends = await stage.endsOf(DEAD_LETTERS);
  return ends.reduce((sum, end) => sum + end, 0);
}

/** One of the two instances of each role makes room for a new one, that has met no schema. @param {Scene} scene */
async function replaceOne({ crew }) {
  for (const role of ROLES) {
    await crew.of(role)[0]?.kill();
    await crew.start(role);
  }
}

/** @param {Scene} scene @param {string} tenant */
const newcomer = ({ env, say, random }, tenant) =>
  openNewcomer({ env, seed: String(random.whole(0, 1_000_000)), say, tenant });

/** @type {Fault} */
const down = {
  ...BOUND,
  name: 'registry-down',
  title: 'the registry is killed, then come events in a new schema, and a new instance of each role',
  promise: 'waited for and told of; nothing lost, nothing twice, no dead letter of it',
  short: false,
  needs,
  async run(scene) {
    const { crew, stage } = scene;
    await crew.usual();
    const upstream = await newcomer(scene, 'late');
    await scene.underLoad(async () => {
      await scene.strike(async () => {
        await stage.registry.kill();
        await upstream.publish(EVENTS);
        await replaceOne(scene);
        await told(scene, /schema registry/);
        await pause(HOLD_MS);
        await stage.registry.start();
      });
    });
    await upstream.close();
  },
};

/** @type {Fault} */
const nonsense = {
  ...BOUND,
  name: 'registry-nonsense',
  title: `asked for a new schema, ${NONSENSE.length} kinds of nonsense come back: 500, HTML, half an answer, 404 of a proxy`,
  promise: 'none of it is taken for an answer: waited for and told of, no dead letter of it',
  short: false,
  needs,
  async run(scene) {
    const { crew, stage } = scene;
    const front = stage.ways.registry;
    await crew.usual();
    const upstream = await newcomer(scene, 'odd');
    let asked = 0;
    await scene.underLoad(async () => {
      await scene.strike(async () => {
        front.answer(({ path }) => {
          if (!path.startsWith(`/schemas/ids/${upstream.id}`)) return null;
          asked += 1;
          return NONSENSE[asked % NONSENSE.length] ?? null;
        });
        await upstream.publish(EVENTS);
        await told(scene, /schema registry/);
        await scene.until('every kind of nonsense to be told', TOLD_MS, async () => asked > NONSENSE.length);
        front.normal();
      });
    });
    await upstream.close();
  },
};

/** @type {Fault} */
const unknown = {
  ...BOUND,
  name: 'registry-unknown-id',
  title: 'events with a schema id that the registry confirms not to know',
  promise: 'each is a dead letter once, and the rest goes on',
  short: false,
  needs,
  async run(scene) {
    const { crew } = scene;
    await crew.usual();
    const upstream = await newcomer(scene, 'nobody');
    const before = await letters(scene);
    await scene.underLoad(async () => {
      await scene.strike(async () => {
        await upstream.publish(EVENTS, NOBODYS_ID);
        await scene.until('the dead letters', TOLD_MS, async () => (await letters(scene)) >= before + EVENTS);
      });
    });
    await upstream.close();
  },
};

/** @type {Fault} */
const another = {
  ...BOUND,
  name: 'registry-another',
  title: 'a new instance of each role is led to another registry, in which the same ids are other schemas',
  promise: 'it does not take events for what they are not: told of, no dead letter, and right again with the right one',
  short: false,
  needs,
  async run(scene) {
    const { crew, stage } = scene;
    const front = stage.ways.registry;
    await crew.usual();
    const other = await startRegistry({ dir: `${scene.dir}/other` });
    // So that no schema has the id that it has in the right one.
    for (let n = 0; n < 3; n += 1) {
      const schema = JSON.stringify({ type: 'record', name: `Other${n}`, fields: [{ name: 'a', type: 'long' }] });
      const answer = await fetch(`${other.url}/subjects/other-${n}/versions`, {
        method: 'POST',
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
        body: JSON.stringify({ schema }),
      });
      if (!answer.ok) throw new Error(`the other registry did not take a schema: ${await answer.text()}`);
    }
    try {
      await scene.underLoad(async () => {
        await scene.strike(async () => {
          front.lead(other.url);
          await replaceOne(scene);
          await told(scene, /another registry/);
          front.normal();
          await replaceOne(scene);
          await replaceOne(scene);
        });
      });
    } finally {
      await other.stop({ wipe: true });
    }
  },
};

/** @type {readonly Fault[]} */
export const REGISTRY = [down, nonsense, unknown, another];
