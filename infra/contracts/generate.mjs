#!/usr/bin/env node
// @ts-check
/** `npm run contracts`: writes what the schemas say in the forms that consumers load. A test fails when they drift. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderAsyncApi } from './asyncapi.mjs';
import { renderDbt } from './dbt.mjs';
import { renderDictionary } from './dictionary.mjs';
import { renderPostgres } from './postgres.mjs';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** @returns {Readonly<Record<string, string>>} the text of each file, by its path from the root */
export function renderContracts() {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  return {
    'docs/contracts/asyncapi.yaml': renderAsyncApi(version),
    'docs/contracts/postgres.sql': renderPostgres(),
    'docs/contracts/dbt/sources.yml': renderDbt(),
    'docs/data-dictionary.md': renderDictionary(),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of Object.entries(renderContracts())) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), text);
    process.stderr.write(`wrote ${path}\n`);
  }
}
