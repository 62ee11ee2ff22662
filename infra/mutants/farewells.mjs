// @ts-check
/** The guards of a partition that is given away with everything sent. */

const FAREWELL = 'libs/engine/src/farewell.ts';
const ENGINE = 'libs/engine/src/engine.ts';
const RELAY = 'libs/engine/src/relay.ts';
const MEMBER = 'libs/adapters/src/kafka/member.ts';
const TEST = 'libs/adapters/test/engine-farewell.test.ts';

/** @type {readonly import('./mutants.mjs').Mutant[]} */
export const FAREWELL_MUTANTS = [
  {
    guard: 'farewell: of the last owner only',
    file: FAREWELL,
    from: '`${epoch}/${next}/${hashFields([meta])}`',
    to: '`${next}/${hashFields([meta])}`',
    test: TEST,
    name: 'is not believed once somebody else had the partition',
  },
  {
    guard: 'farewell: of what it left only',
    file: FAREWELL,
    from: '`${epoch}/${next}/${hashFields([meta])}`',
    to: '`${epoch}`',
    test: TEST,
    name: 'is not believed of a store that went back',
  },
  {
    guard: 'farewell: nothing waits to be sent',
    file: FAREWELL,
    from: 'outboxFirst === outboxNext && standing === null',
    to: 'standing === null',
    test: 'libs/engine/test/farewell.test.ts',
    name: 'is not said of a checkpoint that names what may be on its way',
  },
  {
    guard: 'farewell: what stands unknown is met first',
    file: FAREWELL,
    from: 'outboxFirst === outboxNext && standing === null',
    to: 'outboxFirst === outboxNext',
    test: 'libs/engine/test/farewell.test.ts',
    name: 'is not said of a checkpoint behind which something stands',
  },
  {
    guard: 'farewell: nothing is done for a partition that may be another\u2019s',
    file: ENGINE,
    from: 'if (slot.isResting) return;',
    to: '',
    test: TEST,
    name: 'does nothing for it while it is not known whose it is',
  },
  {
    guard: 'farewell: of what stands only',
    file: FAREWELL,
    from: ' || answered.meta !== asked',
    to: '',
    test: 'libs/engine/test/farewell.test.ts',
    name: 'is not said while a later checkpoint may stand',
  },
  {
    guard: 'farewell: what another owner sent unknown is found before the first send',
    file: RELAY,
    from: "if (records.some(({ topic, seq }) => seq >= (known[topic] ?? 0))) throw new Lost('moved');",
    to: '',
    test: TEST,
    name: 'was right, and yet the store lost what another one sent since',
  },
  {
    guard: 'a drain that is late ends before anything is folded on',
    file: ENGINE,
    from: 'await partition.settle().catch(() => undefined);',
    to: 'void partition.settle().catch(() => undefined);',
    test: 'libs/adapters/test/engine-pause.test.ts',
    name: 'ends before anything is folded on, when the partition stays',
  },
  {
    guard: 'what was learnt of topics counts once all is folded that the log held by then',
    file: RELAY,
    from: 'committed >= learnt.logEnd',
    to: 'committed >= 0',
    test: 'libs/adapters/test/engine-freshen.test.ts',
    name: 'takes nothing for its own that another one sent',
  },
  {
    guard: 'farewell: heard in the next generation only',
    file: MEMBER,
    from: 'return metadata.startsWith(prefix) ? metadata.slice(prefix.length) : null;',
    to: "return metadata.startsWith(FAREWELL) ? metadata.replace(/^\\S+ \\S+ /, '') : null;",
    test: 'libs/adapters/test/kafka-farewell.test.ts',
    name: 'is heard in the generation after the one that it was said in, and in no other',
  },
  {
    guard: 'farewell: no request is taken before the first fence',
    file: 'libs/engine/src/partition.ts',
    from: ' || !relay.isFenced()',
    to: '',
    test: TEST,
    name: 'was right, and yet the store lost a request that another one took',
  },
  {
    guard: 'farewell: not while a fence is on its way',
    file: 'libs/engine/src/partition.ts',
    from: ' || relay.isAtWork',
    to: '',
    test: 'libs/adapters/test/engine-freshen.test.ts',
    name: 'gives a partition away without a word while it fences',
  },
  {
    guard: 'farewell: not of what somebody else may have had since',
    file: 'libs/adapters/src/kafka/membership.ts',
    from: 'if (generation === before) ',
    to: '',
    test: 'libs/adapters/test/kafka-consumer.test.ts',
    name: 'says nothing of what it gave back, when the group has shared out anew meanwhile',
  },
  {
    guard: 'a join that failed is asked for until one succeeds',
    file: 'libs/adapters/src/kafka/mends.ts',
    from: 'this.mustJoin = true;',
    to: '',
    test: 'libs/adapters/test/kafka-mends.test.ts',
    name: 'that failed is asked for by each heartbeat, until one succeeds',
  },
  {
    guard: 'joins at the same time are one',
    file: 'libs/adapters/src/kafka/mends.ts',
    from: 'this.joining ??= letGoAndJoin(this)',
    to: 'this.joining = letGoAndJoin(this)',
    test: 'libs/adapters/test/kafka-mends.test.ts',
    name: 'is one, however many fetches ask for it at the same time',
  },
];
