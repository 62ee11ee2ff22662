// Reads a derived topic to its end as an analyst's program would: keeps the highest revision of every record, and
// proves that nothing is missing and nothing came twice. kafkajs, the schema registry's client, and callfold's own reader of
// callfold-seq. Prints one line of NDJSON a record.
//
//   node docs/examples/consume.mjs [TOPIC]
//   reads CALLFOLD_KAFKA_BROKERS and CALLFOLD_REGISTRY_URL

import { createCompletenessReader } from '@callfold/client';
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { Kafka, logLevel } from 'kafkajs';

const [topic = 'callfold.call-outcomes'] = process.argv.slice(2);
const registry = new SchemaRegistry({ host: process.env.CALLFOLD_REGISTRY_URL ?? '' });
// What it says at other levels goes to standard output, among the records.
const kafka = new Kafka({
  clientId: 'example',
  brokers: (process.env.CALLFOLD_KAFKA_BROKERS ?? '').split(','),
  logLevel: logLevel.ERROR,
});
const admin = kafka.admin();
await admin.connect();
const ends = new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]));
await admin.disconnect();

const records = new Map();
const completeness = createCompletenessReader();
let findings = 0;

async function take({ offset, key, value, headers }, partition) {
  const record = value === null ? null : await registry.decode(value);
  const seen = {
    topic,
    offset: Number(offset),
    key,
    value,
    headers: Object.entries(headers ?? {}).map(([name, text]) => ({ name, value: text })),
  };
  const revised = record && { id: `${record.kind} ${record.outcomeId}`, revision: record.revision };
  for (const { fault, where, detail } of completeness.take(seen, revised)) {
    findings += 1;
    process.stderr.write(`${fault}: partition ${partition}, ${where}: ${detail}\n`);
  }
  // A record without a value is an erasure.
  if (record === null) records.delete(key.toString());
  else if (record.revision > (records.get(record.outcomeId)?.revision ?? 0)) records.set(record.outcomeId, record);
}

// Compacted topics: a group of its own and no commits, so that each run reads from the beginning.
const consumer = kafka.consumer({ groupId: `example-consume-${process.pid}` });
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
const left = new Set([...ends].filter(([, end]) => end > 0).map(([partition]) => partition));
let finish = () => {};
const finished = new Promise((resolve) => {
  finish = resolve;
});
if (left.size === 0) finish();
await consumer.run({
  autoCommit: false,
  async eachBatch({ batch }) {
    for (const message of batch.messages) await take(message, batch.partition);
    if (Number(batch.lastOffset()) + 1 >= (ends.get(batch.partition) ?? 0)) left.delete(batch.partition);
    if (left.size === 0) finish();
  },
});
await finished;
await consumer.disconnect();

for (const record of records.values()) process.stdout.write(`${JSON.stringify(record)}\n`);
const read = completeness.positions().reduce((sum, { next }) => sum + next, 0);
process.stderr.write(
  `${records.size} records of ${read} revisions, ${findings === 0 ? 'complete' : `${findings} findings`}\n`,
);
process.exitCode = findings === 0 ? 0 : 3;
