/** A consumer on a client that does what it is told: the histories that a real group goes through too rarely. */

import { expect, vi } from 'vitest';
import type { At, Batch, Signal } from '@callfold/engine';
import type { Incoming, Left, Member, MemberEvents } from '../src/kafka/client.ts';
import type { ConsumerLimits } from '../src/kafka/consumer.ts';
import { CONSUMER_LIMITS, consumerOn } from '../src/kafka/consumer.ts';
import { encodeBatch, UNSTAMPED } from '../src/kafka/record-encode.ts';
import { logger } from './kafka-broker.ts';

export const A: At = { topic: 'raw', partition: 0 };
export const B: At = { topic: 'raw', partition: 1 };
export const soon = { timeout: 5_000, interval: 1 };
const nameOf = (at: At): string => `${at.topic}/${at.partition}`;

function bytesOf(offset: number, count: number): Buffer {
  const records = Array.from({ length: count }, (_, index) => ({
    key: null,
    value: Buffer.from(String(offset + index)),
    headers: [],
  }));
  const batch = encodeBatch(records, UNSTAMPED, 1, false);
  batch.writeBigInt64BE(BigInt(offset), 0);
  return batch;
}

type Held = { resolve(answer: number | null): void; reject(error: Error): void };

/** A consumer on a fake client, with a handler whose calls wait until the test answers them. */
export function scene(limits: Partial<ConsumerLimits> = {}, startFailure: Error | null = null) {
  const calls: string[] = [];
  const told: Left[] = [];
  const farewells = new Map<string, string>();
  const log: string[] = [];
  const held = new Map<string, Held>();
  const signals = new Map<string, Signal>();
  let started: MemberEvents | null = null;
  let starts = 0;
  let failStart = startFailure;
  const member: Member = {
    async start(given) {
      starts += 1;
      if (failStart !== null) throw failStart;
      started = given;
    },
    pause: (ats) => calls.push(`pause ${ats.map(nameOf).join(' ')}`),
    resume: (ats) => calls.push(`resume ${ats.map(nameOf).join(' ')}`),
    seek: (at, offset) => calls.push(`seek ${nameOf(at)} ${offset}`),
    commit: async () => {},
    leave: async (left) => void told.push(...left),
    farewells: async () => farewells,
    stop: async () => {
      calls.push('stop');
    },
  };
  const consumer = consumerOn(member, logger, { ...CONSUMER_LIMITS, graceMs: 5, retryMs: 1, ...limits });
  const hold = (what: string, signal: Signal): Promise<number | null> => {
    log.push(what);
    signals.set(what, signal);
    return new Promise((resolve, reject) => held.set(what, { resolve, reject }));
  };
  const batches: Batch[] = [];
  const ran = consumer.run({
    assigned: (at, signal, left) => {
      if (left !== null) log.push(`told: ${left}`);
      return hold(`assigned ${nameOf(at)}`, signal);
    },
    batch: (at, batch, signal) => {
      batches.push(batch);
      return hold(`batch ${nameOf(at)}`, signal);
    },
    paused: async (at) => {
      log.push(`paused ${nameOf(at)}`);
      return `all of ${nameOf(at)} is sent`;
    },
    resumed: (at) => void log.push(`resumed ${nameOf(at)}`),
    revoked: async (at) => {
      log.push(`revoked ${nameOf(at)}`);
      return `all of ${nameOf(at)} is sent`;
    },
  });
  ran.catch(() => {});
  const events = (): MemberEvents => started!;
  let generation = 0;
  const resolved: number[] = [];
  return {
    consumer,
    told,
    farewells,
    ran,
    calls,
    log,
    held,
    signals,
    batches,
    resolved,
    events,
    /** The group shares out: in the next generation, or after some that this member did not hear of. */
    join(ats: readonly At[], missed = 0): void {
      generation += 1 + missed;
      events().joined(ats, generation);
    },
    starts: () => starts,
    failToStart: (error: Error | null) => {
      failStart = error;
    },
    /** Answers a call, once it was made. */
    async answer(what: string, answer: number | null): Promise<void> {
      await vi.waitFor(() => expect(held.has(what)).toBe(true), soon);
      const { resolve } = held.get(what)!;
      held.delete(what);
      resolve(answer);
      await new Promise(setImmediate);
    },
    logged: (what: string, times = 1): Promise<void> =>
      vi.waitFor(() => expect(log.filter((one) => one === what).length).toBe(times), soon),
    incoming(at: At, from: number, count: number, more: Partial<Incoming> = {}): Incoming {
      const bytes = bytesOf(from, count);
      const place = { code: 0, highWatermark: 100, lastStable: 100, logStart: 0, aborted: [] };
      return {
        at,
        from,
        fetched: { ...at, ...place, bytes },
        heartbeat: async () => {},
        resolve: (next) => resolved.push(next),
        ...more,
      };
    },
  };
}

export type Scene = ReturnType<typeof scene>;

export async function joined(s: Scene, position: number): Promise<void> {
  await vi.waitFor(() => expect(s.events()).not.toBeNull(), soon);
  s.join([A]);
  await s.answer('assigned raw/0', position);
}
