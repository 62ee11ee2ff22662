import type { Config, Logger, Metrics } from '@callfold/adapters';
import { bothObservers, createMetrics, logObserver } from '@callfold/adapters';
import type { Service } from '@callfold/engine';
import { DEFAULT_LIMITS } from '@callfold/engine';
import { start as startOutcomes } from '@callfold/outcomes';
import { start as startProjector } from '@callfold/projector';
import type { RoleName, Site } from './site.ts';

export type Running = { readonly service: Service; readonly metrics: Metrics };

/** One role at work on a site, with its logs and metrics. */
export function runRole(role: RoleName, site: Site, config: Config, logger: Logger): Running {
  const running: { service?: Service } = {};
  const metrics = createMetrics(role, () => running.service?.status() ?? []);
  const observer = bothObservers(metrics.observer, logObserver(logger.child({ role })));
  const { sliceRecords, cachedSubjects, stalledAfterMs } = config;
  const limits = { ...DEFAULT_LIMITS, sliceRecords, cachedSubjects, stalledAfterMs };
  const start = role === 'projector' ? startProjector : startOutcomes;
  const service = start({ settings: config.settings, limits }, site.ports(role, observer));
  running.service = service;
  return { service, metrics };
}
