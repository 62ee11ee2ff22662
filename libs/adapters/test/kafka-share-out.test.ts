/** The sharing out of a group's partitions, over random groups and their histories. */

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GroupMember, Held, Shares } from '../src/kafka/share-out.ts';
import { decodeHeld, encodeHeld, shareOut } from '../src/kafka/share-out.ts';

const RAW = ['raw.a', 'raw.b', 'raw.c', 'raw.d'];
const COUNTS = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constantFrom(16, 64, 100));
const IDS = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,4}$/), { minLength: 1, maxLength: 9 });

const evenly = (count: number, topics: readonly string[] = RAW): Map<string, number> =>
  new Map(topics.map((topic) => [topic, count]));

const newcomers = (ids: readonly string[], topics: readonly string[] = RAW): GroupMember[] =>
  ids.map((id) => ({ id, topics, held: null }));

/** The same members after they heard of their shares. */
function told(members: readonly GroupMember[], shares: Shares, generation: number): GroupMember[] {
  return members.map((one) => ({ ...one, held: { generation, partitions: shares.get(one.id) ?? new Map() } }));
}

/** `topic/partition` to member; fails when one is given twice. */
function ownersOf(shares: Shares): Map<string, string> {
  const owners = new Map<string, string>();
  for (const [id, share] of shares) {
    for (const [topic, numbers] of share) {
      for (const number of numbers) {
        expect(owners.has(`${topic}/${number}`), `${topic}/${number} is given twice`).toBe(false);
        owners.set(`${topic}/${number}`, id);
      }
    }
  }
  return owners;
}

const sizesOf = (shares: Shares, topic = 'raw.a'): number[] =>
  [...shares.values()].map((share) => share.get(topic)?.length ?? 0);

/** Random claims, some of them stale, some made by two. */
const GROUP = fc.record({ count: COUNTS, ids: IDS }).chain(({ count, ids }) =>
  fc.record({
    count: fc.constant(count),
    members: fc.tuple(
      ...ids.map((id) =>
        fc.record({
          id: fc.constant(id),
          topics: fc.constant(RAW),
          held: fc.option(
            fc.record({
              generation: fc.integer({ min: 0, max: 5 }),
              partitions: fc
                .uniqueArray(fc.integer({ min: 0, max: count + 3 }), { maxLength: count })
                .map((numbers): Held['partitions'] => new Map(RAW.map((topic) => [topic, numbers]))),
            }),
          ),
        }),
      ),
    ),
  }),
);

