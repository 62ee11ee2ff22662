import type { Config, Health, Logger, Metrics, RoleStatus } from '@callfold/adapters';
import { partitionHealth } from '@callfold/adapters';
import type { Context } from './command.ts';
import type { Running } from './services.ts';
import { runRole } from './services.ts';
import type { RoleName, Site } from './site.ts';
import { whenThere } from './when-there.ts';
import { openServiceSite } from './wiring/kafka.ts';

/** One role at work in this process: as one member of its group, or as several, each in a thread of its own. */
export type Member = {
  ready(): Promise<readonly Health[]>;
  services(): Promise<readonly RoleStatus[]>;
  /** More come as the start goes on. */
  readonly metrics: readonly Metrics[];
  /** Once. Resolves when it has stopped, as it was asked to; rejects when it cannot go on, and has stopped. */
  run(): Promise<void>;
};

export type MemberOptions = {
  readonly role: RoleName;
  readonly config: Config;
  readonly logger: Logger;
  readonly stop: Context['stop'];
  /** Which of the process's threads it is; null: it is the only one. */
  readonly thread: number | null;
};

/** What `ready` tells of; changed as the start goes on. */
type Stage = { waitsFor: string; site: Site | null; running: Running | null };

function healthOf(role: RoleName, { waitsFor, site, running }: Stage): Health[] {
  if (site === null || running === null) return [{ name: 'start', ok: false, detail: waitsFor }];
  const { isMember, detail } = site.member(role);
  return [{ name: 'group', ok: isMember, detail }, ...partitionHealth(running.service.status())];
}

async function workOn(stage: Stage, metrics: Metrics[], options: MemberOptions): Promise<void> {
  const { role, config, logger, stop, thread } = options;
  try {
    const open = () => openServiceSite(config, logger);
    stage.site = await whenThere(open, stage, logger, stop);
    if (stage.site === null) return;
    stage.running = runRole(role, stage.site, config, logger, thread);
    metrics.push(stage.running.metrics);
    await Promise.race([stage.running.service.done, stop.wanted]);
  } finally {
    await stage.running?.service.stop();
    await stage.site?.close();
  }
}

/** Waits for what is away, and works in this thread until it is asked to stop. */
export function createMember(options: MemberOptions): Member {
  const stage: Stage = { waitsFor: 'the service starts', site: null, running: null };
  const metrics: Metrics[] = [];
  return {
    ready: () => Promise.resolve(healthOf(options.role, stage)),
    services: () => Promise.resolve(stage.running === null ? [] : [stage.running.service]),
    metrics,
    run: () => workOn(stage, metrics, options),
  };
}
