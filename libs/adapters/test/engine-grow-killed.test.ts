import type { At, Role } from '@callfold/engine';
import { metaOf } from '@callfold/engine';
import { describe, expect, it } from 'vitest';
import type { Link } from '../src/memory/link.ts';
import type { Harness } from './engine-harness.ts';
import { OUTCOMES, PARTITIONS } from './engine-harness.ts';
import {
  TOPIC,
  HOUR,
  NOW,
  ROLES,
  restOf,
  grow,
  inTime,
  settle,
  outcomesOf,
  expectInOrder,
  statesOf,
  refusals,
  underWay,
} from './growing.ts';

/** Whoever compares `partitions` with the topic, and knows no mark, takes only what has all of its subjects. */
async function expectSafeFromBefore(h: Harness, role: Role, wanted: ReadonlyMap<string, number>): Promise<void> {
  const store = h.world.ports().store(role.name);
  for (let partition = 0; partition < NOW; partition += 1) {
    const at = { topic: TOPIC, partition };
    const own = metaOf(await store.peek(at));
    const meta = own ?? metaOf(await store.peek({ topic: TOPIC, partition: 0 }));
    if (meta === null) throw new Error('no partition has a checkpoint');
    if (meta.partitions !== NOW) continue;
    expect(own).not.toBeNull();
    expect(meta.growing).toBeUndefined();
    const keys: string[] = [];
    for await (const slice of store.scan(at, 'states')) keys.push(...slice.map(([key]) => key));
    expect(keys.toSorted()).toEqual([...wanted.keys()].filter((key) => wanted.get(key) === partition).toSorted());
  }
}

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
        await expectSafeFromBefore(h, role, wanted);
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
