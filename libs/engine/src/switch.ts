import { decodeMeta, encodeMeta } from './checkpoint.ts';
import type { Generation, Generations, Shelf } from './generations.ts';
import { changeGenerations, generationNamed, liveOf, readGenerations, withGeneration } from './generations.ts';
import { placeText } from './place.ts';
import type { At, Clock, Log, Store, Stored } from './ports.ts';
import { Refused } from './ports.ts';

/**
 * The change-over of all readers from the live generation to another, at one offset in each partition:
 *
 * 1. `switching` is written into the book, with a token.
 * 2. Every partition of the live generation is claimed under that token: its owners are fenced, and it stands still at
 *    the offset that the claim answers. That is the agreed offset.
 * 3. The other one, which its own owners keep up, is waited for until it has passed those offsets.
 * 4. The book names it live, if `switching` still is this one's. Readers see it from here on.
 * 5. The held partitions are offered, and their owners take them again.
 *
 * Whoever takes a held partition before 4 calls the change-over off first (`ownersStore`), so that readers never see the
 * one that is left go past the agreed offset. Ended anywhere before 4, nothing has changed for readers; after it, all.
 */
export type Switching = {
  readonly shelf: Shelf;
  readonly log: Log;
  readonly clock: Clock;
  /** Every raw partition. */
  readonly ats: readonly At[];
  /** A random text, new at each call. */
  newToken(): string;
  /** Told after each step; for tests that end it there. */
  step?(name: SwitchStep): void;
};

export type SwitchStep = 'announced' | 'held' | 'reached' | 'switched' | 'offered';

export type Switched = {
  readonly from: string;
  readonly to: string;
  /** By `topic/partition`: the offset up to which readers saw the one before, and from which on they see this one. */
  readonly at: Readonly<Record<string, number>>;
  /** For how long readers saw a standing generation, ms: of several tries the longest. */
  readonly heldMs: number;
};

/** It was held for as long as it may be, and the other one did not come so far there. */
type Late = { readonly late: string; readonly heldMs: number };

export type SwitchLimits = {
  /** For the other one to come near before anything is held. */
  readonly nearMs: number;
  /** It is near when it passes where the live one is within this: about so long that would be held. */
  readonly passMs: number;
  /** For the other one to pass the offsets at which the live one is held. */
  readonly heldMs: number;
  readonly lookMs: number;
  /** How often it is tried: one that was called off, or held for as long as it may be, is tried again. */
  readonly tries: number;
};

export const SWITCH_LIMITS: SwitchLimits = { nearMs: 30_000, passMs: 500, heldMs: 900, lookMs: 5, tries: 5 };

type Held = { readonly at: At; readonly stored: Stored };

/** So often in a row the other one passes where the live one is, before that is held. */
const PASSES = 2;

const positionsOf = (store: Store, ats: readonly At[]): Promise<number[]> =>
  Promise.all(ats.map(async (at) => (await store.peek(at))?.next ?? 0));

/** Waits until the store's positions are there. @returns the first partition that is not, with how far it is */
async function behind(
  { clock }: Switching,
  limits: SwitchLimits,
  store: Store,
  ats: readonly At[],
  goals: readonly number[],
  mostMs: number,
): Promise<string | null> {
  for (const until = clock.now() + mostMs; ; await clock.sleep(limits.lookMs)) {
    const positions = await positionsOf(store, ats);
    const late = positions.findIndex((position, index) => position < (goals[index] ?? 0));
    if (late < 0) return null;
    if (clock.now() >= until) return `${placeText(ats[late] as At)} is at ${positions[late]} of ${goals[late]}`;
  }
}

/**
 * Waits until the other one is near. One that has passed an end of the log may still be catching up, with seconds
 * between two commits: it is asked until it passes the live one's positions as soon as it must while they are held.
 * @returns the first partition that does not come so far at all
 */
async function comeNear(
  switching: Switching,
  limits: SwitchLimits,
  { from, to }: { readonly from: Generation; readonly to: Generation },
): Promise<string | null> {
  const { shelf, log, clock, ats } = switching;
  const [left, right] = [shelf.storeOf(from.key), shelf.storeOf(to.key)];
  const until = clock.now() + limits.nearMs;
  const passes = (goals: readonly number[]) =>
    behind(switching, limits, right, ats, goals, Math.max(0, until - clock.now()));
  const late = await passes(await Promise.all(ats.map(async (at) => (await log.bounds(at)).end)));
  if (late !== null) return late;
  // Once may be luck: it had just committed.
  for (let quick = 0; quick < PASSES && clock.now() < until; ) {
    const asked = clock.now();
    await passes(await positionsOf(left, ats));
    quick = clock.now() - asked <= limits.passMs ? quick + 1 : 0;
  }
  // Where it stays slow, what is held has its own bound.
  return null;
}

