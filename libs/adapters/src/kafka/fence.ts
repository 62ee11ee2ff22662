/**
 * Shuts earlier owners out of derived partitions. Sends are plain and idempotent, under a producer id that was taken
 * with a transactional id: a transaction over the partitions, aborted empty, leaves in each a marker with the new
 * epoch, and from then on the partition refuses batches of the id's earlier epochs. Taking the id alone does not do
 * that: the partition learns of the new epoch only by what is written into it. Measured against transactions in
 * docs/fencing.md.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { At } from '@callfold/engine';
import type { Link, ProducerId } from './client.ts';
import { KafkaError } from './errors.ts';

type Transactions = Pick<Link, 'takeProducerId' | 'addToTransaction' | 'abortTransaction'>;

/** For all of one fence; a first transaction of a new cluster has to wait for the log of transactions to be made. */
const FENCE_MS = 15_000;
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 500;
/** Markers of many fences at once are some 100 ms on their way. */
const LONGEST_BUSY_MS = 80;
/**
 * At 32,767 the coordinator takes another producer id, whose marker would not shut out the id before. So nothing is
 * ever sent in the last epochs: beyond this one, epochs are used up until the id changes.
 */
const LAST_EPOCH_USED = 30_000;

/** @returns the id and epoch to send with, from sequence 0 on, in each of `ats`. */
export async function fenceOff(link: Transactions, transactionalId: string, ats: readonly At[]): Promise<ProducerId> {
  const giveUpAt = Date.now() + FENCE_MS;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      return await tryToFence(link, transactionalId, ats, giveUpAt);
    } catch (error) {
      if (!(error instanceof KafkaError) || !error.retriable || Date.now() + pauseMs > giveUpAt) throw error;
      await sleep(pauseMs);
    }
  }
}

async function tryToFence(link: Transactions, id: string, ats: readonly At[], giveUpAt: number): Promise<ProducerId> {
  const taken = await takeWhenFree(link, id, giveUpAt);
  await link.addToTransaction(id, taken, ats);
  await link.abortTransaction(id, taken);
  // The coordinator gives the id again only when it knows every marker to be written: this answer is the proof.
  let fresh = await takeWhenFree(link, id, giveUpAt);
  while (fresh.epoch > LAST_EPOCH_USED) fresh = await takeWhenFree(link, id, giveUpAt);
  return fresh;
}

/** While a transaction is being ended, whoever's, the coordinator asks to come again. */
async function takeWhenFree(link: Transactions, id: string, giveUpAt: number): Promise<ProducerId> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_BUSY_MS)) {
    try {
      return await link.takeProducerId(id);
    } catch (error) {
      const isBusy = error instanceof KafkaError && error.code === 'CONCURRENT_TRANSACTIONS';
      if (!isBusy || Date.now() + pauseMs > giveUpAt) throw error;
      await sleep(pauseMs);
    }
  }
}
