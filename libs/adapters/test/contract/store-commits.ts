import { describe, expect, it } from 'vitest';
import type { At, Claim, Commit, CommitAnswer, Store } from '@callfold/engine';
import { bytes, change, CONTRACT_TEST_MS, freshToken, place, sight, states } from './store-harness.ts';

const OK: CommitAnswer = { ok: true };
const FENCED: CommitAnswer = { ok: false, why: 'fenced' };
const MOVED: CommitAnswer = { ok: false, why: 'moved' };

/** A commit that touches everything there is, so that a trace of it would be seen. */
function loud(expected: number | null, next: number): Commit {
  return change({
    expected,
    next,
    meta: `loud ${next}`,
    tables: new Map([
      [
        'states',
        new Map([
          ['loud', `state ${next}`],
          ['kept', null],
        ]),
      ],
      ['agents', new Map([['loud/agent', `agent ${next}`]])],
    ]),
    timers: new Map<string, number | null>([
      ['loud', next],
      ['kept', null],
    ]),
    outboxFrom: 1,
    outbox: [bytes(`loud ${next}`)],
    outboxTrim: 1,
    feed: true,
  });
}

/** A claimed partition at position 10, with one of everything. */
async function settled(store: Store): Promise<{ at: At; claim: Claim; before: object }> {
  const at = place();
  const { claim } = await store.claim(at, freshToken());
  const first = change({
    expected: null,
    next: 10,
    tables: states({ kept: 'yes' }),
    timers: new Map([['kept', 5]]),
    outbox: [bytes('kept')],
  });
  expect(await store.commit(at, claim, first)).toEqual(OK);
  return { at, claim, before: await sight(store, at) };
}

