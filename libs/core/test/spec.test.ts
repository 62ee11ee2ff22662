import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runCase } from './spec.ts';
import { casesIn } from './spec-text.ts';

const folder = new URL('cases/', import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith('.txt'));

describe.each(files)('%s', (file) => {
  const cases = casesIn(file, readFileSync(new URL(file, folder), 'utf8'));
  test.each(cases.map((one) => [one.name, one] as const))('%s', (_, one) => {
    const findings = runCase(one);
    const where = `libs/core/test/cases/${one.file}:${one.line}`;
    expect(findings.length, `${where} expects nothing`).toBeGreaterThan(0);
    expect(
      findings.map(({ actual }) => actual),
      where,
    ).toEqual(findings.map(({ expected }) => expected));
  });
});
