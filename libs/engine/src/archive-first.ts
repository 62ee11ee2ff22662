import { SEGMENT_LIMITS } from './archive.ts';
import type { At, Consumer, ConsumerHandler, Log, Signal } from './ports.ts';

/**
 * A member of a group that reads of each partition first what the topic does not have any more. The engine behind it
 * does not know: it is handed batches before the first one that the topic has.
 * @param joined archive and topic as one
 * @param topic the topic alone
 */
export function archiveFirst(consumer: Consumer, joined: Log, topic: Pick<Log, 'bounds'>): Consumer {
  async function fromArchive(
    handler: ConsumerHandler,
    at: At,
    from: number | null,
    signal: Signal,
  ): Promise<number | null> {
    let next = from;
    while (next !== null && !signal.aborted && next < (await topic.bounds(at)).start) {
      // A whole file at once: it is not read again then.
      const batch = await joined.read(at, next, SEGMENT_LIMITS.records);
      if (batch.next <= next) break;
      next = await handler.batch(at, batch, signal);
    }
    return next;
  }

  return {
    run: (handler) =>
      consumer.run({
        ...handler,
        assigned: async (at, signal, left) =>
          fromArchive(handler, at, await handler.assigned(at, signal, left), signal),
      }),
    stop: () => consumer.stop(),
    seek: (at, offset) => consumer.seek(at, offset),
  };
}
