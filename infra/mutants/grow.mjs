// @ts-check
/** Guards of a raw topic that gets more partitions, each taken out. */

const GROW = 'libs/engine/src/grow.ts';
const TEST = 'libs/adapters/test/engine-grow.test.ts';
const KILLED_TEST = 'libs/adapters/test/engine-grow-killed.test.ts';
const LIVE = 'are taken into use while services are at work';
const KILLED = 'is ended by the next run, wherever it was killed';

/** @type {readonly import('./mutants.mjs').Mutant[]} */
export const GROW_MUTANTS = [
  {
    guard: 'growing: no owner takes what is half moved',
    file: 'libs/engine/src/layout.ts',
    from: 'if (growing !== undefined) {',
    to: 'if (growing === 0) {',
    test: KILLED_TEST,
    name: 'is taken by no owner until then',
  },
  {
    guard: 'growing: a partition of before takes what it took, whoever publishes by which number',
    file: 'libs/engine/src/layout.ts',
    from: 'if (at.partition < was && (was === there || isMultiple(counts))) return was;',
    to: 'if (was === there) return was;',
    test: TEST,
    name: LIVE,
  },
  {
    guard: 'growing: a version before takes nothing that is half moved, of what was added',
    file: GROW,
    from: 'partitions: counts.was, growing: counts.now',
    to: 'growing: counts.now',
    test: KILLED_TEST,
    name: KILLED,
  },
  {
    guard: 'growing: a version before takes nothing that is half moved, of what there was',
    file: GROW,
    from: '{ ...held.meta, growing: now }',
    to: '{ ...held.meta, partitions: now, growing: now }',
    test: KILLED_TEST,
    name: KILLED,
  },
  {
    guard: 'growing: the first partition is moved last',
    file: GROW,
    from: 'for (let partition = counts.was - 1; partition >= 0; partition -= 1) {',
    to: 'for (let partition = 0; partition < counts.was; partition += 1) {',
    test: KILLED_TEST,
    name: KILLED,
  },
  {
    guard: 'growing: what the log has is folded by the old number before',
    file: GROW,
    from: 'while (partition.position < end) {',
    to: 'while (partition.position < 0) {',
    test: KILLED_TEST,
    name: KILLED,
  },
  {
    guard: 'growing: the last event may be of a subject that was moved',
    file: GROW,
    from: 'partitions: now, event: null, begun, ',
    to: 'partitions: now, begun, ',
    test: TEST,
    name: LIVE,
  },
  {
    guard: 'growing: of a lost state, what stands of other partitions is of before',
    file: 'libs/engine/src/owner.ts',
    from: 'standing.addSibling(record)',
    to: 'standing.left(record.topic)',
    test: TEST,
    name: 'is folded from the logs that there are',
  },
  {
    guard: 'growing: what stands of an added partition is of its own log, from its first checkpoint on',
    file: 'libs/engine/src/owner.ts',
    from: 'Object.keys(meta.seqs).length === 0 && !isAdded(meta);',
    to: 'Object.keys(meta.seqs).length === 0;',
    test: TEST,
    name: 'sends each later revision, though an earlier one stands',
  },
  {
    guard: 'growing: so is where a correction was taken',
    file: 'libs/engine/src/owner.ts',
    from: 'unknown.horizon === null && !isAdded(meta);',
    to: 'unknown.horizon === null;',
    test: TEST,
    name: 'knows where in its own log a correction was taken',
  },
  {
    guard: 'growing: a derived topic keeps its number',
    file: 'libs/engine/src/layout.ts',
    from: 'const was = derived[topic] ?? now;',
    to: 'const was = now;',
    test: TEST,
    name: 'is refused by owners, of partitions that were added as well',
  },
  {
    guard: 'growing: a derived topic keeps its number, while its owner is at work',
    file: 'libs/adapters/src/kafka/publisher.ts',
    from: 'const was = counts.get(topic) ?? now;',
    to: 'const was = now;',
    test: 'libs/adapters/test/kafka-publisher.test.ts',
    name: 'that gets partitions under way is fenced, read and written no more',
  },
  {
    guard: 'growing: whom the log erases further on counts by the number that its owner folds by',
    file: 'libs/engine/src/owner.ts',
    from: 'until, meta.partitions)',
    to: 'until, await log.partitions(at.topic))',
    test: 'libs/adapters/test/engine-grow-window.test.ts',
    name: 'publishes nothing of whom its log erases further on',
  },
  {
    guard: 'growing: what comes after a recovery to a wrong place is a dead letter',
    file: 'libs/engine/src/horizon.ts',
    from: ' && offset < (horizon.placed ?? Infinity);',
    to: ';',
    test: TEST,
    name: 'is a dead letter, and none of what was there by the number of before is',
  },
  {
    guard: 'growing: no owner takes what has moved, where the store lost that',
    file: 'libs/engine/src/owner.ts',
    from: 'if (placed === there || !(await hasMoved(store, at, placed))) return placed;',
    to: 'if (placed > 0) return placed;',
    test: 'libs/adapters/test/engine-grow-window.test.ts',
    name: 'a store that failed over and lost a move where subjects came from, in all of them',
  },
];
