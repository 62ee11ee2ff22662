import type { Metrics, OpsServer } from '@callfold/adapters';
import { createLogger, createMetricSet, partitionHealth, startHttp } from '@callfold/adapters';
import { createEventProducer } from '@callfold/client';
import type { DerivedRecord } from '@callfold/core';
import { isRejection, recordJson } from '@callfold/core';
import type { Service } from '@callfold/engine';
import type { Console } from '@callfold/console';
import type { Gateway } from '@callfold/gateway';
import { start as startGateway } from '@callfold/gateway';
import { readEvent } from '@callfold/sources';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import { consoleSite, startConsole } from '../console-site.ts';
import { createFeed } from '../feed/centre.ts';
import { addRoutes } from '../routes.ts';
import type { Poller } from '../polling.ts';
import { startPoller } from '../polling.ts';
import { problemsOf, runRole } from '../services.ts';
import type { Site } from '../site.ts';
import type { Tail } from '../tail.ts';
import { openTail } from '../tail.ts';
import { openEmbeddedSite } from '../wiring/embedded.ts';
import { inWords } from '../words.ts';

export type DevOptions = { readonly demo: boolean; readonly seed: number };

const LOOK_EVERY_MS = 200;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends the demo feed's events when they are due, until the process is to stop. */
async function feedDemo(site: Site, seed: number, context: Context): Promise<void> {
  const producer = createEventProducer({ writer: site.writer, codec: site.codec });
  for (const { event, deliverAt } of createFeed({ seed, startAt: Date.now() })) {
    while (Date.now() < deliverAt && !context.stop.requested)
      await pause(Math.min(LOOK_EVERY_MS, deliverAt - Date.now()));
    if (context.stop.requested) return;
    const raw = readEvent(event);
    if (isRejection(raw)) throw new Error(`the demo feed made an event that is refused: ${raw.reason}`);
    await producer.send(raw);
    await producer.flush();
  }
}

/** A screen is small: agents' open states and offers that went well are left out of the words, not of `--json`. */
function isTelling(record: DerivedRecord): boolean {
  if (record.kind === 'agent-offer') return record.result === 'missed';
  return record.kind !== 'agent-interval' || record.durationMs !== null;
}

function welcome(site: Site, url: string, demo: boolean): string {
  const lines = [
    '',
    `callfold is running on ${site.name}. Its wallboard: ${url}/`,
    demo
      ? 'A small contact centre that exists nowhere is at work in it; what became of its calls, chats and agents follows as it settles.'
      : 'No demo feed: publish events to it.',
    '',
    '  in another terminal:',
    '    npx callfold explain call ID          why a call ended as it did (take an ID from below)',
    '    npx callfold status                   where every partition stands',
    `    curl ${url}/v1/outcomes    the last records as JSON`,
    `    curl ${url}/v1/events -H content-type:application/json -d '{"source":"callcenter24","callId":"mine","occurredAt":"${new Date().toISOString()}","status":"Redirect to voice mail"}'`,
    '',
    '  Ctrl-C stops it; what it knows is kept.',
    '',
  ];
  return `${lines.join('\n')}\n`;
}

/** Prints derived records as they come, until the process is to stop. */
async function printAsTheyCome(tail: Tail, context: Context): Promise<void> {
  while (!context.stop.requested) {
    const records = await tail.poll();
    const lines = context.json
      ? records.map((record) => JSON.stringify(recordJson(record)))
      : records.filter(isTelling).map(inWords);
    if (lines.length > 0) context.out(`${lines.join('\n')}\n`);
    await pause(LOOK_EVERY_MS);
  }
}

/** `callfold dev`: every role in one process on the embedded store, the gateway and the console with them. */
export async function dev(options: DevOptions, context: Context): Promise<Exit> {
  const { config, stop } = context;
  const logger = createLogger(config.logLevel ?? 'warn', 'dev');
  const site = await openEmbeddedSite(config);
  const services: Service[] = [];
  const metrics: Metrics[] = [];
  let http: OpsServer | null = null;
  let gateway: Gateway | null = null;
  let console: Console | null = null;
  let poller: Poller | null = null;
  try {
    const tail = await openTail(site);
    const gatewayMetrics = createMetricSet('gateway');
    metrics.push(gatewayMetrics);
    gateway = startGateway(config, {
      log: () => site,
      logger: logger.child({ role: 'gateway' }),
      metrics: gatewayMetrics,
      now: Date.now,
    });
    const taking = gateway;
    const consoleMetrics = createMetricSet('console');
    metrics.push(consoleMetrics);
    const showing = startConsole(config, logger, consoleMetrics);
    console = showing;
    // First: a port that is taken is found before anything is at work.
    http = await startHttp({
      host: config.httpHost,
      port: config.httpPort,
      ready: () => [
        taking.health(),
        ...showing.health(),
        ...partitionHealth(services.flatMap((service) => service.status())),
      ],
      services: () => services,
      metrics,
      limits: taking.http,
      routes(app) {
        addRoutes(app, { site, config, services });
        taking.routes(app);
        showing.routes(app);
      },
    });
    for (const role of ['projector', 'outcomes'] as const) {
      const running = runRole(role, site, config, logger);
      services.push(running.service);
      metrics.push(running.metrics);
    }
    showing.begin(consoleSite(site, config, problemsOf(services)));
    if (config.vonage) {
      const pollMetrics = createMetricSet('poll');
      metrics.push(pollMetrics);
      poller = startPoller(config.vonage, site, logger.child({ role: 'poll' }), pollMetrics);
    }
    context.say(welcome(site, http.url, options.demo));
    const failed = Promise.race(
      services.map((service) => service.done.then(() => new Promise<never>(() => undefined))),
    );
    const demo = options.demo ? feedDemo(site, options.seed, context) : Promise.resolve();
    await Promise.race([printAsTheyCome(tail, context), failed, demo.then(() => stop.wanted), stop.wanted]);
  } finally {
    await gateway?.stop();
    await console?.stop();
    await http?.close();
    await poller?.stop();
    await Promise.all(services.map((service) => service.stop()));
    await site.close();
  }
  context.say('callfold stopped; everything it took is kept.');
  return EXIT.done;
}
