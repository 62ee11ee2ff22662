import { describe, expect, it } from 'vitest';
import type { Store } from '@callfold/engine';
import { change, CONTRACT_TEST_MS, freshToken, place, scanAll, states } from './store-harness.ts';

const MANY = 20_000;
const MIB = 1_048_576;

export function sizeTests(store: () => Store): void {
  describe('sizes', { timeout: CONTRACT_TEST_MS }, () => {
    it('takes 20,000 fields, timers and entries in one commit, and takes them away in one', async () => {
      const at = place();
      const { claim } = await store().claim(at, freshToken());
      const keys = Array.from({ length: MANY }, (_, i) => `default/call-${i}`);
      const big = change({
        expected: null,
        next: MANY,
        tables: new Map([
          ['states', new Map(keys.map((key) => [key, `{"state of":"${key}"}`]))],
          ['agents', new Map(keys.map((key) => [`${key}/Алиса`, 'ringing']))],
        ]),
        timers: new Map(keys.map((key, i) => [key, i])),
        outbox: keys.map((key) => new TextEncoder().encode(key)),
      });
      expect(await store().commit(at, claim, big)).toEqual({ ok: true });
      expect(await store().commit(at, claim, big)).toEqual({ ok: true });
      const read = await store().read(at, 'states', [...keys, 'nobody']);
      expect(read.slice(0, MANY)).toEqual(keys.map((key) => `{"state of":"${key}"}`));
      expect(read[MANY]).toBeNull();
      expect((await scanAll(store(), at, 'agents')).size).toBe(MANY);
      expect((await store().timers(at, MANY, MANY + 1)).map(({ key }) => key)).toEqual(keys);
      expect((await store().outbox(at)).map(({ number }) => number)).toEqual(keys.map((_, i) => i));

      const gone = change({
        expected: MANY,
        next: MANY + 1,
        tables: new Map([
          ['states', new Map(keys.map((key) => [key, null]))],
          ['agents', new Map(keys.map((key) => [`${key}/Алиса`, null]))],
        ]),
        timers: new Map(keys.map((key) => [key, null])),
        outboxFrom: MANY,
        outboxTrim: MANY,
      });
      expect(await store().commit(at, claim, gone)).toEqual({ ok: true });
      expect(await scanAll(store(), at, 'states')).toEqual(new Map());
      expect(await scanAll(store(), at, 'agents')).toEqual(new Map());
      expect(await store().timers(at, MANY, 10)).toEqual([]);
      expect(await store().outbox(at)).toEqual([]);
    });

    it('takes values and entries of 1 MiB', async () => {
      const at = place();
      const { claim } = await store().claim(at, freshToken());
      const latin = 'x'.repeat(MIB);
      const wide = '語'.repeat(MIB / 4) + '👩'.repeat(16);
      const entry = Uint8Array.from({ length: MIB }, (_, i) => i % 251);
      const commit = change({ expected: null, next: 1, meta: wide, tables: states({ latin, wide }), outbox: [entry] });
      expect(await store().commit(at, claim, commit)).toEqual({ ok: true });
      const [first, second] = await store().read(at, 'states', ['latin', 'wide']);
      expect(first === latin).toBe(true);
      expect(second === wide).toBe(true);
      expect((await store().peek(at))?.meta === wide).toBe(true);
      const [kept] = await store().outbox(at);
      expect(Buffer.from(kept!.entry).equals(entry)).toBe(true);
    });
  });
}
