import { readFileSync } from 'node:fs';
import { FORMULAS, SOURCES } from '@callfold/core';
import { describe, expect, test } from 'vitest';
import { candidates, examplesIn, expectationsIn, fieldOf, foldExample } from './outcomes-examples.ts';

/** The examples of docs/report.md are folded and counted, and every figure stands in one. Its tables: libs/core. */

const examples = examplesIn(readFileSync(new URL('../../docs/report.md', import.meta.url), 'utf8'));

describe.each(examples.map((example) => [example.source, example] as const))('the example of %s', (source, example) => {
  const folded = foldExample(example);
  const expectations = expectationsIn(example);

  test.each(expectations.map((one) => [one.text, one] as const))('%s', (_text, one) => {
    const [figures] = candidates(one, folded);
    const given = [...one.fields.keys()].map((name): [string, string] => [name, fieldOf(figures ?? {}, name)]);
    expect(Object.fromEntries(given)).toEqual(Object.fromEntries(one.fields));
  });

  const stated = expectations.flatMap(({ fields }) => [...fields.keys()]);
  const figures = FORMULAS[source as keyof typeof FORMULAS].map(([figure]) => figure);

  test.each(figures)('says %s', (figure) => {
    const parts = figure.split('.');
    const matches = (name: string): boolean =>
      parts.every((part, at) => part.startsWith('<') || part === name.split('.')[at]);
    expect(stated.some(matches), figure).toBe(true);
  });
});

test('every source has an example', () => {
  expect(new Set(examples.map(({ source }) => source))).toEqual(new Set(SOURCES));
});
