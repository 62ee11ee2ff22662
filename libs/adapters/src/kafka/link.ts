/** Single requests to the brokers, each tried once. */

import type { At } from '@callfold/engine';
import type { Isolation, KafkaConnection, Link } from './client.ts';
import { explain, failureOf, KafkaError } from './errors.ts';
import type { Broker, Cluster } from './kafkajs.ts';
import { apiKeyOf, callOf, COORDINATOR, newCluster, sendTo } from './kafkajs.ts';
import { decodeProduced, encodeProduce, PRODUCE_VERSION } from './messages.ts';
import { questionsOf } from './questions.ts';

const EARLIEST = -2;
const LATEST = -1;
/** The answer to a time after the last record's. */
const NONE_SO_LATE = -1;
const NO_GENERATION = -1;
const UNKNOWN_PARTITION = 3;
const UNNAMED = -1;
/** How long a transaction may stay open: it holds committed readers up, and ours is open for some milliseconds only. */
const TRANSACTION_MS = 10_000;

const nameOf = (at: At): string => `${at.topic}/${at.partition}`;

function refuse(code: number, doing: string): void {
  if (code !== 0) throw new KafkaError(doing, failureOf(code));
}

const ask = <T>(broker: Broker, apiName: string, args: object): Promise<T> =>
  sendTo<T>(broker, callOf(broker, apiName, args));

type PartitionAnswers<T> = {
  readonly responses: readonly { readonly partitions: readonly (T & { readonly errorCode: number })[] }[];
};

/** Of an answer about one partition. */
function only<T>(answer: PartitionAnswers<T>, doing: string): T {
  const one = answer.responses[0]?.partitions[0];
  if (one === undefined) throw new KafkaError(doing, { code: 'CLIENT', retriable: true, said: 'the answer is empty' });
  refuse(one.errorCode, doing);
  return one;
}

type Named = <T>(doing: string, work: () => Promise<T>) => Promise<T>;

export function openLink(connection: KafkaConnection): Link {
  const cluster = newCluster(connection);
  const named: Named = async (doing, work) => {
    try {
      await cluster.connect();
      return await work();
    } catch (error) {
      throw explain(doing, error);
    }
  };
  return {
    ...metadataOf(cluster, named),
    ...recordsOf(cluster, named),
    ...producersOf(cluster, named),
    ...groupsOf(cluster, named),
    close: () => cluster.disconnect(),
  };
}

function metadataOf(cluster: Cluster, named: Named): Pick<Link, 'leader' | 'partitions' | 'refresh' | 'learn'> {
  const known = new Set<string>();
  const know = async (topic: string): Promise<void> => {
    if (known.has(topic)) return;
    await cluster.addTargetTopic(topic);
    known.add(topic);
  };
  return {
    leader: (at) => {
      const doing = `finding the leader of ${nameOf(at)}`;
      return named(doing, async () => {
        await know(at.topic);
        const found = cluster.findTopicPartitionMetadata(at.topic).find((one) => one.partitionId === at.partition);
        if (found === undefined) throw new KafkaError(doing, failureOf(UNKNOWN_PARTITION));
        return found.leader;
      });
    },
    partitions: (topic) =>
      named(`finding the partitions of ${topic}`, async () => {
        await know(topic);
        await cluster.refreshMetadataIfNecessary();
        return cluster.findTopicPartitionMetadata(topic).length;
      }),
    learn: (topics) =>
      named(`finding the partitions of ${topics.join(', ')}`, async () => {
        await cluster.addMultipleTargetTopics(topics);
        for (const topic of topics) known.add(topic);
      }),
    refresh: () => named('asking for the cluster\u2019s metadata', () => cluster.refreshMetadata()),
  };
}

function recordsOf(cluster: Cluster, named: Named): Pick<Link, 'produce' | 'fetch' | 'offset' | 'offsetAt'> {
  const { offsetOf, fetchOf } = questionsOf(cluster);
  const listOffset = (doing: string, node: number, at: At, timestamp: number, isolation: Isolation): Promise<number> =>
    named(doing, async () => {
      const { code, offset } = await offsetOf(node, timestamp, isolation)({ at });
      refuse(code, doing);
      return offset;
    });
  return {
    produce: (node, sendables, ackMs) =>
      named(`sending to ${sendables.map(nameOf).join(', ')} at broker ${node}`, async () => {
        const payload = encodeProduce(sendables, ackMs);
        const answer = await sendTo<ReturnType<typeof decodeProduced>>(await cluster.findBroker({ nodeId: node }), {
          request: {
            apiKey: apiKeyOf('Produce'),
            apiVersion: PRODUCE_VERSION,
            apiName: 'Produce',
            // What kafkajs's encoder takes for one of its own, without a copy.
            encode: async () => ({ buf: payload, buffer: payload }),
          },
          response: {
            decode: async (bytes) => {
              const { produced, throttleMs } = decodeProduced(bytes);
              return { produced, clientSideThrottleTime: throttleMs };
            },
            parse: async (data) => data,
          },
        });
        return answer.produced;
      }),
    fetch: (node, at, { offset, ...kind }) =>
      named(`reading ${nameOf(at)} from offset ${offset} at broker ${node}`, async () =>
        fetchOf(node, kind)({ at, offset }),
      ),
    offset: (node, at, which, isolation) => {
      const doing = `asking for the ${which} of ${nameOf(at)} at broker ${node}`;
      return listOffset(doing, node, at, which === 'start' ? EARLIEST : LATEST, isolation);
    },
    offsetAt: async (node, at, time, isolation) => {
      const doing = `asking for the offset of ${nameOf(at)} at timestamp ${time} at broker ${node}`;
      const offset = await listOffset(doing, node, at, time, isolation);
      return offset === NONE_SO_LATE ? null : offset;
    },
  };
}

