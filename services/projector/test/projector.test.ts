import { createCodec, createLocalRegistry, createMemoryWorld, createVirtualClock } from '@callfold/adapters';
import type { SeenAgent } from '@callfold/core';
import {
  DEFAULT_SETTINGS,
  decodeState,
  emptyState,
  isRejection,
  mergeAgents,
  partitionOf,
  rawTopic,
  SOURCES,
  subjectKey,
  TOPICS,
  utf8Bytes,
} from '@callfold/core';
import type { At, EngineEvent, Service } from '@callfold/engine';
import { DEFAULT_LIMITS } from '@callfold/engine';
import { readEvent } from '@callfold/sources';
import { describe, expect, test } from 'vitest';
import { projectorRole, start } from '../src/index.ts';

const PARTITIONS = 3;
const START = Date.UTC(2026, 0, 5, 9);
const SECOND = 1_000;
const HOUR = 3_600_000;
const CALLS = rawTopic('callcenter24');

type Said = readonly [second: number, status: string];

/** The projector over a log in memory, whose time passes only when told. */
async function openProjector() {
  const clock = createVirtualClock(START);
  /** The log's time may go ahead of the clock, so that hours of it need no hours of looking at an idle log. */
  let aheadMs = 0;
  const world = createMemoryWorld({ clock: { now: () => clock.now() + aheadMs } });
  for (const { name } of TOPICS) world.topics.create(name, PARTITIONS);
  const codec = createCodec(createLocalRegistry());
  await codec.register(TOPICS.map(({ name }) => name));
  const ports = world.ports();
  const seen: EngineEvent[] = [];
  let tokens = 0;

  function run(): Service {
    const config = { settings: DEFAULT_SETTINGS, limits: DEFAULT_LIMITS };
    return start(config, {
      consumer: ports.consumer('projector', SOURCES.map(rawTopic)),
      log: ports.log('projector'),
      store: ports.store('projector'),
      codec,
      publisher: null,
      clock,
      observer: (event) => seen.push(event),
      newToken: () => `token-${(tokens += 1)}`,
    });
  }

  const isDone = (service: Service): boolean => {
    const status = service.status();
    return (
      status.length === SOURCES.length * PARTITIONS &&
      status.every(({ at, position, committed }) => position === world.topics.bounds(at).end && committed === position)
    );
  };

  return {
    run,
    seen,
    /** Everything in the log is folded and committed. */
    async settle(service: Service): Promise<void> {
      if (!(await clock.runUntil(() => isDone(service), HOUR)))
        throw new Error('The projector does not come to the end');
    },
    async stop(service: Service): Promise<void> {
      await Promise.all([service.stop(), clock.runUntil(() => false, 60_000)]);
    },
    publish(callId: string, rows: readonly Said[], tenantId = 'default'): void {
      for (const [second, status] of rows) {
        const occurredAt = START + second * SECOND;
        const raw = readEvent({ source: 'callcenter24', tenantId, callId, occurredAt, status });
        if (isRejection(raw)) throw new Error(raw.reason);
        const partition = partitionOf(tenantId, callId, PARTITIONS);
        const key = utf8Bytes(subjectKey(tenantId, callId));
        world.topics.append({ topic: CALLS, partition }, [{ key, value: codec.encodeRaw(raw), headers: [] }]);
      }
    },
    /** Log time passes, and every partition of calls gets a tick, as `outcomes` writes them. */
    async pass(ms: number): Promise<void> {
      aheadMs += ms;
      for (let partition = 0; partition < PARTITIONS; partition += 1)
        await ports.log('test').tick({ topic: CALLS, partition });
    },
    async table(partition: number): Promise<(readonly [string, string])[]> {
      const at: At = { topic: CALLS, partition };
      const rows: (readonly [string, string])[] = [];
      for await (const slice of ports.store('projector').scan(at, 'agents')) rows.push(...slice);
      return rows;
    },
    /** As readers see them: merged over the partitions. */
    async agents(): Promise<SeenAgent[]> {
      const rows = await Promise.all(Array.from({ length: PARTITIONS }, (_, partition) => this.table(partition)));
      return mergeAgents(rows.flat());
    },
    async isSilent(callId: string): Promise<boolean | null> {
      const at = { topic: CALLS, partition: partitionOf('default', callId, PARTITIONS) };
      const key = subjectKey('default', callId);
      const [text] = await ports.store('projector').read(at, 'states', [key]);
      return text ? decodeState(text, 'callcenter24', key).silent : null;
    },
  };
}

/** Ids of calls, one in each partition. */
const [FIRST, SECOND_CALL, THIRD] = Array.from({ length: PARTITIONS }, (_, partition) => {
  for (let n = 0; ; n += 1) if (partitionOf('default', `call-${n}`, PARTITIONS) === partition) return `call-${n}`;
}) as [string, string, string];

const WAITING: readonly Said[] = [
  [0, 'Registred in CallCenter24'],
  [1, 'Participant join (Contact)'],
];
const RINGS: readonly Said[] = [
  [2, 'Sending a request to display the call screen - [Anna] (Available)'],
  [3, 'Show call screen - [Anna]'],
];
const JOINS: readonly Said[] = [[8, 'Participant join ([Anna])']];
const LEAVES: readonly Said[] = [[30, 'Participant leave ([Anna])']];
const ENDS: readonly Said[] = [
  [33, 'Participant leave (Contact)'],
  [33, 'Call ended'],
];

const shortly = (agents: readonly SeenAgent[]) => agents.map(({ agentId, state, calls }) => [agentId, state, calls]);

