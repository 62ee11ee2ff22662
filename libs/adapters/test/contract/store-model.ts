import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { At, Claim, Commit, CommitAnswer, FeedEntry, Store, TableName } from '@callfold/engine';
import { Refused } from '@callfold/engine';
import { bytes, change, CONTRACT_TEST_MS, freshToken, place, sight } from './store-harness.ts';

/** How many random histories one run of the suite tries, and how long each may be. */
const HISTORIES = 60;
const STEPS = 25;

type Change = {
  readonly shift: number | 'none';
  readonly advance: number;
  readonly states: readonly (readonly [string, string | null])[];
  readonly agents: readonly (readonly [string, string | null])[];
  readonly timers: readonly (readonly [string, number | null])[];
  readonly entries: readonly string[];
  readonly trim: number;
  readonly feed: boolean;
};
type Step =
  | { readonly do: 'claim'; readonly owner: number; readonly above: boolean }
  | { readonly do: 'commit'; readonly owner: number; readonly change: Change }
  | { readonly do: 'repeat'; readonly owner: number };

const key: fc.Arbitrary<string> = fc.constantFrom('a', 'b', 'é', '\uff5e', '\u{1f600}', 'tenant/x%2Fy');
const value = fc.option(fc.string({ unit: 'grapheme', maxLength: 6 }), { freq: 3 });
const dueTime: fc.Arbitrary<number | null> = fc.option(fc.nat(5), { freq: 3 });
const changes: fc.Arbitrary<Change> = fc.record({
  // Mostly the right position; a wrong one must be answered `moved`.
  shift: fc.constantFrom<(number | 'none')[]>(0, 0, 0, 0, 0, 0, 0, 0, -1, 1, 'none'),
  advance: fc.nat(3),
  states: fc.array(fc.tuple(key, value), { maxLength: 4 }),
  agents: fc.array(fc.tuple(key, value), { maxLength: 2 }),
  timers: fc.array(fc.tuple(key, dueTime), { maxLength: 4 }),
  entries: fc.array(fc.string({ maxLength: 3 }), { maxLength: 3 }),
  trim: fc.nat(4),
  feed: fc.boolean(),
});
const owner = fc.nat(1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('claim' as const), owner, above: fc.boolean() }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constant('commit' as const), owner, change: changes }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('repeat' as const), owner }) },
);

/** A store's promises in the plainest words: one partition, one object, no way to fail. */
function plainModel() {
  let claim: Claim | null = null;
  let next: number | null = null;
  let meta: string | null = null;
  let last: Commit | null = null;
  const tables: Record<TableName, Map<string, string>> = {
    states: new Map(),
    agents: new Map(),
    requests: new Map(),
  };
  const timers = new Map<string, number>();
  const outbox = new Map<number, Uint8Array>();
  const feed: FeedEntry[] = [];
  let outboxNext = 0;
  let trimmed = 0;

  function put<T>(into: Map<string, T>, changes_: ReadonlyMap<string, T | null>): void {
    for (const [name, one] of changes_) {
      if (one === null) into.delete(name);
      else into.set(name, one);
    }
  }

  function leave({ next: position, tables: changed }: Commit, token: string): void {
    const subjects = [...(changed.get('states')?.keys() ?? [])].sort();
    if (subjects.length > 0 || position !== next)
      feed.push({ number: feed.length + 1, owner: token, next: position, subjects });
  }

  function apply(commit: Commit): void {
    if (commit.feed) leave(commit, claim?.token ?? '');
    for (const [name, fields] of commit.tables) put(tables[name], fields);
    put(timers, commit.timers);
    for (const [i, entry] of commit.outbox.entries()) outbox.set(commit.outboxFrom + i, entry);
    for (const number of outbox.keys()) if (number < commit.outboxTrim) outbox.delete(number);
    outboxNext = Math.max(outboxNext, commit.outboxFrom + commit.outbox.length);
    trimmed = Math.max(trimmed, commit.outboxTrim);
    ({ next, meta } = commit);
    last = commit;
  }

  return {
    position: () => next,
    outboxEnds: () => ({ trimmed, outboxNext }),
    claim(token: string, above: number | undefined): Claim | 'refused' {
      if (above !== undefined && claim !== null && claim.epoch > above) return 'refused';
      claim = { epoch: (claim?.epoch ?? 0) + 1, token };
      last = null;
      return claim;
    },
    commit(mine: Claim, commit: Commit): CommitAnswer {
      if (claim === null || claim.epoch < mine.epoch) return { ok: false, why: 'moved' };
      if (claim.epoch > mine.epoch) return { ok: false, why: 'fenced' };
      if (claim.token !== mine.token) return { ok: false, why: 'moved' };
      if (last === commit) return { ok: true };
      if (commit.expected !== next) return { ok: false, why: 'moved' };
      apply(commit);
      return { ok: true };
    },
    sight: () => ({
      next,
      meta,
      ...tables,
      timers: [...timers]
        .map(([name, due]) => ({ key: name, due }))
        .sort((a, b) => a.due - b.due || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key))),
      outbox: [...outbox].map(([number, entry]) => ({ number, entry: [...entry] })).sort((a, b) => a.number - b.number),
      feed,
    }),
  };
}

type Model = ReturnType<typeof plainModel>;

function commitOf(model: Model, made: Change): Commit {
  const at = model.position();
  const { trimmed, outboxNext } = model.outboxEnds();
  const expected = made.shift === 'none' ? null : made.shift === 0 ? at : (at ?? 0) + made.shift;
  return change({
    expected,
    next: (at ?? 0) + made.advance,
    // Its own, so that two commits are never the same by chance: an adapter may know a repeat by its content.
    meta: freshToken(),
    tables: new Map([
      ['states', new Map(made.states)],
      ['agents', new Map(made.agents)],
    ]),
    timers: new Map(made.timers),
    outboxFrom: outboxNext,
    outbox: made.entries.map(bytes),
    outboxTrim: Math.min(trimmed + made.trim, outboxNext + made.entries.length),
    feed: made.feed,
  });
}

async function follow(store: Store, at: At, steps: readonly Step[]): Promise<void> {
  const model = plainModel();
  const claims: (Claim | undefined)[] = [];
  const lasts: (Commit | undefined)[] = [];
  for (const one of steps) {
    const mine = claims[one.owner];
    if (one.do === 'claim') {
      const token = freshToken();
      const above = one.above ? mine?.epoch : undefined;
      const expected = model.claim(token, above);
      const taken = store.claim(at, token, above);
      if (expected === 'refused') {
        await expect(taken).rejects.toBeInstanceOf(Refused);
      } else {
        expect((await taken).claim).toEqual(expected);
        claims[one.owner] = expected;
      }
      // A commit of an earlier claim is never repeated under a new one.
      lasts[one.owner] = undefined;
    } else if (mine !== undefined) {
      const commit = one.do === 'commit' ? commitOf(model, one.change) : lasts[one.owner];
      if (commit !== undefined) {
        expect(await store.commit(at, mine, commit)).toEqual(model.commit(mine, commit));
        lasts[one.owner] = commit;
      }
    }
    expect(await sight(store, at)).toEqual(model.sight());
  }
}

export function modelTests(store: () => Store): void {
  it('does what a plain model does, whatever two owners do', { timeout: 2 * CONTRACT_TEST_MS }, async () => {
    const histories = fc.array(step, { maxLength: STEPS });
    // A failure prints its seed and the shortest history that shows it.
    await fc.assert(
      fc.asyncProperty(histories, async (steps) => follow(store(), place(), steps)),
      { numRuns: HISTORIES },
    );
  });
}
