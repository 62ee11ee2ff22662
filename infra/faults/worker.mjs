// @ts-check
/**
 * A service as `callfold serve` runs it, on ports with an ear: told to by its parent, it kills or stops itself at a
 * named point, or lives by another clock. Nothing of that is in the services' own code.
 *
 *   node infra/faults/worker.mjs projector|outcomes
 */

import { createLogger, partitionHealth, readConfig, startHttp } from '@callfold/adapters';
import { runRole } from '../../services/cli/dist/services.js';
import { openServiceSite } from '../../services/cli/dist/wiring/kafka.js';
import { TOPIC } from '../bench/topics.mjs';

/** @typedef {import('@callfold/engine').EnginePorts} Ports */

/**
 * Where a service can be struck; each is passed once a commit, a send or a claim.
 * @type {ReadonlySet<string>}
 */
const POINTS = new Set([
  'before the commit',
  'after the commit',
  'while sending',
  'after sending',
  'after the claim',
  'after the fence',
  'giving away',
]);

const role = /** @type {'projector' | 'outcomes'} */ (process.argv[2]);
const config = readConfig(process.env);
const logger = createLogger(config.logLevel ?? 'info', role);

/** @type {{ point: string, signal: NodeJS.Signals, passes: number } | null} */
let armed = null;
/** The partition at which it was stopped: what becomes of the step that comes late there is told. */
/** @type {string | null} */
let stoppedAt = null;

/** @param {import('@callfold/engine').At} at */
const nameOf = ({ topic, partition }) => `${topic}/${partition}`;

/** @param {string} point @param {import('@callfold/engine').At} at */
function pass(point, at) {
  if (armed === null || armed.point !== point || at.topic !== TOPIC) return;
  armed.passes -= 1;
  if (armed.passes > 0) return;
  const { signal } = armed;
  armed = null;
  stoppedAt = signal === 'SIGSTOP' ? nameOf(at) : null;
  process.send?.({ struck: point });
  process.kill(process.pid, signal);
}

/** Sends of that partition that are under way since it went on. */
let lateSends = 0;

/** The first step after a stop, before the partition is claimed anew, is the late one. @param {string} how it ended */
function tellLate(how) {
  if (stoppedAt === null) return;
  stoppedAt = null;
  process.send?.({ late: how });
}

/** @param {Ports['store']} store @returns {Ports['store']} */
function heardStore(store) {
  return {
    ...store,
    async claim(at, token, above) {
      if (stoppedAt === nameOf(at)) tellLate('nothing was tried');
      const stored = await store.claim(at, token, above);
      pass('after the claim', at);
      return stored;
    },
    async commit(at, claim, commit) {
      const isWork = commit.tables.get('states')?.size !== 0 || commit.outbox.length > 0;
      if (isWork) pass('before the commit', at);
      const late = stoppedAt === nameOf(at);
      const answer = await store.commit(at, claim, commit);
      // Of outcomes it is the send that may not land.
      if (late && !answer.ok) tellLate(answer.why);
      else if (late && role === 'projector') tellLate('taken');
      // Of outcomes one that has something to send: the records wait in the outbox, and nowhere else.
      if (answer.ok && isWork && (role === 'projector' || commit.outbox.length > 0)) pass('after the commit', at);
      return answer;
    },
  };
}

/** @param {NonNullable<Ports['publisher']>} publisher @returns {NonNullable<Ports['publisher']>} */
function heardPublisher(publisher) {
  return {
    ...publisher,
    async fence(origin, topics) {
      await publisher.fence(origin, topics);
      pass('after the fence', origin);
    },
    async send(origin, records) {
      const late = stoppedAt === nameOf(origin);
      const sent = publisher.send(origin, records);
      // The request goes out in turns of its own: some of them are given to it.
      if (armed?.point === 'while sending') setTimeout(() => pass('while sending', origin), 1);
      if (late) lateSends += 1;
      try {
        const ends = await sent;
        pass('after sending', origin);
        if (late) tellLate('taken');
        return ends;
      } catch (error) {
        if (late) tellLate(/** @type {any} */ (error).code ?? String(error));
        throw error;
      } finally {
        if (late) lateSends -= 1;
      }
    },
  };
}

/** @param {Ports['consumer']} consumer @returns {Ports['consumer']} */
function heardConsumer(consumer) {
  return {
    stop: () => consumer.stop(),
    seek: (at, offset) => consumer.seek(at, offset),
    run: (handler) =>
      consumer.run({
        ...handler,
        async revoked(at) {
          pass('giving away', at);
          const farewell = await handler.revoked(at);
          // It may have seen by itself that the partition is another's, before it came to its step.
          if (stoppedAt === nameOf(at) && lateSends === 0) tellLate('nothing was tried');
          return farewell;
        },
      }),
  };
}

/** @param {import('../../services/cli/dist/site.js').Site} site */
const heard = (site) => ({
  ...site,
  /** @type {typeof site.ports} */
  ports(name, observer) {
    const ports = site.ports(name, observer);
    return {
      ...ports,
      consumer: heardConsumer(ports.consumer),
      store: heardStore(ports.store),
      publisher: ports.publisher && heardPublisher(ports.publisher),
    };
  },
  // The projector keeps up every generation of the aggregates, each by ports of its own.
  shelf: { ...site.shelf, storeOf: (/** @type {string} */ key) => heardStore(site.shelf.storeOf(key)) },
  /** @type {typeof site.openGeneration} */
  openGeneration(generation, observer) {
    const opened = site.openGeneration(generation, observer);
    return { ...opened, ports: { ...opened.ports, consumer: heardConsumer(opened.ports.consumer) } };
  },
});

process.on('message', (/** @type {any} */ { arm, clockMs }) => {
  if (arm !== undefined && !POINTS.has(arm.point)) throw new Error(`no point is called ${arm.point}`);
  if (arm !== undefined) armed = arm;
  if (clockMs === undefined) return;
  // The wall clock as everything in the process reads it; what measures time that passes is another one, as in life.
  const real = realNow;
  Date.now = () => real() + clockMs;
});
const realNow = Date.now.bind(Date);

const site = await openServiceSite(config, logger);
const { service, metrics } = runRole(role, heard(site), config, logger);
const http = await startHttp({
  host: config.httpHost,
  port: config.httpPort,
  metrics: [metrics],
  ready() {
    const { isMember, detail } = site.member(role);
    return [{ name: 'group', ok: isMember, detail }, ...partitionHealth(service.status())];
  },
});
/** @type {Promise<void>} */
const asked = new Promise((resolve) => {
  process.once('SIGTERM', () => resolve());
});
try {
  await Promise.race([service.done, asked]);
} finally {
  await service.stop();
  await http.close();
  await site.close();
  process.disconnect?.();
}
