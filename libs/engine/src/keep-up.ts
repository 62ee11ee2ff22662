import type { Settings } from '@callfold/core';
import { fingerprint, settingsOf, undisguised } from '@callfold/core';
import type { Generation, Generations, Shelf } from './generations.ts';
import { liveOf, ownersStore, readGenerations } from './generations.ts';
import type { Clock } from './ports.ts';
import { errorOf } from './retry.ts';
import type { EnginePorts, Role } from './role.ts';
import type { Service, ServiceConfig } from './service.ts';
import { startRole } from './service.ts';
import type { PartitionStatus } from './slot.ts';

/**
 * A projector that keeps up every generation there is to keep, each with an engine of its own in a group of its own:
 * the live one, and those that a change-over may go to, or back to. Instances need not agree on anything: a partition
 * of a generation is folded by whoever its group gives it to, and fenced as always.
 */

/** How often the book is looked at. */
export const LOOK_MS = 1_000;

export type Opened = { readonly ports: Omit<EnginePorts, 'store'>; close(): Promise<void> };

export type GenerationPorts = {
  readonly shelf: Shelf;
  readonly clock: Clock;
  /** A member of the generation's own group. */
  open(generation: Generation): Opened;
  /** Told at first, and when it becomes another one. */
  onLive?(generation: Generation): void;
  /** What went wrong and is tried again. */
  onTrouble?(message: string): void;
};

export type KeptService = Service & {
  /** Of those that are kept up and not live. */
  others(): readonly { readonly generation: string; readonly partitions: readonly PartitionStatus[] }[];
};

type Kept = { readonly generation: Generation; readonly service: Service; stop(): Promise<void>; hasEnded: boolean };

/**
 * An environment of another generation's settings is one that is being rolled out, or not yet: a generation keeps its
 * own. One that is nobody's is a mistake, and every claim refuses it.
 */
export function settingsFor(all: Generations, generation: Generation, environment: Settings): Settings {
  const own = fingerprint(undisguised(environment));
  return all.generations.some(({ settings }) => settings === own) ? settingsOf(generation.settings) : environment;
}

export function keepGenerations(
  roleOf: (settings: Settings) => Role,
  config: ServiceConfig,
  { shelf, clock, open, onLive = () => undefined, onTrouble = () => undefined }: GenerationPorts,
): KeptService {
  const kept = new Map<string, Kept>();
  const over = { aborted: false };
  let live: string | null = null;
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });

  function begin(all: Generations, generation: Generation): void {
    const settings = settingsFor(all, generation, config.settings);
    const { ports, close } = open(generation);
    const store = ownersStore(shelf, generation.key);
    const service = startRole(roleOf(settings), { ...config, settings }, { ...ports, store });
    let stopping: Promise<void> | null = null;
    const one: Kept = {
      generation,
      service,
      hasEnded: false,
      stop: () => (stopping ??= service.stop().then(close)),
    };
    kept.set(generation.key, one);
    service.done.then(
      () => {
        one.hasEnded = true;
      },
      (error: unknown) => {
        one.hasEnded = true;
        if (generation.key === live) fail(error);
        else onTrouble(`generation ${generation.name} could not be kept up: ${errorOf(error).message}`);
      },
    );
  }

  async function look(): Promise<void> {
    const { all } = await readGenerations(shelf);
    if (over.aborted) return;
    const now = liveOf(all);
    if (now.key !== live) onLive(now);
    live = now.key;
    const wanted = all.generations.filter(({ phase }) => phase === 'kept');
    for (const [key, one] of kept) {
      if (!one.hasEnded && wanted.some((generation) => generation.key === key)) continue;
      kept.delete(key);
      await one.stop();
    }
    for (const generation of wanted) if (!over.aborted && !kept.has(generation.key)) begin(all, generation);
  }

  async function run(): Promise<void> {
    while (!over.aborted) {
      await look().catch((error: unknown) => onTrouble(`looking for generations: ${errorOf(error).message}`));
      await clock.sleep(LOOK_MS, over);
    }
    await Promise.all([...kept.values()].map((one) => one.stop()));
  }

  const running = run();
  const done = Promise.race([running, failed]);
  done.catch(() => undefined);
  return {
    name: 'projector',
    done,
    async stop() {
      over.aborted = true;
      // Not after a look that waits for a store that is away.
      await Promise.all([...kept.values()].map((one) => one.stop()));
      await running;
    },
    status: () => (live === null ? [] : (kept.get(live)?.service.status() ?? [])),
    others: () =>
      [...kept.values()]
        .filter(({ generation }) => generation.key !== live)
        .map(({ generation, service }) => ({ generation: generation.name, partitions: service.status() })),
  };
}
