import type { Source } from './event.ts';
import { SOURCES } from './event.ts';

/** All topics by name. `stream` topics are deleted by age, `table` topics are compacted by key. */

export const TICK_HEADER = 'callfold-tick';
/** On a raw record without a value: `callfold erase` asks that the subject of its key be erased. What it says: `erasure.ts`. */
export const ERASE_HEADER = 'callfold-erase';
export const ORIGIN_HEADER = 'callfold-origin';
export const SEQ_HEADER = 'callfold-seq';
/**
 * On a derived record that `callfold replay outcomes` asked for: the raw position at which the owner took the request.
 */
export const CORRECTED_HEADER = 'callfold-corrected-at';

/** On a raw record that was sent again: the origin of the dead letter that it was sent again for. */
export const REDRIVE_HEADER = 'callfold-redrive-of';
/** On the same: how many times it was tried with this one. */
export const ATTEMPTS_HEADER = 'callfold-attempts';
/** On a record that `callfold replay raw` published elsewhere: `topic/partition/offset` of what it is a copy of. */
export const REPLAY_HEADER = 'callfold-replay-of';
/** On the same: the append time of the original, epoch ms. */
export const APPENDED_HEADER = 'callfold-appended-at';
/** On a record without a value in the dead letters: what became of the letter that its key names. */
export const MARK_HEADER = 'callfold-mark';

export const CALL_OUTCOMES = 'callfold.call-outcomes';
export const AGENT_OFFERS = 'callfold.agent-offers';
export const CHAT_OUTCOMES = 'callfold.chat-outcomes';
export const CHAT_HANDOFFS = 'callfold.chat-handoffs';
export const AGENT_INTERVALS = 'callfold.agent-intervals';
export const DEAD_LETTERS = 'callfold.dead-letters';

export type DerivedTopic =
  | typeof CALL_OUTCOMES
  | typeof AGENT_OFFERS
  | typeof CHAT_OUTCOMES
  | typeof CHAT_HANDOFFS
  | typeof AGENT_INTERVALS
  | typeof DEAD_LETTERS;

const DAY = 86_400_000;
/** Of what was published longer ago, compaction keeps the last revision of each id. */
export const COMPACTION_LAG_MS = 7 * DAY;
const MIB = 1_048_576;
const RAW_BYTES = 16 * MIB;

export type TopicSpec = {
  readonly name: string;
  readonly shape: 'stream' | 'table';
  /** Kafka topic settings, as `topics apply` writes them and `topics check` reads them. */
  readonly config: Readonly<Record<string, string>>;
  /** Of the subject `<topic>-value`. */
  readonly compatibility: 'BACKWARD' | 'FULL_TRANSITIVE';
};

export function rawTopic(source: Source): string {
  return `callfold.raw.${source}`;
}

export function sourceOf(topic: string): Source | null {
  return SOURCES.find((source) => rawTopic(source) === topic) ?? null;
}

/** What the events of one source can be turned into; dead letters included. */
export const DERIVED_OF: Readonly<Record<Source, readonly DerivedTopic[]>> = {
  callcenter24: [CALL_OUTCOMES, AGENT_OFFERS, DEAD_LETTERS],
  atlas: [CALL_OUTCOMES, DEAD_LETTERS],
  chatterfy: [CHAT_OUTCOMES, CHAT_HANDOFFS, DEAD_LETTERS],
  vonage: [AGENT_INTERVALS, DEAD_LETTERS],
};

const raw = (source: Source): TopicSpec => ({
  name: rawTopic(source),
  shape: 'stream',
  compatibility: 'BACKWARD',
  config: {
    'cleanup.policy': 'delete',
    'message.timestamp.type': 'LogAppendTime',
    'retention.ms': String(30 * DAY),
    'retention.bytes': '-1',
    'max.message.bytes': String(RAW_BYTES),
  },
});

const table = (name: string): TopicSpec => ({
  name,
  shape: 'table',
  compatibility: 'FULL_TRANSITIVE',
  config: {
    'cleanup.policy': 'compact',
    'min.compaction.lag.ms': String(COMPACTION_LAG_MS),
    'message.timestamp.type': 'CreateTime',
  },
});

export const TOPICS: readonly TopicSpec[] = [
  ...SOURCES.map(raw),
  ...[CALL_OUTCOMES, AGENT_OFFERS, CHAT_OUTCOMES, CHAT_HANDOFFS, AGENT_INTERVALS].map(table),
  {
    name: DEAD_LETTERS,
    shape: 'stream',
    compatibility: 'FULL_TRANSITIVE',
    config: {
      'cleanup.policy': 'delete',
      'retention.ms': String(30 * DAY),
      'retention.bytes': '-1',
      'message.timestamp.type': 'CreateTime',
      // What the raw topics take, and room for the reason and the original headers.
      'max.message.bytes': String(RAW_BYTES + 65_536),
    },
  },
];
