import { TICK_HEADER } from '@callfold/core';
import type { At, Log } from '@callfold/engine';
import type { KafkaConnection, Link } from './client.ts';
import { codeOf } from './errors.ts';
import { openLink } from './link.ts';
import { ACK_MS, coveredBy, failureToSend } from './produce.ts';
import { createReader } from './reader.ts';
import { encodeBatch, UNSTAMPED } from './record-encode.ts';
import { withRetries } from './retry.ts';

export type KafkaLogOptions = {
  readonly connection: KafkaConnection;
  /** Whose witness it is. */
  readonly groupId: string;
  /** A running member's way to commit, which alone may while the group has members. */
  readonly commit?: (commits: readonly Commit[]) => Promise<void>;
};

export type Commit = At & { readonly next: number };

export type KafkaLog = Log & {
  /** Before much is asked of these topics at once. */
  learn(topics: readonly string[]): Promise<void>;
  close(): Promise<void>;
};

const READ_BYTES = 1_048_576;
/** More than most records have: who wants few of many partitions is not to get a mebibyte of each. */
const RECORD_BYTES = 1_024;
/** Most batches, so that many partitions' come in one answer; a larger one comes whole, by itself. */
const ONE_BATCH_BYTES = 16_384;

const nameOf = ({ topic, partition }: At): string => `${topic}/${partition}`;

export function createKafkaLog(options: KafkaLogOptions): KafkaLog {
  const link = openLink(options.connection);
  return { ...logOn(link, options), learn: (topics) => link.learn(topics), close: () => link.close() };
}

export function logOn(link: Link, options: KafkaLogOptions): Log {
  const { groupId } = options;
  const reader = createReader(link, 'committed');
  const setWitness = createWitness(link, options);
  return {
    async partitions(topic, expected = 0) {
      const known = await withRetries(link, () => link.partitions(topic));
      if (known >= expected) return known;
      await withRetries(link, () => link.refresh());
      return withRetries(link, () => link.partitions(topic));
    },

    bounds: (at) => reader.bounds(at),

    offsetAt: (at, time) => reader.offsetAt(at, time),

    async readOne(at, offset) {
      try {
        const { records } = await reader.slice(at, offset, ONE_BATCH_BYTES);
        return records.find((record) => record.offset === offset) ?? null;
      } catch (error) {
        if (codeOf(error) === 'OFFSET_OUT_OF_RANGE') return null;
        throw error;
      }
    },

    async read(at, offset, maxRecords) {
      const bytes = Math.max(ONE_BATCH_BYTES, Math.min(READ_BYTES, maxRecords * RECORD_BYTES));
      const { records, next, end } = await reader.slice(at, offset, bytes);
      const last = records[maxRecords - 1];
      if (last === undefined || records.length === maxRecords) return { from: offset, records, next, end };
      return { from: offset, records: records.slice(0, maxRecords), next: last.offset + 1, end };
    },

    async tick(at) {
      const headers = [{ name: TICK_HEADER, value: new Uint8Array() }];
      const batch = encodeBatch([{ key: null, value: null, headers }], UNSTAMPED, Date.now(), false);
      const node = await link.leader(at);
      const sendable = { ...at, batch };
      try {
        const [answer] = coveredBy([sendable], await link.produce(node, [sendable], ACK_MS), node);
        if (answer !== undefined && answer.code !== 0) throw failureToSend(answer, node);
      } catch (error) {
        // Not tried again here: one tick more or less changes nothing. The next one finds the leader.
        await link.refresh().catch(() => {});
        throw error;
      }
    },

    witness: (at) => withRetries(link, () => link.groupOffset(groupId, at)),

    setWitness,
  };
}

/** One commit at a time; what comes meanwhile goes with the next, the latest of each partition. */
function createWitness(link: Link, { connection, groupId, commit }: KafkaLogOptions): Log['setWitness'] {
  const waiting = new Map<string, Commit>();
  let last: Promise<void> = Promise.resolve();

  async function flush(): Promise<void> {
    const commits = [...waiting.values()];
    waiting.clear();
    if (commits.length === 0) return;
    try {
      if (commit !== undefined) await commit(commits);
      else for (const one of commits) await link.setGroupOffset(groupId, one, one.next);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      connection.log.debug({ groupId, message }, 'the witness was not moved; the next one will be');
    }
  }

  return (at, next) => {
    waiting.set(nameOf(at), { topic: at.topic, partition: at.partition, next });
    last = last.then(flush);
    return last;
  };
}
