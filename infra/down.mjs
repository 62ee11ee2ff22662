#!/usr/bin/env node
// @ts-check
/** `npm run infra:down [-- --wipe]`: stops what `infra:up` started. */

import { parseArgs } from 'node:util';
import { down } from './parts/dev.mjs';

const USAGE = `npm run infra:down [-- --wipe]

Stops what npm run infra:up started, whatever its ports. --wipe removes data and logs as well; the jars stay cached.`;

const say = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);

try {
  const { values } = parseArgs({ options: { wipe: { type: 'boolean', default: false }, help: { type: 'boolean' } } });
  if (values.help) process.stdout.write(`${USAGE}\n`);
  else await down({ wipe: values.wipe, say });
} catch (error) {
  say(`infra:down: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
