import type { Config } from '@callfold/adapters';
import type { Site } from './site.ts';

/** The site on Kafka, registry and Redis, for commands that may not need it: its clients take a while to load. */
export async function openKafkaSite(config: Config, say: (text: string) => void): Promise<Site> {
  const wiring = await import('./wiring/kafka.ts');
  return wiring.openKafkaSite(config, say);
}
