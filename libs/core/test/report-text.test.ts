import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ReportOptions } from '../src/index.ts';
import { FORMULAS, formulasMarkdown, openReport, reportText, SOURCES } from '../src/index.ts';
import { aiCall, call, episode, handoff, HOUR, lost, NOON, offer, stay } from './report-records.ts';
import { UTC } from './report-zones.ts';

/** Something of everything, so that no figure is without a value. */
const RECORDS = [
  call('a'),
  call('b', { agents: [{ agent: 'Dr. J. Day', joinedAt: NOON, leftAt: null }] }),
  lost('c', 'abandoned', 3),
  lost('d', 'missed', 9, { tenantId: 'other' }),
  offer('a', 'Ada'),
  aiCall('e', { fault: 'agent' }),
  episode('f'),
  handoff('f'),
  stay('x', 'Busy', NOON, NOON + HOUR),
  stay('x', 'Ready', NOON + HOUR, null),
];

const OPTIONS: ReportOptions = {
  zone: UTC,
  from: null,
  to: null,
  openUntil: null,
  tenants: [],
  sources: [],
  thresholdsSeconds: [20, 2.5],
  by: [],
};

function figuresOf(options: Partial<ReportOptions> = {}) {
  const report = openReport({ ...OPTIONS, ...options });
  for (const record of RECORDS) report.add(record);
  return report.figures();
}

/** Paths of single values as the list of formulas has them: names that records bring stand for any. */
function pathsOf(value: unknown, formulas: readonly string[], parts: readonly string[] = []): string[] {
  const matches = (formula: string): boolean =>
    formula.split('.').every((part, index) => part.startsWith('<') || part === parts[index]);
  const known = formulas.find((formula) => formula.split('.').length === parts.length && matches(formula));
  if (known !== undefined) return [known];
  if (typeof value !== 'object' || value === null) return [`not listed: ${parts.join('.')}`];
  return Object.entries(value).flatMap(([name, one]) => pathsOf(one, formulas, [...parts, name]));
}

describe.each(SOURCES)('%s', (source) => {
  const formulas = FORMULAS[source].map(([figure]) => figure);
  const figures = figuresOf()[source];

  test('every figure has a formula, and every formula a figure', () => {
    expect(new Set(pathsOf(figures, formulas))).toEqual(new Set(formulas));
  });

  test('docs/report.md has the table of the code', () => {
    const page = readFileSync(new URL('../../../docs/report.md', import.meta.url), 'utf8');
    expect(page, `renew it: the table of ${source} is\n${formulasMarkdown(source)}\n`).toContain(
      formulasMarkdown(source),
    );
  });

  test('the text gives every formula', () => {
    const text = reportText(figuresOf());
    for (const [, formula] of FORMULAS[source]) expect(text).toContain(`= ${formula}`);
  });
});

test('values stand in the text to the digit, names as they are', () => {
  const lines = reportText(figuresOf())
    .split('\n')
    .map((line) => line.replaceAll(/\s+/g, ' ').trim());
  expect(lines).toContain('Figures of 10 records, the first to the last; days and hours of UTC.');
  expect(lines).toContain('Stays of agents that have no end have their time left out.');
  expect(lines).toContain('outcomes.answered 2 = calls with that outcome');
  expect(lines).toContain('serviceLevelPercent.2.5.ofAnswered 0 = 100 * answered within T s / answered');
  expect(lines).toContain('serviceLevelPercent.20.ofOffered 50 = 100 * answered within T s / offered');
  expect(lines).toContain('Dr. J. Day 1 70000');
  expect(lines).toContain('12 4 2 1');
  expect(lines).toContain('2025-03-30 24 3600000 100');
});

test('groups have a line each, with the figures that are compared most', () => {
  const text = reportText(figuresOf({ by: ['tenant'] }));
  const lines = text.split('\n').map((line) => line.replaceAll(/\s+/g, ' ').trim());
  const at = lines.indexOf('CallCenter24: calls and offers, by tenant');
  expect(lines[at + 1]).toMatch(/^tenant offered outcomes\.answered outcomes\.abandoned shortAbandoned /);
  expect(lines[at + 2]).toMatch(/^default 3 2 1 1 0 0 10 60 33.3333 /);
  expect(lines[at + 3]).toMatch(/^other 1 0 0 0 1 0 - - 0 0 0 0 0$/);
});

test('range and open stays are said', () => {
  const text = reportText(figuresOf({ from: NOON, to: NOON + HOUR, openUntil: NOON + HOUR }));
  expect(text).toContain('2025-03-30T12:00:00.000Z to 2025-03-30T13:00:00.000Z');
  expect(text).toContain('no end count up to 2025-03-30T13:00:00.000Z');
});

test('of nothing there is a text too', () => {
  const report = openReport(OPTIONS);
  expect(reportText(report.figures())).toContain('Figures of 0 records');
});
