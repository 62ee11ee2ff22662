/** Topics and their settings, as Kafka keeps them. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, KafkaConnection, TopicFacts } from './client.ts';
import { explain } from './errors.ts';
import type { KafkajsAdmin } from './kafkajs.ts';
import { ADMIN_TOPIC, newAdmin } from './kafkajs.ts';

/** Of a setting in DescribeConfigs: set on the topic itself. */
const SET_ON_TOPIC = 1;
const CREATE_MS = 10_000;

const LOOK_MS = 50;
const NOT_YET: ReadonlySet<string | undefined> = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE']);

/** A topic is made by the controller; the brokers hear of it a little later. */
async function untilKnown(admin: KafkajsAdmin, topic: string): Promise<void> {
  for (const giveUpAt = Date.now() + CREATE_MS; ; ) {
    try {
      await admin.fetchTopicMetadata({ topics: [topic] });
      return;
    } catch (error) {
      if (!NOT_YET.has((error as { readonly type?: string }).type) || Date.now() > giveUpAt) throw error;
      await sleep(LOOK_MS);
    }
  }
}

type Setting = { readonly configName: string; readonly configValue: string; readonly configSource: number };

export async function openKafkaAdmin(connection: KafkaConnection): Promise<Admin> {
  const admin = newAdmin(connection);
  async function named<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw explain(doing, error);
    }
  }
  await named('connecting', () => admin.connect());
  const entries = (config: Readonly<Record<string, string>>): { name: string; value: string }[] =>
    Object.entries(config).map(([name, value]) => ({ name, value }));

  return {
    clusterId: () => named('asking for the cluster id', async () => (await admin.describeCluster()).clusterId),
    describe: (topics) =>
      named(`describing ${topics.join(', ')}`, async () => {
        const all = new Set(await admin.listTopics());
        const there = topics.filter((topic) => all.has(topic));
        const facts = new Map<string, TopicFacts>();
        if (there.length === 0) return facts;
        const metadata = await admin.fetchTopicMetadata({ topics: there });
        const { resources } = await admin.describeConfigs({
          includeSynonyms: false,
          resources: there.map((name) => ({ type: ADMIN_TOPIC, name })),
        });
        for (const { name, partitions } of metadata.topics) {
          const found = resources.find(({ resourceName }) => resourceName === name)?.configEntries ?? [];
          const settings = found as unknown as readonly Setting[];
          const own = settings.filter(({ configSource }) => configSource === SET_ON_TOPIC);
          facts.set(name, {
            partitions: partitions.length,
            replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
            config: Object.fromEntries(settings.map((one) => [one.configName, one.configValue])),
            own: Object.fromEntries(own.map((one) => [one.configName, one.configValue])),
          });
        }
        return facts;
      }),
    create: (topic, numPartitions, replicationFactor, config) =>
      named(`creating topic ${topic}`, async () => {
        await admin.createTopics({
          topics: [{ topic, numPartitions, replicationFactor, configEntries: entries(config) }],
          validateOnly: false,
          timeout: CREATE_MS,
          // Its own wait gives up at once when the broker has not heard of the topic yet.
          waitForLeaders: false,
        });
        await untilKnown(admin, topic);
      }),
    setConfig: (topic, config) =>
      named(`changing the settings of topic ${topic}`, async () => {
        await admin.alterConfigs({
          validateOnly: false,
          resources: [{ type: ADMIN_TOPIC, name: topic, configEntries: entries(config) }],
        });
      }),
    remove: (topics) =>
      named(`deleting ${topics.join(', ')}`, () => admin.deleteTopics({ topics: [...topics], timeout: CREATE_MS })),
    members: (groupId) =>
      named(`describing the group ${groupId}`, async () => {
        const { groups } = await admin.describeGroups([groupId]);
        return groups[0]?.members.length ?? 0;
      }),
    close: () => admin.disconnect(),
  };
}
