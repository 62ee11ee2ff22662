import { describe, expect, it } from 'vitest';
import type { Store } from '@callfold/engine';
import { Refused } from '@callfold/engine';
import { change, CONTRACT_TEST_MS, freshToken, place, sight, states } from './store-harness.ts';

export function claimTests(store: () => Store): void {
  describe('claim', { timeout: CONTRACT_TEST_MS }, () => {
    it('answers no position for a partition never committed, with the token and a first epoch', async () => {
      const token = freshToken();
      const stored = await store().claim(place(), token);
      expect(stored).toEqual({ next: null, meta: null, claim: { epoch: 1, token } });
    });

    it('takes the next epoch each time', async () => {
      const at = place();
      const epochs: number[] = [];
      for (let turn = 0; turn < 4; turn += 1) epochs.push((await store().claim(at, freshToken())).claim.epoch);
      expect(epochs).toEqual([1, 2, 3, 4]);
    });

    it('answers the same when it is repeated with its token, and does not fence itself', async () => {
      const at = place();
      const token = freshToken();
      const first = await store().claim(at, token);
      const again = await store().claim(at, token);
      expect(again).toEqual(first);
      expect(await store().commit(at, first.claim, change({ expected: null, next: 3 }))).toEqual({ ok: true });
    });

    it('answers what was committed', async () => {
      const at = place();
      const { claim } = await store().claim(at, freshToken());
      await store().commit(at, claim, change({ expected: null, next: 7, meta: '{"a":"ü"}' }));
      const token = freshToken();
      expect(await store().claim(at, token)).toEqual({
        next: 7,
        meta: '{"a":"ü"}',
        claim: { epoch: claim.epoch + 1, token },
      });
    });

    it('leaves what is stored as it is', async () => {
      const at = place();
      const { claim } = await store().claim(at, freshToken());
      await store().commit(at, claim, change({ expected: null, next: 7, tables: states({ a: '1' }) }));
      const before = await sight(store(), at);
      await store().claim(at, freshToken());
      expect(await sight(store(), at)).toEqual(before);
    });

    it('is refused, and changes nothing, when a newer owner than `above` holds the partition', async () => {
      const at = place();
      const mine = await store().claim(at, freshToken());
      const theirs = await store().claim(at, freshToken());
      await expect(store().claim(at, freshToken(), mine.claim.epoch)).rejects.toBeInstanceOf(Refused);
      expect(await store().commit(at, theirs.claim, change({ expected: null, next: 1 }))).toEqual({ ok: true });
    });

    it('is taken again by its own holder, `above` being the epoch held', async () => {
      const at = place();
      const mine = await store().claim(at, freshToken());
      const again = await store().claim(at, freshToken(), mine.claim.epoch);
      expect(again.claim.epoch).toBe(mine.claim.epoch + 1);
    });

    it('is taken when the store has forgotten the claim of `above` (an older copy took over)', async () => {
      const at = place();
      const mine = await store().claim(at, freshToken(), 41);
      expect(mine.claim.epoch).toBeGreaterThan(0);
      expect(await store().commit(at, mine.claim, change({ expected: null, next: 1 }))).toEqual({ ok: true });
    });

    it('of one partition says nothing about another', async () => {
      const first = place();
      const others = [
        { topic: first.topic, partition: first.partition + 1 },
        { topic: `${first.topic}/1`, partition: first.partition },
      ];
      const { claim } = await store().claim(first, freshToken());
      const commit = change({
        expected: null,
        next: 5,
        tables: states({ a: '1' }),
        timers: new Map([['a', 1]]),
        outbox: [new Uint8Array([1])],
      });
      await store().commit(first, claim, commit);
      for (const other of others) {
        expect(await store().claim(other, freshToken())).toMatchObject({ next: null, meta: null, claim: { epoch: 1 } });
        expect(await sight(store(), other)).toMatchObject({ next: null, timers: [], outbox: [], states: new Map() });
      }
    });
  });

  describe('peek', { timeout: CONTRACT_TEST_MS }, () => {
    it('sees nothing where nothing was claimed, and claims nothing', async () => {
      const at = place();
      expect(await store().peek(at)).toBeNull();
      expect((await store().claim(at, freshToken())).claim.epoch).toBe(1);
    });

    it('sees the position, the meta and the claim, and leaves the claim in force', async () => {
      const at = place();
      const { claim } = await store().claim(at, freshToken());
      await store().commit(at, claim, change({ expected: null, next: 12, meta: 'm' }));
      expect(await store().peek(at)).toEqual({ next: 12, meta: 'm', claim });
      expect(await store().commit(at, claim, change({ expected: 12, next: 13 }))).toEqual({ ok: true });
    });
  });
}
