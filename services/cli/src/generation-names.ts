import { readGenerations } from '@callfold/engine';
import type { Context } from './command.ts';
import { openKafkaSite } from './kafka-site.ts';

/** Nobody waits longer at a cursor. */
const MOST_MS = 5_000;

async function ask({ config }: Context): Promise<string[]> {
  const site = await openKafkaSite(config, () => undefined);
  try {
    return (await readGenerations(site.shelf)).all.generations.map(({ name }) => name);
  } finally {
    await site.close();
  }
}

/** Those that there are; none where they cannot be asked for in time. */
export async function generationNames(context: Context): Promise<string[]> {
  if (!context.config.kafka) return [];
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string[]>((resolve) => {
    timer = setTimeout(() => resolve([]), MOST_MS);
  });
  try {
    return await Promise.race([ask(context), late]);
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
  }
}
