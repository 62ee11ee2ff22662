// @ts-check
/** The guards of the change feed: of what writes it, of who follows it, and of the streams made of it. */

const STORE = 'libs/adapters/src/memory/store-server.ts';
const LUA = 'libs/adapters/src/redis/commit-7.lua.ts';
const FOLLOW = 'libs/engine/src/follow.ts';
const FOLLOW_TEST = 'libs/adapters/test/follow.test.ts';
const STREAMS = 'services/console/src/streams.ts';
const CONSOLE_TEST = 'services/console/test/console.test.ts';

const MEMORY_TEST = 'libs/adapters/test/memory.test.ts';
const REDIS_TEST = 'libs/adapters/test/redis.system.test.ts';

const FED = 'names the states that a commit set or took away, its owner, and the position after it';
const FED_ONCE = 'has one entry of a commit that is repeated, and none of one that is refused';
const FEED_CAP = 'keeps the last entries only, without a gap among them';
const ANEW = 'reads the states anew when the feed went past its cap, and when another owner came';

/** @type {readonly import('./mutants.mjs').Mutant[]} */
export const FEED_MUTANTS = [
  {
    guard: 'change feed: written with the commit',
    file: STORE,
    from: 'for (const subjects of feedCuts(commit)) {',
    to: 'for (const subjects of []) {',
    test: MEMORY_TEST,
    name: FED,
  },
  {
    guard: 'change feed: written with the commit (Redis)',
    file: LUA,
    from: 'if kept > 0 and (#parts[4] + #parts[5] > 0 or next_position ~= expected) then',
    to: 'if false then',
    test: REDIS_TEST,
    name: FED,
  },
  {
    guard: 'change feed: what is taken away is named (Redis)',
    file: LUA,
    from: 'for i = 1, #parts[5] do name(parts[5][i]) end',
    to: '',
    test: REDIS_TEST,
    name: FED,
  },
  {
    guard: 'change feed: nothing of an older claim (Redis)',
    file: LUA,
    from: "if stored_epoch > epoch then return 'fenced' end",
    to: '',
    test: REDIS_TEST,
    name: FED_ONCE,
  },
  {
    guard: 'change feed: one entry of a commit that is repeated (Redis)',
    file: LUA,
    from: "if stored_number == number then return 'ok' end",
    to: '',
    test: REDIS_TEST,
    name: FED_ONCE,
  },
  {
    guard: 'change feed: an entry that a commit cut short has left (Redis)',
    file: LUA,
    from: "  redis.call('UNLINK', KEYS[7])\n  redis.call('XADD', unpack(entry))",
    to: '',
    test: 'libs/adapters/test/redis-feed.system.test.ts',
    name: 'an entry that a commit which was cut short has left is replaced',
  },
  {
    guard: 'change feed: capped',
    file: STORE,
    from: 'if (slot.feed.length > FEED_LIMITS.entries) slot.feed.shift();',
    to: '',
    test: MEMORY_TEST,
    name: FEED_CAP,
  },
  {
    guard: 'change feed: capped (Redis)',
    file: LUA,
    from: "'MAXLEN', '~', ARGV[13],",
    to: "'MAXLEN', '~', '1000000',",
    test: REDIS_TEST,
    name: FEED_CAP,
  },
  {
    guard: 'change feed: capped (lmdb)',
    file: 'libs/adapters/src/lmdb/feed-table.ts',
    from: 'if (number > FEED_LIMITS.entries) feed.remove(numberKey(slot, number - FEED_LIMITS.entries));',
    to: '',
    test: 'libs/adapters/test/lmdb.test.ts',
    name: FEED_CAP,
  },
  {
    guard: 'change feed: no entry too long to be read (Redis)',
    file: LUA,
    from: 'if #entry >= 7 + 2 * cut then leave() begin() end',
    to: '',
    test: REDIS_TEST,
    name: 'tells of many subjects in several entries, of each once',
  },
  {
    guard: 'change feed: its owner: another one may have lost writes',
    file: FOLLOW,
    from: ' && owner === last.owner',
    to: '',
    test: FOLLOW_TEST,
    name: ANEW,
  },
  {
    guard: 'change feed: a follower that the cap has left behind',
    file: FOLLOW,
    from:
      '  if (!isSame(entries[0], last)) return null;\n' +
      '  const isGapless = entries.every(({ number, owner }, index) => number === last.number + index && ' +
      'owner === last.owner);\n  return isGapless ? entries.slice(1) : null;',
    to: '  return entries.slice(1);',
    test: FOLLOW_TEST,
    name: ANEW,
  },
  {
    guard: 'change feed: what is committed while the states are read',
    file: FOLLOW,
    from: 'last = mark;',
    to: "last = (await store.changes(at, 'last', 1))[0] ?? null;",
    test: FOLLOW_TEST,
    name: 'is told of what is committed while it reads the states',
  },
  {
    guard: 'change feed: a position that went back',
    file: FOLLOW,
    from: 'if (isBack || isUntold) await readAll();',
    to: 'if (isUntold) await readAll();',
    test: FOLLOW_TEST,
    name: 'reads the states anew where a command laid down an earlier position, which leaves no entry',
  },
  {
    guard: 'change feed: an owner that leaves none',
    file: FOLLOW,
    from: 'if (isBack || isUntold) await readAll();',
    to: 'if (isBack) await readAll();',
    test: FOLLOW_TEST,
    name: 'finds out about an owner that leaves no feed',
  },
  {
    guard: "change feed: a stream goes on behind an id of its own process's",
    file: STREAMS,
    from: 'return own === boot ? Number(number) : Number.NaN;',
    to: 'return Number(number);',
    test: CONSOLE_TEST,
    name: 'a stream tells what is there and what changes, goes on behind an id, and begins anew where it cannot',
  },
  {
    guard: 'change feed: a stream goes on only behind what is kept',
    file: STREAMS,
    from: 'return from < oldest ? null : ring.slice(from - oldest);',
    to: 'return ring.slice(from - oldest);',
    test: 'services/console/test/streams.test.ts',
    name: 'a reader that fell behind what is kept is told everything anew',
  },
  {
    guard: "change feed: a stream has its tenant's",
    file: STREAMS,
    from: '    tenantId === null || tenantId === one.tenantId;',
    to: '    tenantId === null || one.tenantId !== null;',
    test: CONSOLE_TEST,
    name: 'nothing of one tenant is in the answers, figures and streams of another',
  },
  {
    guard: 'change feed: a tenant is asked for with its own key',
    file: 'services/console/src/access.ts',
    from: 'if (own === null) return asked;',
    to: 'return asked;',
    test: CONSOLE_TEST,
    name: 'nothing of one tenant is in the answers, figures and streams of another',
  },
];
