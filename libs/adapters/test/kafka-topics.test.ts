import { describe, expect, it } from 'vitest';
import { CALL_OUTCOMES, DEAD_LETTERS, DEFAULT_SETTINGS, longestTimerMs, rawTopic, TOPICS } from '@callfold/core';
import type { Admin, TopicFacts } from '../src/kafka/client.ts';
import type { TopicFinding, TopicsWanted } from '../src/kafka/topics.ts';
import { applyTopics, checkTopics, growthStepOf } from '../src/kafka/topics.ts';

const WANTED: TopicsWanted = { partitions: 4, replicationFactor: 3, settings: DEFAULT_SETTINGS };
const RAW = rawTopic('atlas');
const DEFAULTS = {
  'cleanup.policy': 'delete',
  'message.timestamp.type': 'CreateTime',
  'retention.ms': '604800000',
  'retention.bytes': '-1',
  'max.message.bytes': '1048588',
  'min.compaction.lag.ms': '0',
  'compression.type': 'producer',
};

/** A cluster in memory: settings as Kafka keeps them, all of a topic's own replaced at once. */
function fakeAdmin(topics: Map<string, Omit<TopicFacts, 'config'>>): Admin {
  return {
    members: async () => 0,
    clusterId: async () => 'a cluster',
    async describe(names) {
      const there = names.flatMap((name) => {
        const found = topics.get(name);
        return found === undefined ? [] : [[name, { ...found, config: { ...DEFAULTS, ...found.own } }] as const];
      });
      return new Map(there);
    },
    async create(topic, partitions, replicas, own) {
      topics.set(topic, { partitions, replicas, own });
    },
    async grow(topic, partitions) {
      topics.set(topic, { ...topics.get(topic)!, partitions });
    },
    async setConfig(topic, own) {
      topics.set(topic, { ...topics.get(topic)!, own });
    },
    async remove(names) {
      for (const name of names) topics.delete(name);
    },
    async close() {},
  };
}

type Topics = Map<string, Omit<TopicFacts, 'config'>>;

const asSpecified = (): Topics =>
  new Map(TOPICS.map(({ name, config }) => [name, { partitions: 4, replicas: 3, own: { ...config } }]));

async function findings(change: (topics: Topics) => void, wanted = WANTED): Promise<readonly TopicFinding[]> {
  const topics = asSpecified();
  change(topics);
  return checkTopics(fakeAdmin(topics), wanted);
}

const set =
  (topic: string, name: string, value: string) =>
  (topics: Topics): void => {
    const found = topics.get(topic)!;
    topics.set(topic, { ...found, own: { ...found.own, [name]: value } });
  };

