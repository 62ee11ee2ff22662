// @ts-check
/** The guards of a partition that is given away with everything sent. */

const FAREWELL = 'libs/engine/src/farewell.ts';
const PARTITION = 'libs/engine/src/partition.ts';
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
    file: PARTITION,
    from: 'answered.meta === meta && isAllSent(meta)',
    to: 'isAllSent(meta)',
    test: TEST,
    name: 'says nothing while it is not known whether its last commit was done',
  },
  {
    guard: 'farewell: what another owner sent unknown is found before the first send',
    file: RELAY,
    from: "if (unfenced !== null && countFrom(records, unfenced) > stood) throw new Lost('moved');",
    to: '',
    test: TEST,
    name: 'was right, and yet the store lost what another one sent since',
  },
  {
    guard: 'farewell: heard in the next generation only',
    file: MEMBER,
    from: 'return metadata.startsWith(prefix) ? metadata.slice(prefix.length) : null;',
    to: "return metadata.startsWith(FAREWELL) ? metadata.replace(/^\\S+ \\S+ /, '') : null;",
    test: 'libs/adapters/test/kafka-farewell.test.ts',
    name: 'is heard in the generation after the one that it was said in, and in no other',
  },
];
