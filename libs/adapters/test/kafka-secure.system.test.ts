/** A broker with TLS that asks for a name and a password: every kind of connection gets in with the right ones only. */

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Kafka } from '../../../infra/parts/index.mjs';
import { freePorts, startKafka, testDir } from '../../../infra/parts/index.mjs';
import { openKafkaAdmin } from '../src/kafka/admin.ts';
import type { KafkaConnection } from '../src/kafka/client.ts';
import { createKafkaConsumer } from '../src/kafka/consumer.ts';
import { createKafkaLog } from '../src/kafka/log.ts';
import { createKafkaPublisher } from '../src/kafka/publisher.ts';
import { createKafkaWriter } from '../src/kafka/writer.ts';
import { runMember } from './contract/log-harness.ts';
import { logger } from './kafka-broker.ts';
import { makeAuthority } from './tls-keys.ts';

const START_MS = 120_000;
const at = { topic: 'raw', partition: 0 };
const record = { key: null, value: Buffer.from('a'), headers: [] };

describe('a broker with TLS and SASL', () => {
  let kafka: Kafka;
  let connection: KafkaConnection;
  let mutual: KafkaConnection;
  beforeAll(async () => {
    const [open, closed, twoWay, controller] = (await freePorts(4)) as [number, number, number, number];
    const host = '127.0.0.1';
    const dir = testDir('kafka-secure');
    const authority = makeAuthority(join(dir, 'keys'));
    const broker = authority.issue('broker', 'IP:127.0.0.1');
    const client = authority.issue('client', 'DNS:client');
    kafka = await startKafka({
      dir: join(dir, 'kafka'),
      quick: true,
      ports: [open],
      controllerPorts: [controller],
      settings: {
        listeners:
          `PLAINTEXT://${host}:${open},SECURE://${host}:${closed},MUTUAL://${host}:${twoWay},` +
          `CONTROLLER://${host}:${controller}`,
        'advertised.listeners': `PLAINTEXT://${host}:${open},SECURE://${host}:${closed},MUTUAL://${host}:${twoWay}`,
        'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,MUTUAL:SSL,CONTROLLER:PLAINTEXT',
        ...authority.kafkaSettings(broker, 'SECURE'),
        ...authority.kafkaSettings(broker, 'MUTUAL'),
        'listener.name.mutual.ssl.client.auth': 'required',
        'sasl.enabled.mechanisms': 'PLAIN',
        // A session ends after 2 s: the client has to say who it is again, in the middle of its work.
        'connections.max.reauth.ms': '12000',
        'listener.name.secure.plain.sasl.jaas.config':
          'org.apache.kafka.common.security.plain.PlainLoginModule required user_callfold="secret";',
      },
    });
    const sasl = { mechanism: 'plain', username: 'callfold', password: 'secret' } as const;
    connection = {
      brokers: [`${host}:${closed}`],
      clientId: 'test-secure',
      log: logger,
      sasl,
      ssl: { ca: [authority.ca] },
    };
    const { cert, key } = client;
    mutual = {
      brokers: [`${host}:${twoWay}`],
      clientId: 'test-mutual',
      log: logger,
      ssl: { ca: [authority.ca], cert, key },
    };
    const admin = await openKafkaAdmin(connection);
    await admin.create(at.topic, 1, 1, {});
    await admin.create('derived', 1, 1, {});
    await admin.close();
  }, START_MS);
  afterAll(async () => kafka?.stop({ wipe: true }));

  it('is written, read and published to', async () => {
    const writer = createKafkaWriter({ connection });
    const log = createKafkaLog({ connection, groupId: 'g' });
    const publisher = createKafkaPublisher({ connection, groupId: 'g' });
    const member = runMember(createKafkaConsumer({ connection, groupId: 'g', topics: [at.topic] }), new Map());
    // Past the end of a session.
    for (let count = 1; count <= 8; count += 1) {
      await writer.append(at, [record]);
      expect((await log.bounds(at)).end).toBe(count);
      if (count === 1) await publisher.fence(at, ['derived']);
      await publisher.send(at, [{ ...record, topic: 'derived' }]);
      await vi.waitFor(() => expect(member.seen.get('raw/0')?.length).toBe(count), { timeout: 20_000 });
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    await member.stop();
    expect(member.wrong).toEqual([]);
    await Promise.all([writer.close(), log.close(), publisher.close()]);
  });

  it('is not spoken to when its certificate is nobody\u2019s that is trusted', async () => {
    const log = createKafkaLog({ connection: { ...connection, ssl: true }, groupId: 'g' });
    await expect(log.bounds(at)).rejects.toThrow(/self-signed certificate|unable to (verify|get)/);
    await log.close();
  });

  it('says which setting is wrong when it refuses the password', async () => {
    const wrong = { ...connection, sasl: { ...connection.sasl!, password: 'guessed' } };
    const log = createKafkaLog({ connection: wrong, groupId: 'g' });
    await expect(log.bounds(at)).rejects.toThrow(/SASL.*CALLFOLD_KAFKA_SASL_/);
    await log.close();
    const member = runMember(createKafkaConsumer({ connection: wrong, groupId: 'g', topics: [at.topic] }), new Map());
    await expect(member.ran).rejects.toThrow(/CALLFOLD_KAFKA_SASL_/);
  });

  it('lets in who shows a certificate of its authority, and nobody else', async () => {
    const log = createKafkaLog({ connection: mutual, groupId: 'g' });
    expect((await log.bounds(at)).start).toBe(0);
    await log.close();
    const bare = { ...mutual, ssl: { ca: (mutual.ssl as { ca: string[] }).ca } };
    const refused = createKafkaLog({ connection: bare, groupId: 'g' });
    await expect(refused.bounds(at)).rejects.toThrow(/CALLFOLD_KAFKA_SSL_CERT_FILE/);
    await refused.close();
  });
});
