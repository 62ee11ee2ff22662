/** The audit passes, fails, or says that it could not be made: never one for another. */

import { expect, test } from 'vitest';
import { auditResult } from './audit.mjs';

const counts = (high: number, critical = 0) => ({ info: 0, low: 3, moderate: 1, high, critical });
const said = (value: object): string => JSON.stringify(value);

test('nothing high passes, lower ones are let be', () => {
  const text = said({ vulnerabilities: {}, metadata: { vulnerabilities: counts(0) } });
  expect(auditResult(text, 0, '')).toMatchObject({ passed: 1, failed: 0, skipped: 0 });
});

test('a finding fails, and names the package', () => {
  const text = said({ vulnerabilities: { 'left-pad': {} }, metadata: { vulnerabilities: counts(0, 1) } });
  const { failed, notes } = auditResult(text, 1, '');
  expect(failed).toBe(1);
  expect(notes[0]).toContain('left-pad');
});

test('a registry without audits is said, and counted as skipped', () => {
  const text = said({
    message: '405 Method Not Allowed',
    uri: 'https://r/-/npm/v1/security/advisories/bulk',
    statusCode: 405,
  });
  const { passed, failed, skipped, notes } = auditResult(text, 1, '');
  expect([passed, failed, skipped]).toEqual([0, 0, 1]);
  expect(notes[0]).toContain('NOT CHECKED');
});

test.each([
  ['no JSON', 'npm ERR!', 1],
  ['a registry that is broken', said({ message: 'x', uri: 'https://r/advisories/bulk', statusCode: 500 }), 1],
  ['no answer in time', '', null],
])('%s is a failure', (_name, text, code) => {
  expect(auditResult(text, code, 'ended')).toMatchObject({ passed: 0, failed: 1, skipped: 0 });
});
