// @ts-check
/** The guards of erasures: what is gone stays gone, and is not missed. */

const RELAY = 'libs/engine/src/relay.ts';
const ERASURE_TEST = 'libs/adapters/test/engine-erasure.test.ts';

/** @type {readonly import('./mutants.mjs').Mutant[]} */
export const ERASURE_MUTANTS = [
  {
    guard: 'an erasure: what comes later is refused',
    file: 'libs/core/src/step.ts',
    from: "if (isErased(before)) return reject('erased', '');",
    to: '',
    test: ERASURE_TEST,
    name: 'before anything was published publishes nothing, and what comes after is refused without a copy of it',
  },
  {
    guard: 'an erasure: a letter of what comes later holds none of it',
    file: RELAY,
    from: "return record && code === 'erased' ? { ...record, key: null, value: null, headers: [] } : record;",
    to: "return code === 'erased' ? record : record;",
    test: ERASURE_TEST,
    name: 'before anything was published publishes nothing, and what comes after is refused without a copy of it',
  },
  {
    guard: 'an erasure: what compaction took is not sent again',
    file: 'libs/engine/src/standing.ts',
    from: 'const placed = isToGo ? placeToGo(record) : placeOne(record, subjectMet);',
    to: 'const placed = isToGo ? placeOne(record, subjectMet) : placeOne(record, subjectMet);',
    test: ERASURE_TEST,
    name: 'publishes nothing of it again: compaction took what it took',
  },
  {
    guard: 'an erasure: its tombstones are sent once',
    file: 'libs/engine/src/fold.ts',
    from: 'if (standing?.takeTombstone(topic, outcomeId, offset)) continue;',
    to: '',
    test: ERASURE_TEST,
    name: 'publishes nothing of it again: what it took still stands in front of its tombstones',
  },
  {
    guard: 'an erasure that is gone from the log: letters of what it refused are no surplus',
    file: 'libs/engine/src/horizon.ts',
    from: "(code === 'too-late' || code === 'erased')",
    to: "code === 'too-late'",
    test: ERASURE_TEST,
    name: 'leaves nothing that is compared',
  },
  {
    guard: 'an erasure that is gone from the log: records of what it refused are no loss',
    file: 'libs/engine/src/verify.ts',
    from: 'erasedBefore.has(subjectOfId(record.outcomeId)) || ',
    to: '',
    test: ERASURE_TEST,
    name: 'leaves nothing that is compared',
  },
  {
    guard: 'an erasure: what still stands of it explains no gap',
    file: 'libs/engine/src/order.ts',
    from: 'Math.max(0, (erasedSeqs[topic] ?? 0) - (erased.stand.get(topic) ?? 0))',
    to: 'erasedSeqs[topic] ?? 0',
    test: 'libs/engine/test/order.test.ts',
    name: 'has every gap as long as all of it stands',
  },
  {
    guard: 'an erasure: no replay corrects what it took',
    file: 'libs/engine/src/range.ts',
    from: 'if (erased.has(subjectOfId(record.outcomeId))) gives.delete(name);',
    to: 'if (erased.has(name)) gives.delete(name);',
    test: ERASURE_TEST,
    name: 'that corrects a range finds nothing to publish of it',
  },
  {
    guard: 'an erasure: its letter is sent again to where its subject is',
    file: 'libs/engine/src/letters.ts',
    from: 'if (isErasure(letter) && letter.key !== null) return readSubjectKey(utf8Text(letter.key));',
    to: '',
    test: 'libs/adapters/test/engine-erasure.test.ts',
    name: 'is a dead letter, and is taken where it belongs once that is sent again',
  },
];
