import type { Claim, Commit } from '@callfold/engine';

/**
 * A number for each commit of a claim, by which a store knows a repeat from a new one, and a late copy of an old one
 * from both. The same commit object has the same number each time; another object has a greater one, whatever is in it.
 */
export type CommitNumbers = { of(claim: Claim, commit: Commit): number };

export function createCommitNumbers(): CommitNumbers {
  const given = new WeakMap<Commit, { readonly token: string; readonly number: number }>();
  let last = 0;
  return {
    of(claim, commit) {
      const known = given.get(commit);
      if (known !== undefined && known.token === claim.token) return known.number;
      // One count for all claims: they need to grow, not to be gapless.
      last += 1;
      given.set(commit, { token: claim.token, number: last });
      return last;
    },
  };
}
