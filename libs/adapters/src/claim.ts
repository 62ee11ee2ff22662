import type { At, Stored } from '@callfold/engine';
import { Overtaken } from '@callfold/engine';

/** How often a claim that others' claims overtake is tried before it counts as an outage. */
const CLAIM_TRIES = 64;

export type ClaimCalls = {
  peek(): Promise<Stored | null>;
  /**
   * Takes the epoch after `epoch` if that is still the stored one (0: none), or repeats its answer to the same token.
   */
  take(epoch: number): Promise<Stored | 'raced'>;
};

/**
 * A claim in two steps: look, then take what was seen. In one step a copy of the call that the network held back would
 * take the partition from whoever owns it by then, and that owner would give it up as fenced, with nobody left to serve
 * it.
 */
export async function takeClaim(at: At, token: string, above: number | undefined, calls: ClaimCalls): Promise<Stored> {
  const place = `${at.topic}/${at.partition}`;
  for (let turn = 0; turn < CLAIM_TRIES; turn += 1) {
    const seen = await calls.peek();
    const epoch = seen?.claim.epoch ?? 0;
    if (above !== undefined && epoch > above && seen?.claim.token !== token) {
      throw new Overtaken(
        `${place} is held by a newer owner (epoch ${epoch}, ours was ${above}); leave it until it is assigned again`,
      );
    }
    const taken = await calls.take(epoch);
    if (taken !== 'raced') return taken;
  }
  throw new Error(`${place} could not be claimed: ${CLAIM_TRIES} times another claim came first; try again`);
}
