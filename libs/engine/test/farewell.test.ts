import { describe, expect, it } from 'vitest';
import { emptyMeta } from '../src/checkpoint.ts';
import { farewellAt, farewellOf, isAllSent, isAsLeft } from '../src/farewell.ts';

const META = { ...emptyMeta('settings', 4), outboxFirst: 9, outboxNext: 9 };

describe('a farewell', () => {
  it('is not said of a checkpoint that names what may be on its way', () => {
    expect(isAllSent(META)).toBe(true);
    expect(isAllSent({ ...META, outboxNext: 10 })).toBe(false);
  });

  it('is not said of a checkpoint behind which something stands that the state does not know', () => {
    expect(isAllSent({ ...META, standing: { from: {}, seqs: {}, until: 5, horizon: null } })).toBe(false);
  });

  it('is not said while a later checkpoint may stand, nor where none is known', () => {
    const answered = { text: 'first', meta: META };
    expect(farewellAt(3, 12, answered, META)).toBe(farewellOf(3, 12, 'first'));
    expect(farewellAt(3, 12, answered, { ...META })).toBeNull();
    expect(farewellAt(3, 12, null, META)).toBeNull();
    expect(farewellAt(3, null, answered, META)).toBeNull();
  });

  it('names the owner, the position and the checkpoint, and is true of nothing else', () => {
    const stored = { next: 12, meta: '{}', claim: { epoch: 4, token: 'next' } };
    const left = farewellOf(3, 12, '{}');
    expect(isAsLeft(left, 3, stored)).toBe(true);
    expect(isAsLeft(left, 2, stored)).toBe(false);
    expect(isAsLeft(left, undefined, stored)).toBe(false);
    expect(isAsLeft(left, 3, { ...stored, next: 11 })).toBe(false);
    expect(isAsLeft(left, 3, { ...stored, meta: '{ }' })).toBe(false);
    expect(isAsLeft(left, 3, { ...stored, next: null, meta: null })).toBe(false);
    expect(isAsLeft(null, 3, stored)).toBe(false);
  });
});
