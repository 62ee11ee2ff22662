#!/usr/bin/env node
// @ts-check
/** `npm run infra:up [-- --brokers 3]`: progress on standard error, the variables to export on standard output. */

import { parseArgs } from 'node:util';
import { up } from './parts/dev.mjs';

const USAGE = `npm run infra:up [-- --brokers 1|3]

Starts Kafka, the schema registry and Redis on this machine and waits until they answer; they stay until
npm run infra:down.
Ports, folders, settings: docs/infra.md. To have the variables set at once:  eval "$(npm run --silent infra:up)"`;

const say = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);

try {
  const { values } = parseArgs({ options: { brokers: { type: 'string', default: '1' }, help: { type: 'boolean' } } });
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
  } else {
    if (values.brokers !== '1' && values.brokers !== '3') {
      throw new Error(`--brokers is "${values.brokers}"; it must be 1 or 3.`);
    }
    const variables = await up({ brokers: values.brokers === '3' ? 3 : 1, say });
    for (const [name, value] of Object.entries(variables)) process.stdout.write(`export ${name}=${value}\n`);
  }
} catch (error) {
  say(`infra:up: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
