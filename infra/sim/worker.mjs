// @ts-check
/** A child of run.mjs: runs the histories that it is asked for, one after the other. */

import { runHistory } from './history.mjs';
import { openCodec } from './world.mjs';

const codec = await openCodec();

/** @param {string} seed */
async function work(seed) {
  const { failures, met } = await runHistory(seed, codec);
  process.send?.({ seed, failures, met: [...met.keys()] });
}

process.on('message', (/** @type {{ seed: string }} */ { seed }) => {
  work(seed).catch((/** @type {unknown} */ error) => {
    const failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.send?.({ seed, failures: [failure], met: [] });
  });
});
process.send?.({ seed: null, failures: [], met: [] });
// Whoever asked is gone.
process.on('disconnect', () => process.exit());
