import type { Settings } from '@callfold/core';
import { undisguised } from '@callfold/core';
import { createEngine } from './engine.ts';
import type { EngineLimits, EnginePorts, Role } from './role.ts';
import type { PartitionStatus } from './slot.ts';

export type ServiceConfig = { readonly settings: Settings; readonly limits: EngineLimits };

/** A service at work. */
export type Service = {
  readonly name: Role['name'];
  /** Resolves when it has stopped; rejects when it had to. */
  readonly done: Promise<void>;
  /** Finishes the batch, commits, sends what is committed, leaves the group. */
  stop(): Promise<void>;
  status(): readonly PartitionStatus[];
};

export function startRole(role: Role, config: ServiceConfig, ports: EnginePorts): Service {
  const settings = role.publishes ? config.settings : undisguised(config.settings);
  const engine = createEngine({ role, ports, settings, limits: config.limits });
  const done = engine.run();
  // Whoever waits for it hears of a failure; until then it must not end the process as unhandled.
  done.catch(() => undefined);
  return { name: role.name, done, stop: () => engine.stop(), status: () => engine.status() };
}
