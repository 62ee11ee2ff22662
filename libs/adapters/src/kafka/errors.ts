/** What went wrong with Kafka, in words: what was being done, where, what Kafka said, and what to do next. */

export type Failure = {
  /** Kafka's name for it, or CONNECTION, TLS, TIMEOUT, SASL, CLIENT. */
  readonly code: string;
  /** The same call may succeed a little later. */
  readonly retriable: boolean;
  readonly said: string;
};

export class KafkaError extends Error {
  override readonly name = 'KafkaError';
  readonly code: string;
  readonly retriable: boolean;

  /** @param doing what was being done and where, as in `sending to callfold.call-outcomes/3 at broker 1`. */
  constructor(doing: string, failure: Failure, cause?: unknown) {
    const hint = HINTS[failure.code] ?? (failure.retriable ? PASSES : 'see the broker\u2019s log');
    super(`Kafka: ${doing}: ${failure.said} (${failure.code}): ${hint}`, cause === undefined ? {} : { cause });
    this.code = failure.code;
    this.retriable = failure.retriable;
  }
}

/** A service tries again, a command has ended: true of both. */
const PASSES = 'it may pass by itself';
const AWAY = `check that the brokers of CALLFOLD_KAFKA_BROKERS are up and can be reached from here; ${PASSES}`;
const ACCESS = 'allow it to this user: `callfold topics acls` prints what each needs';
const REPLICAS = `bring the missing replicas back or lower min.insync.replicas; ${PASSES}`;
const SIZE = 'raise max.message.bytes of the topic: `callfold topics check` says to what';

const HINTS: Readonly<Record<string, string>> = {
  CONNECTION: AWAY,
  TIMEOUT: AWAY,
  TLS:
    'check CALLFOLD_KAFKA_SSL_CA_FILE, and CALLFOLD_KAFKA_SSL_CERT_FILE with its key where the broker asks for a ' +
    `certificate; ${PASSES}`,
  SASL: 'check CALLFOLD_KAFKA_SASL_*',
  UNKNOWN_TOPIC_OR_PARTITION: 'create it with `callfold topics apply --execute`',
  INVALID_TOPIC_EXCEPTION: 'the name is not one that Kafka takes',
  INVALID_REPLICATION_FACTOR: 'ask for at most as many replicas as there are brokers',
  MESSAGE_TOO_LARGE: SIZE,
  RECORD_LIST_TOO_LARGE: SIZE,
  NOT_ENOUGH_REPLICAS: REPLICAS,
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: REPLICAS,
  TOPIC_AUTHORIZATION_FAILED: ACCESS,
  GROUP_AUTHORIZATION_FAILED: ACCESS,
  CLUSTER_AUTHORIZATION_FAILED: `${ACCESS}; here write on the topics that it sends to, callfold.raw.* for raw events`,
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: `${ACCESS}; here write on transactional ids that begin with callfold/`,
  // The client tries every broker, and forgets that each of them did not allow it.
  GROUP_COORDINATOR_NOT_AVAILABLE:
    `${PASSES}; where it stays so, this user may not read the group, or not write under the transactional id: ` +
    '`callfold topics acls` prints what each needs',
  OFFSET_OUT_OF_RANGE: 'the log no longer has it, or not yet: compare with its bounds',
  INVALID_PRODUCER_EPOCH: 'a newer owner has fenced this one: check the claim before fencing again',
  PRODUCER_FENCED: 'a newer owner has fenced this one: check the claim before fencing again',
  CONCURRENT_TRANSACTIONS: `the coordinator is still ending the transaction before; ${PASSES}`,
  INCOMPLETE_ANSWER: 'whether they were written is not known: fence and read back',
  UNSUPPORTED_VERSION: 'run Kafka 2.3 or later',
};

