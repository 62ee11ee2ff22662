import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Claim, Commit, CommitAnswer, Store } from '@callfold/engine';
import type { Link, MemoryWorld } from '../src/index.ts';
import { createMemoryWorld } from '../src/index.ts';
import type { Member } from './contract/log-harness.ts';
import { message, runMember, textOf } from './contract/log-harness.ts';
import { outgoing, readAll } from './contract/publisher-contract.ts';
import { bytes, change, freshToken, states } from './contract/store-harness.ts';

const AT = { topic: 'raw', partition: 0 };

function worldAt(start: number): { readonly world: MemoryWorld; readonly clock: { ms: number } } {
  const clock = { ms: start };
  const world = createMemoryWorld({ clock: { now: () => clock.ms }, batchRecords: 10 });
  world.topics.create('raw', 4);
  world.topics.create('derived', 4);
  return { world, clock };
}

describe('the log in memory', () => {
  it('never gives a lower append time than the last, unless told', () => {
    const { world, clock } = worldAt(1_000);
    const append = (text: string, at?: number): number => world.topics.append(AT, [message(text)], at);
    append('a');
    clock.ms = 400;
    append('b');
    append('set back', 300);
    append('c');
    const times = world.topics.read(AT, 0, 10).records.map(({ appendedAt }) => appendedAt);
    expect(times).toEqual([1_000, 1_000, 300, 400]);
  });

  it('has gaps that count as read, lets go of its start, and gives the offsets of a cut end again', async () => {
    const { world } = worldAt(1);
    const log = world.ports().log('g');
    world.topics.append(AT, ['a', 'b'].map(message));
    world.topics.skip(AT, 3);
    expect(await log.read(AT, 0, 10)).toMatchObject({ next: 5, end: 5 });
    expect(await log.read(AT, 2, 10)).toEqual({ from: 2, records: [], next: 5, end: 5 });
    world.topics.append(AT, ['c', 'd'].map(message));
    expect((await log.read(AT, 0, 2)).next).toBe(5);
    world.topics.retain(AT, 1);
    expect(await log.bounds(AT)).toEqual({ start: 1, end: 7 });
    expect(await log.readOne(AT, 0)).toBeNull();
    expect((await log.read(AT, 0, 10)).records.map(textOf)).toEqual(['b', 'c', 'd']);
    world.topics.truncate(AT, 6);
    world.topics.append(AT, [message('other')]);
    expect((await log.read(AT, 5, 10)).records.map((record) => [record.offset, textOf(record)])).toEqual([
      [5, 'c'],
      [6, 'other'],
    ]);
  });

  it('does not share its bytes with who wrote them', async () => {
    const { world } = worldAt(1);
    const value = bytes('before');
    await world
      .ports()
      .writer()
      .append(AT, [{ key: null, value, headers: [] }]);
    value.fill(0);
    expect(textOf(world.topics.read(AT, 0, 1).records[0]!)).toBe('before');
  });
});

/** A link that keeps each call of one name back until it is let go. */
function holdingLink(name: string): { readonly link: Link; readonly held: (() => void)[] } {
  const held: (() => void)[] = [];
  const link: Link = async (call, _at, run) => {
    if (call === name) {
      await new Promise<void>((resolve) => {
        held.push(resolve);
      });
    }
    return run();
  };
  return { link, held };
}

