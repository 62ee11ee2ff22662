// One measured thing in a process of its own: `worker.mjs WHAT`, started by run.mjs, which sends the options and gets
// the figures by messages. So nothing that one of them leaves behind (heap, compiled code, timers) disturbs another.
//
// Modules are loaded when they are needed: our adapters mend kafkajs, and the limit is that of kafkajs as it comes.
import { OUTCOMES_TOPIC, TOPIC } from './topics.mjs';
import { createMeter } from './meter.mjs';

const say = (text) => process.stderr.write(`${text}\n`);
const tell = (moment) => process.send?.({ moment });

async function configOf({ env }) {
  const { readConfig } = await import('@callfold/adapters');
  return readConfig(env);
}

async function withSite(options, work) {
  const { openKafkaSite } = await import('../../services/cli/dist/wiring/kafka.js');
  const config = await configOf(options);
  const site = await openKafkaSite(config, () => {});
  try {
    return await work(site, config);
  } finally {
    await site.close();
  }
}

const kafkaService = (what) => async (options) => {
  const { serviceInThreads } = await import('./services.mjs');
  const { env, threads, ends } = options;
  return serviceInThreads(what, { env, threads, topic: TOPIC, ends, meter: createMeter(tell) });
};

const embedded = (role) => async (options) => {
  const { embeddedService } = await import('./in-process.mjs');
  const { dir, ends, input } = options;
  const { partitions } = input;
  return embeddedService(role, { dir, ends, partitions, config: await configOf(options), meter: createMeter(tell) });
};

async function write(options) {
  const { connectionOf, quietLogger } = await import('../../services/cli/dist/wiring/kafka.js');
  const { fill } = await import('./fill.mjs');
  return withSite(options, (site, config) =>
    fill({ connection: connectionOf(config, quietLogger(say)), codec: site.codec, input: options.input }),
  );
}

async function load(options) {
  const { connectionOf, quietLogger } = await import('../../services/cli/dist/wiring/kafka.js');
  const { sendLoad } = await import('./load.mjs');
  const { plan, from } = options;
  const goOn = new Promise((resolve) => {
    process.once('message', ({ from: start }) => resolve(start));
  });
  await withSite(options, (site, config) =>
    sendLoad({ connection: connectionOf(config, quietLogger(say)), codec: site.codec, plan, from, goOn }),
  );
  return { sent: true };
}

async function decode(options) {
  const { decodeLimit } = await import('./log-reads.mjs');
  return withSite(options, (site) => decodeLimit({ site, ends: options.ends, meter: createMeter(tell) }));
}

async function raw({ brokers, group, ends }) {
  const { rawLimit } = await import('./log-reads.mjs');
  return rawLimit({ brokers, group, topic: TOPIC, ends, meter: createMeter(tell) });
}

/** What stands in the derived topics: how many records, and of how many calls. */
async function count(options) {
  return withSite(options, async (site) => {
    const calls = new Set();
    let records = 0;
    for (const topic of options.topics) {
      for (let partition = 0; partition < options.input.partitions; partition += 1) {
        for (let from = 0, end = 1; from < end; ) {
          const page = await site.readDerived(topic, partition, from);
          records += page.records.length;
          if (topic === OUTCOMES_TOPIC) for (const { key } of page.records) calls.add(Buffer.from(key).toString());
          end = page.end;
          if (page.next <= from) break;
          from = page.next;
        }
      }
    }
    return { records, calls: calls.size };
  });
}

const WORK = {
  fill: write,
  load,
  count,
  raw,
  decode,
  projector: kafkaService('projector'),
  outcomes: kafkaService('outcomes'),
  'call-outcomes': kafkaService('call-outcomes'),
  states: kafkaService('states'),
  ndjson: async ({ input, file }) => (await import('./in-process.mjs')).writeNdjson(input, file),
  fold: async ({ input }) => (await import('./in-process.mjs')).foldOnly(input),
  append: async (options) => (await import('./in-process.mjs')).embeddedAppend(options),
  'embedded-projector': embedded('projector'),
  'embedded-outcomes': embedded('outcomes'),
};

process.once('message', (options) => void work(options));

async function work(options) {
  const [, , what = ''] = process.argv;
  const doing = WORK[what];
  try {
    if (!doing) throw new Error(`bench: there is nothing called ${what}`);
    end({ figures: await doing(options) }, 0);
  } catch (error) {
    end({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }, 1);
  }
}

/** Connections that a client keeps open would hold the process. */
function end(message, code) {
  // The figures are told, nothing is left to do.
  process.send?.(message, () => process.exit(code));
}