describe('agents seen in calls', () => {
  test('follow offers and joins of their call', async () => {
    const projector = await openProjector();
    const service = projector.run();
    const after = async (rows: readonly Said[]): Promise<SeenAgent[]> => {
      projector.publish(FIRST, rows);
      await projector.settle(service);
      return projector.agents();
    };
    expect(await after(WAITING)).toEqual([]);
    expect(await after(RINGS)).toMatchObject([
      { agentId: 'Anna', state: 'ringing', since: START + 3 * SECOND, calls: [FIRST] },
    ]);
    expect(await after(JOINS)).toMatchObject([
      { agentId: 'Anna', state: 'on-call', since: START + 8 * SECOND, calls: [FIRST] },
    ]);
    expect(await after(LEAVES)).toMatchObject([
      { agentId: 'Anna', state: 'free', since: START + 30 * SECOND, calls: [] },
    ]);
    expect(await after(ENDS)).toMatchObject([{ agentId: 'Anna', state: 'free', calls: [] }]);
    await projector.stop(service);
  });

  test('are merged over the calls of all partitions', async () => {
    const projector = await openProjector();
    const service = projector.run();
    projector.publish(FIRST, [...WAITING, ...RINGS, ...JOINS]);
    projector.publish(SECOND_CALL, [...WAITING, ...RINGS]);
    projector.publish(THIRD, [...WAITING, ...RINGS, ...JOINS, ...LEAVES, ...ENDS]);
    await projector.settle(service);
    const sizes = await Promise.all([0, 1, 2].map(async (partition) => (await projector.table(partition)).length));
    expect(sizes).toEqual([1, 1, 1]);
    expect(shortly(await projector.agents())).toEqual([['Anna', 'on-call', [FIRST, SECOND_CALL].sort()]]);
    projector.publish(FIRST, ENDS);
    await projector.settle(service);
    expect(shortly(await projector.agents())).toEqual([['Anna', 'ringing', [SECOND_CALL]]]);
    await projector.stop(service);
  });

  test('of one name are two agents in two tenants', async () => {
    const projector = await openProjector();
    const service = projector.run();
    projector.publish(FIRST, [...WAITING, ...RINGS, ...JOINS], 'north');
    projector.publish(FIRST, [...WAITING, ...RINGS], 'south');
    await projector.settle(service);
    expect((await projector.agents()).map(({ tenantId, agentId, state }) => [tenantId, agentId, state])).toEqual([
      ['north', 'Anna', 'on-call'],
      ['south', 'Anna', 'ringing'],
    ]);
    await projector.stop(service);
  });

  test('are freed by a call that falls silent, without an event of its own', async () => {
    const projector = await openProjector();
    const service = projector.run();
    projector.publish(FIRST, [...WAITING, ...RINGS, ...JOINS]);
    await projector.settle(service);
    await projector.pass(DEFAULT_SETTINGS.closeAfterMs - SECOND);
    await projector.settle(service);
    expect(shortly(await projector.agents())).toEqual([['Anna', 'on-call', [FIRST]]]);
    await projector.pass(2 * SECOND);
    await projector.settle(service);
    expect(shortly(await projector.agents())).toEqual([['Anna', 'free', []]]);
    expect(await projector.isSilent(FIRST)).toBe(true);
    projector.publish(FIRST, [[40, 'Record added']]);
    await projector.settle(service);
    expect(shortly(await projector.agents())).toEqual([['Anna', 'on-call', [FIRST]]]);
    await projector.stop(service);
  });

  test('leave no row behind when their call is dropped', async () => {
    const projector = await openProjector();
    const service = projector.run();
    projector.publish(FIRST, [...WAITING, ...RINGS, ...JOINS, ...LEAVES, ...ENDS]);
    await projector.settle(service);
    expect(await projector.table(0)).toHaveLength(1);
    await projector.pass(DEFAULT_SETTINGS.dropAfterMs + SECOND);
    await projector.settle(service);
    expect(await projector.table(0)).toEqual([]);
    // The state is a marker now, and nobody is in it.
    expect(await projector.isSilent(FIRST)).toBe(false);
    await projector.stop(service);
  });

  test('are what they were for the next owner of the partition, who goes on with them', async () => {
    const projector = await openProjector();
    const first = projector.run();
    projector.publish(FIRST, [...WAITING, ...RINGS]);
    await projector.settle(first);
    await projector.stop(first);
    const next = projector.run();
    projector.publish(FIRST, JOINS);
    await projector.settle(next);
    expect(shortly(await projector.agents())).toEqual([['Anna', 'on-call', [FIRST]]]);
    await projector.stop(next);
  });

  test('change with what comes late: the last by its own time counts', async () => {
    const projector = await openProjector();
    const service = projector.run();
    projector.publish(FIRST, [...WAITING, ...LEAVES, ...JOINS]);
    await projector.settle(service);
    expect(shortly(await projector.agents())).toEqual([['Anna', 'free', []]]);
    await projector.stop(service);
  });
});

test('the projector publishes nothing and writes no ticks', async () => {
  const projector = await openProjector();
  const service = projector.run();
  projector.publish(FIRST, [...WAITING, ...ENDS]);
  await projector.settle(service);
  expect(projectorRole(DEFAULT_SETTINGS)).toMatchObject({ name: 'projector', publishes: false });
  expect(projector.seen.map(({ name }) => name)).not.toContain('ticked');
  await projector.stop(service);
});

test('what a state leaves is read once', () => {
  const { view } = projectorRole(DEFAULT_SETTINGS);
  const state = emptyState('callcenter24', 'default/x');
  expect(view?.fieldsOf(state)).toBe(view?.fieldsOf(state));
});
