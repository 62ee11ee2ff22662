/** Each way of standing still with something to do is said within its bound, and that it is over. */

import { CALL_OUTCOMES } from '@callfold/core';
import type { Duty, Role } from '@callfold/engine';
import { DEFAULT_LIMITS } from '@callfold/engine';
import { describe, expect, it } from 'vitest';
import type { Fault, Harness, Part } from './engine-harness.ts';
import { call, openHarness, OUTCOMES, PROJECTOR, START } from './engine-harness.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const BOUND_MS = DEFAULT_LIMITS.stalledAfterMs;

type Broken = { readonly part: Part; readonly call: string; readonly fault: Fault };

function stallsOf(h: Harness) {
  return h.said.flatMap((one) => (one.name === 'partition-stalled' ? [one] : []));
}

/** A scene whose fault is switched on later. */
async function scene(role: Role, broken: Broken) {
  const state = { isBroken: false };
  const h = await openHarness((part, name) =>
    state.isBroken && part === broken.part && name === broken.call ? broken.fault : 'none',
  );
  return { h, state, service: h.start(role) };
}

const WAYS: readonly (readonly [what: string, Role, Broken, waitsFor: Duty])[] = [
  ['a commit is never answered', PROJECTOR, { part: 'store', call: 'commit', fault: 'hang' }, 'records'],
  ['states are never read', PROJECTOR, { part: 'store', call: 'read', fault: 'hang' }, 'records'],
  ['schemas are never read', OUTCOMES, { part: 'registry', call: 'prepare', fault: 'hang' }, 'records'],
  ['the consumer brings no batch', PROJECTOR, { part: 'kafka', call: 'batch', fault: 'hang' }, 'records'],
  ['the store is away', OUTCOMES, { part: 'store', call: 'commit', fault: 'before' }, 'records'],
  ['a send is never answered', OUTCOMES, { part: 'kafka', call: 'send', fault: 'hang' }, 'outbox'],
  ['sends fail', OUTCOMES, { part: 'kafka', call: 'send', fault: 'before' }, 'outbox'],
  ['a tick is never answered', OUTCOMES, { part: 'kafka', call: 'tick', fault: 'hang' }, 'timer'],
  ['ticks fail', OUTCOMES, { part: 'kafka', call: 'tick', fault: 'before' }, 'timer'],
];

