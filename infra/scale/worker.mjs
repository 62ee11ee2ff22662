// @ts-check
/**
 * One instance of a role as `callfold serve` runs it, with an ear: it tells its parent when it committed what, and when
 * it claimed and let go.
 *
 *   node infra/scale/worker.mjs projector|outcomes
 */

import { createLogger, readConfig } from '@callfold/adapters';
import { runRole } from '../../services/cli/dist/services.js';
import { openServiceSite } from '../../services/cli/dist/wiring/kafka.js';

/** How often what was heard is told: what a killed instance did last is known as exactly as that. */
const TELL_MS = 50;

const role = /** @type {'projector' | 'outcomes'} */ (process.argv[2]);
const config = readConfig(process.env);
const logger = createLogger(config.logLevel ?? 'info', role);
const site = await openServiceSite(config, logger);

/** @type {import('./pauses.mjs').Heard[]} */
let heard = [];

/** @param {import('@callfold/engine').Observer} observer @returns {import('@callfold/engine').Observer} */
const hearing = (observer) => (event) => {
  observer(event);
  const { topic, partition } = event.at;
  const place = `${topic}/${partition}`;
  if (event.name === 'batch-committed' && event.records > 0) heard.push(['folded', place, Date.now()]);
  if (event.name === 'partition-claimed') heard.push(['claimed', place, Date.now()]);
  if (event.name === 'partition-released') heard.push(['released', place, Date.now()]);
  if (event.name === 'partition-fenced') heard.push(['fenced', place, Date.now()]);
};

/** @type {typeof site} */
const tapped = {
  ...site,
  ports: (name, observer) => site.ports(name, hearing(observer)),
  openGeneration: (generation, observer) => site.openGeneration(generation, hearing(observer)),
};

const { service } = runRole(role, tapped, config, logger);
const telling = setInterval(() => {
  if (heard.length > 0) process.send?.({ heard });
  heard = [];
}, TELL_MS);
/** @type {Promise<void>} */
const asked = new Promise((resolve) => {
  process.once('SIGTERM', () => resolve());
});
const orphaned = () => process.exit(1);
process.once('disconnect', orphaned);
await Promise.race([service.done, asked]);
await service.stop();
clearInterval(telling);
process.send?.({ heard });
await site.close();
process.off('disconnect', orphaned);
process.disconnect();
