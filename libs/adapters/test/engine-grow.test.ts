import type { DerivedRecord, RawEvent } from '@callfold/core';
import {
  CALL_OUTCOMES,
  DEFAULT_SETTINGS,
  DERIVED_OF,
  partitionOf,
  rawTopic,
  readSubjectKey,
  SOURCES,
} from '@callfold/core';
import type { At, Grown, Role, Service } from '@callfold/engine';
import {
  DEFAULT_LIMITS,
  growthOf,
  growTopic,
  offerRecovery,
  redrive,
  redriveTarget,
  stoodFrom,
} from '@callfold/engine';
import { describe, expect, it } from 'vitest';
import type { Link } from '../src/memory/link.ts';
import { directLink } from '../src/memory/link.ts';
import type { Harness } from './engine-harness.ts';
import { call, lose, openHarness, OUTCOMES, PARTITIONS, PROJECTOR, seqOf, START } from './engine-harness.ts';

/** Partitions are added to a raw topic: subjects go on where their key belongs now, with all that they know. */

const SOURCE = 'callcenter24';
const TOPIC = rawTopic(SOURCE);
const HOUR = 3_600_000;
const NOW = 2 * PARTITIONS;
const ROLES = [PROJECTOR, OUTCOMES] as const;

const callsOf = (name: string, count: number, at: number): RawEvent[][] =>
  Array.from({ length: count }, (_, n) => call(`${name}-${n}`, at));
const startOf = (events: readonly RawEvent[]) => events.slice(0, 5);
const restOf = (events: readonly RawEvent[]) => events.slice(5);

let tokens = 0;

async function grow(h: Harness, role: Role, link: Link = directLink): Promise<Grown[]> {
  const ports = h.world.ports(link);
  const [log, store] = [ports.log(role.name), ports.store(role.name)];
  const counts = await growthOf(store, log, TOPIC);
  if (counts === null) return [];
  const options = {
    role,
    settings: DEFAULT_SETTINGS,
    limits: DEFAULT_LIMITS,
    ports: {
      log,
      store,
      codec: h.codec,
      publisher: role.publishes ? ports.publisher() : null,
      clock: h.clock,
      observer: () => undefined,
      newToken: () => `grow-${(tokens += 1)}`,
    },
  };
  return growTopic({ topic: TOPIC, source: SOURCE, options }, counts);
}

/** With the time that it takes, as others go on meanwhile. */
async function inTime<Result>(h: Harness, work: Promise<Result>): Promise<Result> {
  let isOver = false;
  const over = work.finally(() => {
    isOver = true;
  });
  over.catch(() => undefined);
  await h.clock.runUntil(() => isOver, HOUR);
  return over;
}

async function settle(h: Harness, services: readonly Service[]): Promise<void> {
  expect(await h.clock.runUntil(h.settled(services), HOUR)).toBe(true);
}

const outcomesOf = (h: Harness): DerivedRecord[] =>
  h
    .read(CALL_OUTCOMES)
    .map(({ value }) => h.codec.decodeDerived(CALL_OUTCOMES, value as Uint8Array) as unknown as DerivedRecord);

/** Of each raw partition gapless, of each id in order and in one partition. */
function expectInOrder(h: Harness): void {
  for (const topic of DERIVED_OF[SOURCE]) {
    const chains = new Map<string, number>();
    const partitions = new Map<string, number>();
    for (const record of h.read(topic)) {
      const stood = stoodFrom(record);
      if (stood === null) continue;
      const { origin, key } = stood;
      const chain = origin.slice(0, origin.lastIndexOf('/'));
      expect(seqOf(record)).toBe(chains.get(chain) ?? 0);
      chains.set(chain, seqOf(record) + 1);
      expect(partitions.get(key) ?? record.partition).toBe(record.partition);
      partitions.set(key, record.partition);
    }
  }
  const revisions = new Map<string, number>();
  for (const { outcomeId, revision } of outcomesOf(h)) {
    expect(revision).toBe((revisions.get(outcomeId) ?? 0) + 1);
    revisions.set(outcomeId, revision);
  }
}

