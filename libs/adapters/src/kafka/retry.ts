import { setTimeout as sleep } from 'node:timers/promises';
import type { Link } from './client.ts';
import { KafkaError } from './errors.ts';

/**
 * Of one call, on top of the client's own: a leader that moved is found within these; longer outages are the caller's.
 */
const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 100;
/** A topic just made is not known everywhere at once; one that was never made never will be. */
const ATTEMPTS_TO_FIND = 3;
/** Of whoever knows that a topic is there, or that it just went: until all brokers have heard of it, 13 s at most. */
export const ATTEMPTS_TO_HEAR = 8;

function attemptsFor(code: string, toFind: number): number {
  if (code === 'UNKNOWN_TOPIC_OR_PARTITION') return toFind;
  // Of a topic that was just made it is the next thing that is said, for as long.
  return code === 'LEADER_NOT_AVAILABLE' ? Math.max(ATTEMPTS, toFind) : ATTEMPTS;
}

/**
 * For what may be repeated: asks anew for the metadata and tries again, a few times.
 * @param toFind attempts when a topic is not known
 */
export async function withRetries<Result>(
  link: Pick<Link, 'refresh'>,
  work: () => Promise<Result>,
  toFind = ATTEMPTS_TO_FIND,
): Promise<Result> {
  for (let attempt = 1, pauseMs = FIRST_PAUSE_MS; ; attempt += 1, pauseMs *= 2) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof KafkaError) || !error.retriable) throw error;
      if (attempt >= attemptsFor(error.code, toFind)) throw error;
      await sleep(pauseMs);
      // When this fails too, the next attempt says why.
      await link.refresh().catch(() => {});
    }
  }
}
