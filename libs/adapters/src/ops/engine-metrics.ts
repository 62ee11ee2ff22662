import { CODES, rawTopic, sourceOf, SOURCES, TOPICS } from '@callfold/core';
import type { EngineEvent, Observer, PartitionStatus } from '@callfold/engine';
import { LATENESS_BOUNDS_MS } from '@callfold/engine';
import { lagRecordsOf, secondsOf } from './health.ts';
import type { Metrics, MetricSet } from './metrics.ts';
import { createMetricSet } from './metrics.ts';

export type EngineMetrics = Metrics & { readonly observer: Observer; readonly set: MetricSet };

const PARTITION = ['topic', 'partition'] as const;
/** From what nobody notices to what somebody is called for. */
const LATENCY_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900];

function gaugePartitions(set: MetricSet, status: () => readonly PartitionStatus[]): void {
  const gauge = (name: string, help: string, value: (one: PartitionStatus) => number | null): void =>
    set.gauges(name, help, PARTITION, () =>
      status().flatMap((one) => {
        const now = value(one);
        return now === null ? [] : [[{ topic: one.at.topic, partition: one.at.partition }, now] as const];
      }),
    );
  gauge('callfold_position', 'Next offset to fold', (one) => one.position);
  gauge('callfold_lag_records', 'Records read by nobody yet, as last seen', lagRecordsOf);
  gauge('callfold_lag_seconds', 'Age of the oldest record not folded, at most; 0 at the end of the log', (one) =>
    secondsOf(one.lagMs),
  );
  gauge('callfold_outbox_records', 'Derived records committed and not yet sent', (one) => one.waiting);
  gauge('callfold_outbox_oldest_age_seconds', 'For how long the oldest unsent record waits; 0 when none does', (one) =>
    secondsOf(one.waitingMs ?? 0),
  );
  gauge('callfold_epoch', 'Epoch of the claim', (one) => one.epoch);
  gauge('callfold_partition_refused', '1 when the partition is left alone until somebody mends something', (one) =>
    one.refused === null ? 0 : 1,
  );
  gauge('callfold_partition_away', '1 while the partition waits for infrastructure that is away', (one) =>
    one.away === null ? 0 : 1,
  );
  gauge('callfold_partition_stalled', '1 while there is something to do and nothing of it moves', (one) =>
    one.stalled === null ? 0 : 1,
  );
  gauge(
    'callfold_last_progress_timestamp_seconds',
    'When position or outbox last moved',
    (one) => one.progressAt / 1_000,
  );
}

/** What happens to single partitions and is counted, one for each event of this name. */
function countEvents(set: MetricSet): Observer {
  const fenced = set.counter('callfold_fenced_total', 'Partitions taken by a newer owner', PARTITION);
  const moved = set.counter('callfold_store_moved_total', 'Times the store was found to have lost writes', PARTITION);
  const lost = set.counter('callfold_derived_lost_total', 'Times a derived topic was found cut short', ['topic']);
  const away = set.counter('callfold_infrastructure_errors_total', 'Failed attempts at infrastructure', [
    'topic',
    'doing',
  ]);
  const stalls = set.counter('callfold_stalls_total', 'Times a partition was said to be stalled', PARTITION);
  const ticks = set.counter('callfold_ticks_total', 'Ticks written to idle partitions', PARTITION);
  for (const { name: topic } of TOPICS) if (sourceOf(topic) === null) lost.inc({ topic }, 0);
  return (event) => {
    const { topic, partition } = event.at;
    // As below: counted from nought.
    if (event.name === 'partition-claimed') for (const one of [fenced, moved, stalls]) one.inc({ topic, partition }, 0);
    if (event.name === 'partition-fenced') fenced.inc({ topic, partition });
    if (event.name === 'partition-moved') moved.inc({ topic, partition });
    if (event.name === 'derived-lost') lost.inc({ topic: event.derived });
    if (event.name === 'infrastructure-away') away.inc({ topic, doing: event.doing });
    if (event.name === 'partition-stalled') stalls.inc({ topic, partition });
    if (event.name === 'ticked') ticks.inc({ topic, partition });
  };
}