describe('late calls', () => {
  it('of a send are refused behind a fence, be it our own', async () => {
    const { world } = worldAt(1);
    const { link, held } = holdingLink('send');
    const publisher = world.ports(link).publisher();
    await publisher.fence(AT, ['derived']);
    const late = publisher.send(AT, [outgoing('derived', 'late')]);
    await publisher.fence(AT, ['derived']);
    const now = publisher.send(AT, [outgoing('derived', 'now')]);
    held[1]!();
    await now;
    held[0]!();
    await expect(late).rejects.toThrow(/came too late/);
    const all = await readAll(world.ports().publisher(), 'derived', 0);
    expect(all.map((record) => new TextDecoder().decode(record.value ?? undefined))).toEqual(['now']);
  });

  it('of a claim take nothing from the owner that came after', async () => {
    const { world } = worldAt(1);
    const { link, held } = holdingLink('claim');
    const late = world.ports(link).store('g').claim(AT, freshToken());
    await vi.waitFor(() => expect(held.length).toBe(1));
    const owner = world.ports().store('g');
    const { claim } = await owner.claim(AT, freshToken());
    held.shift()!();
    expect(await owner.commit(AT, claim, change({ expected: null, next: 1 }))).toEqual({ ok: true });
    // It looks again, and would claim anew: that is its caller's decision, made now.
    await vi.waitFor(() => expect(held.length).toBe(1));
    expect(await owner.commit(AT, claim, change({ expected: 1, next: 2 }))).toEqual({ ok: true });
    held.shift()!();
    expect((await late).next).toBe(2);
  });

  it('of an empty commit, behind a newer one at the same position, change nothing', async () => {
    const { world } = worldAt(1);
    const owner = world.ports().store('g');
    const { claim } = await owner.claim(AT, freshToken());
    const early = change({ expected: null, next: 1, meta: 'early' });
    const again = change({ expected: 1, next: 1, meta: 'again' });
    const newer = change({ expected: 1, next: 1, meta: 'newer' });
    for (const commit of [early, again, newer]) expect(await owner.commit(AT, claim, commit)).toEqual({ ok: true });
    expect(await owner.commit(AT, claim, again)).toEqual({ ok: false, why: 'moved' });
    expect((await owner.peek(AT))?.meta).toBe('newer');
  });

  it('and lost answers and repeats leave what was answered, in its order, whatever happens to each call', async () => {
    const fates = fc.array(fc.constantFrom('done', 'done', 'request lost', 'answer lost', 'copy later'), {
      maxLength: 120,
    });
    const turns = fc.array(fc.constantFrom<('commit' | 'empty' | 'claim')[]>('commit', 'commit', 'empty', 'claim'), {
      maxLength: 25,
    });
    await fc.assert(
      fc.asyncProperty(fates, turns, async (fate, turn) => {
        const { world } = worldAt(1);
        const copies: (() => void)[] = [];
        let called = 0;
        const link: Link = async (call, _at, run) => {
          // After so many all goes well, so that every history ends.
          const what = fate[called] ?? 'done';
          called += 1;
          if (call !== 'commit' && call !== 'claim') return run();
          if (what === 'request lost') throw new Error('request lost');
          const answer = run();
          if (what === 'answer lost') throw new Error('answer lost');
          if (what === 'copy later') copies.push(run);
          // Every few calls all the copies arrive, oldest first.
          if (called % 7 === 0) for (const copy of copies.splice(0)) copy();
          return answer;
        };
        const store = world.ports(link).store('g');
        const expected = await play(store, turn);
        for (const copy of copies) copy();
        const seen = await world.ports().store('g').peek(AT);
        expect({ next: seen?.next ?? null, meta: seen?.meta ?? null }).toEqual({
          next: expected.next,
          meta: expected.meta,
        });
        const [value] = await world.ports().store('g').read(AT, 'states', ['a']);
        expect(value).toBe(expected.value);
      }),
      { numRuns: 300 },
    );
  });
});

const TRIES = 500;

async function again<T>(call: () => Promise<T>): Promise<T> {
  for (let turn = 0; ; turn += 1) {
    try {
      return await call();
    } catch (error) {
      if (turn === TRIES) throw error;
    }
  }
}

/** One owner's commits and new claims, each made again until it is answered; answers what must stand at the end. */
async function play(store: Store, turns: readonly ('commit' | 'empty' | 'claim')[]) {
  let made = 0;
  let standing: { next: number | null; meta: string | null; value: string | null } = {
    next: null,
    meta: null,
    value: null,
  };
  const first = freshToken();
  let { claim }: { claim: Claim } = await again(() => store.claim(AT, first));
  for (const turn of turns) {
    if (turn === 'claim') {
      const token = freshToken();
      ({ claim } = await again(() => store.claim(AT, token)));
      continue;
    }
    made += 1;
    const next = turn === 'commit' ? (standing.next ?? 0) + 1 : standing.next;
    if (next === null) continue;
    const value = `value ${made}`;
    const commit: Commit = change({
      expected: standing.next,
      next,
      meta: `meta ${made}`,
      tables: states({ a: value }),
    });
    const answer: CommitAnswer = await again(() => store.commit(AT, claim, commit));
    expect(answer).toEqual({ ok: true });
    standing = { next, meta: `meta ${made}`, value };
  }
  return standing;
}

describe('a store server that goes back', () => {
  it('answers moved to the commit after, and takes it after a claim', async () => {
    const { world } = worldAt(1);
    const store = world.ports().store('g');
    const server = world.storeServer('g');
    const { claim } = await store.claim(AT, freshToken());
    await store.commit(AT, claim, change({ expected: null, next: 1, tables: states({ a: '1' }) }));
    const replica = server.snapshot();
    await store.commit(AT, claim, change({ expected: 1, next: 2, tables: states({ a: '2' }) }));
    server.restore(replica);
    const third = change({ expected: 2, next: 3 });
    expect(await store.commit(AT, claim, third)).toEqual({ ok: false, why: 'moved' });
    expect(await store.read(AT, 'states', ['a'])).toEqual(['1']);
    const again_ = await store.claim(AT, freshToken(), claim.epoch);
    expect(again_.next).toBe(1);
    server.restore(new Map());
    expect(await store.commit(AT, again_.claim, change({ expected: 1, next: 2 }))).toEqual({ ok: false, why: 'moved' });
    expect(await store.peek(AT)).toBeNull();
  });

  it('answers moved also where what it lost did not move the position', async () => {
    const { world } = worldAt(1);
    const store = world.ports().store('g');
    const server = world.storeServer('g');
    const { claim } = await store.claim(AT, freshToken());
    await store.commit(AT, claim, change({ expected: null, next: 1, tables: states({ a: '1' }) }));
    const replica = server.snapshot();
    await store.commit(AT, claim, change({ expected: 1, next: 1, tables: states({ a: '2' }) }));
    server.restore(replica);
    expect(await store.commit(AT, claim, change({ expected: 1, next: 2 }))).toEqual({ ok: false, why: 'moved' });
    expect(await store.peek(AT)).toMatchObject({ next: 1 });
  });
});

