import type { EngineEvent, Observer, PartitionStatus } from '@callfold/engine';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { lagRecordsOf, secondsOf } from './health.ts';

/** Prometheus metrics of one service: base units, no id of a call, chat, agent or tenant in a label. */
export type Metrics = {
  readonly contentType: string;
  text(): Promise<string>;
};

export type EngineMetrics = Metrics & { readonly observer: Observer };

/** A set of metrics of one service's own making. */
export type MetricSet = Metrics & {
  counter<Label extends string>(name: string, help: string, labels: readonly Label[]): Counter<Label>;
  /** Asked for when somebody reads it. */
  gauge(name: string, help: string, value: () => number): void;
  /** In seconds. */
  seconds<Label extends string>(name: string, help: string, labels: readonly Label[]): Histogram<Label>;
};

/** From one millisecond, a local write, to what no sender waits for. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 4, 10];

function openRegistry(service: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  return registry;
}

export function createMetricSet(service: string): MetricSet {
  const registry = openRegistry(service);
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    counter: (name, help, labels) => new Counter({ name, help, labelNames: [...labels], registers: [registry] }),
    gauge(name, help, value) {
      const one: Gauge = new Gauge({ name, help, registers: [registry], collect: () => one.set(value()) });
    },
    seconds: (name, help, labels) =>
      new Histogram({ name, help, labelNames: [...labels], buckets: SECONDS, registers: [registry] }),
  };
}

const PARTITION = ['topic', 'partition'] as const;

export function createMetrics(service: string, status: () => readonly PartitionStatus[]): EngineMetrics {
  const registry = openRegistry(service);
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> =>
    new Counter({ name, help, labelNames: [...labelNames], registers: [registry] });

  const records = counter('callfold_records_total', 'Raw records folded and committed', PARTITION);
  const derived = counter('callfold_derived_records_total', 'Derived records committed to the outbox', PARTITION);
  const sent = counter('callfold_sent_records_total', 'Derived records acknowledged by their topics', PARTITION);
  const rejected = counter('callfold_dead_letters_total', 'Raw records that could not be folded', ['topic', 'code']);
  const unknown = counter('callfold_unknown_words_total', 'Events whose status is not on the vocabulary', ['topic']);
  const fenced = counter('callfold_fenced_total', 'Partitions taken by a newer owner', PARTITION);
  const moved = counter('callfold_store_moved_total', 'Times the store was found to have lost writes', PARTITION);
  const lost = counter('callfold_derived_lost_total', 'Times a derived topic was found cut short', ['topic']);
  const away = counter('callfold_infrastructure_errors_total', 'Failed attempts at infrastructure', ['topic', 'doing']);
  const stalls = counter('callfold_stalls_total', 'Times a partition was said to be stalled', PARTITION);
  const ticks = counter('callfold_ticks_total', 'Ticks written to idle partitions', PARTITION);

  const gauge = (name: string, help: string, value: (one: PartitionStatus) => number | null): void => {
    const one = new Gauge({
      name,
      help,
      labelNames: [...PARTITION],
      registers: [],
      collect() {
        this.reset();
        for (const { at, ...rest } of status()) {
          const now = value({ at, ...rest });
          if (now !== null) this.set({ topic: at.topic, partition: at.partition }, now);
        }
      },
    });
    registry.registerMetric(one);
  };
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

  function observer(event: EngineEvent): void {
    const { topic, partition } = event.at;
    const labels = { topic, partition };
    switch (event.name) {
      case 'batch-committed':
        records.inc(labels, event.records);
        derived.inc(labels, event.derived);
        break;
      case 'records-sent':
        sent.inc(labels, event.records);
        break;
      case 'record-rejected':
        rejected.inc({ topic, code: event.code });
        break;
      case 'unknown-word':
        unknown.inc({ topic });
        break;
      case 'partition-fenced':
        fenced.inc(labels);
        break;
      case 'partition-moved':
        moved.inc(labels);
        break;
      case 'derived-lost':
        lost.inc({ topic: event.derived });
        break;
      case 'infrastructure-away':
        away.inc({ topic, doing: event.doing });
        break;
      case 'partition-stalled':
        stalls.inc(labels);
        break;
      case 'ticked':
        ticks.inc(labels);
        break;
      default:
    }
  }

  return { observer, contentType: registry.contentType, text: () => registry.metrics() };
}