describe('topics', () => {
  it('as specified need nothing', async () => {
    expect(await findings(() => {})).toEqual([]);
  });

  it('that are missing are to be made, with the partitions of those that are there', async () => {
    expect(await checkTopics(fakeAdmin(new Map()), WANTED)).toHaveLength(TOPICS.length);
    const [missing] = await findings(
      (topics) => {
        for (const [name, facts] of topics) topics.set(name, { ...facts, partitions: 8 });
        topics.delete(RAW);
      },
      { ...WANTED, partitions: 8 },
    );
    expect(missing).toMatchObject({
      topic: RAW,
      problem: 'it does not exist',
      change: { what: 'create', partitions: 8, replicationFactor: 3 },
    });
  });

  it('with unequal partitions are for people to mend', async () => {
    const found = await findings((topics) =>
      topics.set(CALL_OUTCOMES, { ...topics.get(CALL_OUTCOMES)!, partitions: 6 }),
    );
    expect(found.map(({ topic }) => topic)).toEqual(TOPICS.map(({ name }) => name));
    expect(found.every(({ change }) => change === null)).toBe(true);
    expect(found.find(({ topic }) => topic === CALL_OUTCOMES)?.problem).toMatch(/6 partitions.*4 and 6/);
  });

  it('may have more raw partitions, in multiples of the derived ones', async () => {
    const grown = (partitions: number) => findings((topics) => topics.set(RAW, { ...topics.get(RAW)!, partitions }));
    expect(await grown(8)).toEqual([]);
    expect(await grown(12)).toEqual([]);
    expect(await grown(6)).toMatchObject([
      {
        topic: RAW,
        problem: 'it has 6 partitions, no multiple of the 4 that the derived topics have',
        fix: `callfold topics grow ${RAW} --partitions 8`,
        change: null,
      },
    ]);
    const [missing] = await findings((topics) => {
      topics.set(RAW, { ...topics.get(RAW)!, partitions: 8 });
      topics.delete(DEAD_LETTERS);
    });
    expect(missing).toMatchObject({ topic: DEAD_LETTERS, change: { what: 'create', partitions: 4 } });
  });

  it('grow to multiples of what they have, or of the derived ones where somebody added another number', async () => {
    const grown = (partitions: number, made: number | null = null) => {
      const topics = asSpecified();
      topics.set(RAW, { ...topics.get(RAW)!, partitions });
      return growthStepOf(fakeAdmin(topics), RAW, made);
    };
    expect(await grown(4)).toEqual({ was: 4, step: 4 });
    expect(await grown(8)).toEqual({ was: 8, step: 8 });
    expect(await grown(6)).toEqual({ was: 6, step: 4 });
    // What its states were made with is what they can be moved from: from 12 that somebody made 20, to 24.
    expect(await grown(20, 12)).toEqual({ was: 20, step: 12 });
    expect(await grown(24, 12)).toEqual({ was: 24, step: 24 });
    expect(await growthStepOf(fakeAdmin(new Map()), RAW)).toBeNull();
  });

  it('with another number of partitions than asked for say so', async () => {
    const found = await findings(() => {}, { ...WANTED, partitions: 12 });
    expect(found).toHaveLength(TOPICS.length);
    expect(found[0]).toMatchObject({ problem: 'it has 4 partitions, not the 12 asked for', change: null });
  });

  it('with too few replicas say so', async () => {
    const [found] = await findings((topics) => topics.set(RAW, { ...topics.get(RAW)!, replicas: 1 }));
    expect(found).toMatchObject({ topic: RAW, change: null });
    expect(found?.problem).toMatch(/1 replicas, not the 3/);
  });

  it.each([
    [RAW, 'message.timestamp.type', 'CreateTime', 'LogAppendTime'],
    [RAW, 'cleanup.policy', 'compact', 'delete'],
    [RAW, 'retention.bytes', '1000000', '-1'],
    [RAW, 'max.message.bytes', '1000', String(16 * 1_048_576)],
    [CALL_OUTCOMES, 'cleanup.policy', 'delete', 'compact'],
    [CALL_OUTCOMES, 'cleanup.policy', 'compact,delete', 'compact'],
    [CALL_OUTCOMES, 'min.compaction.lag.ms', '0', String(7 * 86_400_000)],
    [DEAD_LETTERS, 'max.message.bytes', '1048588', String(16 * 1_048_576 + 65_536)],
  ])('find that %s has %s=%s', async (topic, name, is, should) => {
    const found = await findings(set(topic, name, is));
    expect(found).toMatchObject([
      { topic, fix: `set ${name}=${should}`, change: { what: 'set', name, value: should } },
    ]);
  });

  it('must keep raw events for twice the longest timer, and may keep them for longer', async () => {
    const least = 2 * longestTimerMs(DEFAULT_SETTINGS);
    expect(await findings(set(RAW, 'retention.ms', String(least)))).toEqual([]);
    expect(await findings(set(RAW, 'retention.ms', '-1'))).toEqual([]);
    const [short] = await findings(set(RAW, 'retention.ms', String(least - 1)));
    expect(short).toMatchObject({ topic: RAW, change: { what: 'set', name: 'retention.ms' } });
    expect(short?.problem).toContain(`twice the longest timer is ${least} ms`);
    const longer = { ...DEFAULT_SETTINGS, markerMs: 90 * 86_400_000 };
    const found = await findings(() => {}, { ...WANTED, settings: longer });
    expect(found).toHaveLength(4);
    expect(found[0]?.change).toEqual({ what: 'set', name: 'retention.ms', value: String(180 * 86_400_000) });
    const made = await checkTopics(fakeAdmin(new Map()), { ...WANTED, settings: longer });
    expect(made.find(({ topic }) => topic === RAW)?.change).toMatchObject({
      config: { 'retention.ms': String(180 * 86_400_000) },
    });
  });

  it('may take larger records than asked for', async () => {
    expect(await findings(set(RAW, 'max.message.bytes', '99999999'))).toEqual([]);
  });

  it('that were made are looked at again until every broker has heard of them', async () => {
    const topics: Topics = new Map();
    const admin = fakeAdmin(topics);
    let looks = 0;
    // The broker that is asked hears of half of them only after a while.
    const late: Admin = {
      ...admin,
      async describe(names) {
        looks += 1;
        const found = await admin.describe(names);
        return looks > 4 ? found : new Map([...found].slice(0, TOPICS.length / 2));
      },
    };
    const { done, left } = await applyTopics(late, WANTED, 1);
    expect([done.length, left, looks]).toEqual([TOPICS.length, [], 5]);
  });

  it('are put right, their other settings kept, and what is left is for people', async () => {
    const topics = asSpecified();
    topics.delete(CALL_OUTCOMES);
    set(RAW, 'message.timestamp.type', 'CreateTime')(topics);
    set(RAW, 'retention.bytes', '5')(topics);
    set(RAW, 'segment.bytes', '1048576')(topics);
    topics.set(DEAD_LETTERS, { ...topics.get(DEAD_LETTERS)!, replicas: 1 });
    const { done, left } = await applyTopics(fakeAdmin(topics), WANTED);
    expect(done.map(({ topic }) => topic)).toEqual([RAW, RAW, CALL_OUTCOMES]);
    expect(left.map(({ topic }) => topic)).toEqual([DEAD_LETTERS]);
    expect(topics.get(RAW)?.own).toMatchObject({
      'message.timestamp.type': 'LogAppendTime',
      'retention.bytes': '-1',
      'segment.bytes': '1048576',
    });
    expect(topics.get(CALL_OUTCOMES)?.partitions).toBe(4);
  });
});