async function statesOf(h: Harness, role: Role): Promise<Map<string, number>> {
  const places = new Map<string, number>();
  for (let partition = 0; partition < h.world.topics.partitions(TOPIC); partition += 1) {
    for await (const slice of h.world.ports().store(role.name).scan({ topic: TOPIC, partition }, 'states')) {
      for (const [key] of slice) {
        expect(places.has(key)).toBe(false);
        places.set(key, partition);
      }
    }
  }
  return places;
}

async function expectInPlace(h: Harness, role: Role, subjects: number): Promise<void> {
  const places = await statesOf(h, role);
  expect(places.size).toBe(subjects);
  for (const [key, partition] of places) {
    const { tenantId = '', subjectId = '' } = readSubjectKey(key) ?? {};
    expect(partition).toBe(partitionOf(tenantId, subjectId, h.world.topics.partitions(TOPIC)));
  }
}

const refusals = (services: readonly Service[]): string[] =>
  services.flatMap((service) => service.status().flatMap(({ refused }) => refused ?? []));

/** Calls that are over, and the first half of calls that are under way; then there are more partitions. */
async function underWay(count = 12) {
  const h = await openHarness();
  const services = ROLES.map((role) => h.start(role));
  h.publish(callsOf('old', 20, START).flat());
  await settle(h, services);
  const halves = callsOf('half', count, h.clock.now() - 10_000);
  h.publish(halves.flatMap(startOf));
  await h.clock.runUntil(() => false, 20_000);
  return { h, services, halves };
}

describe('partitions that are added', () => {
  it('are taken into use while services are at work: nothing lost, nothing twice, each subject in order', async () => {
    const { h, services, halves } = await underWay();
    await h.stop(services);
    h.world.topics.grow(TOPIC, NOW);
    const again = ROLES.map((role) => h.start(role));
    // One upstream has learnt of it, and the other has not.
    h.publish(callsOf('new', 6, h.clock.now()).flat());
    h.publish(halves.slice(0, 3).flatMap(restOf), PARTITIONS);
    await h.clock.runUntil(() => false, 30_000);
    const said = refusals(again);
    expect(said).toHaveLength(ROLES.length * (NOW - PARTITIONS));
    for (const message of said)
      expect(message).toMatch(/has 4 partitions, .*made with 2 .*was added.*`callfold recover` moves them/);
    // Those that there were have gone on.
    expect(outcomesOf(h).filter(({ outcomeId }) => /half-[012]$/.test(outcomeId))).toHaveLength(3);
    // Not folded yet when it begins.
    h.publish(halves.slice(3, 6).flatMap(restOf), PARTITIONS);
    for (const role of ROLES) {
      const grown = await inTime(h, grow(h, role));
      expect(grown).toHaveLength(PARTITIONS);
      expect(grown.reduce((sum, { moves }) => sum + moves, 0)).toBeGreaterThan(0);
      expect(await grow(h, role)).toEqual([]);
    }
    h.publish(halves.slice(6).flatMap(restOf));
    await settle(h, again);
    expect(refusals(again)).toEqual([]);
    for (const role of ROLES) await expectInPlace(h, role, 20 + 12 + 6);
    expectInOrder(h);
    const outcomes = outcomesOf(h);
    expect(outcomes).toHaveLength(20 + 12 + 6);
    for (const one of outcomes)
      expect(one).toMatchObject({ outcome: 'answered', revision: 1, inferred: false, offers: 1 });
    expect(h.letters()).toEqual([]);
    expect(await h.findings()).toEqual([]);
    await h.stop(again);
    expect(await h.findings()).toEqual([]);
  });

  it('do not lose what an upstream goes on to put into a partition of before: redriven, it is folded once', async () => {
    const { h, services, halves } = await underWay();
    h.world.topics.grow(TOPIC, NOW);
    for (const role of ROLES) await inTime(h, grow(h, role));
    h.publish(halves.flatMap(restOf), PARTITIONS);
    await h.stop(services);
    const again = ROLES.map((role) => h.start(role));
    await settle(h, again);
    const letters = h.letters().map(({ letter }) => letter);
    expect(letters.length).toBeGreaterThan(0);
    for (const { code } of letters) expect(code).toBe('wrong-partition');
    for (let partition = 0; partition < NOW; partition += 1) {
      const its = letters.filter((letter) => redriveTarget(letter, h.codec, NOW).partition === partition);
      await redrive({
        target: { topic: TOPIC, partition },
        letters: (async function* () {
          yield* its;
        })(),
        publisher: h.world.ports().publisher(),
        stop: { requested: false },
        progress: () => undefined,
      });
    }
    await settle(h, again);
    const last = new Map(outcomesOf(h).map((one) => [one.outcomeId, one]));
    expect(last.size).toBe(20 + 12);
    for (const one of last.values()) expect(one).toMatchObject({ outcome: 'answered', inferred: false, offers: 1 });
    expectInOrder(h);
    expect(await h.findings()).toEqual([]);
    await h.stop(again);
  });

  it('are taken into use a second time, and by more than twice as many', async () => {
    const { h, services, halves } = await underWay();
    await h.stop(services);
    for (const partitions of [3 * PARTITIONS, 6 * PARTITIONS]) {
      h.world.topics.grow(TOPIC, partitions);
      for (const role of ROLES) expect(await inTime(h, grow(h, role))).toHaveLength(partitions === 6 ? 2 : 6);
    }
    h.publish(halves.flatMap(restOf));
    const again = ROLES.map((role) => h.start(role));
    await settle(h, again);
    for (const role of ROLES) await expectInPlace(h, role, 32);
    expectInOrder(h);
    expect(outcomesOf(h)).toHaveLength(32);
    expect(await h.findings()).toEqual([]);
    await h.stop(again);
  });

  it('that make no multiple are refused, and nothing is changed', async () => {
    const { h, services } = await underWay();
    await h.stop(services);
    h.world.topics.grow(TOPIC, PARTITIONS + 1);
    const stored = () =>
      ROLES.map(({ name }) => [...h.world.storeServer(name).snapshot()].filter(([place]) => place.startsWith(TOPIC)));
    const before = stored();
    const again = ROLES.map((role) => h.start(role));
    await h.clock.runUntil(() => false, 30_000);
    const said = refusals(again);
    expect(said).toHaveLength(ROLES.length * (PARTITIONS + 1));
    for (const message of said) expect(message).toMatch(/add partitions until there are 4, a multiple/);
    await h.stop(again);
    for (const role of ROLES) await expect(grow(h, role)).rejects.toThrow(/until there are 4, .*Nothing was changed/);
    expect(stored()).toEqual(before);
  });
});

