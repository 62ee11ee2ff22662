import { describe, expect, it } from 'vitest';
import type { At, Commit, Store, Timer } from '@callfold/engine';
import { bytes, change, CONTRACT_TEST_MS, freshToken, place, scanAll, states } from './store-harness.ts';

/** Commits the parts one after the other, from offset 0 on, in a fresh partition. */
async function committed(store: Store, ...parts: readonly Partial<Commit>[]): Promise<At> {
  const at = place();
  const { claim } = await store.claim(at, freshToken());
  for (const [turn, part] of parts.entries()) {
    const commit = change({ ...part, expected: turn === 0 ? null : turn, next: turn + 1 });
    expect(await store.commit(at, claim, commit)).toEqual({ ok: true });
  }
  return at;
}

const ODD_TEXTS = [
  '',
  ' ',
  'a\0b',
  'line\r\nline',
  '$5\r\nhello\r\n',
  'Сontact',
  'Ω≈ç√',
  '通話終了',
  '👩‍👩‍👧 is gone',
  '\u{10ffff}',
  '\ufeff',
  '"quoted" \\ {tag}',
  '%2F/%',
];

export function contentTests(store: () => Store): void {
  describe('tables', { timeout: CONTRACT_TEST_MS }, () => {
    it('answer values in the order asked for, and null where there is none', async () => {
      const at = await committed(store(), { tables: states({ a: '1', b: '2', c: '' }) });
      expect(await store().read(at, 'states', ['c', 'nobody', 'a', 'a'])).toEqual(['', null, '1', '1']);
      expect(await store().read(at, 'states', [])).toEqual([]);
    });

    it('are set, replaced, and deleted by null', async () => {
      const at = await committed(
        store(),
        { tables: states({ a: '1', b: '2', c: '3' }) },
        { tables: states({ a: '10', b: null, nobody: null }) },
      );
      expect(await scanAll(store(), at, 'states')).toEqual(
        new Map([
          ['a', '10'],
          ['c', '3'],
        ]),
      );
    });

    it('are apart from each other', async () => {
      const at = await committed(
        store(),
        {
          tables: new Map([
            ['states', new Map([['x', 'state']])],
            ['agents', new Map([['x', 'agent']])],
          ]),
        },
        { tables: new Map([['agents', new Map([['x', null]])]]) },
      );
      expect(await store().read(at, 'states', ['x'])).toEqual(['state']);
      expect(await store().read(at, 'agents', ['x'])).toEqual([null]);
    });

    it('keep any text, as field and as value', async () => {
      const odd = Object.fromEntries(ODD_TEXTS.map((text) => [text, text]));
      const at = await committed(store(), { meta: ODD_TEXTS.join('|'), tables: states(odd) });
      expect(await store().read(at, 'states', ODD_TEXTS)).toEqual(ODD_TEXTS);
      expect(await scanAll(store(), at, 'states')).toEqual(new Map(ODD_TEXTS.map((text) => [text, text])));
      expect((await store().peek(at))?.meta).toBe(ODD_TEXTS.join('|'));
    });

    it('are scanned whole, in slices; an empty one has none', async () => {
      const fields = new Map(Array.from({ length: 3_000 }, (_, i): [string, string] => [`tenant/${i}`, `value ${i}`]));
      const at = await committed(store(), { tables: new Map([['states', fields]]) });
      expect(await scanAll(store(), at, 'states')).toEqual(fields);
      let slices = 0;
      for await (const slice of store().scan(at, 'states')) slices += slice.length > 0 ? 1 : 0;
      expect(slices).toBeGreaterThan(1);
      expect(await scanAll(store(), at, 'agents')).toEqual(new Map());
    });
  });

  describe('requests', { timeout: CONTRACT_TEST_MS }, () => {
    it('are laid down by anybody, owner or none, and taken off by the owner with what it commits', async () => {
      const at = place();
      await store().ask(at, new Map([['before', 'any owner']]));
      expect(await store().peek(at)).toBeNull();
      const { claim, next } = await store().claim(at, freshToken());
      expect(next).toBeNull();
      expect(await store().commit(at, claim, change({ expected: null, next: 1 }))).toEqual({ ok: true });
      await store().ask(at, new Map(ODD_TEXTS.map((text) => [`odd ${text}`, text])));
      await store().ask(at, new Map([['before', 'another text']]));
      expect(await store().read(at, 'requests', ['before', 'nobody'])).toEqual(['another text', null]);
      const taken = ODD_TEXTS.map((text): [string, null] => [`odd ${text}`, null]);
      const commit = change({ expected: 1, next: 1, tables: new Map([['requests', new Map(taken)]]) });
      expect(await store().commit(at, claim, commit)).toEqual({ ok: true });
      // What was laid down after the owner looked stays, also when the commit is repeated.
      await store().ask(at, new Map([['later', 'x']]));
      expect(await store().commit(at, claim, commit)).toEqual({ ok: true });
      expect(await scanAll(store(), at, 'requests')).toEqual(
        new Map([
          ['before', 'another text'],
          ['later', 'x'],
        ]),
      );
    });

    it('are not taken by who is the owner no more', async () => {
      const at = place();
      const old = await store().claim(at, freshToken());
      await store().claim(at, freshToken());
      await store().ask(at, new Map([['a', 'b']]));
      const commit = change({ expected: null, next: 1, tables: new Map([['requests', new Map([['a', null]])]]) });
      expect(await store().commit(at, old.claim, commit)).toEqual({ ok: false, why: 'fenced' });
      expect(await scanAll(store(), at, 'requests')).toEqual(new Map([['a', 'b']]));
    });
  });

  describe('timers', { timeout: CONTRACT_TEST_MS }, () => {
    const due = (store_: Store, at: At, upTo: number, limit: number): Promise<Timer[]> =>
      store_.timers(at, upTo, limit);

    it('come by due time, and at one time by the bytes of their keys', async () => {
      // As UTF-16 the last two stand the other way round: U+1F600 begins with a surrogate, below U+FF5E.
      const ties = ['B', 'a', 'aa', 'z', 'é', 'Ж', '\uff5e', '\u{1f600}'];
      const shuffled = [5, 2, 7, 0, 6, 3, 1, 4].map((i) => ties[i]!);
      const timers = new Map<string, number>([
        ['late', 2_000],
        ...shuffled.map((key): [string, number] => [key, 1_000]),
      ]);
      timers.set('zzz early', 999);
      const at = await committed(store(), { timers });
      expect(await due(store(), at, 5_000, 100)).toEqual([
        { key: 'zzz early', due: 999 },
        ...ties.map((key) => ({ key, due: 1_000 })),
        { key: 'late', due: 2_000 },
      ]);
    });

    it('are due at their time and not before, at most so many', async () => {
      const at = await committed(store(), {
        timers: new Map([
          ['a', 100],
          ['b', 101],
          ['c', 102],
        ]),
      });
      expect(await due(store(), at, 99, 10)).toEqual([]);
      expect(await due(store(), at, 101, 10)).toEqual([
        { key: 'a', due: 100 },
        { key: 'b', due: 101 },
      ]);
      expect(await due(store(), at, 200, 2)).toEqual([
        { key: 'a', due: 100 },
        { key: 'b', due: 101 },
      ]);
      expect(await due(store(), at, 200, 0)).toEqual([]);
      expect((await due(store(), at, Infinity, 10)).length).toBe(3);
      expect(await due(store(), at, -Infinity, 10)).toEqual([]);
    });

    it('are one a key: a later one replaces, null takes it off', async () => {
      const at = await committed(
        store(),
        {
          timers: new Map([
            ['a', 100],
            ['b', 200],
            ['c', 300],
          ]),
        },
        {
          timers: new Map<string, number | null>([
            ['a', 400],
            ['b', null],
            ['nobody', null],
          ]),
        },
      );
      expect(await due(store(), at, 1_000, 10)).toEqual([
        { key: 'c', due: 300 },
        { key: 'a', due: 400 },
      ]);
    });

    it('keep exact milliseconds, whatever the time', async () => {
      const times = [0, 1, 1_767_225_599_999, 1_767_225_600_000, 4_133_980_799_999, Number.MAX_SAFE_INTEGER];
      const at = await committed(store(), { timers: new Map(times.map((time, i) => [`t${i}`, time])) });
      expect((await due(store(), at, Number.MAX_SAFE_INTEGER, 10)).map((timer) => timer.due)).toEqual(times);
    });

    it('keep any key', async () => {
      const keys = ODD_TEXTS.filter((text) => text !== '');
      const at = await committed(store(), { timers: new Map(keys.map((key) => [key, 7])) });
      expect(new Set((await due(store(), at, 7, 100)).map(({ key }) => key))).toEqual(new Set(keys));
    });
  });

  describe('outbox', { timeout: CONTRACT_TEST_MS }, () => {
    it('keeps entries by number, ascending, whatever their bytes', async () => {
      const all = Uint8Array.from({ length: 256 }, (_, i) => i);
      const at = await committed(
        store(),
        { outboxFrom: 0, outbox: [all, new Uint8Array()] },
        { outboxFrom: 2, outbox: [bytes('été')] },
      );
      const entries = await store().outbox(at);
      expect(entries.map(({ number }) => number)).toEqual([0, 1, 2]);
      expect(entries.map(({ entry }) => [...entry])).toEqual([[...all], [], [...bytes('été')]]);
    });

    it('drops what is below the trim, and counts on', async () => {
      const entries = Array.from({ length: 20 }, (_, i) => bytes(`entry ${i}`));
      const at = await committed(
        store(),
        { outboxFrom: 100, outbox: entries.slice(0, 12) },
        { outboxFrom: 112, outbox: entries.slice(12), outboxTrim: 110 },
      );
      const left = await store().outbox(at);
      expect(left.map(({ number }) => number)).toEqual([110, 111, 112, 113, 114, 115, 116, 117, 118, 119]);
      expect(left.map(({ entry }) => [...entry])).toEqual(entries.slice(10).map((entry) => [...entry]));
    });

    it('is empty when all is trimmed, and takes entries again', async () => {
      const at = await committed(
        store(),
        { outboxFrom: 0, outbox: [bytes('a'), bytes('b')] },
        { outboxFrom: 2, outboxTrim: 2 },
        { outboxFrom: 2, outbox: [bytes('c')], outboxTrim: 2 },
      );
      expect((await store().outbox(at)).map(({ number }) => number)).toEqual([2]);
    });

    it('trims what comes in the same commit', async () => {
      const at = await committed(store(), { outboxFrom: 5, outbox: ['a', 'b', 'c'].map(bytes), outboxTrim: 7 });
      expect((await store().outbox(at)).map(({ number }) => number)).toEqual([7]);
    });

    it('is in the order of numbers, not of their digits, past a thousand entries', async () => {
      const entries = Array.from({ length: 2_500 }, (_, i) => bytes(String(i)));
      const at = await committed(store(), { outboxFrom: 0, outbox: entries });
      const found = await store().outbox(at);
      expect(found.map(({ number }) => number)).toEqual(entries.map((_, i) => i));
      expect(found.every(({ number, entry }) => new TextDecoder().decode(entry) === String(number))).toBe(true);
    });
  });
}
