// What a load brings about, seen from outside: derived records as a reader of the topic sees them, positions in Redis.
import { setTimeout as pause } from 'node:timers/promises';
import { openLink } from '../../libs/adapters/dist/kafka/link.js';
import { decodeRecords } from '../../libs/adapters/dist/kafka/record-decode.js';
import { nowMs } from './load.mjs';
import { OUTCOMES_TOPIC, TOPIC } from './topics.mjs';

const FETCH = { maxBytes: 1_048_576, maxWaitMs: 100, isolation: 'committed' };
const POLL_MS = 1;

/**
 * Reads the call-outcomes of all partitions as they come, and only what is committed.
 * @param onRecord hears each with the time at which it was there to be read
 */
export function watchOutcomes({ connection, codec, partitions, onRecord }) {
  let stopped = false;
  const loops = Array.from({ length: partitions }, async (_, partition) => {
    const link = openLink(connection);
    const at = { topic: OUTCOMES_TOPIC, partition };
    const where = `${OUTCOMES_TOPIC}/${partition}`;
    let offset = 0;
    const node = await link.leader(at);
    while (!stopped) {
      // A fetch that finds nothing waits at the broker, so that what comes is answered at once.
      const fetched = await link.fetch(node, at, { ...FETCH, offset });
      const seen = nowMs();
      if (fetched.code !== 0) throw new Error(`${where}: the broker answered ${fetched.code}`);
      const { records, next } = decodeRecords(fetched.bytes, offset, fetched.aborted, where);
      for (const { value } of records) onRecord(codec.decodeDerived(OUTCOMES_TOPIC, value), seen);
      offset = next;
    }
    await link.close();
  });
  const done = Promise.all(loops);
  done.catch(() => {});
  return {
    failed: done.then(() => new Promise(() => {})),
    async stop() {
      stopped = true;
      await done;
    },
  };
}

/** What a role of ours has committed, by partition. `close` it. */
export async function ourPositions(role, generation, stage, partitions) {
  const { store, close } = await stage.storeOf(role, generation);
  const peek = async (_, partition) => (await store.peek({ topic: TOPIC, partition }))?.next ?? 0;
  return { positions: () => Promise.all(Array.from({ length: partitions }, peek)), close };
}

/**
 * Asks the store for each partition's committed position, again and again; what it covers can be read from then on.
 * @param onPosition hears (partition, next, seen) when it has moved
 */
export function watchPositions({ store, partitions, onPosition }) {
  let stopped = false;
  const loops = Array.from({ length: partitions }, async (_, partition) => {
    let last = 0;
    while (!stopped) {
      const stored = await store.peek({ topic: TOPIC, partition });
      const next = stored?.next ?? 0;
      if (next > last) onPosition(partition, next, nowMs());
      last = Math.max(last, next);
      await pause(POLL_MS);
    }
  });
  const done = Promise.all(loops);
  done.catch(() => {});
  return {
    failed: done.then(() => new Promise(() => {})),
    async stop() {
      stopped = true;
      await done;
    },
  };
}
