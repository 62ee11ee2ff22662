import { defineConfig } from 'vitest/config';

const source = { resolve: { conditions: ['source'] }, ssr: { resolve: { conditions: ['source'] } } };
const suites = ['schemas', 'libs/*', 'services/*', 'infra'];

export default defineConfig({
  test: {
    projects: [
      {
        ...source,
        test: {
          name: 'unit',
          include: suites.map((dir) => `${dir}/test/**/*.test.ts`),
          exclude: ['**/*.system.test.ts', '**/node_modules/**'],
          // For a hang, not for speed: any test may run on a busy machine.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        ...source,
        test: {
          name: 'system',
          include: suites.map((dir) => `${dir}/test/**/*.system.test.ts`),
          // One real broker, registry and Redis are shared by these: one file at a time on a small machine.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
