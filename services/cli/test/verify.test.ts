import {
  createCodec,
  createLocalRegistry,
  createMemoryWorld,
  createVirtualClock,
  readConfig,
} from '@callfold/adapters';
import type { RawEvent } from '@callfold/core';
import {
  CALL_OUTCOMES,
  DEFAULT_SETTINGS,
  encodeState,
  ERASE_HEADER,
  erasureText,
  partitionOf,
  rawTopic,
  SOURCES,
  subjectKey,
  TOPICS,
  utf8Bytes,
} from '@callfold/core';
import type { Service, Store } from '@callfold/engine';
import { createOfflineFold, DEFAULT_LIMITS, rulesOf, startRole } from '@callfold/engine';
import { OUTCOMES } from '@callfold/outcomes';
import { projectorRole } from '@callfold/projector';
import { afterEach, describe, expect, it } from 'vitest';
import { EXIT } from '../src/command.ts';
import { onSite } from '../src/on-site.ts';
import type { Site } from '../src/site.ts';
import { explainWords } from '../src/subject.ts';
import type { Row, Sample } from '../src/verification.ts';
import { verifyPartition } from '../src/verification.ts';
import type { VerifyOptions } from '../src/verify-on.ts';
import { subjectOfFinding, verifyOn } from '../src/verify-on.ts';
import { eventOf } from './explain-site.ts';
import { openNearbyDev } from './nearby-dev.ts';

/** Both roles at work on a site in memory, in virtual time. */

const START = Date.UTC(2026, 0, 5, 9);
const HOUR = 3_600_000;
/** Of virtual time, until all is folded and published. */
const MOST_MS = 60_000;
const TOPIC = rawTopic('callcenter24');
const AT = { topic: TOPIC, partition: 0 };
const WORDS = ['Registred in CallCenter24', 'Participant join (Contact)', 'Participant leave (Contact)', 'Call ended'];

/** A call that nobody answered, a second an event, appended as it happened. */
function eventsOf(callId: string, startAt: number): RawEvent[] {
  return WORDS.map((status, index) =>
    eventOf({ source: 'callcenter24', callId, occurredAt: startAt + index * 1_000, status }),
  );
}

async function openWorld(partitions = 1, settings = DEFAULT_SETTINGS) {
  const clock = createVirtualClock(START);
  const world = createMemoryWorld({ clock, batchRecords: 50 });
  for (const { name } of TOPICS) world.topics.create(name, partitions);
  const codec = createCodec(createLocalRegistry());
  await codec.register(TOPICS.map(({ name }) => name));
  const ports = world.ports();
  const unused = (): never => {
    throw new Error('Not of this site');
  };
  const site: Site = {
    name: 'a site in memory',
    warnings: [],
    codec,
    writer: ports.writer(),
    log: (role) => ports.log(role),
    store: (role) => ports.store(role),
    ports: unused,
    member: unused,
    members: () => Promise.resolve(1),
    positions: unused,
    shelf: { book: null, root: '1', settings: DEFAULT_SETTINGS, storeOf: () => ports.store('projector') },
    openGeneration: unused,
    showGeneration: unused,
    replicas: null,
    redriver: ports.publisher(),
    derived: ports.publisher(),
    readDerived: unused,
    partitions: (topic) => Promise.resolve(world.topics.partitions(topic)),
    close: () => Promise.resolve(),
  };
  let tokens = 0;
  const stopped = new Set<readonly Service[]>();
  function start(name: 'projector' | 'outcomes'): Service {
    return startRole(
      name === 'outcomes' ? OUTCOMES : projectorRole(settings),
      { settings, limits: DEFAULT_LIMITS },
      {
        consumer: ports.consumer(name, SOURCES.map(rawTopic)),
        log: ports.log(name),
        store: ports.store(name),
        codec,
        publisher: name === 'outcomes' ? ports.publisher() : null,
        clock,
        observer: () => undefined,
        newToken: () => `token-${(tokens += 1)}`,
      },
    );
  }
  const settled = (services: readonly Service[]) => (): boolean =>
    services.every((service) => {
      const status = service.status();
      const isQuiet = status.every(
        ({ at, committed, waiting, nextDue }) =>
          committed === world.topics.bounds(at).end && waiting === 0 && (nextDue ?? Infinity) > clock.now() + HOUR,
      );
      return status.length === SOURCES.length * partitions && isQuiet;
    });
  return {
    clock,
    world,
    site,
    ports,
    start,
    publish(callId: string, startAt = clock.now()): void {
      const at = { topic: TOPIC, partition: partitionOf('default', callId, partitions) };
      for (const event of eventsOf(callId, startAt)) {
        const key = utf8Bytes(subjectKey('default', callId));
        world.topics.append(at, [{ key, value: codec.encodeRaw(event), headers: [] }], event.occurredAt);
      }
    },
    async rest(services: readonly Service[]): Promise<void> {
      const isAtRest = await clock.runUntil(settled(services), MOST_MS);
      expect(isAtRest, JSON.stringify(services.map((service) => service.status()))).toBe(true);
    },
    async stop(services: readonly Service[]): Promise<void> {
      if (stopped.has(services)) return;
      stopped.add(services);
      await Promise.all([...services.map((service) => service.stop()), clock.runUntil(() => false, 60_000)]);
    },
    verify: (its: Site = site, sample: Sample = null): Promise<Row[]> =>
      verifyPartition(its, AT, 'callcenter24', settings, {}, { sample }),
  };
}

