/** `callfold verify`, at rest and while services are at work. */

import { CALL_OUTCOMES, DEFAULT_SETTINGS, encodeState, subjectKey } from '@callfold/core';
import type { Service, Store } from '@callfold/engine';
import { createOfflineFold, rulesOf } from '@callfold/engine';
import { projectorRole } from '@callfold/projector';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../src/command.ts';
import type { Site } from '../src/site.ts';
import { explainWords } from '../src/subject.ts';
import { subjectOfFinding } from '../src/verify-on.ts';
import type { Row } from '../src/verifying.ts';
import type { World } from './verify-world.ts';
import { AT, eventsOf, findingsOf, opened, openWorld, run, START, TOPIC } from './verify-world.ts';

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
