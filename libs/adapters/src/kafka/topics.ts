/** What the topics should be, what they are, and what would make them so. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings, TopicSpec } from '@callfold/core';
import { longestTimerMs, TOPICS } from '@callfold/core';
import type { Admin, TopicFacts } from './client.ts';
import { ZSTD_HERE } from './compression.ts';

export type TopicsWanted = {
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly settings: Settings;
};

export type TopicFinding = {
  readonly topic: string;
  readonly problem: string;
  /** What to do, in words. */
  readonly fix: string;
  /** What `applyTopics` would do; null: nothing that a command may do by itself. */
  readonly change: TopicChange | null;
};

export type TopicChange =
  | {
      readonly what: 'create';
      readonly partitions: number;
      readonly replicationFactor: number;
      readonly config: Readonly<Record<string, string>>;
    }
  | { readonly what: 'set'; readonly name: string; readonly value: string };

type Facts = ReadonlyMap<string, TopicFacts>;

export async function checkTopics(admin: Admin, wanted: TopicsWanted): Promise<readonly TopicFinding[]> {
  const facts = await admin.describe(TOPICS.map(({ name }) => name));
  return findingsOf(facts, wanted);
}

/** How long a broker may take to hear of what was changed by another one, and how often it is asked meanwhile. */
const HEARD_MS = 15_000;
const LOOK_MS = 100;

/** What is wrong, once each broker knows what was changed: one that does not yet would have it made once more. */
async function leftAfter(admin: Admin, wanted: TopicsWanted, done: readonly TopicFinding[], lookMs: number) {
  const changed = new Set(done.map(({ topic }) => topic));
  const made = new Set(done.flatMap(({ topic, change }) => (change?.what === 'create' ? [topic] : [])));
  const isUnheard = ({ topic, change }: TopicFinding): boolean =>
    made.has(topic) || (change !== null && changed.has(topic));
  for (let looks = Math.ceil(HEARD_MS / LOOK_MS); ; looks -= 1) {
    const left = await checkTopics(admin, wanted);
    if (looks <= 0 || !left.some(isUnheard)) return left;
    await sleep(lookMs);
  }
}

/** Does what the findings say can be done. @returns what it did, and what is left for people. */
export async function applyTopics(
  admin: Admin,
  wanted: TopicsWanted,
  lookMs = LOOK_MS,
): Promise<{ readonly done: readonly TopicFinding[]; readonly left: readonly TopicFinding[] }> {
  const facts = await admin.describe(TOPICS.map(({ name }) => name));
  const findings = findingsOf(facts, wanted);
  const done = findings.filter(({ change }) => change !== null);
  for (const [topic, changes] of byTopic(done)) {
    const created = changes.find((change) => change.what === 'create');
    if (created !== undefined) {
      await admin.create(topic, created.partitions, created.replicationFactor, created.config);
      continue;
    }
    const sets = changes.filter((change) => change.what === 'set').map(({ name, value }) => [name, value] as const);
    // Kafka takes a topic's own settings all at once: those not named would be lost.
    await admin.setConfig(topic, { ...facts.get(topic)?.own, ...Object.fromEntries(sets) });
  }
  return { done, left: await leftAfter(admin, wanted, done, lookMs) };
}

/**
 * How many partitions a raw topic has, and of what it may have a greater multiple; null: it does not exist.
 * @param made how many its states were made with; null: there are none
 */
export async function growthStepOf(
  admin: Admin,
  topic: string,
  made: number | null = null,
): Promise<{ readonly was: number; readonly step: number } | null> {
  const facts = await admin.describe(TOPICS.map(({ name }) => name));
  const was = facts.get(topic)?.partitions;
  if (was === undefined) return null;
  const [derived = was] = countsOf(facts, isDerived);
  const count = made ?? derived;
  // What somebody added to no multiple no state was made with: what that was made with counts, or the derived number.
  return { was, step: was % count === 0 ? was : count };
}

function byTopic(findings: readonly TopicFinding[]): Map<string, TopicChange[]> {
  const changes = new Map<string, TopicChange[]>();
  for (const { topic, change } of findings) {
    if (change !== null) changes.set(topic, [...(changes.get(topic) ?? []), change]);
  }
  return changes;
}

function countsOf(facts: Facts, isMeant: (spec: TopicSpec) => boolean): Set<number> {
  return new Set(TOPICS.filter(isMeant).flatMap(({ name }) => facts.get(name)?.partitions ?? []));
}

export function findingsOf(facts: Facts, wanted: TopicsWanted): readonly TopicFinding[] {
  const derived = countsOf(facts, isDerived);
  const counts = derived.size > 0 ? derived : countsOf(facts, () => true);
  // What is missing joins those that are there: derived records lie by this number, raw ones by it or a multiple.
  const [count = wanted.partitions] = counts.size === 1 ? counts : [];
  return TOPICS.flatMap((spec) => {
    const found = facts.get(spec.name);
    if (found === undefined) return [missing(spec, wanted, count)];
    return [
      ...partitionFindings(spec, found, counts, wanted),
      ...replicaFindings(spec, found, wanted),
      ...Object.keys(spec.config).flatMap((name) => settingFindings(spec, found, name, wanted)),
      ...compressionFindings(spec, found),
    ];
  });
}