describe('a state that is lost after its topic has grown', () => {
  it('is folded from the logs that there are: nothing of before is published again, or taken for wrong', async () => {
    const { h, services, halves } = await underWay();
    await h.stop(services);
    h.world.topics.grow(TOPIC, NOW);
    for (const role of ROLES) await inTime(h, grow(h, role));
    h.publish(halves.slice(0, 6).flatMap(restOf));
    const again = ROLES.map((role) => h.start(role));
    await settle(h, again);
    await h.stop(again);
    const before = DERIVED_OF[SOURCE].map((topic) => h.read(topic).filter(({ value }) => value !== null));
    for (const role of ROLES) {
      lose(h, role);
      const { log, store } = h.world.ports();
      for (const topic of SOURCES.map(rawTopic)) {
        for (let partition = 0; partition < h.world.topics.partitions(topic); partition += 1) {
          const at = { topic, partition };
          const begun = topic === TOPIC ? { from: 0, outbox: 0, isGrown: true } : undefined;
          const token = `recover-${(tokens += 1)}`;
          await offerRecovery({ at, store: store(role.name), log: log(role.name), token, begun });
        }
      }
    }
    // Of calls that were published before something comes in their new partitions, and time passes.
    h.publish(callsOf('old', 20, START).flatMap((events) => events.slice(-1)));
    await inTime(h, h.clock.sleep(20_000));
    const { log } = h.world.ports();
    for (let partition = 0; partition < NOW; partition += 1) await log(OUTCOMES.name).tick({ topic: TOPIC, partition });
    const anew = ROLES.map((role) => h.start(role));
    await settle(h, anew);
    expect(DERIVED_OF[SOURCE].map((topic) => h.read(topic))).toEqual(before);
    h.publish(callsOf('new', 6, h.clock.now()).flat());
    await settle(h, anew);
    expectInOrder(h);
    expect(h.letters()).toEqual([]);
    const outcomes = outcomesOf(h);
    expect(outcomes.filter(({ outcomeId }) => outcomeId.includes('new-'))).toHaveLength(6);
    for (const one of outcomes) expect(one).toMatchObject({ outcome: 'answered', inferred: false });
    expect(await h.findings()).toEqual([]);
    await h.stop(anew);
  });
});

