import { expect, it } from 'vitest';
import { decodeFarewell, encodeFarewell } from '../src/kafka/member.ts';

it('is heard in the generation after the one that it was said in, and in no other', () => {
  const said = encodeFarewell(7, '3/12/word of it');
  expect(decodeFarewell(said, 7)).toBe('3/12/word of it');
  expect([5, 6, 8, 70].map((generation) => decodeFarewell(said, generation))).toEqual([null, null, null, null]);
  // What others leave there, and what a member of another version does.
  expect(decodeFarewell('', 7)).toBeNull();
  expect(decodeFarewell('7 3/12/word of it', 7)).toBeNull();
});
