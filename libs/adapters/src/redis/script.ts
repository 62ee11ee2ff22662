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
    if (!(error instanceof Error) || !error.message.includes('NOSCRIPT')) throw withRight(script, error);
  }
  return client.call('eval', [script.text, ...rest]).catch((error: unknown) => {
    throw withRight(script, error);
  });
}

/** The server says which line of the script may not be run, and not what that line does. */
function withRight(script: Script, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const [, line] = /(?:can't run this command|ACL failure)[^]*user_script:(\d+)/.exec(error.message) ?? [];
  if (line === undefined) return error;
  const [, name] = /redis\.call\('(\w+)'/.exec(script.text.split('\n')[Number(line) - 1] ?? '') ?? [];
  const command = name ? name.toLowerCase() : 'one of hset, hdel, zadd, zrem';
  const mend = 'give it the rights of docs/redis.md';
  return new Error(`${error.message}. The user of CALLFOLD_REDIS_URL has no permission for ${command}: ${mend}`, {
    cause: error,
  });
}
