import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { MUTANTS } from './mutants.mjs';

/** The tests with one guard taken out of one source as it is read: no file changes. Driven by run.mjs. */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const guard = process.env['CALLFOLD_MUTANT'] ?? '';
const mutant = MUTANTS.find((one) => one.guard === guard);
const source = { resolve: { conditions: ['source'] }, ssr: { resolve: { conditions: ['source'] } } };

export default defineConfig({
  root: ROOT,
  ...source,
  plugins: [
    {
      name: 'mutant',
      enforce: 'pre',
      transform(code, id) {
        if (mutant === undefined || id.split('?')[0] !== resolve(ROOT, mutant.file)) return null;
        const found = code.split(mutant.from).length - 1;
        if (found !== 1) throw new Error(`${mutant.guard}: what to take out stands in ${mutant.file} ${found} times`);
        return { code: code.replace(mutant.from, () => mutant.to), map: null };
      },
    },
  ],
  test: {
    include: ['**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 180_000,
    // One mutated process at a time: run.mjs runs several.
    fileParallelism: false,
  },
});
