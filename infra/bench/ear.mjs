// An ear at a service as it is shipped: the same wiring, metrics and logs as `callfold serve`, heard at the places where
// the first record comes in and where the last one is done.
import { createLogger } from '@callfold/adapters';
import { runRole } from '../../services/cli/dist/services.js';
import { serviceOf } from './narrow.mjs';

/**
 * @param what a role, or one with less to do
 * @param tell of the raw topic's own records: `{first}`, `{missed}`, `{committed, waiting}`, `{sent, waiting}`, `{failed}`
 * @returns the service at work
 */
export function runHeard(what, site, { config, topic, thread = null, tell }) {
  const { role, start } = serviceOf(what);
  let isFirst = true;
  // Told with the next commit: a message for each read would be work that only the measuring does.
  let missed = 0;
  const waiting = () => service.status().reduce((sum, one) => sum + one.waiting, 0);
  function told(event) {
    if (event.at.topic !== topic) return;
    if (event.name === 'partition-refused') tell({ failed: event.message });
    if (event.name === 'records-sent') tell({ sent: event.records, waiting: waiting() });
    if (event.name !== 'batch-committed') return;
    const { position, records: count } = event;
    tell({ committed: { partition: event.at.partition, position, count }, waiting: waiting(), missed });
    missed = 0;
  }
  const hearing = (observer) => (event) => {
    observer(event);
    told(event);
  };
  function heardConsumer(consumer) {
    const run = (handler) =>
      consumer.run({
        ...handler,
        batch(at, batch, signal) {
          if (isFirst && at.topic === topic && batch.records.length > 0) {
            isFirst = false;
            tell({ first: true });
          }
          return handler.batch(at, batch, signal);
        },
      });
    return { run, stop: () => consumer.stop(), seek: (at, offset) => consumer.seek(at, offset) };
  }
  function heardStore(store) {
    const read = (at, table, fields) => {
      if (at.topic === topic) missed += fields.length;
      return store.read(at, table, fields);
    };
    return { ...store, read };
  }
  const heardLog = (ports) => ({ ...ports, consumer: heardConsumer(ports.consumer) });
  const heardPorts = (ports) => ({ ...heardLog(ports), store: heardStore(ports.store) });
  const heard = {
    ...site,
    shelf: { ...site.shelf, storeOf: (key) => heardStore(site.shelf.storeOf(key)) },
    ports: (name, observer) => heardPorts(site.ports(name, hearing(observer))),
    openGeneration(generation, observer) {
      const opened = site.openGeneration(generation, hearing(observer));
      return { ...opened, ports: heardLog(opened.ports) };
    },
  };
  const { service } = runRole(role, heard, config, createLogger('warn', role), thread, start);
  service.done.catch((error) => tell({ failed: error.stack }));
  return service;
}
