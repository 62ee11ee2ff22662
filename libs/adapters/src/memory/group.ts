import type { At } from '@callfold/engine';
import { placeName } from './link.ts';

/** What the group asks of a member. */
export type GroupMember = {
  readonly topics: readonly string[];
  /** This partition is the member's from now on. `left`: what its holder said who gave it away just now. */
  gain(at: At, left: string | null): void;
  /** Lets go of a partition; resolves when the member has, with what the next one may be told. */
  release(at: At): Promise<string | null>;
};

/** By place, what the next owners may be told. */
export type Farewells = ReadonlyMap<string, string | null>;

/**
 * Shares partitions out among members: partition i of every topic goes to the same member, in the order of joining.
 * Only what moves is taken away, and it is given on when its holder has let go; no timers, so the same calls give the
 * same history.
 */
export type MemoryGroup = {
  join(member: GroupMember): void;
  /** The member has let go of everything. */
  leave(member: GroupMember, left: Farewells): void;
  has(member: GroupMember): boolean;
  /** As when a session times out: its partitions go to others at once, without asking it. */
  expel(member: GroupMember): void;
};

export function createMemoryGroup(partitions: (topic: string) => number): MemoryGroup {
  const members: GroupMember[] = [];
  const holders = new Map<string, { readonly at: At; readonly member: GroupMember; leaving: boolean }>();

  const wanted = (): Map<string, { readonly at: At; readonly member: GroupMember }> => {
    const shares = new Map<string, { readonly at: At; readonly member: GroupMember }>();
    const topics = [...new Set(members.flatMap((member) => member.topics))].sort();
    for (const topic of topics) {
      const readers = members.filter((member) => member.topics.includes(topic));
      for (let partition = 0; partition < partitions(topic); partition += 1) {
        const member = readers[partition % readers.length];
        if (member !== undefined) shares.set(placeName({ topic, partition }), { at: { topic, partition }, member });
      }
    }
    return shares;
  };

  /**
   * Takes what is to move from its holder, and gives what nobody holds. Called again when a holder has let go.
   * @param left said by those who have just let go: heard now or never
   */
  const settle = (left: Farewells = new Map()): void => {
    const shares = wanted();
    for (const [name, holder] of holders) {
      if (holder.leaving || shares.get(name)?.member === holder.member) continue;
      holder.leaving = true;
      void holder.member.release(holder.at).then((farewell) => {
        if (holders.get(name) !== holder) return;
        holders.delete(name);
        settle(new Map([[name, farewell]]));
      });
    }
    for (const [name, { at, member }] of shares) {
      if (holders.has(name)) continue;
      holders.set(name, { at, member, leaving: false });
      member.gain(at, left.get(name) ?? null);
    }
  };

  const drop = (member: GroupMember, left?: Farewells): void => {
    const place = members.indexOf(member);
    if (place === -1) return;
    members.splice(place, 1);
    for (const [name, holder] of holders) if (holder.member === member) holders.delete(name);
    settle(left);
  };

  return {
    join(member) {
      members.push(member);
      settle();
    },
    leave: drop,
    has: (member) => members.includes(member),
    expel: (member) => drop(member),
  };
}
