import { aggregateJson, aggregateOf, decodeState, mergeAgents, rawTopic } from '@callfold/core';
import { readLive } from '@callfold/engine';
import type { Store } from '@callfold/engine';
import type { Settings } from '@callfold/core';
import type { Site } from './site.ts';

/**
 * Every agent as they stand now: those that are named in calls, merged from the calls of all partitions, and those with
 * states of their own.
 */
export function agentsNow(site: Site): Promise<Record<string, unknown>[]> {
  return readLive(site.shelf, ({ store, settings }) => agentsIn(site, store, settings));
}

async function agentsIn(site: Site, store: Store, settings: Settings): Promise<Record<string, unknown>[]> {
  const inCalls: (readonly [string, string])[] = [];
  const calls = rawTopic('callcenter24');
  for (let partition = 0; partition < (await site.partitions(calls)); partition += 1) {
    for await (const slice of store.scan({ topic: calls, partition }, 'agents')) inCalls.push(...slice);
  }
  const agents = mergeAgents(inCalls).map(aggregateJson);
  const states = rawTopic('vonage');
  for (let partition = 0; partition < (await site.partitions(states)); partition += 1) {
    for await (const slice of store.scan({ topic: states, partition }, 'states')) {
      for (const [key, text] of slice) {
        const aggregate = aggregateOf(decodeState(text, 'vonage', key), settings);
        if (aggregate) agents.push(aggregateJson(aggregate));
      }
    }
  }
  return agents;
}