function missing(spec: TopicSpec, wanted: TopicsWanted, partitions: number): TopicFinding {
  const { replicationFactor } = wanted;
  const config = { ...spec.config };
  if (isRaw(spec)) {
    config['retention.ms'] = String(Math.max(Number(spec.config['retention.ms']), neededMs(wanted.settings)));
  }
  return {
    topic: spec.name,
    problem: 'it does not exist',
    fix: `create it with ${partitions} partitions and replication factor ${replicationFactor}`,
    change: { what: 'create', partitions, replicationFactor, config },
  };
}

/** @param counts of the derived topics, of which all must have the same */
function partitionFindings(
  spec: TopicSpec,
  { partitions }: TopicFacts,
  counts: ReadonlySet<number>,
  wanted: TopicsWanted,
): TopicFinding[] {
  const [count = wanted.partitions] = counts;
  const told = (problem: string, fix: string): TopicFinding[] => [{ topic: spec.name, problem, fix, change: null }];
  if (counts.size > 1) {
    const all = [...counts].sort((a, b) => a - b).join(' and ');
    const problem = `it has ${partitions} partitions; the derived topics have ${all}, and all must have the same number`;
    return told(
      problem,
      'make those that differ anew: none can be taken away, and adding some parts a key from its past',
    );
  }
  if (isRaw(spec) && partitions % count !== 0) {
    const next = Math.ceil(partitions / count) * count;
    const problem = `it has ${partitions} partitions, no multiple of the ${count} that the derived topics have`;
    return told(problem, `callfold topics grow ${spec.name} --partitions ${next}`);
  }
  if (count === wanted.partitions) return [];
  const more = isRaw(spec) ? ', or take more into use: docs/runbooks/more-partitions.md' : '';
  return told(`it has ${partitions} partitions, not the ${wanted.partitions} asked for`, `ask for ${count}${more}`);
}

function replicaFindings(spec: TopicSpec, found: TopicFacts, wanted: TopicsWanted): TopicFinding[] {
  if (found.replicas >= wanted.replicationFactor) return [];
  return [
    {
      topic: spec.name,
      problem: `a partition has ${found.replicas} replicas, not the ${wanted.replicationFactor} asked for`,
      fix: 'reassign its partitions (kafka-reassign-partitions), or ask for fewer replicas',
      change: null,
    },
  ];
}

const isRaw = (spec: TopicSpec): boolean => spec.config['message.timestamp.type'] === 'LogAppendTime';
const isDerived = (spec: TopicSpec): boolean => !isRaw(spec);

/** Timers are fired anew on a replay: what started them must still stand then. */
const neededMs = (settings: Settings): number => 2 * longestTimerMs(settings);

/** -1: without a limit. */
const isEnough = (value: string | undefined, least: number): boolean =>
  value !== undefined && (Number(value) === -1 || Number(value) >= least);

/** A setting as it is, held against the one wanted; some may be more. */
function settingFindings(spec: TopicSpec, found: TopicFacts, name: string, wanted: TopicsWanted): TopicFinding[] {
  const is = found.config[name];
  const should = spec.config[name] as string;
  const set = (problem: string, value: string): TopicFinding[] => [
    { topic: spec.name, problem, fix: `set ${name}=${value}`, change: { what: 'set', name, value } },
  ];
  switch (name) {
    case 'retention.ms': {
      if (!isRaw(spec)) return [];
      const least = neededMs(wanted.settings);
      if (isEnough(is, least)) return [];
      const value = String(Math.max(Number(should), least));
      return set(`it keeps records for ${is} ms only; twice the longest timer is ${least} ms`, value);
    }
    case 'retention.bytes':
      if (!isRaw(spec) || is === should) return [];
      return set(`it drops records beyond ${is} bytes, however young they are`, should);
    case 'max.message.bytes':
    case 'min.compaction.lag.ms':
      if (isEnough(is, Number(should))) return [];
      return set(`${name} is ${is}, at least ${should} is needed`, should);
    default:
      return is === should ? [] : set(`${name} is ${is}, not ${should}`, should);
  }
}

function compressionFindings(spec: TopicSpec, found: TopicFacts): TopicFinding[] {
  if (found.config['compression.type'] !== 'zstd' || ZSTD_HERE) return [];
  return [
    {
      topic: spec.name,
      problem: 'it is compressed with zstd, which this Node cannot read',
      fix: 'set compression.type=gzip, or run Node 22.15 or later everywhere',
      change: { what: 'set', name: 'compression.type', value: 'gzip' },
    },
  ];
}