export function commitTests(store: () => Store): void {
  describe('commit: guards', { timeout: CONTRACT_TEST_MS }, () => {
    it('moves the position, and answers ok', async () => {
      const { at, claim } = await settled(store());
      expect(await store().commit(at, claim, change({ expected: 10, next: 11, meta: 'x' }))).toEqual(OK);
      expect(await store().peek(at)).toEqual({ next: 11, meta: 'x', claim });
    });

    it('answers fenced to an older claim, and writes nothing', async () => {
      const { at, claim, before } = await settled(store());
      await store().claim(at, freshToken());
      expect(await store().commit(at, claim, loud(10, 11))).toEqual(FENCED);
      expect(await store().commit(at, claim, loud(9, 11))).toEqual(FENCED);
      expect(await sight(store(), at)).toEqual(before);
    });

    it.each([
      ['lower than stored', 9],
      ['higher than stored', 11],
      ['none', null],
    ])('answers moved when the position expected is %s, and writes nothing', async (_, expected) => {
      const { at, claim, before } = await settled(store());
      expect(await store().commit(at, claim, loud(expected, 12))).toEqual(MOVED);
      expect(await sight(store(), at)).toEqual(before);
    });

    it('answers moved when a position is expected and none is stored', async () => {
      const at = place();
      const { claim } = await store().claim(at, freshToken());
      expect(await store().commit(at, claim, loud(0, 1))).toEqual(MOVED);
      expect(await store().peek(at)).toMatchObject({ next: null, meta: null });
    });

    it('answers moved when the token is not the stored one (the claim was lost, another has its epoch)', async () => {
      const { at, claim, before } = await settled(store());
      expect(await store().commit(at, { epoch: claim.epoch, token: freshToken() }, loud(10, 11))).toEqual(MOVED);
      expect(await sight(store(), at)).toEqual(before);
    });

    it('answers moved when the token is not the stored one, also where nothing was committed yet', async () => {
      const at = place();
      const { claim } = await store().claim(at, freshToken());
      const other = { epoch: claim.epoch, token: freshToken() };
      expect(await store().commit(at, other, loud(null, 11))).toEqual(MOVED);
      expect(await store().peek(at)).toEqual({ next: null, meta: null, claim });
    });

    it('answers moved when the stored epoch is older than the claim (the claim was lost)', async () => {
      const { at, claim, before } = await settled(store());
      const later = { epoch: claim.epoch + 1, token: claim.token };
      expect(await store().commit(at, later, loud(10, 11))).toEqual(MOVED);
      expect(await sight(store(), at)).toEqual(before);
    });

    it('answers moved where nothing was ever claimed (everything was lost)', async () => {
      const at = place();
      expect(await store().commit(at, { epoch: 3, token: freshToken() }, loud(null, 11))).toEqual(MOVED);
      expect(await store().commit(at, { epoch: 3, token: freshToken() }, loud(10, 11))).toEqual(MOVED);
      expect(await sight(store(), at)).toMatchObject({
        next: null,
        timers: [],
        outbox: [],
        feed: [],
        states: new Map(),
      });
    });

    it('of the new owner goes on from what the old one committed', async () => {
      const { at } = await settled(store());
      const { claim, next } = await store().claim(at, freshToken());
      expect(next).toBe(10);
      expect(await store().commit(at, claim, change({ expected: 10, next: 20 }))).toEqual(OK);
    });
  });

  describe('commit: repeats', { timeout: CONTRACT_TEST_MS }, () => {
    it('answers ok to the same commit again (lost reply), and changes nothing', async () => {
      const { at, claim } = await settled(store());
      const commit = loud(10, 11);
      expect(await store().commit(at, claim, commit)).toEqual(OK);
      const once = await sight(store(), at);
      expect(await store().commit(at, claim, commit)).toEqual(OK);
      expect(await store().commit(at, claim, commit)).toEqual(OK);
      expect(await sight(store(), at)).toEqual(once);
    });

    it('answers ok to the very first commit again', async () => {
      const at = place();
      const { claim } = await store().claim(at, freshToken());
      const commit = loud(null, 1);
      expect(await store().commit(at, claim, commit)).toEqual(OK);
      expect(await store().commit(at, claim, commit)).toEqual(OK);
    });

    it('answers moved to another commit with the same positions, rather than take it for a repeat', async () => {
      const { at, claim } = await settled(store());
      expect(await store().commit(at, claim, change({ expected: 10, next: 11, meta: 'm' }))).toEqual(OK);
      const once = await sight(store(), at);
      const other = change({ expected: 10, next: 11, meta: 'm', tables: states({ a: '1' }) });
      expect(await store().commit(at, claim, other)).toEqual(MOVED);
      expect(await sight(store(), at)).toEqual(once);
    });

    it('answers moved to an earlier commit after a later one, and changes nothing', async () => {
      const { at, claim } = await settled(store());
      const earlier = loud(10, 11);
      await store().commit(at, claim, earlier);
      await store().commit(at, claim, change({ expected: 11, next: 12 }));
      const before = await sight(store(), at);
      expect(await store().commit(at, claim, earlier)).toEqual(MOVED);
      expect(await sight(store(), at)).toEqual(before);
    });

    it('answers fenced to the same commit again when a newer owner came between', async () => {
      const { at, claim } = await settled(store());
      const commit = loud(10, 11);
      await store().commit(at, claim, commit);
      await store().claim(at, freshToken());
      const before = await sight(store(), at);
      expect(await store().commit(at, claim, commit)).toEqual(FENCED);
      expect(await sight(store(), at)).toEqual(before);
    });
  });

  describe('commit: empty', { timeout: CONTRACT_TEST_MS }, () => {
    it('keeps the position and trims the outbox, time after time', async () => {
      const { at, claim } = await settled(store());
      const entries = ['one', 'two', 'three'].map(bytes);
      await store().commit(at, claim, change({ expected: 10, next: 11, outboxFrom: 1, outbox: entries }));
      for (const trim of [1, 2, 4]) {
        const empty = change({ expected: 11, next: 11, meta: 'same', outboxFrom: 4, outboxTrim: trim });
        expect(await store().commit(at, claim, empty)).toEqual(OK);
        expect((await store().outbox(at)).map(({ number }) => number)).toEqual([1, 2, 3].filter((n) => n >= trim));
      }
      expect(await store().peek(at)).toEqual({ next: 11, meta: 'same', claim });
    });

    it('answers ok to an empty commit again', async () => {
      const { at, claim } = await settled(store());
      const empty = change({ expected: 10, next: 10, outboxFrom: 1, outboxTrim: 1 });
      expect(await store().commit(at, claim, empty)).toEqual(OK);
      expect(await store().commit(at, claim, empty)).toEqual(OK);
      expect(await store().outbox(at)).toEqual([]);
    });

    it('changes state without moving the position', async () => {
      const { at, claim } = await settled(store());
      for (const value of ['a', 'b']) {
        const commit = change({ expected: 10, next: 10, meta: 'same', tables: states({ kept: value }) });
        expect(await store().commit(at, claim, commit)).toEqual(OK);
        expect(await store().read(at, 'states', ['kept'])).toEqual([value]);
      }
    });
  });
}
