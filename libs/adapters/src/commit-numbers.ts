import type { Claim, Commit, CommitAnswer } from '@callfold/engine';

/**
 * A number for each commit of a claim, by which a store knows a repeat from a new one, and a late copy of an old one
 * from both. The same commit object has the same number each time; another object has a greater one, whatever is in it.
 */
export type Stamp = {
  readonly number: number;
  /** The number of the claim's commit before, as far as it was answered; 0: there was none. What it builds on. */
  readonly after: number;
};

export type CommitNumbers = {
  of(claim: Claim, commit: Commit): Stamp;
  /** Hears how the store answered. */
  answered(claim: Claim, stamp: Stamp, answer: CommitAnswer): void;
};

export function createCommitNumbers(): CommitNumbers {
  const given = new WeakMap<Commit, { readonly token: string; readonly stamp: Stamp }>();
  /** By token: the greatest number that was taken. */
  const taken = new Map<string, number>();
  let last = 0;

  /** Claims that were forgotten count as new: their commits are answered `moved`, and claimed anew. */
  function forgetOldest(): void {
    for (const token of taken.keys()) {
      if (taken.size <= CLAIMS_MAX) return;
      taken.delete(token);
    }
  }

  return {
    of(claim, commit) {
      const known = given.get(commit);
      if (known !== undefined && known.token === claim.token) return known.stamp;
      // One count for all claims: they need to grow, not to be gapless.
      last += 1;
      const stamp = { number: last, after: taken.get(claim.token) ?? 0 };
      given.set(commit, { token: claim.token, stamp });
      return stamp;
    },
    answered({ token }, { number }, { ok }) {
      if (!ok) return;
      const most = Math.max(taken.get(token) ?? 0, number);
      taken.delete(token);
      taken.set(token, most);
      forgetOldest();
    },
  };
}

/** Of one process: far more than it has partitions, and the last used are kept. */
const CLAIMS_MAX = 100_000;
