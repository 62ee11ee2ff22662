import { describe, expect, it } from 'vitest';
import type { At, Claim, Commit, Store } from '@callfold/engine';
import { change, CONTRACT_TEST_MS, freshToken, place, states } from './store-harness.ts';

const KEPT_LEAST = 1_000;
/** Commits of many subjects each, which leave many entries: as many commits would take long where each is flushed. */
const COMMITS = 40;
const SUBJECTS = 7_000;

const fed = (part: Parameters<typeof change>[0]): Commit => change({ ...part, feed: true });

async function claimed(store: Store): Promise<{ at: At; claim: Claim }> {
  const at = place();
  return { at, claim: (await store.claim(at, freshToken())).claim };
}

export function feedTests(store: () => Store): void {
  describe('change feed', { timeout: CONTRACT_TEST_MS }, () => {
    it('names the states that a commit set or took away, its owner, and the position after it', async () => {
      const { at, claim } = await claimed(store());
      const first = fed({ expected: null, next: 3, tables: states({ 'a/1': 'x', 'a/2': null, 'Ω/%2F 通': '' }) });
      expect(await store().commit(at, claim, first)).toEqual({ ok: true });
      const [entry, ...more] = await store().changes(at, 1, 10);
      expect(more).toEqual([]);
      expect({ ...entry, subjects: [...(entry?.subjects ?? [])].sort() }).toEqual({
        number: 1,
        owner: claim.token,
        next: 3,
        subjects: ['a/1', 'a/2', 'Ω/%2F 通'],
      });
    });

    it('has nothing of a commit that was not to be told, and an empty entry of one that only moves on', async () => {
      const { at, claim } = await claimed(store());
      await store().commit(at, claim, change({ expected: null, next: 1, tables: states({ a: '1' }) }));
      expect(await store().changes(at, 'last', 10)).toEqual([]);
      await store().commit(at, claim, fed({ expected: 1, next: 2 }));
      await store().commit(at, claim, fed({ expected: 2, next: 2, timers: new Map([['t', 5]]) }));
      expect(await store().changes(at, 1, 10)).toEqual([{ number: 1, owner: claim.token, next: 2, subjects: [] }]);
    });

    it('has one entry of a commit that is repeated, and none of one that is refused', async () => {
      const { at, claim } = await claimed(store());
      const one = fed({ expected: null, next: 1, tables: states({ a: '1' }) });
      for (const turn of [1, 2, 3]) expect(await store().commit(at, claim, one), `turn ${turn}`).toEqual({ ok: true });
      await store().claim(at, freshToken());
      const late = fed({ expected: 1, next: 2, tables: states({ zombie: '1' }) });
      expect(await store().commit(at, claim, late)).toEqual({ ok: false, why: 'fenced' });
      expect((await store().changes(at, 0, 10)).map(({ subjects }) => subjects)).toEqual([['a']]);
    });

    it('counts on under the next owner, whom it names, and is read from any number on', async () => {
      const { at, claim } = await claimed(store());
      await store().commit(at, claim, fed({ expected: null, next: 1, tables: states({ a: '1' }) }));
      await store().commit(at, claim, fed({ expected: 1, next: 2, tables: states({ b: '1' }) }));
      const { claim: later } = await store().claim(at, freshToken());
      await store().commit(at, later, fed({ expected: 2, next: 3, tables: states({ c: '1' }) }));
      const all = await store().changes(at, 0, 10);
      expect(all.map(({ number, owner }) => [number, owner])).toEqual([
        [1, claim.token],
        [2, claim.token],
        [3, later.token],
      ]);
      expect(await store().changes(at, 2, 10)).toEqual(all.slice(1));
      expect(await store().changes(at, 2, 1)).toEqual(all.slice(1, 2));
      expect(await store().changes(at, 4, 10)).toEqual([]);
      expect(await store().changes(at, 'last', 10)).toEqual(all.slice(2));
    });

    it('tells of many subjects in several entries, of each once', async () => {
      const { at, claim } = await claimed(store());
      const fields = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`t/${i}`, i % 3 === 0 ? null : 'x']));
      await store().commit(at, claim, fed({ expected: null, next: 1, tables: states(fields) }));
      const entries = await store().changes(at, 1, 100);
      expect(entries.length).toBeGreaterThan(1);
      expect(entries.map(({ number, next }) => [number, next])).toEqual(entries.map((_, i) => [i + 1, 1]));
      expect(entries.flatMap(({ subjects }) => subjects).sort()).toEqual(Object.keys(fields).sort());
    });

    it('keeps the last entries only, without a gap among them', async () => {
      const { at, claim } = await claimed(store());
      const gone = Object.fromEntries(Array.from({ length: SUBJECTS }, (_, i) => [`nobody/${i}`, null]));
      for (let next = 1; next <= COMMITS; next += 1) {
        const commit = fed({ expected: next === 1 ? null : next - 1, next, tables: states(gone) });
        expect(await store().commit(at, claim, commit)).toEqual({ ok: true });
      }
      const [last] = await store().changes(at, 'last', 1);
      const entries = await store().changes(at, 1, 100_000);
      expect(entries.length).toBeGreaterThanOrEqual(KEPT_LEAST);
      expect(entries.length).toBeLessThan(last?.number ?? 0);
      const first = (last?.number ?? 0) - entries.length + 1;
      expect(entries.map(({ number }) => number)).toEqual(entries.map((_, i) => first + i));
      expect(entries.at(-1)).toEqual(last);
    });
  });
}
