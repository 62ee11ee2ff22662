/** docs/observability.md, the alert rules and the dashboard name what the services export and log, and nothing else. */

import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLogger, createMetrics, createMetricSet, gaugeReplicas, systemClock } from '@callfold/adapters';
import { readConfig } from '@callfold/adapters/config';
import type { EngineEvent, PartitionStatus } from '@callfold/engine';
import { start as startConsole } from '@callfold/console';
import { start as startGateway } from '@callfold/gateway';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../contracts/generate.mjs';
import { isSource } from './tidy/tree.ts';

const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const ALERTS = 'infra/observability/alerts.yml';
const PAGE = textOf('docs/observability.md');

/** The table below a heading: its rows' cells, names without their backticks. */
function tableUnder(heading: string): string[][] {
  const [, part = ''] = PAGE.split(`## ${heading}\n`);
  const rows = part.split('\n## ')[0]?.split('\n') ?? [];
  return rows
    .filter((row) => /^\| `(callfold_|[a-z-]+`)/.test(row))
    .map((row) => row.split('|').map((cell) => cell.trim()))
    .map(([, name = '', ...cells]) => [name.replaceAll('`', ''), ...cells]);
}

const AT = { topic: 'callfold.raw.atlas', partition: 0 };
const STATUS: PartitionStatus = {
  at: AT,
  epoch: 1,
  position: 1,
  committed: 1,
  end: 2,
  clock: 0,
  nextDue: null,
  waiting: 0,
  waitingMs: null,
  lagMs: 0,
  refused: null,
  away: null,
  stalled: null,
  progressAt: 0,
};
const FIGURES = { oldestAppendedAt: 0, lateness: { counts: [1], sumMs: 1 }, causes: [] };
const EVENTS: readonly EngineEvent[] = [
  {
    name: 'batch-committed',
    at: AT,
    records: 1,
    changed: 1,
    derived: 1,
    position: 1,
    end: 1,
    clock: 0,
    begunAt: 0,
    corrections: { 'callfold.call-outcomes': 1 },
    ...FIGURES,
  },
  { name: 'records-sent', at: AT, records: 1, waiting: 0, oldestAppendedAt: 0 },
  { name: 'partition-fenced', at: AT },
  { name: 'partition-moved', at: AT },
  { name: 'partition-stalled', at: AT, waitsFor: 'records', forMs: 1, message: null },
  { name: 'infrastructure-away', at: AT, doing: 'reading', message: '', attempt: 1 },
  { name: 'ticked', at: AT },
];

type Exported = { readonly type: string; readonly labels: ReadonlySet<string> };

/** The pages of an engine's service, of the gateway and of the console, with one of everything. */
async function pages(): Promise<string[]> {
  const engine = createMetrics('outcomes', () => [STATUS]);
  for (const event of EVENTS) engine.observer(event);
  gaugeReplicas(engine.set, async () => [{ where: 'Redis at r:6379', replicas: 1 }]);
  await new Promise(setImmediate);
  const metrics = createMetricSet('gateway');
  const logger = createLogger('silent', 'gateway');
  startGateway(readConfig({}), { log: () => null, logger, metrics, now: Date.now });
  const board = createMetricSet('console');
  const utc = { name: 'UTC', dayOf: () => ({ date: '1970-01-01', start: 0, end: 86_400_000, hours: [] }) };
  startConsole(readConfig({}), { clock: systemClock, logger, metrics: board, zoneOf: () => utc });
  return [await engine.text(), await metrics.text(), await board.text()];
}

const LABELS_OF_HISTOGRAMS = ['le'];

