/** A broker with TLS that asks for a name and a password: every kind of connection gets in with the right ones only. */

import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
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

const START_MS = 120_000;
const at = { topic: 'raw', partition: 0 };
const record = { key: null, value: Buffer.from('a'), headers: [] };

/** A key of the broker's own, and the certificate that clients are to trust. Java brings the tool. */
async function makeKey(
  dir: string,
): Promise<{ readonly store: string; readonly password: string; readonly ca: string }> {
  mkdirSync(dir, { recursive: true });
  const store = join(dir, 'broker.p12');
  const file = join(dir, 'broker.pem');
  const password = 'of-the-store';
  const common = ['-alias', 'broker', '-keystore', store, '-storetype', 'PKCS12', '-storepass', password];
  const keytool = promisify(execFile);
  const made = ['-keyalg', 'EC', '-validity', '2', '-dname', 'CN=broker', '-ext', 'SAN=ip:127.0.0.1'];
  await keytool('keytool', ['-genkeypair', ...common, ...made]);
  await keytool('keytool', ['-exportcert', '-rfc', '-file', file, ...common]);
  return { store, password, ca: readFileSync(file, 'utf8') };
}

describe('a broker with TLS and SASL', () => {
  let kafka: Kafka;
  let connection: KafkaConnection;
  beforeAll(async () => {
    const [open, closed, controller] = (await freePorts(3)) as [number, number, number];
    const host = '127.0.0.1';
    const dir = testDir('kafka-secure');
    const key = await makeKey(join(dir, 'keys'));
    kafka = await startKafka({
      dir: join(dir, 'kafka'),
      quick: true,
      ports: [open],
      controllerPorts: [controller],
      settings: {
        listeners: `PLAINTEXT://${host}:${open},SECURE://${host}:${closed},CONTROLLER://${host}:${controller}`,
        'advertised.listeners': `PLAINTEXT://${host}:${open},SECURE://${host}:${closed}`,
        'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT',
        'ssl.keystore.type': 'PKCS12',
        'ssl.keystore.location': key.store,
        'ssl.keystore.password': key.password,
        'ssl.key.password': key.password,
        'sasl.enabled.mechanisms': 'PLAIN',
        // A session ends after 2 s: the client has to say who it is again, in the middle of its work.
        'connections.max.reauth.ms': '12000',
        'listener.name.secure.plain.sasl.jaas.config':
          'org.apache.kafka.common.security.plain.PlainLoginModule required user_callfold="secret";',
      },
    });
    const sasl = { mechanism: 'plain', username: 'callfold', password: 'secret' } as const;
    connection = { brokers: [`${host}:${closed}`], clientId: 'test-secure', log: logger, sasl, ssl: { ca: [key.ca] } };
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
    await expect(log.bounds(at)).rejects.toThrow(/self-signed certificate/);
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
});
