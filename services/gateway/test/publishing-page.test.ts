/** docs/publishing.md: its curls run as they stand, and become what the page says; its settings are taken. */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Source } from '@callfold/core';
import { DEFAULT_SETTINGS, isRejection, SOURCES } from '@callfold/core';
import { createOfflineFold, fileRules } from '@callfold/engine';
import { readFields } from '@callfold/sources';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readHooks } from '../src/hook-settings.ts';
import { readKeys } from '../src/keys.ts';
import type { TestGateway } from './gateway-harness.ts';
import { openGateway } from './gateway-harness.ts';

const page = readFileSync(new URL('../../../docs/publishing.md', import.meta.url), 'utf8');
const sections = page.split(/^### /m).slice(1);
const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map((match) => match[1] ?? '');

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await openGateway();
});
afterAll(() => gateway.close());

/** `kind word` of each record that the events of one source become, the last revision counts. */
function becomes(source: Source): Set<string> {
  const fold = createOfflineFold(fileRules(DEFAULT_SETTINGS));
  const records = gateway.records(source).flatMap((fields) => {
    const raw = readFields(source, fields);
    if (isRejection(raw)) throw new Error(raw.reason);
    return fold.push(raw).records;
  });
  return new Set(
    [...records, ...fold.end()].map((record) => {
      const word =
        'outcome' in record
          ? record.outcome
          : 'result' in record
            ? record.result
            : 'state' in record
              ? record.state
              : '';
      return `${record.kind} ${word}`.trim();
    }),
  );
}

describe('the curls', () => {
  const curls = sections.flatMap((section) =>
    blocks(section, 'sh').map((script) => ({ title: section.split('\n')[0] ?? '', script })),
  );

  test('there is one for each of the four sources, and one for CloudEvents', () => {
    for (const source of SOURCES)
      expect(curls.some(({ script }) => script.includes(`"source":"${source}"`))).toBe(true);
    expect(curls.length).toBeGreaterThan(4);
  });

  test.each(curls)('$title', async ({ script }) => {
    const here = script.replaceAll('http://127.0.0.1:8080', gateway.url);
    expect(here).not.toBe(script);
    const { stdout } = await promisify(execFile)('bash', ['-ec', here.replace('curl ', 'curl -sS --max-time 20 ')]);
    expect(JSON.parse(stdout)).toMatchObject({ refused: 0 });
    expect((JSON.parse(stdout) as { accepted: number }).accepted).toBeGreaterThan(0);
  });

  test('become what the page says of them', () => {
    const said: Readonly<Record<Source, readonly string[]>> = {
      callcenter24: ['call-outcome answered', 'agent-offer answered'],
      atlas: ['call-outcome answered', 'call-outcome not-connected'],
      chatterfy: ['chat-outcome completed', 'chat-handoff'],
      vonage: ['agent-interval Ready', 'agent-interval Busy'],
    };
    for (const source of SOURCES) {
      expect(becomes(source)).toEqual(new Set(said[source]));
      for (const words of said[source])
        for (const word of words.split(' ')) expect(page, word).toContain(`\`${word}\``);
    }
  });
});

test('the settings that it shows are taken', () => {
  const [keys = '', hooks = ''] = blocks(page, 'json');
  expect(readKeys(keys, 1).secrets).toHaveLength(3);
  // Its secrets stand in files that are not here.
  const own = hooks.replace(/"secretFiles": \[.*\]/, '"secrets": ["a", "b"]');
  expect(readHooks(own)).toMatchObject([{ source: 'atlas', tenantId: 'acme', secrets: ['a', 'b'] }]);
});