function exportedIn(texts: readonly string[]): Map<string, Exported> {
  const types = new Map<string, string>();
  const labels = new Map<string, Set<string>>();
  for (const line of texts.flatMap((text) => text.split('\n'))) {
    const [, typed = '', type = ''] = /^# TYPE (callfold_\w+) (\w+)$/.exec(line) ?? [];
    if (typed !== '') types.set(typed, type);
    const [, sample = '', given = ''] = /^(callfold_\w+)\{(.*)\} /.exec(line) ?? [];
    if (sample === '') continue;
    const name = types.has(sample) ? sample : sample.replace(/_(bucket|sum|count)$/, '');
    const known = labels.get(name) ?? new Set<string>();
    for (const [, label = ''] of given.matchAll(/(\w+)="/g)) known.add(label);
    labels.set(name, known);
  }
  return new Map([...types].map(([name, type]) => [name, { type, labels: labels.get(name) ?? new Set() }]));
}

let texts: string[] = [];
let exported = new Map<string, Exported>();
beforeAll(async () => {
  texts = await pages();
  exported = exportedIn(texts);
});

/** What gateway and console count has labels only once it has counted. */
const isOfHttp = (name: string): boolean => /^callfold_(gateway|console)_/.test(name);

/** Every series that a text of PromQL names, by the metric it belongs to. */
function metricsIn(text: string): string[] {
  const names = [...text.matchAll(/\bcallfold_\w+/g)].map(([name]) => name);
  return names.map((name) => {
    const base = name.replace(/_(bucket|sum|count)$/, '');
    return exported.get(base)?.type === 'histogram' ? base : name;
  });
}

type Rule = {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook: string };
};
const rules = (parse(textOf(ALERTS)) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);
type RuleTest = {
  readonly input_series: readonly { readonly series: string }[];
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
};
const ruleTests = (parse(textOf('infra/observability/alerts-test.yml')) as { tests: RuleTest[] }).tests;

describe('metrics', () => {
  test('the table has all of them, and no other', () => {
    expect(tableUnder('Metrics').map(([name]) => name)).toEqual(expect.arrayContaining([...exported.keys()]));
    expect(tableUnder('Metrics')).toHaveLength(exported.size);
  });

  test('the table names their labels', () => {
    const labelsOf = (name: string) =>
      [...(exported.get(name)?.labels ?? [])].filter((one) => one !== 'service' && one !== 'le');
    const toldIn = (cell: string) => [...cell.matchAll(/`(\w+)`/g)].map(([, one]) => one);
    const rows = tableUnder('Metrics').filter(([name = '']) => !isOfHttp(name));
    const told = rows.map(([name, , cell = '']) => [
      name,
      new Set(cell === 'partitions' ? ['topic', 'partition'] : toldIn(cell)),
    ]);
    expect(told).toEqual(rows.map(([name = '']) => [name, new Set(labelsOf(name))]));
  });

  test('names end in what they count or measure', () => {
    const endings = { counter: /_total$/, histogram: /_seconds$/, gauge: /[a-z]$/ };
    const odd = [...exported].filter(([name, { type }]) => !endings[type as keyof typeof endings].test(name));
    expect(odd).toEqual([]);
  });
});

describe('alerts and dashboard', () => {
  test.each([ALERTS, 'infra/observability/dashboard.json'])('%s names metrics that are exported', (path) => {
    const named = new Set(metricsIn(textOf(path)));
    expect(named.size).toBeGreaterThan(10);
    for (const name of named) expect([...exported.keys()], `${name} of ${path}`).toContain(name);
  });

  test('each alert has a severity, and a section of its own in the runbook', () => {
    const sections = [...textOf('docs/runbooks/alerts.md').matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
    expect(new Set(sections)).toEqual(new Set(rules.map(({ alert }) => alert)));
    expect(sections).toHaveLength(rules.length);
    for (const { alert, labels, annotations } of rules) {
      expect(['page', 'ticket'], alert).toContain(labels.severity);
      expect(annotations.runbook).toBe(`docs/runbooks/alerts.md#${alert.toLowerCase()}`);
    }
  });

  test('each alert fires in a test of its own, on series that the services export', () => {
    const fired = new Set(
      ruleTests.flatMap((one) =>
        one.alert_rule_test.filter(({ exp_alerts: expected }) => expected.length > 0).map((two) => two.alertname),
      ),
    );
    expect(fired).toEqual(new Set(rules.map(({ alert }) => alert)));
    for (const { series } of ruleTests.flatMap((one) => one.input_series)) {
      const [name = ''] = metricsIn(series);
      const labels = [...series.matchAll(/(\w+)="/g)].map(([, label = '']) => label);
      const known = [...(exported.get(name)?.labels ?? []), 'instance', ...LABELS_OF_HISTOGRAMS];
      for (const label of labels) if (!isOfHttp(name)) expect(known, series).toContain(label);
      expect(labels, series).toContain('service');
    }
  });
});

describe('log events', () => {
  const sources = (): string[] =>
    ['libs', 'services'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .map((path) => `${folder}/${path}`)
        .filter((path) => isSource(path) && path.endsWith('.ts')),
    );

  /** By name the levels at which it is written, as the sources have it. */
  function eventsInSources(): Map<string, Set<string>> {
    const found = new Map<string, Set<string>>();
    const add = (name: string, level: string) => found.set(name, (found.get(name) ?? new Set()).add(level));
    for (const file of sources()) {
      for (const [, level, name = ''] of textOf(file).matchAll(/(?:logger\.(\w+)\()?\{\s*event: '([\w-]+)'/g))
        add(name, level ?? 'any');
    }
    const observer = textOf('libs/adapters/src/ops/observer.ts').split('LEVELS')[1]?.split('};')[0] ?? '';
    for (const [, name = '', level = ''] of observer.matchAll(/^ {2}'?([\w-]+)'?: '(\w+)',$/gm)) add(name, level);
    return found;
  }

  test('the table has all of them with their levels, and no other', () => {
    const events = eventsInSources();
    expect(events.size).toBeGreaterThan(25);
    const table = new Map(tableUnder('Log events').map(([name = '', level = '']) => [name, level]));
    expect(new Set(table.keys())).toEqual(new Set(events.keys()));
    for (const [name, levels] of events)
      for (const level of levels) expect(table.get(name), `the level of ${name}`).toContain(level);
  });
});

const why = spawnSync('promtool', ['--version']).error ? 'promtool is not here (Debian, Ubuntu: prometheus)' : null;
if (why) process.stderr.write(`!!! NOT RUN: the alert rules were read by nobody. ${why}\n`);

test('promtool is there in CI', () => {
  expect(process.env['CI'] === 'true' ? why : null).toBeNull();
});

// Where there is no promtool, because Prometheus is no part that callfold itself needs.
describe.skipIf(why !== null)('promtool', () => {
  const promtool = (args: readonly string[], input?: string): string =>
    execFileSync('promtool', args, { cwd: ROOT, encoding: 'utf8', input, stdio: 'pipe' });

  test('takes the rules', () => {
    expect(promtool(['check', 'rules', ALERTS])).toContain(`${rules.length} rules found`);
  });

  test('lets each of them fire, and not before', () => {
    expect(promtool(['test', 'rules', 'infra/observability/alerts-test.yml'])).toContain('SUCCESS');
  });

  test('reads the pages of metrics, and has nothing against their names', () => {
    for (const text of texts) {
      const own = text.split(/\n(?=# HELP )/).filter((block) => block.startsWith('# HELP callfold_'));
      expect(promtool(['check', 'metrics'], `${own.join('\n').trimEnd()}\n`)).toBe('');
    }
  });
});
