// @ts-check
/** Each guard with it taken out, and the named test that must fail then. */

import { ERASURE_MUTANTS } from './erasures.mjs';
import { FAREWELL_MUTANTS } from './farewells.mjs';
import { FEED_MUTANTS } from './feed.mjs';
import { GROW_MUTANTS } from './grow.mjs';

/**
 * @typedef {{
 *   guard: string,
 *   file: string,
 *   from: string,
 *   to: string,
 *   test: string,
 *   name: string,
 * }} Mutant `from` stands in `file` exactly once; `name` is of the test in the file `test`, as far as it must match
 */

const STORE = 'libs/adapters/src/memory/store-server.ts';
const LUA = 'libs/adapters/src/redis/commit-7.lua.ts';
const OWNER = 'libs/engine/src/owner.ts';
const LOG_FAULT = 'libs/engine/src/log-fault.ts';
const RELAY = 'libs/engine/src/relay.ts';
const MEMORY_TEST = 'libs/adapters/test/memory.test.ts';
const REDIS_TEST = 'libs/adapters/test/redis.system.test.ts';
const ENGINE_TEST = 'libs/adapters/test/engine.test.ts';
const FOUND_TEST = 'libs/adapters/test/engine-found.test.ts';
const SIM_TEST = 'infra/test/sim.test.ts';

const FENCED = 'answers fenced to an older claim, and writes nothing';
const TOKEN = 'answers moved when the token is not the stored one';
const POSITION = 'answers moved when the position expected is higher than stored, and writes nothing';
const REPEAT = 'answers ok to the same commit again (lost reply), and changes nothing';
const HISTORIES = 'keep what is promised';

