import { describe, expect, it } from 'vitest';
import { fitted } from '../src/screen.ts';

const row = (line: string) => ({ line, isTable: true });
const words = (line: string) => ({ line, isTable: false });

describe('a narrow screen', () => {
  it('cuts rows of a table, and shows that it did', () => {
    expect(fitted([row('ROLE  TOPIC'), row('')], 11)).toEqual(['ROLE  TOPIC', '']);
    expect(fitted([row('ROLE  TOPIC  LAG')], 11)).toEqual(['ROLE  TOPI\u2026']);
  });

  it('has what is said in words whole, between two words where there are some', () => {
    const said = 'projector x/0: nobody folds it. Start one: `callfold serve projector`';
    const lines = fitted([words(said)], 24);
    expect(lines.every((line) => line.length <= 24)).toBe(true);
    expect(lines.join(' ')).toBe(said);
    expect(fitted([words('abcdefghij')], 4)).toEqual(['abcd', 'efgh', 'ij']);
    expect(fitted([words('ab cdefghij')], 4)).toEqual(['ab', 'cdef', 'ghij']);
  });
});
