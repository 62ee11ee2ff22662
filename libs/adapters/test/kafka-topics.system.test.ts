import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestBroker } from './kafka-broker.ts';
import { openBroker } from './kafka-broker.ts';

describe('topics on a real broker', () => {
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await openBroker('kafka-topics');
  });
  afterAll(async () => broker.close());

  it('are described as they were made, and not at all when they do not exist', async () => {
    const topic = await broker.topic('made', 3, { 'retention.ms': '12345', 'cleanup.policy': 'compact' });
    const facts = await broker.admin.describe([topic, broker.name('nowhere')]);
    expect([...facts.keys()]).toEqual([topic]);
    const found = facts.get(topic)!;
    expect(found).toMatchObject({
      partitions: 3,
      replicas: 1,
      own: { 'retention.ms': '12345', 'cleanup.policy': 'compact' },
      config: { 'retention.ms': '12345', 'message.timestamp.type': 'CreateTime' },
    });
    expect(Object.keys(found.own)).toHaveLength(2);
  });

  it('have exactly the settings of their own that were set last', async () => {
    const topic = await broker.topic('set', 1, { 'retention.ms': '12345', 'segment.bytes': '1048576' });
    await broker.admin.setConfig(topic, { 'retention.ms': '99999', 'message.timestamp.type': 'LogAppendTime' });
    const { own, config } = (await broker.admin.describe([topic])).get(topic)!;
    expect(own).toEqual({ 'retention.ms': '99999', 'message.timestamp.type': 'LogAppendTime' });
    expect(config['segment.bytes']).toBe('1073741824');
  });

  it('that cannot be made say why', async () => {
    await expect(broker.admin.create('not a name', 1, 1, {})).rejects.toThrow(/creating topic not a name/);
    await expect(broker.admin.create(broker.name('wide'), 1, 99, {})).rejects.toThrow(
      /creating topic .*wide.*at most as many replicas/,
    );
  });
});
