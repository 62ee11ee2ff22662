/** A member of a group whose sharing out is in the test's own hands. */

import type { Consumer, ConsumerHandler } from '@callfold/engine';
import { expect } from 'vitest';
import type { Harness } from './engine-harness.ts';

export const SIGNAL = { aborted: false };
export const HOUR = 3_600_000;

/** A group's client in the test's own hands. */
export function byHand(): { readonly consumer: Consumer; readonly handler: () => ConsumerHandler } {
  let given: ConsumerHandler | null = null;
  let end = (): void => undefined;
  return {
    consumer: {
      run(handler) {
        given = handler;
        return new Promise((resolve) => {
          end = resolve;
        });
      },
      stop: async () => end(),
      seek: () => undefined,
    },
    handler() {
      if (given === null) throw new Error('it does not run');
      return given;
    },
  };
}

/** Resolves with the answer, with time passing as long as that takes. */
export async function answerOf<Answer>(h: Harness, work: Promise<Answer>, mostMs = HOUR): Promise<Answer> {
  let answer: { readonly is: Answer } | null = null;
  void work.then((is) => {
    answer = { is };
  });
  expect(await h.clock.runUntil(() => answer !== null, mostMs)).toBe(true);
  return work;
}
