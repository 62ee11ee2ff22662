/** The consumer against a client that does what it is told: the histories that a real group goes through too rarely. */

import { describe, expect, it, vi } from 'vitest';
import { Refused } from '@callfold/engine';
import { failureOf, KafkaError } from '../src/kafka/errors.ts';
import { A, B, joined, scene, soon } from './kafka-scene.ts';

const rejoin = Object.assign(new Error('rebalancing'), { name: 'KafkaJSProtocolError', type: 'REBALANCE_IN_PROGRESS' });
const noAnswer = Object.assign(new Error('no answer'), { name: 'KafkaJSRequestTimeoutError', retriable: true });

describe('an assignment', () => {
  it('is paused at once, and read from the position answered', async () => {
    const s = scene();
    await vi.waitFor(() => expect(s.events()).not.toBeNull(), soon);
    s.join([A, B]);
    expect(s.calls).toEqual(['pause raw/0 raw/1']);
    await s.answer('assigned raw/0', 7);
    await s.answer('assigned raw/1', null);
    expect(s.calls).toEqual(['pause raw/0 raw/1', 'seek raw/0 7', 'resume raw/0', 'pause raw/1']);
  });

  it('takes batches from its position on: others are not its own', async () => {
    const s = scene();
    await joined(s, 7);
    await s.events().batch(s.incoming(A, 5, 1));
    expect(s.calls.slice(-1)).toEqual(['seek raw/0 7']);
    await s.events().batch(s.incoming(B, 7, 1));
    expect(s.log).toEqual(['assigned raw/0']);
    const taken = s.events().batch(s.incoming(A, 7, 3));
    await s.answer('batch raw/0', 10);
    await taken;
    expect(s.batches).toMatchObject([
      { from: 7, next: 10, end: 100, records: [{ offset: 7 }, { offset: 8 }, { offset: 9 }] },
    ]);
    expect(s.resolved).toEqual([10]);
  });

  it('moves where the answer says, or stays', async () => {
    const s = scene();
    await joined(s, 0);
    const first = s.events().batch(s.incoming(A, 0, 3));
    await s.answer('batch raw/0', 1);
    await first;
    expect(s.calls.slice(-2)).toEqual(['seek raw/0 1', 'resume raw/0']);
    const second = s.events().batch(s.incoming(A, 1, 2));
    await s.answer('batch raw/0', null);
    await second;
    expect(s.calls.slice(-1)).toEqual(['pause raw/0']);
    await s.events().batch(s.incoming(A, 3, 1));
    expect(s.batches.length).toBe(2);
    expect(s.resolved).toEqual([]);
    s.consumer.seek(A, 2);
    expect(s.calls.slice(-2)).toEqual(['seek raw/0 2', 'resume raw/0']);
  });

  it('gets a large fetch in several calls, each from where the one before ended', async () => {
    const s = scene({ batchRecords: 2 });
    await joined(s, 0);
    const taken = s.events().batch(s.incoming(A, 0, 5));
    for (const next of [2, 4, 5]) await s.answer('batch raw/0', next);
    await taken;
    expect(s.batches.map(({ from, next, records }) => [from, records.length, next])).toEqual([
      [0, 2, 2],
      [2, 2, 4],
      [4, 1, 5],
    ]);
    expect(s.resolved).toEqual([2, 4, 5]);
  });

  it('learns of a stretch without records', async () => {
    const s = scene();
    await joined(s, 0);
    const { fetched, ...incoming } = s.incoming(A, 0, 1);
    const bytes = Buffer.from(fetched.bytes);
    bytes.writeInt16BE(0x30, 21); // a marker
    const taken = s.events().batch({ ...incoming, fetched: { ...fetched, bytes } });
    await s.answer('batch raw/0', 1);
    await taken;
    expect(s.batches).toEqual([{ from: 0, records: [], next: 1, end: 100 }]);
  });

  it('that is over ignores what its handler still answers', async () => {
    const s = scene();
    await joined(s, 0);
    const taken = s.events().batch(s.incoming(A, 0, 1));
    await s.logged('batch raw/0');
    const letGo = s.events().letGo(true);
    await vi.waitFor(() => expect(s.signals.get('batch raw/0')?.aborted).toBe(true), soon);
    expect(s.log).not.toContain('revoked raw/0');
    await s.answer('batch raw/0', 1);
    await Promise.all([letGo, taken]);
    expect(s.resolved).toEqual([]);
    expect(s.log).toEqual(['assigned raw/0', 'batch raw/0', 'revoked raw/0']);
  });
});