type World = Awaited<ReturnType<typeof openWorld>>;

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function opened(calls: number, partitions = 1, settings = DEFAULT_SETTINGS) {
  const world = await openWorld(partitions, settings);
  const services = [world.start('projector'), world.start('outcomes')];
  closing.push(() => world.stop(services));
  for (let n = 0; n < calls; n += 1) world.publish(`c-${n}`, START + n * 10);
  await world.rest(services);
  return { world, services };
}

async function run(world: World, options: VerifyOptions, json = false) {
  const dev = await openNearbyDev(world.site);
  closing.push(() => dev.close());
  return dev.run((context) => onSite('verify', options, context, verifyOn), json);
}

/** A state as no log gives it, put there by a claim of its own, with everything else as it was. */
async function spoil(world: World, key: string, text: string | null): Promise<void> {
  const store = world.ports.store('projector');
  const { claim, next, meta } = await store.claim(AT, `not the owner, who spoils ${key}`);
  const tables = new Map([['states', new Map([[key, text]])]] as const);
  const nothing = { timers: new Map(), outboxFrom: 0, outbox: [], outboxTrim: 0 };
  const answer = await store.commit(AT, claim, {
    expected: next,
    next: next ?? 0,
    meta: meta ?? '',
    tables,
    ...nothing,
  });
  expect(answer).toEqual({ ok: true });
}

const findingsOf = (rows: readonly Row[]): string[] =>
  rows.flatMap(({ findings }) => findings.map(({ fault, where }) => `${fault} ${where}`));

describe('at rest', () => {
  it('finds what stands identical, by role and partition', async () => {
    const { world } = await opened(5);
    const rows = await world.verify();
    expect(rows.map(({ what }) => what)).toEqual(['aggregates', 'derived records']);
    expect(findingsOf(rows)).toEqual([]);
    expect(rows.map(({ same }) => same)).toEqual([5, 5]);
  });

  it('finds a state that is lost, spoilt, or of nobody, and a record that stands twice', async () => {
    const { world, services } = await opened(5);
    await world.stop(services);
    const [text] = await world.ports.store('projector').read(AT, 'states', ['default/c-1']);
    await spoil(world, 'default/c-0', null);
    await spoil(world, 'default/c-2', text ?? null);
    await spoil(world, 'default/nobody', text ?? null);
    const stood = world.world.topics.read({ ...AT, topic: CALL_OUTCOMES }, 2, 1).records;
    world.world.topics.append({ ...AT, topic: CALL_OUTCOMES }, stood);
    const found = findingsOf(await world.verify());
    expect(found).toContain('lost default/c-0');
    expect(found).toContain('different default/c-2');
    expect(found).toContain('surplus default/nobody');
    expect(found.join()).toMatch(/duplicated callfold.call-outcomes of .* seq \d/);
  });
});

