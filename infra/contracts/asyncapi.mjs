// @ts-check
/** Every topic as AsyncAPI 3.0: what callfold receives, what it sends, with key, headers and Avro schema. */

import { ORIGIN_HEADER, SEQ_HEADER } from '@callfold/core';
import { stringify } from 'yaml';
import { contracts } from './columns.mjs';

const BINDING = '0.5.0';
const AVRO = 'application/vnd.apache.avro;version=1.9.0';
const TICKS = 'Records with neither key nor value and the header callfold-tick are ticks of the log clock: skip them.';

/** Settings of topics whose values are numbers in AsyncAPI. */
const NUMBERS = new Set(['retention.ms', 'retention.bytes', 'max.message.bytes', 'min.compaction.lag.ms']);

/** @param {Readonly<Record<string, string>>} config */
const topicConfiguration = (config) =>
  Object.fromEntries(
    Object.entries(config).map(([name, value]) => {
      if (name === 'cleanup.policy') return [name, value.split(',')];
      return [name, NUMBERS.has(name) ? Number(value) : value];
    }),
  );

const HEADERS = {
  type: 'object',
  required: [ORIGIN_HEADER, SEQ_HEADER],
  properties: {
    [ORIGIN_HEADER]: {
      type: 'string',
      pattern: '^[^/]+/[0-9]+/[0-9]+$',
      description:
        'topic/partition/offset of the raw record that caused this one; of a timer, the one at which it fired.',
    },
    [SEQ_HEADER]: {
      type: 'string',
      pattern: '^[0-9]+$',
      description:
        'Gapless from 0 per derived topic and raw partition, which is callfold-origin without its offset: whoever has all up to a number has every record.',
    },
  },
};

/** @param {import('./columns.mjs').Contract} contract */
const isRaw = ({ topic }) => topic.startsWith('callfold.raw.');

/** @param {import('./columns.mjs').Contract} contract */
function keyOf(contract) {
  const { topic, columns } = contract;
  if (isRaw(contract)) return 'tenantId/subjectId, each part with % and / percent-encoded; it decides the partition.';
  return columns.find(({ name }) => name === 'outcomeId')?.doc ?? `The key of the record that ${topic} keeps.`;
}

/** @param {import('./columns.mjs').Contract} contract */
function messageOf(contract) {
  const { schema } = contract;
  return {
    name: schema.name,
    title: schema.name,
    summary: schema.doc,
    contentType: 'application/vnd.apache.avro',
    ...(!isRaw(contract) && { headers: HEADERS }),
    payload: { schemaFormat: AVRO, schema },
    bindings: {
      kafka: {
        key: { type: 'string', description: keyOf(contract) },
        schemaIdLocation: 'payload',
        schemaIdPayloadEncoding: 'confluent',
        schemaLookupStrategy: 'TopicNameStrategy',
        bindingVersion: BINDING,
      },
    },
  };
}

/** @param {import('./columns.mjs').Contract} contract */
function channelOf(contract) {
  const { topic, schema, spec } = contract;
  const upserts = 'Upserts: of one key the highest revision counts. A record without a value is an erasure.';
  const how = spec.shape === 'table' ? upserts : isRaw(contract) ? TICKS : 'Read it with callfold dlq.';
  return {
    address: topic,
    description: `${schema.doc} ${how}`,
    messages: { [schema.name]: { $ref: `#/components/messages/${schema.name}` } },
    bindings: {
      kafka: { topic, topicConfiguration: topicConfiguration(spec.config), bindingVersion: BINDING },
    },
  };
}

/** @param {import('./columns.mjs').Contract} contract */
function operationOf(contract) {
  const { topic, schema } = contract;
  const raw = isRaw(contract);
  return {
    action: raw ? 'receive' : 'send',
    channel: { $ref: `#/channels/${topic}` },
    summary: raw ? `Folds what ${topic} holds.` : `Publishes ${topic}.`,
    messages: [{ $ref: `#/channels/${topic}/messages/${schema.name}` }],
  };
}

/** @param {string} version of callfold */
export function renderAsyncApi(version) {
  const all = contracts();
  /** @param {(contract: import('./columns.mjs').Contract) => unknown} value */
  const byTopic = (value) => Object.fromEntries(all.map((contract) => [contract.topic, value(contract)]));
  const document = {
    asyncapi: '3.0.0',
    info: {
      title: 'callfold',
      version,
      description: 'Folds status events of contact centres into calls, chats and agents, and says what became of each.',
      license: { name: 'Apache 2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/vnd.apache.avro',
    channels: byTopic(channelOf),
    operations: Object.fromEntries(
      all.map((contract) => [`${isRaw(contract) ? 'receive' : 'send'}${contract.schema.name}`, operationOf(contract)]),
    ),
    components: { messages: Object.fromEntries(all.map((contract) => [contract.schema.name, messageOf(contract)])) },
  };
  const head = '# Written by `npm run contracts` from schemas/avro: edit those, not this file.\n';
  return head + stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
}