type PartitionErrors = {
  readonly errors: readonly {
    readonly topic: string;
    readonly partitionErrors: readonly { readonly partition: number; readonly errorCode: number }[];
  }[];
};

function producersOf(
  cluster: Cluster,
  named: Named,
): Pick<Link, 'takeProducerId' | 'addToTransaction' | 'abortTransaction'> {
  const { of: coordinator, forgetting } = coordinatorsOf(cluster);
  return {
    takeProducerId: (transactionalId) => {
      const doing = `taking a producer id for ${transactionalId ?? 'plain sends'}`;
      return forgetting(transactionalId, named, doing, async () => {
        const broker = transactionalId === null ? await anyBroker(cluster) : await coordinator(transactionalId);
        const answer = await ask<{ errorCode: number; producerId: string; producerEpoch: number }>(
          broker,
          'InitProducerId',
          { transactionalId, transactionTimeout: TRANSACTION_MS },
        );
        refuse(answer.errorCode, doing);
        return { producerId: BigInt(answer.producerId), epoch: answer.producerEpoch };
      });
    },
    addToTransaction: (transactionalId, { producerId, epoch }, ats) =>
      forgetting(transactionalId, named, `opening a transaction of ${transactionalId}`, async () => {
        const answer = await ask<PartitionErrors>(await coordinator(transactionalId), 'AddPartitionsToTxn', {
          transactionalId,
          producerId: String(producerId),
          producerEpoch: epoch,
          topics: ats.map(({ topic, partition }) => ({ topic, partitions: [partition] })),
        });
        const codes = new Map(
          answer.errors.flatMap(({ topic, partitionErrors }) =>
            partitionErrors.map(({ partition, errorCode }) => [nameOf({ topic, partition }), errorCode] as const),
          ),
        );
        for (const at of ats) {
          refuse(codes.get(nameOf(at)) ?? UNNAMED, `opening a transaction of ${transactionalId} over ${nameOf(at)}`);
        }
      }),
    abortTransaction: (transactionalId, { producerId, epoch }) => {
      const doing = `aborting the transaction of ${transactionalId}`;
      return forgetting(transactionalId, named, doing, async () => {
        const answer = await ask<{ errorCode: number }>(await coordinator(transactionalId), 'EndTxn', {
          transactionalId,
          producerId: String(producerId),
          producerEpoch: epoch,
          transactionResult: false,
        });
        refuse(answer.errorCode, doing);
      });
    },
  };
}

/** Coordinators as they were found, until a call fails: a fence makes four calls, and a claim of many makes many. */
function coordinatorsOf(cluster: Cluster) {
  const known = new Map<string, Promise<Broker>>();
  return {
    of(id: string): Promise<Broker> {
      const found =
        known.get(id) ?? cluster.findGroupCoordinator({ groupId: id, coordinatorType: COORDINATOR.transaction });
      known.set(id, found);
      return found;
    },
    async forgetting<T>(id: string | null, named: Named, doing: string, work: () => Promise<T>): Promise<T> {
      try {
        return await named(doing, work);
      } catch (error) {
        if (id !== null) known.delete(id);
        throw error;
      }
    },
  };
}

function groupsOf(cluster: Cluster, named: Named): Pick<Link, 'groupOffset' | 'setGroupOffset'> {
  const coordinator = (id: string): Promise<Broker> =>
    cluster.findGroupCoordinator({ groupId: id, coordinatorType: COORDINATOR.group });
  return {
    groupOffset: (groupId, at) => {
      const doing = `asking for the offset of group ${groupId} in ${nameOf(at)}`;
      return named(doing, async () => {
        const answer = await ask<PartitionAnswers<{ readonly offset: string }> & { errorCode: number }>(
          await coordinator(groupId),
          'OffsetFetch',
          { groupId, topics: [{ topic: at.topic, partitions: [{ partition: at.partition }] }] },
        );
        refuse(answer.errorCode, doing);
        const offset = Number(only(answer, doing).offset);
        return offset < 0 ? null : offset;
      });
    },
    setGroupOffset: (groupId, at, next) => {
      const doing = `setting the offset of group ${groupId} in ${nameOf(at)}`;
      return named(doing, async () => {
        const answer = await ask<PartitionAnswers<object>>(await coordinator(groupId), 'OffsetCommit', {
          groupId,
          groupGenerationId: NO_GENERATION,
          memberId: '',
          topics: [{ topic: at.topic, partitions: [{ partition: at.partition, offset: String(next) }] }],
        });
        only(answer, doing);
      });
    },
  };
}

async function anyBroker(cluster: Cluster): Promise<Broker> {
  if (cluster.getNodeIds().length === 0) await cluster.refreshMetadata();
  const [nodeId = ''] = cluster.getNodeIds();
  return cluster.findBroker({ nodeId });
}
