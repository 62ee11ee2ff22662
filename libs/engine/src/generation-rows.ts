import { rawTopic, SOURCES } from '@callfold/core';
import type { Standpoint } from './build.ts';
import { standpoints } from './build.ts';
import type { Generation, Generations, Shelf } from './generations.ts';
import type { At, Log } from './ports.ts';
import type { RoleName } from './role.ts';

/** What is asked to tell how generations stand. */
export type GenerationSite = {
  readonly shelf: Shelf;
  log(role: RoleName): Log;
  partitions(topic: string): Promise<number>;
  /** How many processes share the role's work now; of the projector's, that on one generation of the aggregates. */
  members(role: RoleName, generation?: string): Promise<number>;
};

/** A generation of the aggregates, and how far it is. */
export type GenerationRow = {
  readonly generation: string;
  /** `live`, or what becomes of it. */
  readonly state: 'live' | Generation['phase'];
  readonly settings: string;
  readonly asked: string;
  readonly createdAt: number;
  readonly done: number;
  readonly all: number;
  readonly lag: number;
  /** Processes that fold it now. */
  readonly members: number;
};

export async function rawPartitions(site: Pick<GenerationSite, 'partitions'>): Promise<At[]> {
  const ats: At[] = [];
  for (const topic of SOURCES.map(rawTopic)) {
    const partitions = await site.partitions(topic);
    for (let partition = 0; partition < partitions; partition += 1) ats.push({ topic, partition });
  }
  return ats;
}

const sum = (rows: readonly Standpoint[], of: (row: Standpoint) => number): number =>
  rows.reduce((total, row) => total + of(row), 0);

export async function generationRows(site: GenerationSite, all: Generations): Promise<GenerationRow[]> {
  const ats = await rawPartitions(site);
  return Promise.all(
    all.generations.map(async (one): Promise<GenerationRow> => {
      const rows = await standpoints(site.shelf.storeOf(one.key), site.log('projector'), ats, one);
      return {
        generation: one.name,
        state: one.name === all.live ? 'live' : one.phase,
        settings: one.settings,
        asked: one.asked,
        createdAt: one.createdAt,
        done: sum(rows, ({ from, position }) => position - from),
        all: sum(rows, ({ from, end }) => end - from),
        lag: sum(rows, ({ position, end }) => end - position),
        members: await site.members('projector', one.key),
      };
    }),
  );
}
