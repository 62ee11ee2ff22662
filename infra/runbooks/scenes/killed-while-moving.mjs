// @ts-check
/** For `node --import`: runs the built command, and has it killed in the middle of a move to partitions that were added. */

import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

/** In front of these lines: a new partition has its subjects and is not ready; an old one has lost them and is not. */
const POINTS = {
  copied: 'await commitMeta(growing, held, { ...meta, offered: token });',
  removed: 'const { growing: _, ...meta } = held.meta;',
};

// The hooks run in a thread of their own, from this very file.
if (isMainThread) register(import.meta.url);

/** @type {import('node:module').LoadHook} */
export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context);
  if (!url.endsWith('/engine/dist/grow.js')) return loaded;
  const text = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source);
  const line = POINTS[/** @type {keyof typeof POINTS} */ (process.env['KILLED_WHEN'])];
  if (!text.includes(line)) throw new Error(`${url} has no ${line}: it cannot be killed there.`);
  return { ...loaded, source: text.replace(line, `process.kill(process.pid, 'SIGKILL');\n${line}`) };
}