describe('a partition that has something to do and stands still', () => {
  it.each(WAYS)('%s: is said within the bound, and that it moves again', async (_what, role, broken, waitsFor) => {
    const { h, state, service } = await scene(role, broken);
    h.publish(call('before', START));
    expect(await h.clock.runUntil(h.settled([service]), HOUR)).toBe(true);
    // Idle for long is not stalled.
    await h.clock.runUntil(() => false, 10 * MINUTE);
    expect(stallsOf(h)).toEqual([]);

    state.isBroken = true;
    const brokenAt = h.clock.now();
    h.publish(call('after', START + MINUTE));
    // A timer of the call is due, and a derived record is there, only after its settle time.
    const dueMs = waitsFor === 'records' ? 0 : 15_000;
    expect(await h.clock.runUntil(() => stallsOf(h).length > 0, BOUND_MS + dueMs)).toBe(true);
    const [stall] = stallsOf(h);
    expect(stall).toMatchObject({ at: h.placeOf(call('after', START)[0]!), waitsFor });
    expect((stall?.saidAt ?? 0) - brokenAt).toBeGreaterThan(BOUND_MS / 2 - 2_000);
    if (broken.fault === 'before') expect(stall?.message).toContain(`${broken.part} is away`);
    const standing = service.status().filter(({ stalled }) => stalled !== null);
    expect(standing.map(({ at, stalled }) => [at, stalled?.waitsFor])).toEqual([[stall?.at, waitsFor]]);
    // What is folded and not committed is no lag.
    if (waitsFor === 'records' && broken.call !== 'commit') expect(standing[0]?.lagMs).toBeGreaterThan(0);
    if (waitsFor === 'outbox') expect(standing[0]?.waitingMs).toBeGreaterThan(BOUND_MS - 3_000);
    // It is said once, however long it takes.
    await h.clock.runUntil(() => false, 10 * MINUTE);
    expect(stallsOf(h)).toHaveLength(1);

    state.isBroken = false;
    h.letGo();
    expect(await h.clock.runUntil(h.settled([service]), HOUR)).toBe(true);
    await h.clock.runUntil(() => false, 5_000);
    expect(h.said.filter(({ name }) => name === 'partition-moving')).toMatchObject([
      { at: stall?.at, waitedFor: waitsFor },
    ]);
    expect(service.status().filter(({ stalled, lagMs }) => stalled !== null || lagMs !== 0)).toEqual([]);
    expect(h.read(CALL_OUTCOMES)).toHaveLength(role.publishes ? 2 : 0);
    await h.stop([service]);
  });

  it('a claim is never answered: all of them are said, and that they move', async () => {
    const { h, state, service } = await scene(OUTCOMES, { part: 'store', call: 'claim', fault: 'hang' });
    state.isBroken = true;
    expect(await h.clock.runUntil(() => stallsOf(h).length > 0, BOUND_MS)).toBe(true);
    expect(new Set(stallsOf(h).map(({ waitsFor }) => waitsFor))).toEqual(new Set(['claim']));
    expect(stallsOf(h)).toHaveLength(service.status().length);
    state.isBroken = false;
    h.letGo();
    expect(await h.clock.runUntil(h.settled([service]), HOUR)).toBe(true);
    await h.clock.runUntil(() => false, 5_000);
    expect(h.said.filter(({ name }) => name === 'partition-moving')).toHaveLength(service.status().length);
    await h.stop([service]);
  });

  it.each(['hang', 'before'] as const)('nobody says where the log ends (%s): is a stall too', async (fault) => {
    const { h, state, service } = await scene(PROJECTOR, { part: 'kafka', call: 'bounds', fault });
    expect(await h.clock.runUntil(h.settled([service]), HOUR)).toBe(true);
    state.isBroken = true;
    // It is asked for after half the bound.
    expect(await h.clock.runUntil(() => stallsOf(h).length > 0, 2 * BOUND_MS)).toBe(true);
    expect(stallsOf(h)[0]).toMatchObject({ waitsFor: 'log-end' });
    state.isBroken = false;
    h.letGo();
    await h.clock.runUntil(() => false, BOUND_MS);
    expect(service.status().filter(({ stalled }) => stalled !== null)).toEqual([]);
    await h.stop([service]);
  });

  it('a call under way holds up that it is given back: is said until it ends', async () => {
    const { h, state, service } = await scene(PROJECTOR, { part: 'store', call: 'read', fault: 'hang' });
    expect(await h.clock.runUntil(h.settled([service]), HOUR)).toBe(true);
    state.isBroken = true;
    h.publish(call('hangs', START));
    await h.clock.runUntil(() => false, 1_000);
    const stopped = service.stop();
    expect(await h.clock.runUntil(() => stallsOf(h).length > 0, BOUND_MS)).toBe(true);
    expect(stallsOf(h)).toMatchObject([{ at: h.placeOf(call('hangs', START)[0]!), waitsFor: 'release' }]);
    state.isBroken = false;
    h.letGo();
    await Promise.all([stopped, h.clock.runUntil(() => false, MINUTE)]);
    expect(service.status()).toEqual([]);
  });

  it('one that is refused says why by itself, and is not stalled', async () => {
    const { h, service } = await scene(PROJECTOR, { part: 'store', call: 'none', fault: 'none' });
    h.publish(call('before', START));
    await h.clock.runUntil(() => false, MINUTE);
    expect(h.settled([service])()).toBe(true);
    await h.stop([service]);
    // Its store is lost, its witness is not.
    h.world.storeServer('projector').restore(new Map());
    const again = h.start(PROJECTOR);
    await h.clock.runUntil(() => false, 10 * MINUTE);
    expect(again.status().filter(({ refused }) => refused !== null).length).toBeGreaterThan(0);
    expect(stallsOf(h)).toEqual([]);
    await h.stop([again]);
  });

  it('while work goes on, however far behind it is, nothing is stalled', async () => {
    const h = await openHarness();
    const service = h.start(OUTCOMES, undefined, { sliceRecords: 3 });
    for (let n = 0; n < 40; n += 1) {
      h.publish(call(`call-${n}`, START + n * 1_000));
      await h.clock.runUntil(() => false, 2_500);
    }
    expect(await h.clock.runUntil(h.settled([service]), HOUR)).toBe(true);
    expect(stallsOf(h)).toEqual([]);
    await h.stop([service]);
  });
});