/** @type {readonly Mutant[]} */
export const MUTANTS = [
  {
    guard: 'epoch',
    file: STORE,
    from: "if (slot.claim.epoch > claim.epoch) return { ok: false, why: 'fenced' };",
    to: '',
    test: MEMORY_TEST,
    name: FENCED,
  },
  {
    guard: 'token',
    file: STORE,
    from: "if (slot.claim.token !== claim.token) return { ok: false, why: 'moved' };",
    to: '',
    test: MEMORY_TEST,
    name: TOKEN,
  },
  {
    guard: 'equality of the position',
    file: STORE,
    from: "if (slot.next !== commit.expected) return { ok: false, why: 'moved' };",
    to: '',
    test: MEMORY_TEST,
    name: POSITION,
  },
  {
    guard: 'number of a commit: a repeat',
    file: STORE,
    from: 'if (slot.last === number) return { ok: true };',
    to: '',
    test: MEMORY_TEST,
    name: REPEAT,
  },
  {
    guard: 'number of a commit: an earlier one',
    file: STORE,
    from: "if (slot.last !== after) return { ok: false, why: 'moved' };",
    to: '',
    test: 'libs/adapters/test/memory-world.test.ts',
    name: 'of an empty commit, behind a newer one at the same position, change nothing',
  },
  {
    guard: 'number of a commit: one that was lost and did not move the position',
    file: STORE,
    from: "if (slot.last !== after) return { ok: false, why: 'moved' };",
    to: "if (slot.last > number) return { ok: false, why: 'moved' };",
    test: 'libs/adapters/test/memory-world.test.ts',
    name: 'answers moved also where what it lost did not move the position',
  },
  {
    guard: 'epoch (Redis)',
    file: LUA,
    from: "if stored_epoch > epoch then return 'fenced' end",
    to: '',
    test: REDIS_TEST,
    name: FENCED,
  },
  {
    guard: 'token (Redis)',
    file: LUA,
    from: ' or stored[3] ~= token',
    to: '',
    test: REDIS_TEST,
    name: TOKEN,
  },
  {
    guard: 'equality of the position (Redis)',
    file: LUA,
    from: "if (stored[5] or '') ~= expected then return 'moved' end",
    to: '',
    test: REDIS_TEST,
    name: POSITION,
  },
  {
    guard: 'number of a commit: a repeat (Redis)',
    file: LUA,
    from: "if stored_number == number then return 'ok' end",
    to: '',
    test: REDIS_TEST,
    name: REPEAT,
  },
  {
    guard: 'number of a commit: an earlier one (Redis)',
    file: LUA,
    from: "if stored_number ~= after then return 'moved' end",
    to: '',
    test: 'libs/adapters/test/redis-faults.system.test.ts',
    name: 'of an empty commit, behind a newer one at the same position, changes nothing',
  },
  {
    guard: 'number of a commit: one that was lost and did not move the position (Redis)',
    file: LUA,
    from: "if stored_number ~= after then return 'moved' end",
    to: "if stored_number > number then return 'moved' end",
    test: 'libs/adapters/test/redis-faults.system.test.ts',
    name: 'answers moved also where what it lost did not move the position',
  },
  {
    guard: 'claim: an epoch seen by two is taken by one',
    file: STORE,
    from: "if ((slot?.claim.epoch ?? 0) !== epoch) return 'raced';",
    to: '',
    test: 'libs/adapters/test/memory-world.test.ts',
    name: 'of a claim take nothing from the owner that came after',
  },
  {
    guard: 'outbox order',
    file: RELAY,
    from: 'outgoing.push(outgoingRecord(entry, originOf));',
    to: 'outgoing.unshift(outgoingRecord(entry, originOf));',
    test: SIM_TEST,
    name: HISTORIES,
  },
  {
    guard: 'nothing is sent before it is committed',
    file: 'libs/engine/src/partition.ts',
    from: '      await before;\n      const answer',
    to: '      await before;\n      relay?.add(change.outboxFrom, work.entries);\n      const answer',
    test: SIM_TEST,
    name: HISTORIES,
  },
  {
    guard: 'fence: a late send is refused',
    file: 'libs/adapters/src/memory/publisher.ts',
    from: 'if (epoch < known.epoch) {',
    to: 'if (epoch < 0) {',
    test: 'libs/adapters/test/memory-world.test.ts',
    name: 'of a send are refused behind a fence, be it our own',
  },
  {
    guard: 'fence after a send without an answer',
    file: RELAY,
    from: 'await publisher.fence(at, options.topics);',
    to: '',
    test: SIM_TEST,
    name: HISTORIES,
  },
  {
    guard: 'read-back after a send without an answer',
    file: RELAY,
    from: 'queue = queue.filter(({ entry }) => missing.has(entry));',
    to: '',
    test: SIM_TEST,
    name: HISTORIES,
  },
  {
    guard: 'read-back on a claim',
    file: OWNER,
    from: 'unsent: entries.filter(({ entry }) => missing.has(entry)),',
    to: 'unsent: entries,',
    test: SIM_TEST,
    name: HISTORIES,
  },
  {
    guard: 'records that stand and that the store forgot',
    file: OWNER,
    from: 'standing.add(record);',
    to: '',
    test: ENGINE_TEST,
    name: 'sends nothing twice when the store forgets commits whose records were sent',
  },
  {
    guard: 'a stopped relay sends nothing',
    file: RELAY,
    from: "if (left.aborted) throw new Left('sending derived records');",
    to: '',
    test: 'libs/engine/test/relay.test.ts',
    name: 'sends nothing once it is stopped',
  },
  {
    guard: 'answer coverage',
    file: 'libs/adapters/src/kafka/produce.ts',
    from: 'if (only !== undefined && found.length === 1) return only;',
    to: 'return only ?? { ...one, code: 0, base: 0 };',
    test: 'libs/adapters/test/kafka-publisher.test.ts',
    name: 'must name every partition that was asked, once',
  },
  {
    guard: "last record's hash",
    file: LOG_FAULT,
    from: 'if (record && hashOfRecord(record) === meta.last.hash) return null;',
    to: 'if (record !== undefined) return null;',
    test: 'libs/adapters/test/engine-refused.test.ts',
    name: 'whose last record is another one',
  },
  {
    guard: 'position within the log: retention',
    file: LOG_FAULT,
    from: 'if (next < start) {',
    to: 'if (next < 0) {',
    test: 'libs/adapters/test/engine-refused.test.ts',
    name: 'which retention has passed',
  },
  {
    guard: 'position within the log: truncation',
    file: LOG_FAULT,
    from: 'if (next > end) {',
    to: 'if (next < 0) {',
    test: 'libs/adapters/test/engine-refused.test.ts',
    name: 'which the log ends before',
  },
  {
    guard: 'a lost store is refused',
    file: OWNER,
    from: 'await checkFirst(options, at, topics);',
    to: '',
    test: ENGINE_TEST,
    name: 'refuses a partition whose state is gone while its records stand, and says what to do',
  },
  {
    guard: 'settings fingerprint',
    file: OWNER,
    from: 'if (meta.settings === settings) return;',
    to: 'if (meta.settings !== null) return;',
    test: ENGINE_TEST,
    name: 'refuses other settings than the state was made with, and names the one',
  },
  {
    guard: 'dead letter',
    file: 'libs/engine/src/fold.ts',
    from: "entries.push({ what: 'letter',",
    to: "[].push({ what: 'letter',",
    test: 'libs/adapters/test/engine-bad-input.test.ts',
    name: 'is kept as it is, with a reason a person understands, and the next event folds',
  },
  {
    guard: 'drop marker',
    file: 'libs/core/src/step.ts',
    from: 'if (before.markerUntil !== null) {',
    to: 'if (before.markerUntil === -1) {',
    test: 'libs/adapters/test/engine-bad-input.test.ts',
    name: 'is a dead letter as long as the marker stands',
  },
  {
    guard: 'tick',
    file: 'libs/engine/src/watch.ts',
    from: 'await log.tick(at);',
    to: '',
    test: ENGINE_TEST,
    name: 'publishes what a fold of the file gives, once and gapless, and ticks let the last calls settle',
  },
  {
    guard: 'states of the commit under way stay pinned',
    file: 'libs/engine/src/prefetch.ts',
    from: 'uncommitted.get(key) ?? cache.get(key)',
    to: 'cache.get(key)',
    test: SIM_TEST,
    name: HISTORIES,
  },
  {
    guard: 'timers that a slice was promised stay in it',
    file: 'libs/engine/src/timers.ts',
    from: '      up(heap.length - 1);\n    },',
    to: '      up(heap.length - 1);\n      if (heap.length > 2 * max) shrink();\n    },',
    test: FOUND_TEST,
    name: 'timers of one slice fire in it',
  },
  {
    guard: 'an owner that no record reaches loads its timers',
    file: 'libs/engine/src/timers.ts',
    from: 'let loadedUpTo = -1;',
    to: 'let loadedUpTo = -Infinity;',
    test: ENGINE_TEST,
    name: 'publishes what waits only for its timer, also by an owner that no record ever reaches',
  },
  {
    guard: 'an idle owner looks at the store',
    file: 'libs/engine/src/watch.ts',
    from: 'if (partition.committed === confirmed) await partition.confirm();',
    to: '',
    test: FOUND_TEST,
    name: 'a store that lost writes is noticed where nothing more comes',
  },
  {
    guard: 'a partition held by one that is gone is taken back',
    file: 'libs/engine/src/engine.ts',
    from: 'void reclaim(slot);',
    to: 'void reclaim;',
    test: FOUND_TEST,
    name: 'a partition is taken back from an owner that claimed it and is gone',
  },
  {
    guard: 'what is known to stand ends before what is still to be sent',
    file: RELAY,
    from: 'if (missing.size === 0) published = ends;',
    to: 'published = ends;',
    test: FOUND_TEST,
    name: 'what stands behind a record that could not be sent yet is not sent again by the next owner',
  },
  {
    guard: 'a derived topic that ends early is for the next claim to find',
    file: RELAY,
    from: 'return [topic, Math.max(end, published[topic] ?? 0)] as const;',
    to: 'return [topic, end] as const;',
    test: 'libs/adapters/test/engine-freshen.test.ts',
    name: 'takes no topic for read that ends before what is known of it',
  },
  {
    guard: 'a full outbox lets go',
    file: RELAY,
    from: 'while (queue.length >= entries && !left.aborted) {',
    to: 'while (queue.length >= entries && !stopped) {',
    test: FOUND_TEST,
    name: 'an outbox that is full does not hold a partition back that is given away',
  },
  {
    guard: 'what partitions keep in the process is counted together',
    file: 'libs/engine/src/cache.ts',
    from: 'size += its.size - before;',
    to: '',
    test: 'libs/engine/test/cache.test.ts',
    name: 'have no more together than they may, over however many partitions',
  },
  {
    guard: 'the text of facts is repeated for the very same facts alone',
    file: 'libs/core/src/state-text.ts',
    from: 'if (factsText.facts[i] !== facts[i]) return NO_TEXT;',
    to: '',
    test: 'libs/core/test/state-text.test.ts',
    name: 'a text that repeats what it had of the facts is the one that is made of them all',
  },
  ...ERASURE_MUTANTS,
  ...FAREWELL_MUTANTS,
  ...FEED_MUTANTS,
  ...GROW_MUTANTS,
];
