// @ts-check
import { readConfig } from '@callfold/adapters';
import { openKafkaRaw, quietLogger } from '../../../services/cli/dist/wiring/kafka.js';
import { callsOf } from '../stage.mjs';
import { says } from './says.mjs';

const BAD = 5;
const AT = { topic: 'callfold.raw.callcenter24', partition: 0 };

/** @param {import('./index.mjs').Stage} stage */
async function poison(stage) {
  const nothing = () => undefined;
  const { PATH: _, ...env } = stage.env;
  const raw = await openKafkaRaw(readConfig(env), quietLogger(nothing));
  const value = new TextEncoder().encode('{"not": "avro"}');
  const key = new TextEncoder().encode('default/poison');
  await raw.writer.append(
    AT,
    Array.from({ length: BAD }, () => ({ key, value, headers: [] })),
  );
  await raw.close();
}

/** @type {import('./index.mjs').Scene} */
export const poisonedPartition = {
  async before(stage) {
    await Promise.all([stage.serve('projector'), stage.serve('outcomes')]);
    await stage.publish(callsOf('before', 12));
    await poison(stage);
    await stage.publish(callsOf('after', 12));
    await stage.level();
  },
  steps: {
    'What you see': { code: 0, after: (ended) => says(ended, `${BAD} dead letters so far`) },
    'What it is': { code: 0, after: (ended) => says(ended, 'not-avro') },
    'Does everything else go on': { code: 0, after: (ended) => says(ended, 'Identical') },
    'Once the upstream is mended': { code: 0, after: (ended) => says(ended, /callfold dlq discard .*--execute/) },
    'Put them aside': { code: 0 },
    'Is it well again': { code: 0, after: (ended) => says(ended, /^(?!.*not-avro)/s) },
  },
};
