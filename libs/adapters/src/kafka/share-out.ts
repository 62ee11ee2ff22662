/**
 * Which member of a group reads which partition. Pure, and the same for every order in which members are named, so that
 * it does not matter who is asked.
 *
 * Partition i of every topic goes to one member: its subjects have their derived records in partition i too. Shares
 * differ by one at most. A partition stays where it is unless its owner has too many; no fewer could move.
 */

/** What a member had when it last heard of its share. */
export type Held = {
  /** Of the group: of two that claim a partition, the later one has it. */
  readonly generation: number;
  readonly partitions: ReadonlyMap<string, readonly number[]>;
};

export type GroupMember = {
  readonly id: string;
  readonly topics: readonly string[];
  /** Null: nothing yet, or it does not say. */
  readonly held: Held | null;
};

/** By member, by topic; members without partitions are named too. */
export type Shares = ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>;

/** Topics that the same members read; partition numbers go together in all of them. */
type Band = { readonly topics: readonly string[]; readonly members: readonly GroupMember[]; readonly width: number };

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** @param partitions how many each topic has; topics that are not named have none. */
export function shareOut(given: readonly GroupMember[], partitions: ReadonlyMap<string, number>): Shares {
  const members = [...given].sort((a, b) => compare(a.id, b.id));
  const shares = new Map(members.map(({ id }) => [id, new Map<string, number[]>()]));
  const load = new Map(members.map(({ id }) => [id, 0]));
  const placed = new Map<number, Set<string>>();
  for (const band of bandsOf(members, partitions)) {
    placeBand(band, load, placed).forEach((id, number) => {
      placed.set(number, (placed.get(number) ?? new Set()).add(id));
      load.set(id, (load.get(id) ?? 0) + 1);
      for (const topic of band.topics) {
        if (number >= (partitions.get(topic) ?? 0)) continue;
        const share = shares.get(id);
        share?.set(topic, [...(share.get(topic) ?? []), number]);
      }
    });
  }
  return shares;
}

/** Those with most members first: the others follow them where they can. */
function bandsOf(members: readonly GroupMember[], partitions: ReadonlyMap<string, number>): Band[] {
  const bands = new Map<string, { topics: string[]; members: readonly GroupMember[]; width: number }>();
  for (const topic of [...new Set(members.flatMap(({ topics }) => topics))].sort(compare)) {
    const readers = members.filter(({ topics }) => topics.includes(topic));
    const key = JSON.stringify(readers.map(({ id }) => id));
    const band = bands.get(key) ?? { topics: [], members: readers, width: 0 };
    band.topics.push(topic);
    band.width = Math.max(band.width, partitions.get(topic) ?? 0);
    bands.set(key, band);
  }
  return [...bands.values()].sort((a, b) => b.members.length - a.members.length);
}

/** By partition number, the member that gets it. */
function placeBand(
  band: Band,
  load: ReadonlyMap<string, number>,
  placed: ReadonlyMap<number, ReadonlySet<string>>,
): string[] {
  const owners = formerOwners(band);
  const had = new Map(band.members.map(({ id }) => [id, owners.filter((owner) => owner === id).length]));
  const least = Math.floor(band.width / band.members.length);
  // Of what cannot be divided, one more goes first to those who had most: so the fewest are taken away.
  const order = band.members
    .map(({ id }) => id)
    .sort((a, b) => {
      return (had.get(b) ?? 0) - (had.get(a) ?? 0) || (load.get(a) ?? 0) - (load.get(b) ?? 0) || compare(a, b);
    });
  const room = new Map(order.map((id, place) => [id, place < band.width % band.members.length ? least + 1 : least]));
  const take = (id: string): void => void room.set(id, (room.get(id) ?? 0) - 1);

  const kept = owners.map((owner) => {
    if (owner === null || (room.get(owner) ?? 0) === 0) return null;
    take(owner);
    return owner;
  });
  return kept.map((owner, number) => {
    if (owner !== null) return owner;
    const free = order.filter((id) => (room.get(id) ?? 0) > 0);
    const next = free.find((id) => placed.get(number)?.has(id)) ?? free[0];
    if (next === undefined) throw new Error(`no member has room for partition ${number} of ${band.width}`);
    take(next);
    return next;
  });
}

/** By partition number, who has it: of several who say so the one of the latest generation. */
function formerOwners({ topics, members, width }: Band): (string | null)[] {
  return Array.from({ length: width }, (_, number) => {
    const votes = members
      .map(({ id, held }) => ({
        id,
        generation: held?.generation ?? -1,
        count: topics.filter((topic) => held?.partitions.get(topic)?.includes(number)).length,
      }))
      .filter(({ count }) => count > 0);
    votes.sort((a, b) => b.generation - a.generation || b.count - a.count || compare(a.id, b.id));
    return votes[0]?.id ?? null;
  });
}

const VERSION = 1;

/** A member's word to whoever shares out, in bytes that the group passes on. */
export function encodeHeld(held: Held | null): Buffer {
  if (held === null) return Buffer.alloc(0);
  const { generation, partitions } = held;
  return Buffer.from(JSON.stringify({ version: VERSION, generation, partitions: Object.fromEntries(partitions) }));
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Null for whatever is none of ours: a member of another version has no say, and gets its share all the same. */
export function decodeHeld(bytes: Uint8Array | null): Held | null {
  if (bytes === null || bytes.length === 0) return null;
  try {
    const said = JSON.parse(Buffer.from(bytes).toString()) as Readonly<Record<string, unknown>> | null;
    if (said?.['version'] !== VERSION || !isCount(said['generation'])) return null;
    const lists = Object.entries(said['partitions'] as Readonly<Record<string, unknown>>);
    const partitions = new Map(lists.map(([topic, list]) => [topic, (list as readonly unknown[]).filter(isCount)]));
    return { generation: said['generation'], partitions };
  } catch {
    return null;
  }
}