describe('a partition that comes back', () => {
  it('waits until its last owner here has let go, however often the group shares out in between', async () => {
    const s = scene();
    await joined(s, 0);
    const taken = s.events().batch(s.incoming(A, 0, 1));
    await s.logged('batch raw/0');
    // Joins that did not wait: as when a leader moves while handlers run.
    for (let times = 0; times < 3; times += 1) {
      s.join([A]);
      await new Promise(setImmediate);
    }
    expect(s.log).toEqual(['assigned raw/0', 'batch raw/0']);
    await s.answer('batch raw/0', 1);
    await taken;
    await s.logged('assigned raw/0', 2);
    expect(s.log).toEqual(['assigned raw/0', 'batch raw/0', 'revoked raw/0', 'assigned raw/0']);
    expect(s.signals.get('assigned raw/0')?.aborted).toBe(false);
  });

  it('is assigned anew when the log has nothing at its position', async () => {
    const s = scene();
    await joined(s, 50);
    s.events().outOfRange(A);
    await s.answer('assigned raw/0', 3);
    expect(s.log).toEqual(['assigned raw/0', 'revoked raw/0', 'assigned raw/0']);
    expect(s.calls.slice(-3)).toEqual(['pause raw/0', 'seek raw/0 3', 'resume raw/0']);
  });

  it('is assigned anew after a crash that the client recovers from', async () => {
    const s = scene();
    await joined(s, 0);
    s.events().crashed(new Error('away'), true);
    await s.logged('revoked raw/0');
    s.join([A]);
    await s.answer('assigned raw/0', 0);
    expect(s.log).toEqual(['assigned raw/0', 'revoked raw/0', 'assigned raw/0']);
  });

  it('is assigned anew after a crash that the client does not recover from, because of what may be there later', async () => {
    const s = scene();
    await joined(s, 0);
    s.events().crashed(new KafkaError('reading', failureOf(15)), false);
    await s.logged('revoked raw/0');
    await vi.waitFor(() => expect(s.starts()).toBe(2), soon);
    s.join([A]);
    await s.answer('assigned raw/0', 0);
    expect(s.log).toEqual(['assigned raw/0', 'revoked raw/0', 'assigned raw/0']);
  });
});

describe('a group whose coordinator is not found', () => {
  it('is given up in the end, with what the client said: who may not read a group never finds it', async () => {
    const s = scene({ giveUpMs: 0 });
    await joined(s, 0);
    const error = new KafkaError('reading', failureOf(15));
    s.events().crashed(error, false);
    await vi.waitFor(() => expect(s.starts()).toBe(2), soon);
    s.events().crashed(error, false);
    await expect(s.ran).rejects.toThrow('may not read the group');
  });
});

describe('a batch that runs long', () => {
  it('sends heartbeats, and is told when the group shares out anew; the client is told after it', async () => {
    const s = scene({ slowBatchMs: 1 });
    await joined(s, 0);
    let beats = 0;
    const taken = s.events().batch(
      s.incoming(A, 0, 1, {
        heartbeat: async () => {
          beats += 1;
          if (beats === 2) throw rejoin;
        },
      }),
    );
    taken.catch(() => {});
    await vi.waitFor(() => expect(s.signals.get('batch raw/0')?.aborted).toBe(true), soon);
    expect(beats).toBe(2);
    await s.answer('batch raw/0', 1);
    await expect(taken).rejects.toBe(rejoin);
    // What was finished counts all the same.
    expect(s.resolved).toEqual([1]);
    await s.consumer.stop();
  });

  it('goes on while single heartbeats are lost, and is assigned anew when they all are', async () => {
    const s = scene({ slowBatchMs: 1, sessionMs: 1_000 });
    await joined(s, 0);
    let beats = 0;
    const heartbeat = async (): Promise<void> => {
      beats += 1;
      throw noAnswer;
    };
    const taken = s.events().batch(s.incoming(A, 0, 1, { heartbeat }));
    taken.catch(() => {});
    await vi.waitFor(() => expect(beats).toBe(1), soon);
    expect(s.signals.get('batch raw/0')?.aborted).toBe(false);
    await vi.waitFor(() => expect(s.signals.get('batch raw/0')?.aborted).toBe(true), soon);
    await s.answer('batch raw/0', null);
    await expect(taken).rejects.toBe(noAnswer);
    await s.logged('assigned raw/0', 2);
    expect(s.log).toEqual(['assigned raw/0', 'batch raw/0', 'revoked raw/0', 'assigned raw/0']);
    void s.consumer.stop();
    await s.answer('assigned raw/0', null);
    await s.ran;
  });
});

