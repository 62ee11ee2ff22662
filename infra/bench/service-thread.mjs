// One thread of a service that is measured: services.mjs starts it, and is told what it hears.
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { readConfig } from '@callfold/adapters';
import { openKafkaSite } from '../../services/cli/dist/wiring/kafka.js';
import { runHeard } from './ear.mjs';

const { what, env, topic, thread } = workerData;
const config = readConfig(env);
const site = await openKafkaSite(config, () => {});
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- two threads of one process have no origins
const tell = (report) => parentPort.postMessage(report);
const service = runHeard(what, site, { config, topic, thread, tell });
await once(parentPort, 'message');
await service.stop();
await site.close();
parentPort.close();
