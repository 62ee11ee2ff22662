import type { GenerationBook, Store } from '@callfold/engine';
import { Refused } from '@callfold/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytes, change, CONTRACT_TEST_MS, freshToken, place, scanAll, sight } from './store-harness.ts';

export type GenerationsHarness = {
  book: GenerationBook;
  /** Of the generation with this key. */
  store(key: string): Store;
  close(): Promise<void>;
};

/** What every `GenerationBook` of ports.ts promises. */
export function generationsContract(name: string, make: () => Promise<GenerationsHarness>): void {
  describe(`${name}: generations`, { timeout: CONTRACT_TEST_MS }, () => {
    let harness!: GenerationsHarness;
    beforeAll(async () => {
      harness = await make();
    });
    afterAll(async () => harness?.close());

    it('are written when the version read still stands, once, and again after a lost answer', async () => {
      const { book } = harness;
      expect(await book.read()).toBeNull();
      expect(await book.write(0, 'one')).toBe(true);
      expect(await book.write(0, 'one')).toBe(true);
      expect(await book.write(0, 'other')).toBe(false);
      expect(await book.read()).toEqual({ version: 1, text: 'one' });
      expect(await book.write(1, 'two ✓')).toBe(true);
      expect(await book.write(0, 'one')).toBe(false);
      expect(await book.read()).toEqual({ version: 2, text: 'two ✓' });
    });

    it('are written by one of many who read the same version', async () => {
      const { book } = harness;
      const { version = 0 } = (await book.read()) ?? {};
      const wrote = await Promise.all(Array.from({ length: 20 }, (_, n) => book.write(version, `by ${n}`)));
      expect(wrote.filter(Boolean)).toHaveLength(1);
      expect(await book.read()).toEqual({ version: version + 1, text: `by ${wrote.indexOf(true)}` });
    });

    it('go in slices with all that is kept, and nobody writes them any more', async () => {
      const { book } = harness;
      const at = place();
      const [store, other] = [harness.store('1.2'), harness.store('1.3')];
      const fields = (count: number): Map<string, string | null> =>
        new Map(Array.from({ length: count }, (_, n) => [`default/${n}`, `text ${n}`]));
      const kept = change({
        expected: null,
        next: 7,
        tables: new Map([
          ['states', fields(3_500)],
          ['agents', fields(3)],
        ]),
        timers: new Map(Array.from({ length: 1_500 }, (_, n) => [`default/${n}`, n])),
        outbox: [bytes('entry')],
      });
      await store.ask(at, new Map([['one', 'request']]));
      const { claim } = await store.claim(at, freshToken());
      expect(await store.commit(at, claim, kept)).toEqual({ ok: true });
      const others = await other.claim(at, freshToken());
      expect(await other.commit(at, others.claim, kept)).toEqual({ ok: true });
      const before = await sight(other, at);

      const slices: number[] = [];
      for await (const gone of book.drop('1.2', at)) slices.push(gone);
      expect(slices.reduce((sum, one) => sum + one, 0)).toBe(3_500 + 3 + 1_500 + 1 + 1);
      expect(Math.max(...slices)).toBeLessThanOrEqual(2_000);
      expect(slices.length).toBeGreaterThan(4);
      expect(await store.peek(at)).toBeNull();
      expect(await scanAll(store, at, 'states')).toEqual(new Map());
      expect(await store.timers(at, Infinity, 10)).toEqual([]);
      await expect(store.commit(at, claim, change({ expected: 7, next: 8 }))).rejects.toThrow(Refused);
      await expect(store.claim(at, freshToken())).rejects.toThrow(Refused);
      for await (const gone of book.drop('1.2', at)) expect(gone).toBe(0);
      expect(await sight(other, at)).toEqual(before);
    });
  });
}
