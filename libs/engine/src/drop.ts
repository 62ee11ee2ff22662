import type { Generation, Shelf } from './generations.ts';
import { changeGenerations, generationNamed, withGeneration } from './generations.ts';
import { LOOK_MS } from './keep-up.ts';
import type { At, Clock } from './ports.ts';
import { Refused } from './ports.ts';

export type Dropping = {
  readonly shelf: Shelf;
  readonly clock: Clock;
  readonly ats: readonly At[];
  /** Looked at between two slices. */
  readonly stop?: { readonly requested: boolean };
  /** Told after each slice, of all that went so far. */
  progress?(gone: number): void;
};

/** Between two slices others have the store. */
const PAUSE_MS = 2;
/** Projectors have looked at the book by then, and ended what they kept up; who has not is refused its next commit. */
const HEARD_MS = 2 * LOOK_MS;

/** What stops a drop, or the generation that would go. */
export function checkDrop(all: Parameters<typeof generationNamed>[0], name: string): Generation {
  const found = generationNamed(all, name);
  if (found.name === all.live) {
    throw new Refused(
      `${name} is live: readers see it. Switch to another one first: \`callfold switch NAME --execute\`.`,
    );
  }
  const { switching } = all;
  if (switching && [switching.from, switching.to].includes(found.key)) {
    throw new Refused(`${name} takes part in a change-over that is under way. Wait for its end, then drop it.`);
  }
  return found;
}

/** @property gone fields and timers. `isWhole`: nothing of it is left; else it was asked to end before */
export type Dropped = { readonly gone: number; readonly isWhole: boolean };

/** Takes a generation away; safe to repeat, and to end in the middle. */
export async function dropGeneration({ shelf, clock, ats, stop, progress }: Dropping, name: string): Promise<Dropped> {
  const { book } = shelf;
  const changed = await changeGenerations(shelf, (all) =>
    withGeneration(all, { ...checkDrop(all, name), phase: 'dropping' }),
  );
  if (book === null || changed === null) return { gone: 0, isWhole: true };
  const { key } = generationNamed(changed, name);
  let gone = 0;
  await clock.sleep(HEARD_MS);
  for (const at of ats) {
    for await (const some of book.drop(key, at)) {
      gone += some;
      progress?.(gone);
      if (stop?.requested) return { gone, isWhole: false };
      await clock.sleep(PAUSE_MS);
    }
  }
  await changeGenerations(shelf, (all) => ({
    ...all,
    generations: all.generations.filter((one) => one.key !== key),
  }));
  return { gone, isWhole: true };
}