/** What may not be switched to, before anything is done. */
function targetOf(all: Generations, name: string): { readonly from: Generation; readonly to: Generation } {
  const [from, to] = [liveOf(all), generationNamed(all, name)];
  if (to.key === from.key) throw new Refused(`${name} is live already.`);
  if (to.phase === 'kept') return { from, to };
  const what =
    to.phase === 'building' ? `Its rebuild has not ended: \`callfold rebuild ${name}\`` : 'It is being dropped';
  throw new Refused(`${name} cannot be live. ${what}.`);
}

/** Its owners take it again at their next look. */
async function offer(store: Store, held: readonly Held[]): Promise<void> {
  const each = held.map(async ({ at, stored: { next, meta, claim } }) => {
    if (next === null || meta === null) return;
    const nothing = { tables: new Map(), timers: new Map(), outbox: [] };
    const known = decodeMeta(meta);
    const offered = encodeMeta({ ...known, offered: claim.token });
    const { outboxNext: outboxFrom, outboxFirst: outboxTrim } = known;
    // An owner that was quicker has it already, which is as well.
    await store.commit(at, claim, { ...nothing, expected: next, next, meta: offered, outboxFrom, outboxTrim });
  });
  await Promise.allSettled(each);
}

const goneFrom = (token: string) => (all: Generations) =>
  all.switching?.token === token ? { ...all, switching: null } : null;

/** @returns null: an owner called it off */
async function attempt(
  switching: Switching,
  limits: SwitchLimits,
  { from, to }: { readonly from: Generation; readonly to: Generation },
): Promise<Switched | Late | null> {
  const { shelf, clock, ats, step = () => undefined } = switching;
  const token = switching.newToken();
  const [left, right] = [shelf.storeOf(from.key), shelf.storeOf(to.key)];
  await changeGenerations(shelf, (all) => {
    const now = targetOf(all, to.name);
    if (now.from.key !== from.key || now.to.key !== to.key) throw new Refused('The generations changed: look again.');
    return { ...all, switching: { from: from.key, to: to.key, token } };
  });
  step('announced');
  const heldAt = clock.now();
  const held: Held[] = [];
  try {
    const goals = await Promise.all(
      ats.map(async (at) => {
        const stored = await left.claim(at, token);
        held.push({ at, stored });
        return stored.next ?? 0;
      }),
    );
    step('held');
    const late = await behind(switching, limits, right, ats, goals, limits.heldMs);
    if (late !== null) return { late, heldMs: clock.now() - heldAt };
    step('reached');
    const at = Object.fromEntries(ats.map((one, index) => [placeText(one), goals[index] ?? 0]));
    const done = await changeGenerations(shelf, (all) => {
      // A repeat of a change that was made and not answered, or one that somebody called off.
      if (all.switching?.token !== token) return null;
      const seen = { ...all, live: to.name, switching: null, switched: { from: from.name, to: to.name, at } };
      return withGeneration(seen, { ...to, phase: 'kept' });
    });
    if (done === null) return null;
    step('switched');
    return { from: from.name, to: to.name, at, heldMs: clock.now() - heldAt };
  } finally {
    await changeGenerations(shelf, goneFrom(token)).catch(() => undefined);
    await offer(left, held);
    step('offered');
  }
}

/** @throws Refused when the other one is not kept up; nothing has changed then */
export async function switchGeneration(
  switching: Switching,
  name: string,
  limits: SwitchLimits = SWITCH_LIMITS,
): Promise<Switched> {
  const { shelf } = switching;
  let heldMs = 0;
  let lastLate: string | null = null;
  for (let turn = 0; turn < limits.tries; turn += 1) {
    const both = targetOf((await readGenerations(shelf)).all, name);
    const late = await comeNear(switching, limits, both);
    if (late !== null) {
      throw new Refused(
        `${name} is not kept up: ${late}. Nothing has changed. Are projectors running (\`callfold serve projector\`)? ` +
          '`callfold status` shows every generation.',
      );
    }
    const done = await attempt(switching, limits, both);
    if (done === null) continue;
    heldMs = Math.max(heldMs, done.heldMs);
    if (!('late' in done)) return { ...done, heldMs };
    lastLate = done.late;
  }
  if (lastLate !== null) {
    throw new Refused(
      `${name} did not come as far as the live generation within ${limits.heldMs} ms, ${limits.tries} times: ` +
        `${lastLate}. Nothing has changed. See \`callfold status\`, and whether the projectors have the strength for both.`,
    );
  }
  throw new Error(`${name}: ${limits.tries} times an owner of the live generation came between; try again`);
}
