import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { DEFAULT_SETTINGS, recordJson } from '@callfold/core';
import { createOfflineFold, fileRules } from '@callfold/engine';
import { createNdjsonReader } from '@callfold/sources';
import { describe, expect, test } from 'vitest';

/**
 * Golden histories: what an earlier version made of these events. Files are only added, under a new version in the name; a
 * new one without records gets them once, by WRITE_HISTORIES=1, to be read before they are committed.
 */

const DIR = new URL('histories/', import.meta.url);
const EVENTS = '.events.ndjson';
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function foldedLines(events: Uint8Array): string[] {
  const reader = createNdjsonReader({ decodeUtf8: (bytes) => decoder.decode(bytes) });
  const offline = createOfflineFold(fileRules(DEFAULT_SETTINGS));
  const records = [...reader.push(events), ...reader.end()].flatMap((line) => {
    if (!('event' in line)) throw new Error(`line ${line.line} is refused: ${line.rejection.reason}`);
    return offline.push(line.event).records;
  });
  return [...records, ...offline.end()].map((record) => JSON.stringify(recordJson(record)));
}

describe('golden histories', () => {
  const names = readdirSync(DIR).filter((name) => name.endsWith(EVENTS));

  test('there is one of every source, with a version in its name', () => {
    for (const name of names)
      expect(name).toMatch(/^(callcenter24|atlas|chatterfy|vonage)-[a-z-]+-v\d+\.events\.ndjson$/);
    expect(new Set(names.map((name) => name.split('-')[0])).size).toBe(4);
  });

  test.each(names)('%s gives the records it always gave', (name) => {
    const records = new URL(name.replace(EVENTS, '.records.ndjson'), DIR);
    const lines = foldedLines(readFileSync(new URL(name, DIR)));
    if (!existsSync(records) && process.env['WRITE_HISTORIES'] === '1') writeFileSync(records, `${lines.join('\n')}\n`);
    expect(lines).toEqual(readFileSync(records, 'utf8').trimEnd().split('\n'));
  });
});