describe('members in memory', () => {
  const start = (world: MemoryWorld, positions: Map<string, number>, hold?: Promise<void>) => {
    const consumer = world.ports().consumer('g', ['raw']);
    const batch = async (): Promise<undefined> => {
      await hold;
      return undefined;
    };
    const member: Member = runMember(consumer, positions, { batch });
    return { consumer, member };
  };
  const all = ['raw/0', 'raw/1', 'raw/2', 'raw/3'];

  it('that are killed lose everything to the others at once, and call nothing any more', async () => {
    const { world } = worldAt(1);
    const positions = new Map<string, number>();
    const a = start(world, positions);
    const b = start(world, positions);
    await vi.waitFor(() => expect([...a.member.held, ...b.member.held].sort()).toEqual(all));
    const held = [...a.member.held];
    a.consumer.kill();
    await vi.waitFor(() => expect([...b.member.held].sort()).toEqual(all));
    for (const partition of [0, 1, 2, 3]) world.topics.append({ topic: 'raw', partition }, [message('x')]);
    await vi.waitFor(() => expect(b.member.seen.size).toBe(4));
    expect([...a.member.held]).toEqual(held);
    expect(a.member.seen.size).toBe(0);
    await b.member.stop();
    expect(b.member.wrong).toEqual([]);
  });

  it('that are expelled in the middle of a batch find out after it, let go, and join again', async () => {
    const { world } = worldAt(1);
    const positions = new Map<string, number>();
    let letGo = (): void => {};
    const hold = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const zombie = start(world, positions, hold);
    await vi.waitFor(() => expect(zombie.member.held.size).toBe(4));
    world.topics.append(AT, [message('x')]);
    const other = start(world, new Map());
    await vi.waitFor(() => expect(other.member.held.size).toBe(2));
    zombie.consumer.expel();
    await vi.waitFor(() => expect([...other.member.held].sort()).toEqual(all));
    await vi.waitFor(() => expect(other.member.seen.get('raw/0')).toEqual(['x']));
    expect(zombie.member.held.has('raw/0')).toBe(true);
    letGo();
    await vi.waitFor(() => expect([...zombie.member.held, ...other.member.held].sort()).toEqual(all));
    expect(zombie.member.seen.get('raw/0')).toEqual(['x']);
    expect(zombie.member.events).toContain('revoked raw/0');
    await Promise.all([zombie.member.stop(), other.member.stop()]);
    expect([...zombie.member.wrong, ...other.member.wrong]).toEqual([]);
  });

  it('whose position falls out of the log are asked again', async () => {
    const { world } = worldAt(1);
    const positions = new Map<string, number>();
    let asked = 0;
    world.topics.append(AT, ['a', 'b', 'c', 'd'].map(message));
    const consumer = world.ports().consumer('g', ['raw']);
    const member = runMember(consumer, positions, {
      assigned: async (at) => {
        if (at.partition !== 0) return 0;
        asked += 1;
        if (asked === 1) world.topics.retain(AT, 2);
        return asked === 1 ? 0 : 2;
      },
    });
    await vi.waitFor(() => expect(member.seen.get('raw/0')).toEqual(['c', 'd']));
    expect(asked).toBe(2);
    await member.stop();
    expect(member.wrong).toEqual([]);
  });

  it('whose handler throws end with its error, and give their partitions to others', async () => {
    const { world } = worldAt(1);
    const failing = runMember(world.ports().consumer('g', ['raw']), new Map(), {
      batch: () => Promise.reject(new Error('an invariant is broken')),
    });
    const other = start(world, new Map()).member;
    await vi.waitFor(() => expect([...failing.held, ...other.held].sort()).toEqual(all));
    world.topics.append(AT, [message('x')]);
    await expect(failing.ran).rejects.toThrow('an invariant is broken');
    await vi.waitFor(() => expect([...other.held].sort()).toEqual(all));
    expect(failing.held.size).toBe(0);
    await other.stop();
    expect([...failing.wrong, ...other.wrong]).toEqual([]);
  });

  it('make the same history each time', async () => {
    const history = async (): Promise<unknown> => {
      const { world } = worldAt(1);
      const positions = new Map<string, number>();
      const told: string[] = [];
      const join = (name: string): Member => {
        const member = runMember(world.ports().consumer('g', ['raw']), positions, {
          batch: async (at, { from, next }) => {
            told.push(`${name} ${at.partition} ${from}-${next}`);
            return undefined;
          },
        });
        return member;
      };
      const members = [join('a'), join('b'), join('c')];
      for (let i = 0; i < 40; i += 1) {
        world.topics.append({ topic: 'raw', partition: (i * 7) % 4 }, [message(String(i))]);
        if (i === 20) await members[1]!.stop();
        await Promise.resolve();
      }
      await Promise.all(members.map((member) => member.stop()));
      return { told, events: members.map(({ events }) => events) };
    };
    const first = await history();
    expect(await history()).toEqual(first);
  });
});
