import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MakeStore, StoreFeatures, StoreHarness } from './store-harness.ts';
import { bytes, change, CONTRACT_TEST_MS, freshToken, place, sight, states } from './store-harness.ts';

export function handleTests(name: string, make: MakeStore, features: StoreFeatures): void {
  describe(`${name}: store handles`, { timeout: CONTRACT_TEST_MS }, () => {
    let harness!: StoreHarness;
    beforeEach(async () => {
      harness = await make();
    });
    afterEach(async () => harness.close());

    it.runIf(features.durable)('keeps everything over a restart', async () => {
      const before = await harness.open();
      const at = place();
      const { claim } = await before.claim(at, freshToken());
      const commit = change({
        expected: null,
        next: 5,
        tables: states({ a: 'ß', b: '2' }),
        timers: new Map([['a', 7]]),
        outbox: [bytes('x'), bytes('y')],
        outboxTrim: 1,
      });
      await before.commit(at, claim, commit);
      const seen = await sight(before, at);
      const after = await harness.reopen();
      expect(await sight(after, at)).toEqual(seen);
      expect(await after.peek(at)).toEqual({ next: 5, meta: 'meta of 5', claim });
      expect((await after.claim(at, freshToken())).claim.epoch).toBe(claim.epoch + 1);
    });

    it.runIf(features.multiProcess)('lets one owner take over from another', async () => {
      const [a, b] = [await harness.open(), await harness.open()];
      const at = place();
      const first = await a.claim(at, freshToken());
      const one = change({ expected: null, next: 5, tables: states({ k: 'a' }) });
      expect(await a.commit(at, first.claim, one)).toEqual({ ok: true });
      const second = await b.claim(at, freshToken());
      expect(second).toMatchObject({ next: 5, claim: { epoch: first.claim.epoch + 1 } });
      const late = change({ expected: 5, next: 6, tables: states({ k: 'late' }) });
      expect(await a.commit(at, first.claim, late)).toEqual({ ok: false, why: 'fenced' });
      expect(await b.read(at, 'states', ['k'])).toEqual(['a']);
      const two = change({ expected: 5, next: 6, tables: states({ k: 'b' }) });
      expect(await b.commit(at, second.claim, two)).toEqual({ ok: true });
      expect(await a.read(at, 'states', ['k'])).toEqual(['b']);
    });

    it.runIf(features.multiProcess)('gives each of many claims at once an epoch of its own', async () => {
      const handles = [await harness.open(), await harness.open()];
      const at = place();
      const claims = await Promise.all(
        Array.from({ length: 8 }, (_, i) => handles[i % 2]!.claim(at, freshToken()).then((stored) => stored.claim)),
      );
      expect(claims.map(({ epoch }) => epoch).sort((x, y) => x - y)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      const newest = claims.find(({ epoch }) => epoch === 8)!;
      for (const [i, claim] of claims.entries()) {
        const answer = await handles[i % 2]!.commit(at, claim, change({ expected: null, next: 1, meta: claim.token }));
        expect(answer).toEqual(claim === newest ? { ok: true } : { ok: false, why: 'fenced' });
      }
      expect((await handles[0]!.peek(at))?.meta).toBe(newest.token);
    });
  });
}
