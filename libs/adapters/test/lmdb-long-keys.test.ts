import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMBEDDED_LIMITS } from '../src/lmdb/limits.ts';
import { change, freshToken, place, scanAll, states } from './contract/store-harness.ts';
import { opened } from './lmdb-harness.ts';

const EDGE = EMBEDDED_LIMITS.keyTailBytes;

describe('fields and timers too long for a key of the store', () => {
  it('are kept, replaced, scanned and taken away as any other', async () => {
    const { embedded, close } = await opened();
    const { store } = embedded.member('group');
    const at = place();
    const { claim } = await store.claim(at, freshToken());
    const fields = [EDGE - 33, EDGE - 32, EDGE - 1, EDGE, EDGE + 1, 20_000].map((length) => 'k'.repeat(length));
    const one = Object.fromEntries(fields.map((field, i) => [field, i === 0 ? '' : `1\n${i}`]));
    await store.commit(at, claim, change({ expected: null, next: 1, tables: states(one) }));
    expect(await store.read(at, 'states', fields)).toEqual(Object.values(one));
    expect(await scanAll(store, at, 'states')).toEqual(new Map(Object.entries(one)));
    const two = { [fields[3]!]: 'new', [fields[5]!]: null };
    await store.commit(at, claim, change({ expected: 1, next: 2, tables: states(two) }));
    const left = { ...one, [fields[3]!]: 'new' };
    delete left[fields[5]!];
    expect(await scanAll(store, at, 'states')).toEqual(new Map(Object.entries(left)));
    await close();
  });

  it('fire in the order of (due, key bytes), however the limit cuts them', { timeout: 60_000 }, async () => {
    const { embedded, close } = await opened();
    const { store } = embedded.member('group');
    const tail = fc.string({ unit: fc.constantFrom('a', 'b', 'é'), maxLength: 3 });
    const key = fc
      .tuple(fc.constantFrom(0, EDGE - 35, EDGE - 32, EDGE - 2, EDGE + 40), tail)
      .map(([length, end]) => `${'k'.repeat(length)}${end}k`);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(key, fc.nat(1)), { maxLength: 25 }), fc.nat(25), async (given, limit) => {
        const at = place();
        const { claim } = await store.claim(at, freshToken());
        const timers = new Map(given);
        await store.commit(at, claim, change({ expected: null, next: 1, timers }));
        const inOrder = [...timers]
          .map(([name, due]) => ({ key: name, due }))
          .sort((a, b) => a.due - b.due || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
        expect(await store.timers(at, 1, limit)).toEqual(inOrder.slice(0, limit));
        const off = new Map([...timers.keys()].map((name) => [name, null]));
        await store.commit(at, claim, change({ expected: 1, next: 2, timers: off }));
        expect(await store.timers(at, 1, 100)).toEqual([]);
      }),
      { numRuns: 60 },
    );
    await close();
  });
});