describe('while services are at work', () => {
  /** The site as somebody sees it who reads slowly: more happens in the middle of each of its readings. */
  function slowly(world: World, services: readonly Service[]): { site: Site; moved(): number } {
    let moves = 0;
    const move = async (): Promise<void> => {
      moves += 1;
      world.publish(`during-${moves}`);
      world.publish(`c-${moves % 5}`, world.clock.now() + 7_000);
      await world.clock.runUntil(() => false, 3_000);
      if (moves % 2 === 0) await world.rest(services);
    };
    const { site } = world;
    const store = (role: 'projector' | 'outcomes'): Store => ({
      ...site.store(role),
      async *scan(at, table) {
        await move();
        for await (const slice of site.store(role).scan(at, table)) {
          yield slice;
          await move();
        }
      },
    });
    const derived: Site['derived'] = {
      ...site.derived,
      async readBack(topic, partition, offset) {
        await move();
        return site.derived.readBack(topic, partition, offset);
      },
    };
    const shelf = { ...site.shelf, storeOf: () => store('projector') };
    return { site: { ...site, store, shelf, derived }, moved: () => moves };
  }

  it('finds no difference, though positions move on during the comparison', async () => {
    const { world, services } = await opened(5);
    const { site, moved } = slowly(world, services);
    for (let turn = 0; turn < 3; turn += 1) {
      const rows = await world.verify(site);
      expect(findingsOf(rows)).toEqual([]);
      for (const { positions } of rows) expect(positions[1]).toBeGreaterThan(positions[0]);
    }
    expect(moved()).toBeGreaterThan(6);
  });

  it('still finds what is wrong', async () => {
    const { world, services } = await opened(5);
    const { site } = slowly(world, services);
    const [text] = await world.ports.store('projector').read(AT, 'states', ['default/c-4']);
    await spoil(world, 'default/nobody', text ?? null);
    const stood = world.world.topics.read({ ...AT, topic: CALL_OUTCOMES }, 2, 1).records;
    world.world.topics.append({ ...AT, topic: CALL_OUTCOMES }, stood);
    const found = findingsOf(await world.verify(site));
    expect(found).toContain('surplus default/nobody');
    expect(found.join()).toMatch(/duplicated callfold.call-outcomes of .* seq \d/);
  });

  it('finds none where some of the timers that are due at once have fired', async () => {
    const world = await openWorld();
    const offline = createOfflineFold(rulesOf(projectorRole(DEFAULT_SETTINGS), DEFAULT_SETTINGS), true);
    for (let n = 0; n < 8; n += 1) {
      world.publish(`c-${n}`, START + n * 10_000);
      for (const event of eventsOf(`c-${n}`, START + n * 10_000)) offline.push(event, event.occurredAt);
    }
    const [first] = [...offline.states()].toSorted((a, b) => (a.timer ?? 0) - (b.timer ?? 0));
    const clock = (first?.timer ?? 0) + 35_000;
    offline.advance(clock);
    const states = [...offline.states()].map(
      (state) => [subjectKey('default', state.subjectId), encodeState(state)] as const,
    );
    const store = world.ports.store('projector');
    const { claim } = await store.claim(AT, 'token');
    const partitions = world.world.topics.partitions(TOPIC);
    const meta = (at: number): string => JSON.stringify({ version: 1, clock: at, partitions, seqs: {}, published: {} });
    const nothing = { timers: new Map(), outboxFrom: 0, outbox: [], outboxTrim: 0 };
    const tables = new Map([['states', new Map(states)]] as const);
    expect(await store.commit(AT, claim, { expected: null, next: 32, meta: meta(clock), tables, ...nothing })).toEqual({
      ok: true,
    });
    expect(await world.verify()).toMatchObject([{ same: 8, findings: [] }]);
    // By the clock of the last event none has: then these are not what the log says.
    const empty = new Map();
    expect(
      await store.commit(AT, claim, { expected: 32, next: 32, meta: meta(START), tables: empty, ...nothing }),
    ).toEqual({ ok: true });
    expect(findingsOf(await world.verify())).toHaveLength(4);
  });
});

