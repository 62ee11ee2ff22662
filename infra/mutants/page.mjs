// @ts-check
/** The table of docs/simulator.md, from the list of mutants; `node infra/mutants/page.mjs` writes it. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { MUTANTS } from './mutants.mjs';

const PAGE = join(fileURLToPath(new URL('../..', import.meta.url)), 'docs/simulator.md');
const BEGIN = '<!-- mutants: begin -->';
const END = '<!-- mutants: end -->';

export function table() {
  const rows = MUTANTS.map(({ guard, file, test, name }) => `| ${guard} | \`${file}\` | ${name} (\`${test}\`) |`);
  return ['| guard | taken out of | test that fails |', '|---|---|---|', ...rows].join('\n');
}

/** The page as it should be. */
export function page() {
  const text = readFileSync(PAGE, 'utf8');
  const [before = '', rest = ''] = text.split(BEGIN);
  return { text, wanted: `${before}${BEGIN}\n\n${table()}\n\n${END}${rest.split(END)[1] ?? ''}` };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeFileSync(PAGE, page().wanted);
