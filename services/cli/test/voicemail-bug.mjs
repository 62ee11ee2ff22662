// @ts-check
/**
 * For `node --import`: runs the built command with a bug that an older version might have had. It does not know the
 * words by which a call is sent to voicemail.
 */

import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const RIGHT = "word: 'redirected'";

// The hooks run in a thread of their own, from this very file.
if (isMainThread) register(import.meta.url);

/** @type {import('node:module').LoadHook} */
export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context);
  if (!url.endsWith('/sources/dist/callcenter24.js')) return loaded;
  const text = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source);
  if (!text.includes(RIGHT)) throw new Error(`${url} has no ${RIGHT}: the bug cannot be planted.`);
  return { ...loaded, source: text.replaceAll(RIGHT, "word: 'unknown'") };
}
