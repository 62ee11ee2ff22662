/** Topics of which not all brokers have heard: just made, or just deleted. */

import { expect, test } from 'vitest';
import type { Admin } from '../src/kafka/client.ts';
import { openKafkaAdmin } from '../src/kafka/admin.ts';
import type { KafkajsAdmin } from '../src/kafka/kafkajs.ts';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const TOPIC = 'callfold.raw.atlas';

/** As the client throws it. */
function refused(type: string): Error {
  return Object.assign(new Error(`This server says ${type}`), { name: 'KafkaJSProtocolError', type, retriable: true });
}

const metadata = { topics: [{ name: TOPIC, partitions: [{ replicas: [1, 2] }, { replicas: [2, 1] }] }] };
const configs = {
  resources: [
    { resourceName: TOPIC, configEntries: [{ configName: 'retention.ms', configValue: '5', configSource: 1 }] },
  ],
};
const FACTS = { partitions: 2, replicas: 2, config: { 'retention.ms': '5' }, own: { 'retention.ms': '5' } };

const GROWN = { topics: [{ name: TOPIC, partitions: Array.from({ length: 4 }, () => ({ replicas: [1, 2] })) }] };

type Client = Pick<
  KafkajsAdmin,
  'listTopics' | 'fetchTopicMetadata' | 'describeConfigs' | 'createTopics' | 'createPartitions'
>;

/** A client whose brokers answer one after the other what is said; the last thing again and again. */
async function openWith(answers: { readonly [Call in keyof Client]?: readonly unknown[] }): Promise<Admin> {
  const callOf = (name: keyof Client, usual: unknown) => {
    const left = [...(answers[name] ?? [usual])];
    return async () => {
      const answer = left.length > 1 ? left.shift() : left[0];
      if (answer instanceof Error) throw answer;
      return answer;
    };
  };
  const client = {
    connect: async () => {},
    listTopics: callOf('listTopics', [TOPIC]),
    fetchTopicMetadata: callOf('fetchTopicMetadata', metadata),
    describeConfigs: callOf('describeConfigs', configs),
    createTopics: callOf('createTopics', true),
    createPartitions: callOf('createPartitions', true),
  } as unknown as KafkajsAdmin;
  return openKafkaAdmin({ brokers: ['broker:9092'], clientId: 'test', log: quiet }, client);
}

test.each(['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE'])(
  'one that was just made is described once the brokers know it: %s',
  async (type) => {
    const admin = await openWith({
      fetchTopicMetadata: [refused(type), metadata],
      describeConfigs: [refused(type), refused(type), configs],
    });
    expect([...(await admin.describe([TOPIC]))]).toEqual([[TOPIC, FACTS]]);
  },
);

test('one whose leaders take their time is described all the same', async () => {
  const late = Array.from({ length: 5 }, () => refused('LEADER_NOT_AVAILABLE'));
  const admin = await openWith({ fetchTopicMetadata: [...late, metadata] });
  expect([...(await admin.describe([TOPIC]))]).toEqual([[TOPIC, FACTS]]);
});

test('one that has more partitions is there once the brokers know them', async () => {
  const admin = await openWith({ fetchTopicMetadata: [metadata, metadata, GROWN] });
  await expect(admin.grow(TOPIC, 4)).resolves.toBeUndefined();
});

test('one that goes while it is described is not there', async () => {
  const admin = await openWith({
    listTopics: [[TOPIC], []],
    fetchTopicMetadata: [refused('UNKNOWN_TOPIC_OR_PARTITION')],
  });
  expect([...(await admin.describe([TOPIC]))]).toEqual([]);
});

test('one is made once the brokers know it, and is asked for once', async () => {
  const admin = await openWith({
    createTopics: [true, refused('TOPIC_ALREADY_EXISTS')],
    fetchTopicMetadata: [refused('UNKNOWN_TOPIC_OR_PARTITION'), refused('LEADER_NOT_AVAILABLE'), metadata],
  });
  await expect(admin.create(TOPIC, 2, 1, {})).resolves.toBeUndefined();
});

test('what will not be otherwise later is said at once', async () => {
  const denied = Object.assign(refused('TOPIC_AUTHORIZATION_FAILED'), { retriable: false });
  const admin = await openWith({ describeConfigs: [denied, configs] });
  await expect(admin.describe([TOPIC])).rejects.toThrow(/describing callfold\.raw\.atlas.*TOPIC_AUTHORIZATION_FAILED/);
});
