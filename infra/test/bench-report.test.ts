/** The benchmarks' figures: what is compared with what, when a load's events are due, and what a page keeps. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { chartOf } from '../bench/chart.mjs';
import { disorderedBatches } from '../bench/disorder.mjs';
import { dueTimes, loadEvents } from '../bench/load.mjs';
import { withPart } from '../bench/page.mjs';
import { PEERS } from '../bench/peers.mjs';
import { NAMES, ratiosOf, summaryOf } from '../bench/report.mjs';
import { THINGS } from '../bench/throughput.mjs';
import { VERSIONS } from '../parts/index.mjs';

const figures = { cpuMs: 2_000, startMs: 500, serversCpuMs: {}, samples: [], load: 1 };

function result(what: string, round: number, perSecond: number) {
  return { ...figures, what, round, count: 1_000_000, wallMs: 1e9 / perSecond, peakMiB: 100 * round };
}

test('everything that can be measured has a name', () => {
  expect(THINGS.filter((what) => !(what in NAMES))).toEqual([]);
});

test('Kafka Streams is of the version of the broker that it meets', () => {
  const pom = readFileSync(fileURLToPath(new URL('../bench/peers/pom.xml', import.meta.url)), 'utf8');
  expect(/<kafka.version>(.+)<\/kafka.version>/.exec(pom)?.[1]).toBe(VERSIONS.kafka);
});

test('a summary has the median speed and the largest memory', () => {
  const results = [result('raw', 1, 400_000), result('raw', 2, 100_000), result('raw', 3, 200_000)];
  const [row] = summaryOf(results);
  expect(row?.perSecond).toBeCloseTo(200_000);
  expect([row?.slowest ?? 0, row?.fastest ?? 0].map(Math.round)).toEqual([100_000, 400_000]);
  expect(row?.cpuSeconds).toBeCloseTo(2);
  expect(row?.peakMiB).toBe(300);
  expect(row?.ofLimit).toBeCloseTo(1);
});

test('a peer is set against ours of the same round, and against nothing else', () => {
  const results = [
    ...[100_000, 300_000].map((speed, index) => result('call-outcomes', index + 1, speed)),
    ...[200_000, 200_000].map((speed, index) => result('streams-eos', index + 1, speed)),
    result('flink-heap', 9, 1),
    result('states', 2, 500_000),
    result('projector', 1, 5),
  ];
  const name = String(PEERS['streams-eos'].name);
  expect(ratiosOf(results)).toEqual([
    `outcomes, call-outcomes alone: 1.00 of ${name} (0.50 to 1.50)`,
    `projector, states alone (publishes nothing): 2.50 of ${name}`,
  ]);
});

test('events are due one after the other, at each rate for its time', () => {
  const due = dueTimes([
    { rate: 2, seconds: 1 },
    { rate: 4, seconds: 1 },
  ]);
  expect(due).toEqual([0, 500, 1_000, 1_250, 1_500, 1_750]);
});

test('a load is the same each time it is made: whoever looks knows which event is which', () => {
  const plan = { seed: 5, live: 20, partitions: 4, startAt: 1e12, phases: [{ rate: 100, seconds: 2 }] };
  expect(loadEvents(plan)).toHaveLength(200);
  expect(loadEvents(plan)).toEqual(loadEvents(plan));
});

test('the input with disorder comes in the order of its log, late, twice and changed', () => {
  const options = { seed: 3, events: 1_000, live: 50, partitions: 4, startAt: Date.UTC(2025, 0, 3) };
  const batches = disorderedBatches(options);
  expect(batches).toEqual(disorderedBatches(options));
  const times = batches.map(({ loggedAt }) => loggedAt);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  const ids = batches.flatMap(({ events }) => (events ?? []).map(({ eventId }) => eventId));
  expect(new Set(ids).size).toBeLessThan(ids.length);
  const happened = batches.flatMap(({ events }) => (events ?? []).map(({ occurredAt }) => occurredAt));
  expect(happened.some((at, index) => at < (happened[index - 1] ?? 0))).toBe(true);
});

test('a part of the page is replaced where it stands, and what people wrote stays', () => {
  const page = withPart('# Benchmarks\n\nBy hand.\n', 'one', 'first');
  const again = withPart(`${page}\nBelow.\n`, 'one', 'second');
  expect(again).toContain('By hand.');
  expect(again).toContain('Below.');
  expect(again).toContain('second');
  expect(again).not.toContain('first');
  expect(again.match(/begin one/g)).toHaveLength(1);
});

test('the chart has a bar for each row that does the same work, and is well-formed', () => {
  const summary = summaryOf([result('raw', 1, 9), result('call-outcomes', 1, 3), result('streams-eos', 1, 2)]);
  const latency = [{ what: 'outcomes', rows: [{ rate: 2_000, count: 5, p50: 1, p99: 2 }] }];
  const svg = chartOf({ summary, latency }) ?? '';
  // Two rows in each of speed, processor time and memory, and one latency.
  expect(svg.match(/<rect /g)).toHaveLength(7);
  expect(svg.match(/class="ours"/g)).toHaveLength(4);
  expect(svg).toMatch(/^<svg [\s\S]+<\/svg>\n$/);
  expect(svg).toContain('prefers-color-scheme: dark');
  expect(chartOf({ summary: [], latency: [] })).toBeNull();
});
