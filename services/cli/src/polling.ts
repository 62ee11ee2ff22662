import { randomUUID } from 'node:crypto';
import type { Health, Logger, MetricSet, VonageConfig } from '@callfold/adapters';
import { createStatesApi, systemClock } from '@callfold/adapters';
import type { PollObserver, PollPorts } from '@callfold/client';
import { createEventProducer, poll } from '@callfold/client';
import type { Site } from './site.ts';

/** A poller at work on a site. */
export type Poller = {
  /** Rejects with `Refused` when another one took over. */
  readonly done: Promise<void>;
  health(): Health;
  stop(): Promise<void>;
};

/** Whose positions in the store are the poller's. */
const OWNER = 'callfold.poll.vonage';
/** Rounds that may fail before it is said that the poller is not ready. */
const ROUNDS_MISSED = 3;

export function startPoller(vonage: VonageConfig, site: Site, logger: Logger, metrics: MetricSet): Poller {
  const producer = createEventProducer({ writer: site.writer, codec: site.codec });
  const stopping = new AbortController();
  const startedAt = systemClock.now();
  let polledAt: number | null = null;
  let problem = 'not polled yet';
  const rounds = metrics.counter('callfold_poll_rounds_total', 'Windows polled, and those that failed', ['result']);
  const counted = metrics.counter('callfold_poll_rows_total', 'Rows that the API answered', ['result']);
  let reached = 0;
  const upToHelp = 'Everything up to here, by the clock of the API, is in the log';
  metrics.gauge('callfold_poll_up_to_timestamp_seconds', upToHelp, () => reached / 1_000);
  const observer: PollObserver = {
    polled({ upTo, rows, published }) {
      polledAt = systemClock.now();
      reached = upTo;
      rounds.inc({ result: 'done' });
      counted.inc({ result: 'published' }, published);
      counted.inc({ result: 'passed-over' }, rows - published);
      const at = new Date(upTo).toISOString();
      logger.info({ event: 'polled', upTo: at, rows, published }, 'polled');
    },
    refused: (code, reason) => logger.warn({ event: 'row-refused', code, reason }, 'row-refused'),
    failed(error, pauseMs) {
      rounds.inc({ result: 'failed' });
      problem = error instanceof Error ? error.message : String(error);
      logger.warn({ event: 'poll-failed', message: problem, pauseMs: Math.round(pauseMs) }, 'poll-failed');
    },
  };
  const ports: PollPorts = {
    api: createStatesApi({ ...vonage, now: () => systemClock.now() }),
    async publish(events) {
      for (const event of events) await producer.send(event);
      await producer.flush();
    },
    store: site.positions(OWNER),
    clock: systemClock,
    random: () => Math.random(),
    newToken: randomUUID,
    observer,
  };
  const done = poll(vonage, ports, stopping.signal);
  done.catch(() => undefined);
  return {
    done,
    health() {
      const since = polledAt ?? startedAt;
      const ok = polledAt !== null && systemClock.now() - since < ROUNDS_MISSED * vonage.everyMs + 60_000;
      return { name: 'poll', ok, detail: ok ? `polled at ${new Date(since).toISOString()}` : problem };
    },
    async stop() {
      stopping.abort();
      await done.catch(() => undefined);
    },
  };
}