/** Names and retriability of the codes that can come back for one partition; of others only the number is said. */
const CODES: Readonly<Record<number, readonly [name: string, retriable: boolean]>> = {
  [-1]: ['UNKNOWN_SERVER_ERROR', true],
  1: ['OFFSET_OUT_OF_RANGE', false],
  2: ['CORRUPT_MESSAGE', true],
  3: ['UNKNOWN_TOPIC_OR_PARTITION', true],
  5: ['LEADER_NOT_AVAILABLE', true],
  6: ['NOT_LEADER_FOR_PARTITION', true],
  7: ['REQUEST_TIMED_OUT', true],
  9: ['REPLICA_NOT_AVAILABLE', true],
  10: ['MESSAGE_TOO_LARGE', false],
  13: ['NETWORK_EXCEPTION', true],
  14: ['GROUP_LOAD_IN_PROGRESS', true],
  15: ['GROUP_COORDINATOR_NOT_AVAILABLE', true],
  16: ['NOT_COORDINATOR_FOR_GROUP', true],
  17: ['INVALID_TOPIC_EXCEPTION', false],
  18: ['RECORD_LIST_TOO_LARGE', false],
  19: ['NOT_ENOUGH_REPLICAS', true],
  20: ['NOT_ENOUGH_REPLICAS_AFTER_APPEND', true],
  22: ['ILLEGAL_GENERATION', false],
  25: ['UNKNOWN_MEMBER_ID', false],
  27: ['REBALANCE_IN_PROGRESS', false],
  29: ['TOPIC_AUTHORIZATION_FAILED', false],
  30: ['GROUP_AUTHORIZATION_FAILED', false],
  31: ['CLUSTER_AUTHORIZATION_FAILED', false],
  45: ['OUT_OF_ORDER_SEQUENCE_NUMBER', false],
  46: ['DUPLICATE_SEQUENCE_NUMBER', false],
  47: ['INVALID_PRODUCER_EPOCH', false],
  48: ['INVALID_TXN_STATE', false],
  51: ['CONCURRENT_TRANSACTIONS', true],
  53: ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', false],
  55: ['OPERATION_NOT_ATTEMPTED', true],
  56: ['KAFKA_STORAGE_ERROR', true],
  59: ['UNKNOWN_PRODUCER_ID', false],
  74: ['FENCED_LEADER_EPOCH', true],
  75: ['UNKNOWN_LEADER_EPOCH', true],
  87: ['INVALID_RECORD', false],
  90: ['PRODUCER_FENCED', false],
};

/** @param code of a partition in an answer; not 0. */
export function failureOf(code: number): Failure {
  const [name, retriable] = CODES[code] ?? [`CODE_${code}`, false];
  return { code: name, retriable, said: 'Kafka refused' };
}

type Thrown = Partial<Record<'name' | 'message' | 'type' | 'retriable' | 'cause' | 'broker' | 'errors', unknown>>;

const BY_NAME: Readonly<Record<string, readonly [code: string, retriable: boolean]>> = {
  KafkaJSConnectionError: ['CONNECTION', true],
  KafkaJSConnectionClosedError: ['CONNECTION', true],
  KafkaJSBrokerNotFound: ['CONNECTION', true],
  KafkaJSNoBrokerAvailableError: ['CONNECTION', true],
  KafkaJSMetadataNotLoaded: ['CONNECTION', true],
  KafkaJSTopicMetadataNotLoaded: ['CONNECTION', true],
  KafkaJSLockTimeout: ['TIMEOUT', true],
  KafkaJSTimeout: ['TIMEOUT', true],
  KafkaJSRequestTimeoutError: ['TIMEOUT', true],
  KafkaJSGroupCoordinatorNotFound: ['GROUP_COORDINATOR_NOT_AVAILABLE', true],
  KafkaJSSASLAuthenticationError: ['SASL', false],
};

/** The client says only that it could not connect. */
const OF_TLS = /certificate|SSL routines|TLS/i;

/** Any error as one of ours. Looks at shapes only, so that the client stays in its own file. */
export function explain(doing: string, error: unknown): Error {
  if (error instanceof KafkaError) return error;
  const thrown = error as Thrown;
  const name = String(thrown.name);
  // Wrapped by kafkajs when its own retries are used up, or when it does not retry.
  const inner = thrown.cause as Thrown | undefined;
  const isWrapper = name === 'KafkaJSNumberOfRetriesExceeded' || name === 'KafkaJSNonRetriableError';
  if (isWrapper && inner !== undefined && inner !== null && inner !== error) return explain(doing, inner);
  const [first] = (thrown.errors ?? []) as readonly unknown[];
  if (name === 'KafkaJSAggregateError' && first !== undefined) return explain(doing, first);
  if (!name.startsWith('KafkaJS')) return error instanceof Error ? error : new Error(String(error));
  const [known, retriable] = BY_NAME[name] ?? [
    typeof thrown.type === 'string' ? thrown.type : 'CLIENT',
    thrown.retriable === true,
  ];
  const code = known === 'CONNECTION' && OF_TLS.test(String(thrown.message)) ? 'TLS' : known;
  const broker = typeof thrown.broker === 'string' ? ` at ${thrown.broker}` : '';
  return new KafkaError(doing, { code, retriable, said: `${String(thrown.message)}${broker}` }, error);
}

export function codeOf(error: unknown): string | null {
  return error instanceof KafkaError ? error.code : null;
}