/** What is folded, derived, sent and refused, and how long it takes. */
function countRecords(set: MetricSet, now: () => number): Observer {
  const records = set.counter('callfold_records_total', 'Raw records folded and committed', PARTITION);
  const derived = set.counter('callfold_derived_records_total', 'Derived records committed to the outbox', PARTITION);
  const sent = set.counter('callfold_sent_records_total', 'Derived records acknowledged by their topics', PARTITION);
  const rejected = set.counter('callfold_dead_letters_total', 'Raw records that could not be folded', [
    'topic',
    'code',
  ]);
  const unknown = set.counter('callfold_unknown_words_total', 'Events whose status is not on the vocabulary', [
    'topic',
  ]);
  const corrections = set.counter(
    'callfold_corrections_total',
    'Derived records that say otherwise than the revision before',
    ['topic'],
  );
  const lateness = set.tallied(
    'callfold_event_lateness_seconds',
    'From when an event happened to when the log took it',
    'topic',
    LATENESS_BOUNDS_MS,
  );
  const latency = set.seconds(
    'callfold_e2e_latency_seconds',
    'From when the log took the oldest record of a commit, or of a send, to when that was acknowledged',
    ['topic', 'until'],
    LATENCY_SECONDS,
  );
  // A counter that begins with its first event shows no increase: whoever asks for one would miss that event.
  for (const topic of SOURCES.map(rawTopic)) {
    unknown.inc({ topic }, 0);
    for (const code of Object.keys(CODES)) rejected.inc({ topic, code }, 0);
  }

  function took(topic: string, until: 'committed' | 'published', oldestAppendedAt: number | null): void {
    if (oldestAppendedAt === null) return;
    latency.observe({ topic, until }, Math.max(0, now() - oldestAppendedAt) / 1_000);
  }

  return (event: EngineEvent) => {
    const { topic, partition } = event.at;
    if (event.name === 'batch-committed') {
      records.inc({ topic, partition }, event.records);
      derived.inc({ topic, partition }, event.derived);
      lateness.add(topic, event.lateness);
      for (const [of, count] of Object.entries(event.corrections)) corrections.inc({ topic: of }, count);
      took(topic, 'committed', event.oldestAppendedAt);
    }
    if (event.name === 'records-sent') {
      sent.inc({ topic, partition }, event.records);
      took(topic, 'published', event.oldestAppendedAt);
    }
    if (event.name === 'record-rejected') rejected.inc({ topic, code: event.code });
    if (event.name === 'unknown-word') unknown.inc({ topic });
  };
}

/** @param thread as `createMetricSet` has it */
export function createMetrics(
  service: string,
  status: () => readonly PartitionStatus[],
  now: () => number = Date.now,
  thread: number | null = null,
): EngineMetrics {
  const set = createMetricSet(service, thread);
  const counting = [countRecords(set, now), countEvents(set)];
  gaugePartitions(set, status);
  const observer: Observer = (event) => {
    for (const one of counting) one(event);
  };
  return { observer, set, contentType: set.contentType, text: () => set.text() };
}

/** Between two questions to the servers; a page of metrics never waits for their answer. */
const REPLICAS_EVERY_MS = 10_000;

export type ServerReplicas = { readonly where: string; readonly replicas: number };

/** What is known of each server's replicas when the page is read; a server that does not answer has no figure. */
export function gaugeReplicas(
  set: MetricSet,
  ask: () => Promise<readonly ServerReplicas[]>,
  now: () => number = Date.now,
): void {
  let known: readonly ServerReplicas[] = [];
  let asked: Promise<void> | null = null;
  let askedAt = Number.NEGATIVE_INFINITY;
  const look = (): void => {
    if (asked !== null || now() - askedAt < REPLICAS_EVERY_MS) return;
    askedAt = now();
    asked = ask()
      .catch(() => [])
      .then((answer) => {
        known = answer;
        asked = null;
      });
  };
  look();
  set.gauges('callfold_redis_replicas', 'Replicas connected to each Redis that takes writes', ['server'], () => {
    look();
    return known.map(({ where, replicas }) => [{ server: where }, replicas] as const);
  });
}
