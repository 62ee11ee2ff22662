/** What is asked of a partition's leader again and again: where its log begins and ends, and what stands in it. */

import type { At } from '@callfold/engine';
import type { Named } from './by-topic.ts';
import { byTopic } from './by-topic.ts';
import type { FetchAsk, Isolation } from './client.ts';
import { KafkaError } from './errors.ts';
import type { Question } from './gather.ts';
import { gathering } from './gather.ts';
import type { Cluster } from './kafkajs.ts';
import { callOf, ISOLATION, sendTo } from './kafkajs.ts';
import type { Fetched } from './messages.ts';
import { decodeFetched } from './messages.ts';

const CONSUMER_REPLICA = -1;
/** All partitions of the largest assignments we know in a handful of requests. */
const MOST_OFFSETS = 512;
/** A broker's answer has 55 MiB at most (fetch.max.bytes), and what finds no room in it comes back empty. */
const MOST_FETCH_BYTES = 50_331_648;

type FetchQuestion = Question & { readonly offset: number };
type FetchKind = Omit<FetchAsk, 'offset'>;
type Offset = { readonly code: number; readonly offset: number };
type Questions = {
  /** Of all that are asked with the same words. */
  offsetOf(node: number, timestamp: number, isolation: Isolation): (question: Question) => Promise<Offset>;
  fetchOf(node: number, kind: FetchKind): (question: FetchQuestion) => Promise<Fetched>;
};

const nameOf = ({ topic, partition }: At): string => `${topic}/${partition}`;

/** In the order of the questions. */
function inOrder<Answer>(
  questions: readonly Question[],
  answers: ReadonlyMap<string, Answer>,
  doing: string,
): Answer[] {
  return questions.map(({ at }) => {
    const answer = answers.get(nameOf(at));
    if (answer !== undefined) return answer;
    throw new KafkaError(doing, { code: 'CLIENT', retriable: true, said: `the answer does not name ${nameOf(at)}` });
  });
}

function kept<Kind>(make: () => Kind, name: string, all: Map<string, Kind>): Kind {
  const found = all.get(name) ?? make();
  all.set(name, found);
  return found;
}

export function questionsOf(cluster: Cluster): Questions {
  const offsets = new Map<string, (question: Question) => Promise<Offset>>();
  const fetches = new Map<string, (question: FetchQuestion) => Promise<Fetched>>();

  async function askOffsets(node: number, timestamp: number, isolation: Isolation, questions: readonly Question[]) {
    const broker = await cluster.findBroker({ nodeId: node });
    const asked = questions.map(({ at }) => ({ at, ask: { partition: at.partition, timestamp } }));
    const call = callOf(broker, 'ListOffsets', {
      replicaId: CONSUMER_REPLICA,
      isolationLevel: ISOLATION[isolation],
      topics: byTopic(asked),
    });
    type Answer = { readonly partition: number; readonly errorCode: number; readonly offset: string };
    const { responses } = await sendTo<{ readonly responses: Named<Answer> }>(broker, call);
    const found = responses.flatMap(({ topic, partitions }) =>
      partitions.map(
        ({ partition, errorCode, offset }) =>
          [nameOf({ topic, partition }), { code: errorCode, offset: Number(offset) }] as const,
      ),
    );
    return inOrder(questions, new Map(found), `asking broker ${node} for offsets`);
  }

  async function askFetch(node: number, kind: FetchKind, questions: readonly FetchQuestion[]): Promise<Fetched[]> {
    const { maxBytes, maxWaitMs, isolation } = kind;
    const broker = await cluster.findBroker({ nodeId: node });
    const asked = questions.map(({ at, offset }) => ({
      at,
      ask: { partition: at.partition, fetchOffset: String(offset), maxBytes },
    }));
    const call = callOf(broker, 'Fetch', {
      replicaId: CONSUMER_REPLICA,
      isolationLevel: ISOLATION[isolation],
      maxWaitTime: maxWaitMs,
      minBytes: 1,
      maxBytes: maxBytes * questions.length,
      rackId: '',
      topics: byTopic(asked),
    });
    const decode = async (bytes: Buffer): Promise<object> => {
      const { fetched, throttleMs } = decodeFetched(bytes);
      return { fetched, clientSideThrottleTime: throttleMs };
    };
    const answer = await sendTo<ReturnType<typeof decodeFetched>>(broker, {
      ...call,
      response: { ...call.response, decode },
    });
    const found = new Map(answer.fetched.map((one) => [nameOf(one), one]));
    return inOrder(questions, found, `reading at broker ${node}`);
  }

  /** A batch that is larger than all that was asked for comes only as the first of an answer. */
  async function askFetchWhole(node: number, kind: FetchKind, questions: readonly FetchQuestion[]) {
    const fetched = await askFetch(node, kind, questions);
    if (questions.length === 1) return fetched;
    return Promise.all(
      fetched.map(async (one, index) => {
        const question = questions[index];
        const end = kind.isolation === 'committed' ? one.lastStable : one.highWatermark;
        const isShort = one.code === 0 && one.bytes.length === 0 && question !== undefined && question.offset < end;
        if (!isShort) return one;
        const [alone = one] = await askFetch(node, kind, [question]);
        return alone;
      }),
    );
  }

  return {
    offsetOf(node, timestamp, isolation) {
      const make = () =>
        gathering((some: readonly Question[]) => askOffsets(node, timestamp, isolation, some), MOST_OFFSETS);
      return timestamp < 0 ? kept(make, `${node}/${timestamp}/${isolation}`, offsets) : make();
    },
    fetchOf(node, { maxBytes, maxWaitMs, isolation }) {
      const kind = { maxBytes, maxWaitMs, isolation };
      const most = Math.max(1, Math.floor(MOST_FETCH_BYTES / maxBytes));
      const make = () => gathering((some: readonly FetchQuestion[]) => askFetchWhole(node, kind, some), most);
      return kept(make, `${node}/${maxBytes}/${maxWaitMs}/${isolation}`, fetches);
    },
  };
}
