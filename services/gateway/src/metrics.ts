import type { Logger, MetricSet, RefusedEarly } from '@callfold/adapters';
import type { Heard } from './intake.ts';

/** What the gateway counts and says. No tenant, key or id is in a label or a line. */

export type Counting = Heard & {
  answered(route: string, status: number, seconds: number): void;
  refusedEarly(what: RefusedEarly): void;
  readonly isLogAway: boolean;
};

export function createCounting(set: MetricSet, logger: Logger, held: () => number): Counting {
  const accepted = set.counter('callfold_gateway_events_total', 'Events acknowledged by the log', ['source']);
  const refused = set.counter('callfold_gateway_refused_total', 'Events that were refused', ['code']);
  const answers = set.seconds('callfold_gateway_request_seconds', 'From a request to its answer', ['route', 'status']);
  const appends = set.seconds('callfold_gateway_append_seconds', 'From an append to its acknowledgement', []);
  const early = set.counter('callfold_gateway_refused_early_total', 'Connections and requests no route saw', ['what']);
  set.gauge('callfold_gateway_held_bytes', 'Bytes of bodies and appends in the process', held);
  let isAway = false;
  set.gauge('callfold_gateway_log_away', '1 when the last append was not acknowledged', () => (isAway ? 1 : 0));
  return {
    accepted: (source, events) => accepted.inc({ source }, events),
    refused: (code) => refused.inc({ code }),
    appended: (seconds) => appends.observe(seconds),
    answered: (route, status, seconds) => answers.observe({ route, status: String(status) }, seconds),
    refusedEarly: (what) => early.inc({ what }),
    logAway(cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      if (!isAway) logger.warn({ event: 'log-away', message }, 'log-away');
      isAway = true;
    },
    logThere() {
      if (isAway) logger.info({ event: 'log-back' }, 'log-back');
      isAway = false;
    },
    get isLogAway() {
      return isAway;
    },
  };
}
