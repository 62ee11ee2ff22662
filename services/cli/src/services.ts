import type { Config, Logger, Metrics } from '@callfold/adapters';
import {
  bothObservers,
  createMetrics,
  gaugeReplicas,
  logObserver,
  partitionHealth,
  systemClock,
  traceObserver,
} from '@callfold/adapters';
import type { EnginePorts, Observer, ProblemOf, Service, ServiceConfig } from '@callfold/engine';
import { DEFAULT_LIMITS } from '@callfold/engine';
import { start as startOutcomes } from '@callfold/outcomes';
import { start as startProjector, startGenerations } from '@callfold/projector';
import type { RoleName, Site } from './site.ts';

type Start = (config: ServiceConfig, ports: EnginePorts) => Service;

export type Running = { readonly service: Service; readonly metrics: Metrics };

/** Metrics are of the live generation; of the others the logs tell, with their names. */
function keepAll(site: Site, config: ServiceConfig, logger: Logger, observer: Observer): Service {
  let live = '';
  return startGenerations(config, {
    shelf: site.shelf,
    clock: systemClock,
    open(generation) {
      const aside = logObserver(logger.child({ role: 'projector', generation: generation.name }));
      return site.openGeneration(generation, (event) => (generation.key === live ? observer : aside)(event));
    },
    onLive(generation) {
      live = generation.key;
      site.showGeneration(generation);
      logger.info({ event: 'generation-live', generation: generation.name }, 'generation-live');
    },
    onTrouble: (message) => logger.warn({ event: 'generation-trouble', message }, 'generation-trouble'),
  });
}

/** What services that are at work in this process know to be wrong. */
export function problemsOf(services: readonly Service[]): ProblemOf {
  return (role, at) => {
    const statuses = services.find(({ name }) => name === role)?.status() ?? [];
    const its = statuses.filter((one) => one.at.topic === at.topic && one.at.partition === at.partition);
    const [health] = partitionHealth(its);
    return health === undefined || health.ok ? null : health.detail;
  };
}

/**
 * One role at work on a site, with its logs and metrics.
 * @param thread which of the process's threads this is, as its metrics say; null: there is only one
 * @param start what takes the role's place with its ports; absent: the role itself
 */
export function runRole(
  role: RoleName,
  site: Site,
  config: Config,
  logger: Logger,
  thread: number | null = null,
  start?: Start,
): Running {
  const running: { service?: Service } = {};
  const metrics = createMetrics(role, () => running.service?.status() ?? [], Date.now, thread);
  if (site.replicas) gaugeReplicas(metrics.set, site.replicas);
  const log = logObserver(logger.child({ role }));
  const observer = bothObservers(metrics.observer, log, traceObserver(`callfold.${role}`));
  const { sliceRecords, stalledAfterMs } = config;
  // What may be kept is the process's: each of its threads has its part.
  const cachedSubjects = Math.ceil(config.cachedSubjects / (thread === null ? 1 : config.threads));
  const limits = { ...DEFAULT_LIMITS, sliceRecords, cachedSubjects, stalledAfterMs };
  const serviceConfig = { settings: config.settings, limits };
  const startRole = start ?? (role === 'projector' ? startProjector : startOutcomes);
  const service =
    startRole === startProjector && site.shelf.book !== null
      ? keepAll(site, serviceConfig, logger, observer)
      : startRole(serviceConfig, site.ports(role, observer));
  running.service = service;
  return { service, metrics };
}
