import type { Tally } from '@callfold/engine';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Prometheus metrics of one service: base units, no id of a call, chat, agent or tenant in a label. */
export type Metrics = {
  readonly contentType: string;
  text(): Promise<string>;
};

type Labels<Label extends string> = Readonly<Record<Label, string | number>>;

/** A set of metrics of one service's own making. */
export type MetricSet = Metrics & {
  counter<Label extends string>(name: string, help: string, labels: readonly Label[]): Counter<Label>;
  /** Asked for when somebody reads it. */
  gauge(name: string, help: string, value: () => number): void;
  /** The same, of each of those there are at that moment: what went away is gone. */
  gauges<Label extends string>(
    name: string,
    help: string,
    labels: readonly Label[],
    values: () => readonly (readonly [Labels<Label>, number])[],
  ): void;
  /** In seconds. `upTo`: the buckets' upper bounds, where the usual ones are too short. */
  seconds<Label extends string>(
    name: string,
    help: string,
    labels: readonly Label[],
    upTo?: readonly number[],
  ): Histogram<Label>;
  /** A histogram in seconds that is told of many observations at once. `boundsMs`: those of the tallies it is told. */
  tallied(
    name: string,
    help: string,
    label: string,
    boundsMs: readonly number[],
  ): { add(of: string, tally: Tally): void };
};

/** From one millisecond, a local write, to what no sender waits for. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 4, 10];

/** What is of the process, and not of one thread of it. */
const OF_PROCESS = /^process_/;

/** @param thread which of the process's threads it is told by; null: there is only one */
export function createMetricSet(service: string, thread: number | null = null): MetricSet {
  const registry = new Registry();
  registry.setDefaultLabels(thread === null ? { service } : { service, thread });
  collectDefaultMetrics({ register: registry });
  if (thread !== null) {
    const names = registry.getMetricsAsArray().map(({ name }) => name);
    for (const name of names) if (OF_PROCESS.test(name)) registry.removeSingleMetric(name);
  }
  const registers = [registry];
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    counter: (name, help, labels) => new Counter({ name, help, labelNames: [...labels], registers }),
    gauge(name, help, value) {
      const one: Gauge = new Gauge({ name, help, registers, collect: () => one.set(value()) });
    },
    gauges(name, help, labels, values) {
      const one: Gauge = new Gauge({
        name,
        help,
        labelNames: [...labels],
        registers,
        collect() {
          one.reset();
          for (const [of, value] of values()) one.set(of, value);
        },
      });
    },
    seconds: (name, help, labels, upTo = SECONDS) =>
      new Histogram({ name, help, labelNames: [...labels], buckets: [...upTo], registers }),
    tallied(name, help, label, boundsMs) {
      const tallies = new Map<string, { counts: number[]; sumMs: number }>();
      registry.registerMetric(talliedMetric(name, help, label, boundsMs, tallies));
      return {
        add(of, { counts, sumMs }) {
          const known = tallies.get(of) ?? { counts: boundsMs.map(() => 0).concat(0), sumMs: 0 };
          counts.forEach((count, bucket) => (known.counts[bucket] = (known.counts[bucket] ?? 0) + count));
          known.sumMs += sumMs;
          tallies.set(of, known);
        },
      };
    },
  };
}

type Tallies = ReadonlyMap<string, Tally>;

/** The library's own histogram takes one observation at a time, which costs more than the fold of an event. */
function talliedMetric(name: string, help: string, label: string, boundsMs: readonly number[], tallies: Tallies) {
  function valuesOf(of: string, { counts, sumMs }: Tally) {
    let sum = 0;
    const buckets = counts.map((count, bucket) => {
      sum += count;
      const bound = boundsMs[bucket];
      const le = bound === undefined ? '+Inf' : bound / 1_000;
      return { metricName: `${name}_bucket`, labels: { le, [label]: of }, value: sum };
    });
    const labels = { [label]: of };
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: sumMs / 1_000 },
      { metricName: `${name}_count`, labels, value: sum },
    ];
  }
  const metric = {
    name,
    help,
    get: () => ({
      name,
      help,
      type: 'histogram',
      aggregator: 'sum',
      values: [...tallies].flatMap(([of, tally]) => valuesOf(of, tally)),
    }),
    reset: () => undefined,
  };
  // Its types know the metrics of its own making alone; what it asks of one is a name and `get`.
  return metric as unknown as Histogram;
}
