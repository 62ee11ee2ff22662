import type { Source } from '@callfold/core';
import { rawTopic, SOURCES } from '@callfold/core';
import type { Aggregates, At, Clock, Follower, Layout, Log, Shelf, Store } from '@callfold/engine';
import { follow, layoutIn, liveOf, readGenerations, readLive } from '@callfold/engine';
import type { ConsoleLimits } from './limits.ts';
import type { Change, Picture } from './picture.ts';
import { createPicture, differences } from './picture.ts';

/** Keeps the picture of the live generation up, over change-overs and outages. */

export type WatchPorts = {
  readonly shelf: Shelf;
  /** The raw log. */
  readonly log: Log;
  readonly clock: Clock;
  readonly limits: ConsoleLimits;
  /** Told of what has changed, at most so often as the feeds are read. */
  readonly onChanges: (changes: readonly Change[]) => void;
  readonly onTrouble: (message: string) => void;
};

/** How true what is shown is. */
export type Truth = {
  /** Everything that the log took up to this time is in what is shown; epoch ms, null: nothing was read yet. */
  readonly asOf: number | null;
  /** What is away; null: nothing. */
  readonly away: string | null;
};

export type Watch = {
  /** Null until everything was read once. */
  picture(): Picture | null;
  truth(): Truth;
  /** Resolves when it is over. */
  stop(): Promise<void>;
};

type Place = { readonly at: At; readonly source: Source; readonly follower: Follower };
type Scene = {
  readonly key: string;
  readonly picture: Picture;
  readonly places: readonly Place[];
  /** How its subjects were placed: while they are moved to partitions that were added, some are read twice. */
  readonly layout: string;
};

/** Of the live generation, topic by topic. */
function layoutsOf(store: Store, log: Log): Promise<readonly Layout[]> {
  return Promise.all(SOURCES.map((source) => layoutIn(store, log, rawTopic(source))));
}

/** The whole of one generation, read once. */
async function openScene({ generation, settings, store }: Aggregates, ports: WatchPorts): Promise<Scene> {
  const picture = createPicture(settings, ports.limits.subjects);
  const places: Place[] = [];
  const layouts = await layoutsOf(store, ports.log);
  for (const [index, source] of SOURCES.entries()) {
    const topic = rawTopic(source);
    const partitions = layouts[index]?.now ?? 0;
    for (let partition = 0; partition < partitions; partition += 1) {
      const at = { topic, partition };
      places.push({ at, source, follower: follow(store, at, picture.mirror(source)) });
    }
  }
  await Promise.all(places.map(({ follower }) => follower.poll()));
  return { key: generation.key, picture, places, layout: JSON.stringify(layouts) };
}

/** What is at the log's end is as of now; else as of the last record that was folded. */
async function asOfPlace({ at, follower }: Place, { log, clock }: WatchPorts): Promise<number> {
  const before = follower.reached?.next ?? 0;
  const asked = clock.now();
  const { start, end } = await log.bounds(at);
  await follower.confirm();
  const { reached } = follower;
  // A log that ends before what was folded is another one, and the projector does not go on with it by itself.
  if (end >= before && end <= (reached?.next ?? start)) return asked;
  return reached?.clock ?? 0;
}

/** Of what was left out something may fit now: by a tenth less, so that it is not read anew again and again. */
function hasRoomAgain({ isFull, size }: Picture, { subjects }: ConsoleLimits): boolean {
  return isFull && size < subjects - subjects / 10;
}

export function startWatch(ports: WatchPorts): Watch {
  const { shelf, clock, limits } = ports;
  const signal = { aborted: false };
  let scene: Scene | null = null;
  let asOf: number | null = null;
  let away: string | null = null;
  let confirmedAt = -Infinity;

  async function change(): Promise<void> {
    const before = scene;
    const opened = await readLive(shelf, (live) => openScene(live, ports));
    const first = opened.picture.take();
    scene = opened;
    // What a look saw before it failed was not told yet, and is no difference between the two any more.
    const untold = before?.picture.take() ?? [];
    if (untold.length > 0) ports.onChanges(untold);
    ports.onChanges(before === null ? first : differences(before.picture, opened.picture));
  }

  async function look(): Promise<void> {
    const isDue = clock.now() - confirmedAt >= limits.confirmMs;
    if (scene === null) await change();
    if (isDue && scene !== null) {
      const live = liveOf((await readGenerations(shelf)).all);
      const layout = JSON.stringify(await layoutsOf(shelf.storeOf(live.key), ports.log));
      const isAnother = live.key !== scene.key || layout !== scene.layout;
      if (isAnother || hasRoomAgain(scene.picture, limits)) await change();
      const times = await Promise.all(scene.places.map((place) => asOfPlace(place, ports)));
      asOf = Math.min(...times);
      confirmedAt = clock.now();
    } else if (scene !== null) {
      await Promise.all(scene.places.map(({ follower }) => follower.poll()));
    }
    const changes = scene?.picture.take() ?? [];
    if (changes.length > 0) ports.onChanges(changes);
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        await look();
        away = null;
        await clock.sleep(limits.pollMs, signal);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (away !== message) ports.onTrouble(message);
        away = message;
        await clock.sleep(limits.retryMs, signal);
      }
    }
  }

  const done = run();
  return {
    picture: () => scene?.picture ?? null,
    truth: () => ({ asOf, away }),
    async stop() {
      signal.aborted = true;
      await done;
    },
  };
}
