import type { RawEvent } from '@callfold/core';
import { CALL_OUTCOMES, DERIVED_OF, hash64, rawTopic, readSubjectKey, SOURCES } from '@callfold/core';
import { encodeRequest, metaOf, offerRecovery, redrive, redriveTarget } from '@callfold/engine';
import { describe, expect, it } from 'vitest';
import type { Harness } from './engine-harness.ts';
import { lose, OUTCOMES, PARTITIONS, START } from './engine-harness.ts';
import {
  HOUR,
  SOURCE,
  TOPIC,
  NOW,
  ROLES,
  callsOf,
  restOf,
  grow,
  inTime,
  settle,
  outcomesOf,
  expectInOrder,
  expectInPlace,
  refusals,
  underWay,
  afterMove,
} from './growing.ts';

/** Partitions are added to a raw topic: subjects go on where their key belongs now, with all that they know. */

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

describe('a move', () => {
  it('has partitions that were added begin where their logs begin by now', async () => {
    const { h, services, halves } = await underWay();
    await h.stop(services);
    h.world.topics.grow(TOPIC, NOW);
    h.publish(callsOf('gone', 6, h.clock.now()).flat());
    const added = Array.from({ length: NOW - PARTITIONS }, (_, n) => ({ topic: TOPIC, partition: PARTITIONS + n }));
    for (const at of added) {
      h.world.topics.retain(at, h.world.topics.bounds(at).end);
      expect(h.world.topics.bounds(at).start).toBeGreaterThan(0);
    }
    for (const role of ROLES) await inTime(h, grow(h, role));
    const again = ROLES.map((role) => h.start(role));
    h.publish(halves.flatMap(restOf));
    await settle(h, again);
    expect(refusals(again)).toEqual([]);
    const half = outcomesOf(h).filter(({ outcomeId }) => outcomeId.includes('half-'));
    expect(half).toHaveLength(12);
    for (const one of half) expect(one).toMatchObject({ outcome: 'answered', revision: 1, inferred: false, offers: 1 });
    expectInOrder(h);
    expect(await h.findings()).toEqual([]);
    await h.stop(again);
  });

  it.each([
    [
      'to a partition that has a state of its own already',
      /raw.callcenter24 partition 3: it was added, and has a state already/,
      async (h: Harness) => {
        const { log, store } = h.world.ports();
        const at = { topic: TOPIC, partition: NOW - 1 };
        await offerRecovery({ at, store: store(OUTCOMES.name), log: log(OUTCOMES.name), token: 'another' });
      },
    ],
    [
      'of a subject that was in a wrong partition before',
      /partition 0: .* is here and belongs to partition 1 of 2/,
      async (h: Harness) => {
        const store = h.world.ports().store(OUTCOMES.name);
        const states: (readonly [string, string])[] = [];
        for await (const slice of store.scan({ topic: TOPIC, partition: 1 }, 'states')) states.push(...slice);
        const at = { topic: TOPIC, partition: 0 };
        const claimed = await store.claim(at, 'another');
        const { claim, next, meta } = claimed;
        const { outboxFirst = 0, outboxNext = 0 } = metaOf(claimed) ?? {};
        const answer = await store.commit(at, claim, {
          expected: next,
          next: next as number,
          meta: meta as string,
          tables: new Map([['states', new Map(states.slice(0, 1))]]),
          timers: new Map(),
          outboxFrom: outboxNext,
          outbox: [],
          outboxTrim: outboxFirst,
        });
        expect(answer.ok).toBe(true);
      },
    ],
  ])('is refused before anything is marked: %s', async (_what, says, spoil) => {
    const { h, services } = await underWay();
    await h.stop(services);
    h.world.topics.grow(TOPIC, NOW);
    await spoil(h);
    const before = h.world.storeServer(OUTCOMES.name).snapshot();
    await expect(grow(h, OUTCOMES)).rejects.toThrow(says);
    expect(h.world.storeServer(OUTCOMES.name).snapshot()).toEqual(before);
  });
});

/** The last event of calls that are over, later. */
const endsAgain = (seconds: number): RawEvent[] =>
  callsOf('old', 20, START + seconds * 1_000).flatMap((events) => events.slice(-1));

/** Each of them is revised once more by an owner at work, and the store is kept as it was before. */
async function revisedAfterMove() {
  const { h } = await afterMove();
  const server = h.world.storeServer(OUTCOMES.name);
  const moved = server.snapshot();
  const first = h.start(OUTCOMES);
  h.publish(endsAgain(10));
  await settle(h, [first]);
  return { h, server, moved, first };
}

