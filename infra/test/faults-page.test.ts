/** docs/reliability.md tells of every fault, and a result is told as what it is. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { FAULTS } from '../faults/faults/index.mjs';
import { pageWith, rowOf } from '../faults/page.mjs';
import type { Result } from '../faults/report.mjs';
import { countsOf, isWell, tableOf } from '../faults/report.mjs';

const page = readFileSync(fileURLToPath(new URL('../../docs/reliability.md', import.meta.url)), 'utf8');

const [fault] = FAULTS as [(typeof FAULTS)[number]];
const well: Result = {
  fault,
  struck: { times: 1, inFlight: 12_345, seconds: 3.21, rate: 10_500 },
  findings: [],
  same: 7,
  published: 100,
  notes: [],
  tookSeconds: 9,
};

test('every fault has a name of its own and stands in the page', () => {
  expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
  const missing = FAULTS.filter(({ name }) => !page.includes(`\`${name}\``)).map(({ name }) => name);
  expect(missing, 'run `npm run faults -- --page`').toEqual([]);
});

test('a run is well only with nothing found, nothing noted, something compared, and in time', () => {
  expect(isWell(well)).toBe(true);
  expect(isWell({ ...well, findings: [{ fault: 'lost', where: 'x', detail: '' }] })).toBe(false);
  expect(isWell({ ...well, notes: ['it threw'] })).toBe(false);
  expect(isWell({ ...well, same: 0 })).toBe(false);
  expect(isWell({ ...well, struck: null })).toBe(false);
  expect(isWell({ ...well, struck: { times: 0, inFlight: 0, seconds: 0, rate: 0 } })).toBe(false);
  const late = fault.boundSeconds + 0.1;
  expect(isWell({ ...well, struck: { times: 1, inFlight: 1, seconds: late, rate: 10_000 } })).toBe(false);
});

test('findings are counted in the columns that they belong to', () => {
  const findings = (['lost', 'gap', 'surplus', 'different', 'disordered', 'duplicated'] as const).map((one) => ({
    fault: one,
    where: 'x',
    detail: '',
  }));
  expect(countsOf({ ...well, findings })).toEqual({ lost: 2, wrong: 3, duplicated: 1 });
});

test('table and page show the figures, and what failed', () => {
  const bad: Result = { ...well, findings: [{ fault: 'duplicated', where: 'x', detail: '' }] };
  expect(tableOf([well])).toMatch(/ 1 +12,345 +0 +0 +0 +3\.2 /);
  expect(tableOf([bad])).toContain('FAILED');
  expect(rowOf(well)).toMatch(/^\| `[a-z-]+` \|.*12,345.*\| held \|/);
  expect(rowOf(bad)).toContain('did not hold');
});

test('a run replaces its own rows and leaves the rest', () => {
  const empty = 'above\n<!-- begin faults: written by npm run faults -- --page -->\n<!-- end faults -->\nbelow\n';
  const [, second] = FAULTS as [(typeof FAULTS)[number], (typeof FAULTS)[number]];
  expect(pageWith(empty, [], FAULTS)).toMatch(/^\| `.*not run yet/m);
  const both = pageWith(pageWith(empty, [{ ...well, fault: second }], FAULTS), [well], FAULTS);
  expect(both.indexOf(`\`${fault.name}\``)).toBeLessThan(both.indexOf(`\`${second.name}\``));
  expect(both).toMatch(/^above\n[^]*below\n$/);
  expect(pageWith(both, [well], FAULTS)).toBe(both);
  expect(() => pageWith('no marks', [well], FAULTS)).toThrow('marks');
});
