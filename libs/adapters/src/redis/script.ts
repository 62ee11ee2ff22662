import { createHash } from 'node:crypto';
import type { Argument, RedisClient } from './client.ts';

export type Script = { readonly text: string; readonly sha: string };

export function scriptOf(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

/**
 * Runs a script by its name, or by its text where the server does not know it: one call at a time, never in a pipeline.
 */
export async function runScript(
  client: RedisClient,
  script: Script,
  keys: readonly string[],
  args: readonly Argument[],
): Promise<unknown> {
  const rest = [keys.length, ...keys, ...args];
  try {
    return await client.call('evalsha', [script.sha, ...rest]);
  } catch (error) {
    // A refusal to run it at all: nothing was done.
    if (!(error instanceof Error) || !error.message.includes('NOSCRIPT')) throw error;
    return client.call('eval', [script.text, ...rest]);
  }
}
