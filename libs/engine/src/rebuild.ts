import type { Settings } from '@callfold/core';
import { fingerprint, settingsChanged, settingsOf, undisguised } from '@callfold/core';
import { metaOf } from './checkpoint.ts';
import type { Generation, Shelf } from './generations.ts';
import { changeGenerations, generationNamed, readGenerations, withGeneration } from './generations.ts';
import { createPace } from './pace.ts';
import type { At, Batch, Clock, Consumer, ConsumerHandler, Log } from './ports.ts';
import { Refused } from './ports.ts';
import { offerRecovery } from './recovery.ts';
import { placeText } from './place.ts';

/**
 * Another generation of the aggregates, folded from the log beside the live one: by the projector's own engine, as a
 * member of a group of its own, under keys of its own. All that it has done stands in its checkpoints, so it may end at
 * any moment, and the same command goes on.
 */

/** Where its fold begins: what was asked for, and by `topic/partition` the offset that this is. */
export type Beginning = { readonly asked: string; offsets(): Promise<Readonly<Record<string, number>>> };

export type Rebuilding = {
  readonly shelf: Shelf;
  readonly log: Log;
  readonly clock: Clock;
  readonly ats: readonly At[];
  readonly settings: Settings;
  newToken(): string;
};

const FROM_START = 'earliest';

async function logStarts({ log, ats }: Rebuilding): Promise<Record<string, number>> {
  const each = ats.map(async (at): Promise<[string, number]> => [placeText(at), (await log.bounds(at)).start]);
  return Object.fromEntries(await Promise.all(each));
}

function checkSame(found: Generation, settings: string, asked: string | null): void {
  const differing = settingsChanged(found.settings, settings);
  if (differing.length > 0) {
    throw new Refused(
      `Generation ${found.name} was begun with other settings (${differing.join(', ')}). Set them back, or drop it: ` +
        `\`callfold drop ${found.name} --execute\`.`,
    );
  }
  if (found.phase === 'dropping') throw new Refused(`Generation ${found.name} is being dropped: take another name.`);
  if (asked !== null && asked !== found.asked) {
    throw new Refused(`Generation ${found.name} was begun from ${found.asked}. Go on with that, or take another name.`);
  }
}

/** The first generation was folded by the settings in its checkpoints, whatever whoever writes the book is told. */
async function asFolded({ shelf, ats }: Rebuilding): Promise<Shelf> {
  if ((await readGenerations(shelf)).version > 0) return shelf;
  const store = shelf.storeOf(shelf.root);
  for (const at of ats) {
    const text = metaOf(await store.peek(at))?.settings;
    if (text) return { ...shelf, settings: settingsOf(text) };
  }
  throw new Refused(
    'There are no aggregates yet, beside which others could be folded. Start them: `callfold serve projector`.',
  );
}

/**
 * Enters it in the book, if it is not there, and lays down the checkpoints that its fold begins from. Safe to repeat.
 * @param beginning null: where the log begins, or where it was begun
 */
export async function beginRebuild(
  rebuilding: Rebuilding,
  name: string,
  beginning: Beginning | null,
): Promise<Generation> {
  const { shelf, log, ats, clock, newToken } = rebuilding;
  const settings = fingerprint(undisguised(rebuilding.settings));
  const begins = beginning === null ? await logStarts(rebuilding) : await beginning.offsets();
  await changeGenerations(await asFolded(rebuilding), (all) => {
    const found = all.generations.find((one) => one.name === name);
    if (found) {
      checkSame(found, settings, beginning?.asked ?? null);
      return null;
    }
    const key = `${shelf.root}.${all.next}`;
    const asked = beginning?.asked ?? FROM_START;
    const one: Generation = { name, key, settings, phase: 'building', asked, from: begins, createdAt: clock.now() };
    return { ...all, next: all.next + 1, generations: [...all.generations, one] };
  });
  const generation = generationNamed((await readGenerations(shelf)).all, name);
  if (generation.phase === 'kept') return generation;
  const store = shelf.storeOf(generation.key);
  for (const at of ats) {
    const first = generation.from[placeText(at)];
    await offerRecovery({ at, store, log, token: newToken(), ...(first !== undefined && { from: first }) });
  }
  return generation;
}

/** It is folded up to the log's end: from now on the projectors keep it up. */
export async function handOver(shelf: Shelf, { key }: Generation): Promise<void> {
  await changeGenerations(shelf, (all) => {
    const now = all.generations.find((one) => one.key === key);
    return now?.phase === 'building' ? withGeneration(all, { ...now, phase: 'kept' }) : null;
  });
}

/** How long a batch may be held back in all: its group may want to share out anew. */
const HOLD_MS = 500;
/** Live events come between two parts, and wait for none of them for long. */
const PART_MS = 25;

/** At most so many records a second of all partitions together. What is not taken in time is read again. */
export function throttled(consumer: Consumer, clock: Clock, perSecond: number): Consumer {
  const pace = createPace(clock, perSecond, PART_MS);

  function paced(handler: ConsumerHandler): ConsumerHandler {
    return {
      ...handler,
      async batch(at, batch, signal) {
        const until = clock.now() + HOLD_MS;
        let { from } = batch;
        for (const part of partsOf(batch, pace.most)) {
          if (from > batch.from && (signal.aborted || clock.now() >= until)) return from;
          await pace.wait(part.records.length, signal);
          const answer = await handler.batch(at, part, signal);
          if (answer !== part.next) return answer;
          from = answer;
        }
        return from;
      },
    };
  }

  return {
    run: (handler) => consumer.run(paced(handler)),
    stop: () => consumer.stop(),
    seek: (at, offset) => consumer.seek(at, offset),
  };
}

function* partsOf(batch: Batch, most: number): Iterable<Batch> {
  const { records, end } = batch;
  let { from } = batch;
  for (let done = 0; done === 0 || done < records.length; done += most) {
    const next = records[done + most]?.offset ?? batch.next;
    yield { from, records: records.slice(done, done + most), next, end };
    from = next;
  }
}