describe('the end', () => {
  it('lets a running batch finish, gives everything back, then leaves', async () => {
    const s = scene({ graceMs: 10_000 });
    await joined(s, 0);
    const taken = s.events().batch(s.incoming(A, 0, 1));
    await s.logged('batch raw/0');
    const stopped = s.consumer.stop();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(s.signals.get('batch raw/0')?.aborted).toBe(false);
    expect(s.calls).not.toContain('stop');
    await s.answer('batch raw/0', 1);
    await Promise.all([stopped, taken, s.ran]);
    expect(s.log.slice(-1)).toEqual(['revoked raw/0']);
    expect(s.calls.slice(-1)).toEqual(['stop']);
    await s.consumer.stop();
  });

  it('says nothing of what it gave back, when the group has shared out anew meanwhile', async () => {
    const s = scene({ graceMs: 10_000 });
    await joined(s, 0);
    void s.events().batch(s.incoming(A, 0, 1));
    await s.logged('batch raw/0');
    const stopped = s.consumer.stop();
    await new Promise(setImmediate);
    s.join([B]);
    await s.answer('batch raw/0', 1);
    await stopped;
    expect(s.log.slice(-1)).toEqual(['revoked raw/0']);
    expect(s.told).toEqual([]);
  });

  it('waits for the first join: the client cannot be stopped before', async () => {
    const s = scene();
    await vi.waitFor(() => expect(s.events()).not.toBeNull(), soon);
    const stopped = s.consumer.stop();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(s.calls).toEqual([]);
    s.join([A]);
    await stopped;
    expect(s.log).toEqual([]);
    expect(s.calls).toEqual(['pause raw/0', 'stop']);
    await s.ran;
  });

  it('comes for good when the client gives up, with its reason', async () => {
    const s = scene();
    await joined(s, 0);
    s.events().crashed(new KafkaError('reading', failureOf(30)), false);
    await expect(s.ran).rejects.toThrow(/GROUP_AUTHORIZATION_FAILED/);
    expect(s.log.slice(-1)).toEqual(['revoked raw/0']);
  });

  it.each(['assigned', 'batch'])('comes when the handler throws in `%s`', async (call) => {
    const s = scene();
    await vi.waitFor(() => expect(s.events()).not.toBeNull(), soon);
    s.join([A]);
    if (call === 'batch') {
      await s.answer('assigned raw/0', 0);
      void s.events().batch(s.incoming(A, 0, 1));
    }
    await s.logged(`${call} raw/0`);
    s.held.get(`${call} raw/0`)!.reject(new Error('broken'));
    await expect(s.ran).rejects.toThrow('broken');
    expect(s.log.slice(-1)).toEqual(['revoked raw/0']);
  });

  it('comes when a batch cannot be read at all, which says where', async () => {
    const s = scene();
    await joined(s, 0);
    const { fetched, ...incoming } = s.incoming(A, 0, 1);
    await s.events().batch({ ...incoming, fetched: { ...fetched, bytes: Buffer.alloc(100) } });
    await expect(s.ran).rejects.toThrow(/raw\/0, offset 0/);
  });

  it('comes at once when it may not read, and not when the brokers are only away', async () => {
    const s = scene({}, new KafkaError('reading', { code: 'CONNECTION', retriable: true, said: 'refused' }));
    await vi.waitFor(() => expect(s.starts()).toBeGreaterThan(2), soon);
    s.failToStart(new KafkaError('reading', failureOf(29)));
    await expect(s.ran).rejects.toBeInstanceOf(Refused);
  });
});
