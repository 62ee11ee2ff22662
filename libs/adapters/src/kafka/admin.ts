/** Topics and their settings, as Kafka keeps them. */

import type { Admin, KafkaConnection, TopicFacts } from './client.ts';
import { explain, failureOf, KafkaError } from './errors.ts';
import type { KafkajsAdmin } from './kafkajs.ts';
import { ADMIN_TOPIC, newAdmin } from './kafkajs.ts';
import { ATTEMPTS_TO_HEAR, withRetries } from './retry.ts';

/** Of a setting in DescribeConfigs: set on the topic itself. */
const SET_ON_TOPIC = 1;
const CREATE_MS = 10_000;
const UNKNOWN_PARTITION = 3;

async function named<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explain(doing, error);
  }
}

/** The client's admin asks for the metadata with each call. */
const LINK = { refresh: async () => {} };

/**
 * A topic is made, and deleted, by the controller; the brokers hear of it a little later, and not all at once: one says
 * that it is there, another does not know it yet. So all of it is asked again.
 */
const heard = <T>(doing: string, work: () => Promise<T>): Promise<T> =>
  withRetries(LINK, () => named(doing, work), ATTEMPTS_TO_HEAR);

type Setting = { readonly configName: string; readonly configValue: string; readonly configSource: number };

/** Of those topics that exist. */
async function describe(admin: KafkajsAdmin, topics: readonly string[]): Promise<Map<string, TopicFacts>> {
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
}

export async function openKafkaAdmin(connection: KafkaConnection, admin = newAdmin(connection)): Promise<Admin> {
  await named('connecting', () => admin.connect());
  const entries = (config: Readonly<Record<string, string>>): { name: string; value: string }[] =>
    Object.entries(config).map(([name, value]) => ({ name, value }));

  return {
    clusterId: () => named('asking for the cluster id', async () => (await admin.describeCluster()).clusterId),
    describe: (topics) => heard(`describing ${topics.join(', ')}`, () => describe(admin, topics)),
    async create(topic, numPartitions, replicationFactor, config) {
      const doing = `creating topic ${topic}`;
      await named(doing, () =>
        admin.createTopics({
          topics: [{ topic, numPartitions, replicationFactor, configEntries: entries(config) }],
          validateOnly: false,
          timeout: CREATE_MS,
          // Its own wait gives up at once when the broker has not heard of the topic yet.
          waitForLeaders: false,
        }),
      );
      await heard(doing, () => admin.fetchTopicMetadata({ topics: [topic] }));
    },
    async grow(topic, count) {
      const doing = `adding partitions to topic ${topic}`;
      await named(doing, () =>
        admin.createPartitions({ topicPartitions: [{ topic, count }], validateOnly: false, timeout: CREATE_MS }),
      );
      await heard(doing, async () => {
        const facts = await describe(admin, [topic]);
        if ((facts.get(topic)?.partitions ?? 0) < count) throw new KafkaError(doing, failureOf(UNKNOWN_PARTITION));
      });
    },
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

/** Questions to the cluster over one connection. */
export type AskedAdmin = {
  ask<Answer>(question: (admin: Admin) => Promise<Answer>): Promise<Answer>;
  close(): Promise<void>;
};

/**
 * The connection is made for the first question, and kept for the others. One that a question failed on is thrown away:
 * the next question makes another.
 */
export function createAskedAdmin(open: () => Promise<Admin>): AskedAdmin {
  let kept: Promise<Admin> | null = null;

  async function drop(one: Promise<Admin>): Promise<void> {
    if (kept === one) kept = null;
    // What could not be opened, or is closed already, is gone as it should be.
    await one.then((admin) => admin.close()).catch(() => undefined);
  }

  return {
    async ask(question) {
      const mine = (kept ??= open());
      try {
        return await question(await mine);
      } catch (error) {
        await drop(mine);
        throw error;
      }
    },
    close: async () => void (kept && (await drop(kept))),
  };
}
