import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { currentSchemas, frozenSchemas } from '../generate.mjs';
import type { Topic } from '../src/index.ts';
import { FROZEN } from '../src/index.ts';

/** What other versions read is in avro-compatibility.test.ts, in the adapters: Avro itself is known only there. */

const HERE = dirname(fileURLToPath(import.meta.url));

/** Less what changes no byte of a record. */
const bare = (schema: unknown): unknown =>
  JSON.parse(
    JSON.stringify(schema, (key, value: unknown) => (key === 'doc' || key === 'callfold.values' ? undefined : value)),
  );

describe.each(currentSchemas())('$topic', ({ topic, schema }) => {
  const versions = frozenSchemas(topic);

  test('its newest frozen version is the current one', () => {
    const message = `${topic} changed: \`npm run freeze -w schemas\` freezes the next version; commit what it writes`;
    expect(bare(versions.at(-1)?.schema), message).toEqual(bare(schema));
  });

  test('its versions count up from 1 and are all known to the code', () => {
    expect(versions.map(({ version }) => version)).toEqual(versions.map((_, i) => i + 1));
    expect(FROZEN[topic as Topic]).toEqual(versions.map((one) => bare(one.schema)));
  });
});

const git = (...args: string[]): string => execFileSync('git', args, { cwd: HERE, encoding: 'utf8' }).trim();

function releases(): string[] {
  try {
    return git('tag', '--list', 'v*').split('\n').filter(Boolean);
  } catch {
    console.warn('no git history here: that shipped frozen schemas are unchanged was not checked');
    return [];
  }
}

/** Paths under `frozen/` that a release shipped and that are changed or gone here. */
function editedSince(release: string): string[] {
  return git('diff', '--name-only', '--diff-filter=MDR', release, '--', '../frozen').split('\n').filter(Boolean);
}

test('what a release shipped as frozen is never edited', () => {
  for (const release of releases()) {
    const message = `shipped with ${release} and edited since: put it back, and run \`npm run freeze -w schemas\``;
    expect(editedSince(release), message).toEqual([]);
  }
  // Until the first release: that there is something to keep.
  expect(readFileSync(frozenSchemas('callfold.call-outcomes')[0]!.path, 'utf8')).toContain('"CallOutcome"');
});