describe('sharing out', () => {
  it('gives every partition to one member, partition i of all topics to the same, shares within one', () => {
    fc.assert(
      fc.property(GROUP, ({ count, members }) => {
        const shares = shareOut(members, evenly(count));
        const owners = ownersOf(shares);
        expect(owners.size).toBe(count * RAW.length);
        for (let number = 0; number < count; number += 1) {
          expect(new Set(RAW.map((topic) => owners.get(`${topic}/${number}`))).size).toBe(1);
        }
        const sizes = sizesOf(shares);
        expect(sizes).toHaveLength(members.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('does not depend on the order in which members and topics are named', () => {
    fc.assert(
      fc.property(GROUP, fc.infiniteStream(fc.nat()), ({ count, members }, order) => {
        const shuffled = members
          .map((one) => ({ one, at: order.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ one }) => ({ ...one, topics: [...one.topics].reverse() }));
        const again = shareOut(shuffled, new Map([...evenly(count)].reverse()));
        expect(ownersOf(again)).toEqual(ownersOf(shareOut(members, evenly(count))));
      }),
    );
  });

  it('moves as few as can be moved: each keeps what it had, up to its share', () => {
    fc.assert(
      fc.property(GROUP, ({ count, members }) => {
        const owners = ownersOf(shareOut(members, evenly(count)));
        const claims = new Map<number, GroupMember>();
        for (const member of [...members].sort((a, b) => (a.id < b.id ? 1 : -1))) {
          for (const number of member.held?.partitions.get('raw.a') ?? []) {
            const other = claims.get(number);
            const isLater = (member.held?.generation ?? 0) >= (other?.held?.generation ?? -1);
            if (number < count && isLater) claims.set(number, member);
          }
        }
        const had = members.map((member) => [...claims.values()].filter((one) => one === member).length);
        had.sort((a, b) => b - a);
        const least = Math.floor(count / members.length);
        const most = had.map((size, place) => Math.min(size, place < count % members.length ? least + 1 : least));
        const stayed = [...claims].filter(([number, { id }]) => owners.get(`raw.a/${number}`) === id);
        expect(stayed).toHaveLength(most.reduce((sum, size) => sum + size, 0));
      }),
    );
  });

  it('moves nothing when nobody came or went, and only what it must when somebody does', () => {
    fc.assert(
      fc.property(COUNTS, IDS, fc.nat(), (count, ids, nth) => {
        const first = newcomers(ids);
        const shares = shareOut(first, evenly(count));
        const settled = told(first, shares, 1);
        const before = ownersOf(shares);
        expect(ownersOf(shareOut(settled, evenly(count)))).toEqual(before);

        const [joiner] = newcomers(['~ new']);
        const grown = ownersOf(shareOut([...settled, joiner!], evenly(count)));
        const toOthers = [...grown].filter(([at, id]) => id !== before.get(at) && id !== '~ new');
        expect(toOthers).toEqual([]);

        const gone = ids[nth % ids.length];
        const rest = settled.filter(({ id }) => id !== gone);
        if (rest.length === 0) return;
        const shrunk = ownersOf(shareOut(rest, evenly(count)));
        expect([...before].filter(([at, id]) => id !== gone && shrunk.get(at) !== id)).toEqual([]);
      }),
    );
  });

  it('believes the later generation when two claim a partition, and no claim of what is not there', () => {
    const partitions = new Map(RAW.map((topic) => [topic, [0, 1, 7]]));
    const stale: GroupMember = { id: 'a', topics: RAW, held: { generation: 3, partitions } };
    const owner: GroupMember = { id: 'b', topics: RAW, held: { generation: 4, partitions } };
    const owners = ownersOf(shareOut([stale, owner], evenly(4)));
    expect([owners.get('raw.a/0'), owners.get('raw.a/1')]).toEqual(['b', 'b']);
    expect(owners.size).toBe(16);
  });

  it('gives topics only to members that read them, each of them evenly, together where it can', () => {
    fc.assert(
      fc.property(IDS, COUNTS, fc.infiniteStream(fc.boolean()), (ids, count, isOld) => {
        // As in a rolling upgrade that adds a topic.
        const members = newcomers(ids).map((one) => (isOld.next().value ? { ...one, topics: RAW.slice(0, 3) } : one));
        const shares = shareOut(members, evenly(count));
        const owners = ownersOf(shares);
        const news = members.filter(({ topics }) => topics.length === 4);
        expect(owners.size).toBe(count * (news.length > 0 ? 4 : 3));
        for (const [at, id] of owners) {
          if (at.startsWith('raw.d')) expect(news.map((one) => one.id)).toContain(id);
        }
        const readers = new Map([...shares].filter(([id]) => news.some((one) => one.id === id)));
        for (const [topic, among] of [
          ['raw.a', shares],
          ['raw.d', readers],
        ] as const) {
          const sizes = sizesOf(among, topic);
          if (sizes.length > 0) expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        }
        if (news.length === members.length) {
          for (let n = 0; n < count; n += 1) expect(owners.get(`raw.d/${n}`)).toBe(owners.get(`raw.a/${n}`));
        }
      }),
    );
  });

  it('takes topics of different length, and one that is not there', () => {
    const shares = shareOut(
      newcomers(['a', 'b'], ['short', 'long', 'nowhere']),
      new Map([
        ['short', 2],
        ['long', 5],
      ]),
    );
    const owners = ownersOf(shares);
    expect(owners.size).toBe(7);
    for (const number of [0, 1]) expect(owners.get(`short/${number}`)).toBe(owners.get(`long/${number}`));
  });
});

describe('what a member says it had', () => {
  it('comes back as it was said', () => {
    const held: Held = {
      generation: 12,
      partitions: new Map([
        ['raw.a', [0, 5, 63]],
        ['raw.b', []],
      ]),
    };
    expect(decodeHeld(encodeHeld(held))).toEqual(held);
    expect(decodeHeld(encodeHeld(null))).toBeNull();
    expect(decodeHeld(null)).toBeNull();
  });

  it('is nothing when it is none of ours', () => {
    for (const text of ['null', '7', '{}', 'no json', '{"version":1,"generation":-1,"partitions":{}}']) {
      expect(decodeHeld(Buffer.from(text))).toBeNull();
    }
    for (const partitions of ['null', '{"a":7}']) {
      expect(decodeHeld(Buffer.from(`{"version":1,"generation":1,"partitions":${partitions}}`))).toBeNull();
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodeHeld(bytes)));
    const odd = '{"version":1,"generation":1,"partitions":{"a":[1,"2",-3,null]}}';
    expect(decodeHeld(Buffer.from(odd))?.partitions.get('a')).toEqual([1]);
  });
});
