// @ts-check
/** An upstream of a later version: events in a schema that nobody has met yet, beside the load. */

import { createCodec, createKafkaWriter, readConfig } from '@callfold/adapters';
import { SCHEMAS } from '@callfold/schemas';
import { quietLogger, connectionOf, registryOf } from '../../services/cli/dist/wiring/kafka.js';
import { outgoing } from '../bench/fill.mjs';
import { createInput } from '../bench/input.mjs';
import { TOPIC } from '../bench/topics.mjs';
import { PARTITIONS } from './limits.mjs';

const ID_AT = 1;
/** Null, the first of the union's two: the value of the field that is new. */
const NO_VALUE = Buffer.from([0]);
const LIVE_CALLS = 50;
const EVENTS_MAX = 100_000;
const BEGINS_BEFORE_MS = 6 * 3_600_000;

/** Answers its id. @param {string} url of the API @param {string} field makes it a schema of its own */
async function register(url, field) {
  const ours = SCHEMAS[/** @type {'callfold.raw.callcenter24'} */ (TOPIC)];
  const schema = { ...ours, fields: [...ours.fields, { name: field, type: ['null', 'string'], default: null }] };
  const answer = await fetch(`${url}/subjects/${TOPIC}-value/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: JSON.stringify(schema) }),
  });
  const { id } = /** @type {{ id?: number }} */ (await answer.json());
  if (!answer.ok || id === undefined) throw new Error(`the registry did not take a new version: ${answer.status}`);
  return id;
}

/**
 * To be opened while the registry is there.
 * @param {{ env: Record<string, string>, seed: string, say: (line: string) => void, tenant: string }} options
 */
export async function openNewcomer({ env, seed, say, tenant }) {
  const config = readConfig(env);
  const codec = createCodec(registryOf(config));
  await codec.register([TOPIC]);
  const id = await register(config.registry?.url ?? '', `of_${tenant}`);
  const writer = createKafkaWriter({ connection: connectionOf(config, quietLogger(say)) });
  const startAt = Date.now() - BEGINS_BEFORE_MS;
  const shape = { seed: `${seed}/${tenant}`, events: EVENTS_MAX, live: LIVE_CALLS, partitions: PARTITIONS, startAt };
  const input = createInput(shape);
  return {
    id,
    /** Some for every partition, or nearly. @param {number} count @param {number} [as] under another schema's id */
    async publish(count, as = id) {
      /** @type {Map<number, { key: Uint8Array, value: Uint8Array, headers: [] }[]>} */
      const byPartition = new Map();
      for (let n = 0; n < count; n += 1) {
        const event = input.next();
        const message = outgoing(event, codec);
        const value = Buffer.concat([message.value, NO_VALUE]);
        value.writeInt32BE(as, ID_AT);
        const { partition } = input;
        byPartition.set(partition, [...(byPartition.get(partition) ?? []), { key: message.key, value, headers: [] }]);
      }
      for (const [partition, messages] of byPartition) await writer.append({ topic: TOPIC, partition }, messages);
      return [...byPartition.keys()];
    },
    close: () => writer.close(),
  };
}
