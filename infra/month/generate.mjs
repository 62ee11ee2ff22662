#!/usr/bin/env node
// A generated month of calls, for tests and for machines without the real one.
//
//   node infra/month/generate.mjs [--calls N] [--seed SEED] [--clean] [--expected FILE] > month.ndjson
//
// Writes CallCenter24 raw events as NDJSON to standard output, in the order in which they come in, and with --expected
// the figures that `callfold fold` must give on them. --clean: no event late, none repeated. The work is done by
// services/cli/src/feed/month.ts; build first.
import { writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const MODULE = new URL('../../services/cli/dist/feed/month.js', import.meta.url);
const LINES_PER_WRITE = 5_000;

/** The built generator. @throws with what to do when nothing is built. */
export async function loadMonth() {
  try {
    return await import(MODULE.href);
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Error(`month: ${fileURLToPath(MODULE)} is not there; run "npm run build" first`, { cause: error });
  }
}

/** Writes the events as NDJSON, no faster than the stream takes them. */
export async function writeEvents(events, stream) {
  for (let from = 0; from < events.length; from += LINES_PER_WRITE) {
    const text = events
      .slice(from, from + LINES_PER_WRITE)
      .map((event) => `${JSON.stringify(event)}\n`)
      .join('');
    if (!stream.write(text)) await once(stream, 'drain');
  }
}

async function main() {
  const { values } = parseArgs({
    options: {
      calls: { type: 'string', default: '4000' },
      seed: { type: 'string', default: '1' },
      clean: { type: 'boolean', default: false },
      expected: { type: 'string' },
    },
  });
  const { generateMonth } = await loadMonth();
  const dirt = values.clean ? { repeated: 0, late: 0 } : {};
  const { events, expected } = generateMonth({ seed: values.seed, calls: Number(values.calls), ...dirt });
  if (values.expected !== undefined) writeFileSync(values.expected, `${JSON.stringify(expected, null, 1)}\n`);
  await writeEvents(events, process.stdout);
  const { answered, abandoned } = expected.outcomes;
  console.error(
    `month: seed ${values.seed}, ${events.length} events of ${expected.calls} calls, ` +
      `${answered} answered, ${abandoned} abandoned`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
