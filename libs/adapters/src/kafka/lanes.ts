/** The partitions of one member: those of the assignment at hand, and those of before that are not given back yet. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { At, ConsumerHandler } from '@callfold/engine';
import type { Member } from './client.ts';
import type { Lane } from './lane.ts';
import { createLane } from './lane.ts';

export type Lanes = {
  /** Of the assignment at hand. */
  get(at: At): Lane | undefined;
  /** Asks the handler where to read it from, once its last owner here has let go. */
  open(at: At, waitMs?: number): void;
  /** Reads it from there; null: leaves it alone. */
  place(lane: Lane, offset: number | null): void;
  /** Gives it back. `graceMs`: how long its calls may go on by themselves. */
  giveBack(lane: Lane, graceMs: number): void;
  giveAllBack(graceMs: number): Promise<void>;
  /** Lets all calls end; gives back what cannot be kept as it is. Resolves when nothing is under way. */
  restAll(graceMs: number): Promise<void>;
  /**
   * The assignment at hand.
   * @param keeps nobody else had, since they rested, those that are assigned again: they go on where they are.
   */
  assign(ats: readonly At[], keeps: boolean): void;
  /** All that may have a call under way. */
  readonly live: ReadonlySet<Lane>;
};

const nameOf = ({ topic, partition }: At): string => `${topic}/${partition}`;

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

  async function begin(lane: Lane, before: Promise<void> | undefined, waitMs: number): Promise<void> {
    if (waitMs > 0) await sleep(waitMs);
    await before;
    if (!lane.isOpen) return;
    const answer = await lane.assign();
    if (lane.isOpen) place(lane, answer);
  }

  function giveBack(lane: Lane, graceMs: number): void {
    const name = nameOf(lane.at);
    if (current.get(name) === lane) current.delete(name);
    // What came now would be fetched again and again, for nobody.
    member.pause([lane.at]);
    // One that was never told of the partition may follow on one that still is at it.
    const given = Promise.all([leaving.get(name), lane.close(graceMs).catch(fail)]);
    const known = given.then(() => {
      live.delete(lane);
      if (leaving.get(name) === known) leaving.delete(name);
    });
    leaving.set(name, known);
  }

  function open(at: At, waitMs = 0): void {
    const lane = createLane(at, handler);
    current.set(nameOf(at), lane);
    live.add(lane);
    begin(lane, leaving.get(nameOf(at)), waitMs).catch(fail);
  }

  async function restOrGiveBack(lane: Lane, graceMs: number): Promise<void> {
    // What came now would be fetched for nobody.
    member.pause([lane.at]);
    if (await lane.rest(graceMs).catch(fail)) return;
    // It may have been given back meanwhile, for another reason.
    if (lane.isOpen) giveBack(lane, 0);
    await leaving.get(nameOf(lane.at));
  }

  return {
    live,
    get: (at) => current.get(nameOf(at)),
    place,
    giveBack,
    open,
    async restAll(graceMs) {
      const resting = [...current.values()].map((lane) => restOrGiveBack(lane, graceMs));
      await Promise.all([...resting, ...leaving.values()]);
    },
    assign(ats, keeps) {
      const assigned = new Set(ats.map(nameOf));
      const isKept = (lane: Lane): boolean =>
        keeps && assigned.has(nameOf(lane.at)) && lane.isResting && !lane.signal.aborted && lane.position !== null;
      for (const lane of current.values()) if (!isKept(lane)) giveBack(lane, 0);
      for (const at of ats) {
        const kept = current.get(nameOf(at));
        if (kept === undefined) {
          open(at);
          continue;
        }
        kept.wake();
        place(kept, kept.position);
      }
    },
    async giveAllBack(graceMs) {
      for (const lane of current.values()) giveBack(lane, graceMs);
      await Promise.all(leaving.values());
    },
  };
}
