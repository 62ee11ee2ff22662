/** What README.md starts side by side can run side by side. */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

test('services that one block starts have each a port of its own', () => {
  const blocks = [...readme.matchAll(/```sh\n([^]*?)```/g)].map(([, code = '']) => code);
  const ports = blocks.map((code) =>
    [...code.matchAll(/(?:CALLFOLD_HTTP_PORT=(\d+) )?npx callfold serve \w+/g)].map(([, port = '8080']) => port),
  );
  const together = ports.filter(({ length }) => length > 1);
  expect(together.length).toBeGreaterThan(0);
  for (const some of together) expect(new Set(some).size, some.join(' ')).toBe(some.length);
});
