import { AGENT_INTERVALS, AGENT_OFFERS, CALL_OUTCOMES, CHAT_HANDOFFS, CHAT_OUTCOMES } from '@callfold/core';
import type { Command } from 'commander';
import { Argument, Option } from 'commander';
import type { Point } from '../points.ts';
import { POINT_FORMS, pointOption } from '../points.ts';

/** What `callfold export` can be asked. Apart from what it does, so that other commands start without that. */

export const EXPORT_FORMATS = ['ndjson', 'csv', 'parquet'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Dead letters are for `callfold dlq`. */
const TOPICS = {
  'call-outcomes': CALL_OUTCOMES,
  'agent-offers': AGENT_OFFERS,
  'chat-outcomes': CHAT_OUTCOMES,
  'chat-handoffs': CHAT_HANDOFFS,
  'agent-intervals': AGENT_INTERVALS,
} as const;

export type ExportTopic = keyof typeof TOPICS;

export const topicOf = (name: ExportTopic): (typeof TOPICS)[ExportTopic] => TOPICS[name];

export type ExportOptions = {
  readonly from: Point;
  readonly to: Point;
  readonly all?: boolean;
  readonly latest?: boolean;
  readonly format?: ExportFormat;
  /** A file; absent or `-`: standard output. */
  readonly output?: string;
};

export function withExportOptions(command: Command): Command {
  const point = (flags: string, what: string, value: 'earliest' | 'latest'): Option =>
    new Option(flags, what).argParser(pointOption).default({ what: value }, value);
  return command
    .addArgument(new Argument('<topic>', 'without its callfold.').choices(Object.keys(TOPICS)))
    .addOption(point('--from <point>', `published from here on, inclusive: ${POINT_FORMS}`, 'earliest'))
    .addOption(point('--to <point>', 'published before, exclusive; in the same forms', 'latest'))
    .addOption(
      new Option('--latest', 'of every record its highest revision in the range; the default').conflicts('all'),
    )
    .option('--all', 'every revision that stands in the range')
    .addOption(
      new Option('--format <name>', 'default: as the file is called, else ndjson').choices([...EXPORT_FORMATS]),
    )
    .option('--output <file>', 'there whole, or not at all; none or -: standard output');
}
