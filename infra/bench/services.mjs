// The two services as they are shipped: the same wiring, metrics and logs as `callfold serve`, with an ear at the
// places where the first record comes in and where the last one is done.
import { createLogger } from '@callfold/adapters';
import { runRole } from '../../services/cli/dist/services.js';

const WAIT_MS = 20;

/**
 * The site's ports with an ear: the first batch begins the measuring, and only the raw topic's own partitions count.
 */
function heard(site, topic, meter, told) {
  const hearing = (observer) => (event) => {
    observer(event);
    told(event);
  };
  function heardConsumer(consumer) {
    const run = (handler) =>
      consumer.run({
        ...handler,
        batch(at, batch, signal) {
          if (at.topic === topic && batch.records.length > 0) meter.first();
          return handler.batch(at, batch, signal);
        },
      });
    return { run, stop: () => consumer.stop(), seek: (at, offset) => consumer.seek(at, offset) };
  }
  function heardStore(store) {
    const read = (at, table, fields) => {
      if (at.topic === topic) meter.missed(fields.length);
      return store.read(at, table, fields);
    };
    return { ...store, read };
  }
  const heardLog = (ports) => ({ ...ports, consumer: heardConsumer(ports.consumer) });
  const heardPorts = (ports) => ({ ...heardLog(ports), store: heardStore(ports.store) });
  return {
    ...site,
    shelf: { ...site.shelf, storeOf: (key) => heardStore(site.shelf.storeOf(key)) },
    ports: (role, observer) => heardPorts(site.ports(role, hearing(observer))),
    openGeneration(generation, observer) {
      const opened = site.openGeneration(generation, hearing(observer));
      return { ...opened, ports: heardLog(opened.ports) };
    },
  };
}

/**
 * Runs one role until every record of the topic is folded and committed and, of `outcomes`, everything derived is sent.
 * @returns the meter's figures, with `sent`, the derived records that the broker has taken
 */
export async function serviceToTheEnd(role, { site, config, topic, ends, meter }) {
  const logger = createLogger('warn', role);
  const positions = new Map();
  let records = 0;
  let sent = 0;
  let finish;
  let fail;
  const finished = new Promise((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  const isDone = () =>
    ends.every((end, partition) => positions.get(partition) === end) &&
    service.status().every(({ waiting }) => waiting === 0);
  const told = (event) => {
    if (event.at.topic !== topic) return;
    if (event.name === 'partition-refused') fail(new Error(event.message));
    if (event.name === 'records-sent') sent += event.records;
    if (event.name === 'batch-committed') {
      records += event.records;
      // Ticks are records of the log, and no events.
      meter.add(event.records - (event.position === ends[event.at.partition] ? 1 : 0));
      positions.set(event.at.partition, event.position);
    }
    if (event.name === 'records-sent' || event.name === 'batch-committed') if (isDone()) finish(meter.last());
  };
  const { service } = runRole(role, heard(site, topic, meter, told), config, logger);
  void service.done.catch(fail);
  const figures = await finished;
  // Time enough for a surplus to show itself.
  await new Promise((resolve) => {
    setTimeout(resolve, WAIT_MS);
  });
  await service.stop();
  return { ...figures, records, sent };
}
