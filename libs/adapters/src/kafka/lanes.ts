/** The partitions of one member: those of the assignment at hand, and those of before that are not given back yet. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { At, ConsumerHandler } from '@callfold/engine';
import type { Farewells, Left, Member } from './client.ts';
import type { Lane } from './lane.ts';
import { createLane } from './lane.ts';

export type Lanes = {
  /** Of the assignment at hand. */
  get(at: At): Lane | undefined;
  /** Asks the handler where to read it from, after `waitMs` and once its last owner here has let go. */
  open(at: At, waitMs: number): void;
  /** Reads it from there; null: leaves it alone. */
  place(lane: Lane, offset: number | null): void;
  /** Gives it back. `graceMs`: how long its calls may go on by themselves. */
  giveBack(lane: Lane, graceMs: number): void;
  /** Answers what the next owners may be told. */
  giveAllBack(graceMs: number): Promise<readonly Left[]>;
  /**
   * Lets all calls end; gives back what cannot be kept as it is. Resolves when nothing is under way, with what the next
   * owners may be told.
   */
  restAll(graceMs: number): Promise<readonly Left[]>;
  /**
   * The assignment at hand.
   * @param keeps nobody else had, since they rested, those that are assigned again: they go on where they are.
   */
  assign(ats: readonly At[], keeps: boolean): void;
  /** All that may have a call under way. */
  readonly live: ReadonlySet<Lane>;
};

const nameOf = ({ topic, partition }: At): string => `${topic}/${partition}`;

function leftOf({ at, position }: Lane, farewell: string | null): Left | null {
  return farewell === null || position === null ? null : { ...at, next: position, farewell };
}

const said = (all: readonly (Left | null)[]): Left[] => all.filter((one) => one !== null);

/** @param fail told what a handler threw. */
export function createLanes(member: Member, handler: ConsumerHandler, fail: (reason: unknown) => void): Lanes {
  const current = new Map<string, Lane>();
  const leaving = new Map<string, Promise<void>>();
  const live = new Set<Lane>();

  function place(lane: Lane, offset: number | null): void {
    lane.position = offset;
    // It is read again when it wakes.
    if (lane.isResting) return;
    if (offset === null) {
      member.pause([lane.at]);
      return;
    }
    member.seek(lane.at, offset);
    member.resume([lane.at]);
  }

  async function begin(lane: Lane, before: Promise<void> | undefined, told: Promise<Farewells | null>): Promise<void> {
    const farewells = await told;
    await before;
    if (!lane.isOpen) return;
    const answer = await lane.assign(farewells?.get(nameOf(lane.at)) ?? null);
    if (lane.isOpen) place(lane, answer);
  }

  /** Answers what its next owner may be told. */
  function giveBack(lane: Lane, graceMs: number): Promise<Left | null> {
    const name = nameOf(lane.at);
    if (current.get(name) === lane) current.delete(name);
    // What came now would be fetched again and again, for nobody.
    member.pause([lane.at]);
    // One that was never told of the partition may follow on one that still is at it.
    const closed = lane.close(graceMs).catch(fail);
    const known = Promise.all([leaving.get(name), closed]).then(() => {
      live.delete(lane);
      if (leaving.get(name) === known) leaving.delete(name);
    });
    leaving.set(name, known);
    return closed.then((farewell) => leftOf(lane, farewell ?? null));
  }

  function open(at: At, told: Promise<Farewells | null>): void {
    const lane = createLane(at, handler);
    current.set(nameOf(at), lane);
    live.add(lane);
    begin(lane, leaving.get(nameOf(at)), told).catch(fail);
  }

  async function restOrGiveBack(lane: Lane, graceMs: number): Promise<Left | null> {
    // What came now would be fetched for nobody.
    member.pause([lane.at]);
    const rested = await lane.rest(graceMs).catch(fail);
    if (rested?.isKept) return leftOf(lane, rested.farewell);
    // It may have been given back meanwhile, for another reason.
    if (lane.isOpen) void giveBack(lane, 0);
    await leaving.get(nameOf(lane.at));
    return null;
  }

  return {
    live,
    get: (at) => current.get(nameOf(at)),
    place,
    giveBack: (lane, graceMs) => void giveBack(lane, graceMs),
    open: (at, waitMs) => open(at, sleep(waitMs, null)),
    async restAll(graceMs) {
      const resting = [...current.values()].map((lane) => restOrGiveBack(lane, graceMs));
      await Promise.all(leaving.values());
      return said(await Promise.all(resting));
    },
    assign(ats, keeps) {
      const assigned = new Set(ats.map(nameOf));
      const isKept = (lane: Lane): boolean =>
        keeps && assigned.has(nameOf(lane.at)) && lane.isResting && !lane.signal.aborted && lane.position !== null;
      for (const lane of current.values()) if (!isKept(lane)) void giveBack(lane, 0);
      const gained: At[] = [];
      for (const at of ats) {
        const kept = current.get(nameOf(at));
        if (kept === undefined) {
          gained.push(at);
          continue;
        }
        kept.wake();
        place(kept, kept.position);
      }
      if (gained.length === 0) return;
      const told = member.farewells(gained);
      for (const at of gained) open(at, told);
    },
    async giveAllBack(graceMs) {
      const given = [...current.values()].map((lane) => giveBack(lane, graceMs));
      await Promise.all(leaving.values());
      return said(await Promise.all(given));
    },
  };
}
