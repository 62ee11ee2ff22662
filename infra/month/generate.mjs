#!/usr/bin/env node
// @ts-check
/**
 * A generated month of calls, for tests and where the real one is not at hand.
 *
 *   node infra/month/generate.mjs [--calls N] [--seed SEED] [--clean] [--expected FILE] > month.ndjson
 *
 * Writes CallCenter24 raw events as NDJSON to standard output, in the order in which they come in, and with --expected
 * the figures that `callfold fold` must give on them. --clean: no event late, none repeated.
 */

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { generateMonth } from './month.mjs';

const LINES_PER_WRITE = 5_000;

async function main() {
  const { values } = parseArgs({
    options: {
      calls: { type: 'string', default: '4000' },
      seed: { type: 'string', default: '1' },
      clean: { type: 'boolean', default: false },
      expected: { type: 'string' },
    },
  });
  const dirt = values.clean ? { repeated: 0, late: 0 } : {};
  const { events, expected } = generateMonth({ seed: values.seed, calls: Number(values.calls), ...dirt });
  if (values.expected !== undefined) writeFileSync(values.expected, `${JSON.stringify(expected, null, 1)}\n`);
  for (let from = 0; from < events.length; from += LINES_PER_WRITE) {
    const lines = events.slice(from, from + LINES_PER_WRITE).map((event) => `${JSON.stringify(event)}\n`);
    if (!process.stdout.write(lines.join(''))) await once(process.stdout, 'drain');
  }
  const { answered, abandoned } = expected.outcomes;
  console.error(
    `month: seed ${values.seed}, ${events.length} events of ${expected.calls} calls, ` +
      `${answered} answered, ${abandoned} abandoned`,
  );
}

main().catch((error) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