describe('callfold verify', () => {
  it('goes through the embedded store as through Kafka, and says that all is identical', async () => {
    const { world } = await opened(20, 2);
    const { exit, out, said } = await run(world, { topic: TOPIC });
    expect(exit).toBe(EXIT.done);
    expect(out.trimEnd().split('\n')).toHaveLength(2 * 2);
    expect(said).toMatch(/Identical: 40 aggregates and records are what a fresh fold gives\. \d+ records read/);
    const one = await run(world, { topic: TOPIC, partition: 1 }, true);
    expect(
      one.out
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as Row).at.partition),
    ).toEqual([1, 1]);
  });

  it('compares a sample, which its seed gives again, and the order of all', async () => {
    const { world } = await opened(40);
    const counts = async (seed: number): Promise<number[]> =>
      (await run(world, { topic: TOPIC, sample: 4, seed }, true)).out
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as Row).same);
    const first = await counts(1);
    expect(await counts(1)).toEqual(first);
    for (const count of first) {
      expect(count).toBeGreaterThan(0);
      expect(count).toBeLessThan(40);
    }
    const others = await Promise.all([2, 3, 4, 5].map(counts));
    expect(others.some((one) => one[0] !== first[0])).toBe(true);
    const stood = world.world.topics.read({ ...AT, topic: CALL_OUTCOMES }, 2, 1).records;
    world.world.topics.append({ ...AT, topic: CALL_OUTCOMES }, stood);
    expect((await run(world, { topic: TOPIC, sample: 1_000_000, seed: 1 })).exit).toBe(EXIT.differences);
  });

  it('compares the same subjects in a sample of records that name nobody', async () => {
    const { settings } = readConfig({ CALLFOLD_PII_KEY: 'a key of at least thirty-two characters' });
    const { world } = await opened(40, 1, settings);
    const rows = await world.verify(world.site, { oneIn: 4, seed: 1 });
    expect(findingsOf(rows)).toEqual([]);
    const [aggregates, records] = rows.map(({ same }) => same);
    expect(aggregates).toBe(records);
    expect(records).toBeGreaterThan(0);
    expect(records).toBeLessThan(40);
  });

  it('takes of erased subjects, and of what nobody can erase, what the sample has and no more', async () => {
    const { world, services } = await opened(20);
    const { topics } = world.world;
    const erase = (key: string, text: string): void => {
      const headers = [{ name: ERASE_HEADER, value: utf8Bytes(text) }];
      topics.append(AT, [{ key: utf8Bytes(key), value: null, headers }], world.clock.now());
    };
    for (let n = 0; n < 20; n += 1) erase(subjectKey('default', `c-${n}`), erasureText([]));
    for (let n = 0; n < 20; n += 1) erase(subjectKey('default', `c-${n}`), 'of nobody');
    for (let n = 0; n < 20; n += 1) world.publish(`c-${n}`);
    await world.rest(services);
    expect(findingsOf(await world.verify())).toEqual([]);
    for (const seed of [1, 2, 3]) expect(findingsOf(await world.verify(world.site, { oneIn: 4, seed }))).toEqual([]);
  });

  it('exits 3 on a difference, names the subject and explains the first', async () => {
    const { world, services } = await opened(5);
    await world.stop(services);
    await spoil(world, 'default/c-0', null);
    await spoil(world, 'default/c-1', null);
    const { exit, said } = await run(world, { topic: TOPIC });
    expect(exit).toBe(EXIT.differences);
    expect(said).toContain('lost: default/c-0');
    expect(said).toContain('    callfold explain call c-0');
    expect(said).toContain('    call c-0 of tenant default, told by callcenter24: 4 events');
    expect(said).toContain('    callfold explain call c-1');
    expect(said).not.toContain('    call c-1 of tenant default, told by');
    expect(said).toContain('2 differences;');
  });

  it('has nothing to compare before anything was folded', async () => {
    await expect(run(await openWorld(), {})).rejects.toThrow(/There is nothing to compare.*generation 1/);
  });

  it('finds the subject of a finding, whatever its id', () => {
    const target = { role: 'projector', source: 'callcenter24', at: AT } as const;
    const finding = (where: string) => ({ fault: 'lost', where, detail: '' }) as const;
    const query = subjectOfFinding(finding('acme/a b%2Fc'), 'aggregates', target);
    expect(query).toEqual({ kind: 'call', tenantId: 'acme', id: 'a b/c' });
    expect(query && explainWords(query)).toBe("callfold explain call 'a b/c' --tenant acme");
    const record = subjectOfFinding(
      finding('agent-offer acme/callcenter24/a b/x/1 revision 2'),
      'derived records',
      target,
    );
    expect(record).toEqual({ kind: 'call', tenantId: 'acme', id: 'a b' });
    const plain = subjectOfFinding(finding('call-outcome acme/callcenter24/a b revision 2'), 'derived records', target);
    expect(plain).toEqual({ kind: 'call', tenantId: 'acme', id: 'a b' });
    expect(subjectOfFinding(finding('callfold.call-outcomes seq 7'), 'derived records', target)).toBeNull();
  });
});