describe('a store that went back to where subjects had just been moved', () => {
  it('sends each later revision, though an earlier one stands that it knows nothing of', async () => {
    const { h, server, moved, first } = await revisedAfterMove();
    expect(outcomesOf(h).filter(({ revision }) => revision === 2)).toHaveLength(20);
    await h.stop([first]);
    server.restore(moved);
    h.publish(endsAgain(20));
    // Both are folded with what stood at the claim.
    await inTime(h, h.clock.sleep(60_000));
    for (let partition = 0; partition < NOW; partition += 1)
      await h.world.ports().log(OUTCOMES.name).tick({ topic: TOPIC, partition });
    const again = ROLES.map((role) => h.start(role));
    await settle(h, again);
    expect(outcomesOf(h).filter(({ revision }) => revision === 3)).toHaveLength(20);
    expectInOrder(h);
    expect(await h.findings()).toEqual([]);
    await h.stop(again);
  });

  it('knows where in its own log a correction was taken, that stands', async () => {
    const { h, server, moved, first } = await revisedAfterMove();
    const at = { topic: TOPIC, partition: PARTITIONS };
    const store = h.world.ports().store(OUTCOMES.name);
    const states: (readonly [string, string])[] = [];
    for await (const slice of store.scan(at, 'states')) states.push(...slice);
    const [subject, state] = states.find(([key]) => key.includes('old-'))!;
    const { subjectId } = readSubjectKey(subject)!;
    const stands = outcomesOf(h).find(({ outcomeId, revision }) => revision === 2 && outcomeId.endsWith(subjectId))!;
    const value = h.codec.encode(CALL_OUTCOMES, { ...stands, revision: 3, talkMs: 1 });
    const { name, text } = encodeRequest({
      what: 'publish',
      subject,
      seen: hash64(state),
      state,
      read: { [CALL_OUTCOMES]: h.world.topics.bounds({ topic: CALL_OUTCOMES, partition: 0 }).end },
      records: [{ topic: CALL_OUTCOMES, origin: 0, key: stands.outcomeId, value }],
    });
    await store.ask(at, new Map([[name, text]]));
    const last = (): number => Math.max(...outcomesOf(h).map(({ revision }) => revision));
    expect(await h.clock.runUntil(() => last() === 3, HOUR)).toBe(true);
    await h.stop([first]);
    const before = h.read(CALL_OUTCOMES);
    server.restore(moved);
    const again = h.start(OUTCOMES);
    await settle(h, [again]);
    expect(h.read(CALL_OUTCOMES)).toEqual(before);
    expectInOrder(h);
    await h.stop([again]);
  });
});

describe('a state that is lost after its topic has grown', () => {
  it('is folded from the logs that there are: nothing of before is published again, or taken for wrong', async () => {
    const { h, halves } = await afterMove();
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
          const token = `recover ${role.name} ${topic}/${partition}`;
          await offerRecovery({ at, store: store(role.name), log: log(role.name), token, begun });
        }
      }
    }
    // Of calls that were published before something comes in their new partitions, and time passes.
    h.publish(endsAgain(0));
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

describe('what comes to a partition of before once a lost state is folded again', () => {
  it('is a dead letter, and none of what was there by the number of before is', async () => {
    const { h } = await afterMove();
    lose(h, OUTCOMES);
    const { log, store } = h.world.ports();
    for (let partition = 0; partition < NOW; partition += 1) {
      const at = { topic: TOPIC, partition };
      const begun = { from: 0, outbox: 0, isGrown: true, placed: h.world.topics.bounds(at).end };
      const token = `recover ${partition}`;
      await offerRecovery({ at, store: store(OUTCOMES.name), log: log(OUTCOMES.name), token, begun });
    }
    const late = callsOf('late', 8, h.clock.now());
    h.publish(late.flat(), PARTITIONS);
    const misplaced = late.flat().filter((raw) => h.placeOf(raw).partition >= PARTITIONS).length;
    expect(misplaced).toBeGreaterThan(0);
    const anew = h.start(OUTCOMES);
    const isAll = (): boolean => h.letters().length >= misplaced;
    expect(await h.clock.runUntil(isAll, HOUR)).toBe(true);
    await h.clock.runUntil(() => false, 60_000);
    expect(h.letters().map(({ letter }) => letter.code)).toEqual(Array(misplaced).fill('wrong-partition'));
    await h.stop([anew]);
  });
});

describe('a derived topic that gets partitions', () => {
  it('is refused by owners, of partitions that were added as well, and none takes a claim', async () => {
    const { h } = await afterMove();
    h.world.topics.grow(CALL_OUTCOMES, NOW);
    const stored = () =>
      [...h.world.storeServer(OUTCOMES.name).snapshot()].filter(([place]) => place.startsWith(TOPIC));
    const before = stored();
    const again = h.start(OUTCOMES);
    await h.clock.runUntil(() => false, 30_000);
    const said = refusals([again]).filter((message) => message.includes(TOPIC));
    expect(said).toHaveLength(NOW);
    for (const message of said) expect(message).toMatch(/call-outcomes has 4 partitions, and its records lie by 2/);
    expect(stored()).toEqual(before);
    await h.stop([again]);
  });

  it('with another number than subjects can be moved by, refuses the move', async () => {
    const { h, services } = await underWay();
    await h.stop(services);
    h.world.topics.grow(TOPIC, NOW);
    h.world.topics.grow(CALL_OUTCOMES, PARTITIONS + 1);
    const before = h.world.storeServer(OUTCOMES.name).snapshot();
    await expect(grow(h, OUTCOMES)).rejects.toThrow(/call-outcomes has 3 partitions, of which 2 is no multiple/);
    expect(h.world.storeServer(OUTCOMES.name).snapshot()).toEqual(before);
  });
});
