import type { Aggregate, DerivedRecord } from '@callfold/core';
import { agentsInCall, aggregateJson, aggregateOf, encodeAgentInCall, mergeAgents, recordJson } from '@callfold/core';
import { createOfflineFold, fileRules } from '@callfold/engine';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import { openRejects, readLines } from '../lines.ts';

export type FoldOptions = { readonly aggregates?: boolean; readonly rejects?: string; readonly strict?: boolean };

/** `callfold fold`: raw events in, derived records (or aggregates) out. No broker, no store. */
export async function fold(files: readonly string[], options: FoldOptions, context: Context): Promise<Exit> {
  const { settings } = context.config;
  const offline = createOfflineFold(fileRules(settings));
  const rejects = openRejects(options.rejects, context.say);
  const print = (records: readonly DerivedRecord[]): void => {
    if (options.aggregates || records.length === 0) return;
    context.out(records.map((record) => `${JSON.stringify(recordJson(record))}\n`).join(''));
  };
  let events = 0;
  for await (const lines of readLines(files, context.stop)) {
    for (const item of lines) {
      if ('rejection' in item) {
        rejects.add(item.line, item.rejection);
        continue;
      }
      const { records, rejection } = offline.push(item.event);
      if (rejection) rejects.add(item.line, rejection);
      print(records);
      events += 1;
    }
  }
  if (context.stop.requested) {
    await rejects.close();
    context.say(`Stopped before the end, after ${events} events: what was printed is not all.`);
    return EXIT.failed;
  }
  print(offline.end());
  if (options.aggregates) {
    const inCalls = new Map<string, string>();
    for (const state of offline.states()) {
      const aggregate: Aggregate | null = aggregateOf(state, settings);
      if (aggregate) context.out(`${JSON.stringify(aggregateJson(aggregate))}\n`);
      for (const [key, inCall] of agentsInCall(state, settings)) inCalls.set(key, encodeAgentInCall(inCall));
    }
    for (const agent of mergeAgents(inCalls)) context.out(`${JSON.stringify(aggregateJson(agent))}\n`);
  }
  await rejects.close();
  context.say(`${events} events folded, ${rejects.count} lines refused`);
  return options.strict && rejects.count > 0 ? EXIT.failed : EXIT.done;
}
