import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@callfold/adapters';
import { KafkaError } from '@callfold/adapters';
import { Refused } from '@callfold/engine';
import type { Context } from './command.ts';

/** Between two attempts to start, at first and at most. */
const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 5_000;

/** Trying again may help: something does not answer. Anything else is for whoever started the service. */
function isAway(error: unknown): error is Error {
  if (!(error instanceof Error) || error instanceof Refused) return false;
  return !(error instanceof KafkaError) || error.retriable;
}

/**
 * Opens what a service works on, and waits for it where it is away. Null: it was asked to stop before that.
 * @param stage told what it waits for
 */
export async function whenThere<Opened extends { close(): Promise<void> }>(
  open: () => Promise<Opened>,
  stage: { waitsFor: string },
  logger: Logger,
  stop: Context['stop'],
): Promise<Opened | null> {
  const doing = 'starting';
  const stopped = stop.wanted.then(() => null);
  let pauseMs = RETRY_FIRST_MS;
  for (let attempt = 1; !stop.requested; attempt += 1) {
    const opening = open();
    try {
      const opened = await Promise.race([opening, stopped]);
      if (opened === null) void opening.then((late) => late.close()).catch(() => undefined);
      else if (attempt > 1)
        logger.info({ event: 'infrastructure-back', doing, attempts: attempt }, 'infrastructure-back');
      return opened;
    } catch (error) {
      if (!isAway(error)) throw error;
      stage.waitsFor = error.message;
      logger.warn({ event: 'infrastructure-away', doing, message: error.message, attempt }, 'infrastructure-away');
      const pause = new AbortController();
      await Promise.race([delay(pauseMs, undefined, { signal: pause.signal }), stopped]);
      pause.abort();
      pauseMs = Math.min(pauseMs * 2, RETRY_MOST_MS);
    }
  }
  return null;
}
