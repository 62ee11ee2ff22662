// How fast the raw topic can be read and decoded at all: by kafkajs and avsc with nothing else, and by our own reader
// and codec. Both only count.
import { isRejection } from '@callfold/core';
import { SCHEMAS } from '@callfold/schemas';

const WIRE_HEAD_BYTES = 5;
const LIMITS = { sessionMs: 10_000, maxWaitMs: 50, maxBytes: 16_777_216, maxBytesPerPartition: 1_048_576 };

/** Runs until the positions have reached the ends. */
function createFinish(ends) {
  const positions = ends.map(() => 0);
  let done;
  const reached = new Promise((resolve) => {
    done = resolve;
  });
  return {
    reached,
    to(partition, position) {
      positions[partition] = position;
      if (positions.every((at, index) => at >= ends[index])) done();
    },
  };
}

/** kafkajs as it comes, `eachBatch` and avsc's `decode`: what a program of a dozen lines would do. */
export async function rawLimit({ brokers, group, topic, ends, meter }) {
  const { default: kafkajs } = await import('kafkajs');
  const { default: avsc } = await import('avsc');
  const type = avsc.Type.forSchema(SCHEMAS[topic], { wrapUnions: 'never' });
  const consumer = new kafkajs.Kafka({ brokers, clientId: 'bench', logLevel: kafkajs.logLevel.ERROR }).consumer({
    groupId: group,
    sessionTimeout: LIMITS.sessionMs,
    maxWaitTimeInMs: LIMITS.maxWaitMs,
    maxBytes: LIMITS.maxBytes,
    maxBytesPerPartition: LIMITS.maxBytesPerPartition,
  });
  const finish = createFinish(ends);
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    partitionsConsumedConcurrently: ends.length,
    eachBatch: async ({ batch }) => {
      meter.first();
      let events = 0;
      for (const { value } of batch.messages) {
        if (value === null) continue;
        const decoded = type.decode(value, WIRE_HEAD_BYTES);
        if (decoded.offset === value.length && decoded.value.callId !== '') events += 1;
      }
      meter.add(events);
      finish.to(batch.partition, Number(batch.lastOffset()) + 1);
    },
  });
  await finish.reached;
  const result = meter.last();
  await consumer.disconnect();
  return result;
}

/** Our member of a group and our codec, validator included: what is left of the limit before the first fold. */
export async function decodeLimit({ site, ends, meter }) {
  const { consumer, codec } = site.ports('projector', () => {});
  const finish = createFinish(ends);
  const run = consumer.run({
    assigned: async () => 0,
    async batch({ partition }, { records, next }) {
      meter.first();
      await codec.prepare(records);
      let events = 0;
      for (const { value } of records) {
        if (value !== null && !isRejection(codec.decode('callcenter24', value))) events += 1;
      }
      meter.add(events);
      finish.to(partition, next);
      return next;
    },
    revoked: async () => {},
  });
  run.catch((error) => {
    throw error;
  });
  await finish.reached;
  const result = meter.last();
  await consumer.stop();
  return result;
}
