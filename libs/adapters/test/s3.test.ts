import { rawTopic, utf8Bytes } from '@callfold/core';
import type { Archive, At } from '@callfold/engine';
import { archivePartition, checkArchive, joinedLog, Refused } from '@callfold/engine';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openS3 } from '../src/archive/s3.ts';
import { avroSegments } from '../src/archive/segment.ts';
import { openHarness } from './engine-harness.ts';
import { startS3Server } from './s3-server.ts';

const ACCESS = { region: 'eu-central-1', accessKeyId: 'archivist', secretAccessKey: 'a secret of hers' };
const AT: At = { topic: rawTopic('atlas'), partition: 0 };
const PLACE = 's3://cold-logs/callfold/prod';

let server: Awaited<ReturnType<typeof startS3Server>>;
beforeEach(async () => {
  server = await startS3Server({ bucket: 'cold-logs', keyId: 'archivist', secret: 'a secret of hers' });
});
afterEach(() => server.close());

const open = (place = PLACE, access = ACCESS) => openS3(place, { ...access, endpoint: `${server.endpoint}/` });

describe('an archive in a bucket', () => {
  it('is written, gone on with, checked, and read as one log with the topic', async () => {
    const h = await openHarness();
    const archive: Archive = { files: open(), format: avroSegments };
    const log = h.world.ports().log('check');
    const publish = (count: number): void => {
      for (let n = 0; n < count; n += 1) h.append(AT, { key: utf8Bytes(`ключ ${n}`), value: utf8Bytes('x') });
    };
    publish(10);
    const archiving = { at: AT, log, archive, stop: { requested: false } };
    expect(await archivePartition(archiving)).toMatchObject({ records: 10, segments: 1 });
    publish(5);
    expect(await archivePartition(archiving)).toMatchObject({ from: 10, records: 5 });
    h.world.topics.retain(AT, 12);
    const { records } = await joinedLog(log, archive).read(AT, 3, 4);
    expect(records.map(({ offset }) => offset)).toEqual([3, 4, 5, 6]);
    expect([...server.objects.keys()].toSorted()).toEqual([
      'callfold/prod/callfold.raw.atlas/0/000000000000000.avro',
      'callfold/prod/callfold.raw.atlas/0/000000000000010.avro',
      'callfold/prod/callfold.raw.atlas/0/manifest.json',
    ]);
    expect((await checkArchive(archive, AT))?.segments).toHaveLength(2);
    const [name = '', bytes] = [...server.objects].find(([key]) => key.endsWith('10.avro')) ?? [];
    server.objects.set(name, Buffer.from(bytes ?? []).fill(0, 100, 101));
    await expect(checkArchive(archive, AT)).rejects.toThrow(`${PLACE}: callfold.raw.atlas/0/000000000000010.avro`);
  });

  it('tells an object that is not there from a bucket that is not', async () => {
    expect(await open().read('nothing/manifest.json')).toBeNull();
    const wrong = open('s3://no-such-bucket');
    await expect(wrong.read('manifest.json')).rejects.toThrow(/404 NoSuchBucket.*Is there a bucket no-such-bucket/);
    await expect(wrong.write('manifest.json', utf8Bytes('{}'))).rejects.toThrow(Refused);
  });

  it('names what is wrong with the key, and never the secret', async () => {
    const wrong = open(PLACE, { ...ACCESS, secretAccessKey: 'another secret' });
    const error = await wrong.read('manifest.json').catch((one: unknown) => one as Error);
    expect(error).toBeInstanceOf(Refused);
    expect(String(error)).toContain('403 SignatureDoesNotMatch');
    expect(String(error)).not.toContain('another secret');
    expect(() => open('s3://Not_a_bucket/x')).toThrow('expected s3://BUCKET');
  });

  it('asks again where it is told to slow down, and signs names of any kind', async () => {
    server.instead.push(503, 500);
    await open().write('a name/with + & Ключ.avro', utf8Bytes('x'));
    expect(server.asked).toHaveLength(3);
    expect(await open().read('a name/with + & Ключ.avro')).toEqual(utf8Bytes('x'));
  });

  it('says where nobody answers', async () => {
    const files = open();
    await server.close();
    await expect(files.read('x')).rejects.toThrow(
      /127\.0\.0\.1:\d+\/cold-logs\/callfold\/prod\/x cannot be asked: .*ECONN/,
    );
  });
});