describe('a move that ends in the middle', () => {
  /** Fails at the n-th call, before it is done or after. */
  const dying = (nth: number, when: 'before' | 'after'): { readonly link: Link; calls: number } => {
    const state = {
      calls: 0,
      link: (async (name, at, run) => {
        state.calls += 1;
        // Whoever is killed makes no further call.
        if (state.calls > nth) return new Promise<never>(() => undefined);
        if (state.calls === nth && when === 'before') return new Promise<never>(() => undefined);
        const answer = run();
        if (state.calls === nth) return new Promise<never>(() => undefined);
        void name;
        void at;
        return answer;
      }) as Link,
    };
    return state;
  };

  it.each(ROLES)('is ended by the next run, wherever it was killed: $name', async (role) => {
    const { h, services, halves } = await underWay(8);
    await h.stop(services);
    h.world.topics.grow(TOPIC, NOW);
    h.publish(halves.slice(0, 6).flatMap(restOf), PARTITIONS);
    const stores = new Map(ROLES.map(({ name }) => [name, h.world.storeServer(name).snapshot()]));
    const whole = dying(Infinity, 'after');
    await inTime(h, grow(h, role, whole.link));
    const wanted = await statesOf(h, role);
    expect(whole.calls).toBeGreaterThan(20);
    for (let nth = 1; nth <= whole.calls; nth += 1) {
      for (const when of ['before', 'after'] as const) {
        h.world.storeServer(role.name).restore(stores.get(role.name) as never);
        let isOver = false;
        grow(h, role, dying(nth, when).link).then(
          () => (isOver = true),
          () => (isOver = true),
        );
        await h.clock.runUntil(() => isOver, 1_000);
        await inTime(h, grow(h, role));
        expect(await statesOf(h, role)).toEqual(wanted);
      }
    }
    const other = ROLES.find((one) => one !== role) as Role;
    await inTime(h, grow(h, other));
    h.publish(halves.slice(6).flatMap(restOf));
    const again = ROLES.map((one) => h.start(one));
    await settle(h, again);
    expectInOrder(h);
    expect(outcomesOf(h)).toHaveLength(20 + 8);
    expect(await h.findings()).toEqual([]);
    await h.stop(again);
  });

  it('is taken by no owner until then, and says which command ends it', async () => {
    const { h, services, halves } = await underWay(8);
    await h.stop(services);
    h.world.topics.grow(TOPIC, NOW);
    const first: At = { topic: TOPIC, partition: PARTITIONS - 1 };
    const store = h.world.ports().store(OUTCOMES.name);
    let isMarked = false;
    const link: Link = async (_name, _at, run) => {
      if (isMarked) return new Promise<never>(() => undefined);
      const answer = run();
      isMarked = (await store.peek(first))?.meta?.includes('"growing"') ?? false;
      return answer;
    };
    void grow(h, OUTCOMES, link);
    await h.clock.runUntil(() => isMarked, HOUR);
    expect(isMarked).toBe(true);
    const again = ROLES.map((role) => h.start(role));
    await h.clock.runUntil(() => false, 60_000);
    expect(refusals(again)).toContainEqual(
      expect.stringMatching(/on their way from 2 partitions to 4.*callfold recover/),
    );
    for (const role of ROLES) await inTime(h, grow(h, role));
    h.publish(halves.flatMap(restOf));
    await settle(h, again);
    expectInOrder(h);
    expect(outcomesOf(h)).toHaveLength(20 + 8);
    expect(await h.findings()).toEqual([]);
    await h.stop(again);
  });
});
