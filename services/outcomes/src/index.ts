import type { EnginePorts, Role, Service, ServiceConfig } from '@callfold/engine';
import { startRole } from '@callfold/engine';

/** Derives outcomes, offers, hand-offs and intervals, and publishes them; writes the dead letters and the ticks. */
export const OUTCOMES: Role = { name: 'outcomes', publishes: true, view: null, feeds: false };

/** @param ports with a publisher */
export function start(config: ServiceConfig, ports: EnginePorts): Service {
  return startRole(OUTCOMES, config, ports);
}
