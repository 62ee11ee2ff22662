import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '@callfold/adapters';
import type { DerivedRecord, ReportFigures } from '@callfold/core';
import { recordJson } from '@callfold/core';
import { Refused } from '@callfold/engine';
import { Command, CommanderError } from 'commander';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { aiCall, call, HOUR, lost, NOON, stay } from '../../../libs/core/test/report-records.ts';
import type { Context, Exit } from '../src/command.ts';
import { EXIT, WrongArgument } from '../src/command.ts';
import { dev } from '../src/commands/dev.ts';
import type { ReportCommandOptions } from '../src/commands/report-options.ts';
import { withReportOptions } from '../src/commands/report-options.ts';
import { reportCommand } from '../src/commands/report.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'callfold-report-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

type Ran = { readonly exit: Exit; readonly out: string; readonly said: string };

function contextOf(env: Record<string, string>, json: boolean, texts: { out: string; said: string }): Context {
  return {
    config: readConfig(env),
    out: (text) => void (texts.out += text),
    say: (text) => void (texts.said += `${text}\n`),
    json,
    stop: { requested: false, wanted: new Promise(() => undefined) },
  };
}

/** The command as the shell gives it, in this process. */
async function report(args: readonly string[], { env = {}, json = true } = {}): Promise<Ran> {
  const texts = { out: '', said: '' };
  let exit: Exit = EXIT.failed;
  const command = withReportOptions(new Command('report')).argument('[file...]').exitOverride();
  command.configureOutput({ writeErr: (text) => (texts.said += text) });
  command.action(async (files: string[], options: ReportCommandOptions) => {
    exit = await reportCommand(files, options, contextOf(env, json, texts));
  });
  await command.parseAsync([...args], { from: 'user' });
  return { exit, ...texts };
}

function file(name: string, lines: readonly (DerivedRecord | string)[]): string {
  const path = join(dir, name);
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(recordJson(line))));
  writeFileSync(path, `${text.join('\n')}\n`);
  return path;
}

const figuresOf = ({ out }: Ran): ReportFigures => JSON.parse(out) as ReportFigures;

describe('of files', () => {
  test('one row a record over all files, the highest revision, wherever it stands', async () => {
    const newer = file('newer.ndjson', [lost('a', 'missed', 9, { revision: 2, correctionOf: 'answered' }), call('b')]);
    const older = file('older.ndjson', [call('a'), call('b')]);
    const { exit, out, said } = await report([newer, older]);
    expect(exit).toBe(EXIT.done);
    expect(JSON.parse(out)).toMatchObject({
      records: 2,
      zone: 'UTC',
      thresholdsSeconds: [20, 30, 60],
      callcenter24: { calls: 2, outcomes: { answered: 1, missed: 1 } },
    });
    expect(said).toBe('4 lines read, 0 refused, 2 left out for a later revision\n');
    expect((await report([older, newer])).out).toBe(out);
  });

  test('files of different folds are told apart', async () => {
    const { said } = await report([file('one.ndjson', [call('a')]), file('two.ndjson', [lost('a', 'missed', 9)])]);
    expect(said).toContain('1 records stand there twice with one revision and different content');
  });

  test('options: range, tenant, source, groups, zone, thresholds, as lists and repeated', async () => {
    const records = [
      call('a', { queuedAt: NOON - 12 * HOUR }),
      call('b', { tenantId: 'other' }),
      call('c', { queuedAt: NOON + 10 * HOUR - 1 }),
      call('d', { queuedAt: NOON + 10 * HOUR }),
      aiCall('e'),
      stay('x', 'Ready', NOON, null),
    ];
    const range = ['--from', '2025-03-30T00:00:00+01:00', '--to', '2025-03-31T00:00:00+02:00'];
    const groups = [
      '--by',
      'tenant',
      '--by',
      'day,tenant',
      '--source',
      'callcenter24,vonage',
      '--zone',
      'europe/berlin',
    ];
    const thresholds = ['--threshold', '5', '--threshold', '10,2.5'];
    const ran = await report([...range, ...groups, ...thresholds, file('options.ndjson', records)]);
    const figures = figuresOf(ran);
    expect(figures).toMatchObject({
      from: '2025-03-29T23:00:00.000Z',
      to: '2025-03-30T22:00:00.000Z',
      zone: 'Europe/Berlin',
      thresholdsSeconds: [5, 10, 2.5],
      by: ['tenant', 'day'],
      openIntervalsUntil: '2025-03-30T22:00:00.000Z',
      vonage: { timeMs: { Ready: 10 * HOUR }, report: { byDay: { '2025-03-30': { hours: 23 } } } },
    });
    expect(figures.groups.map(({ key, callcenter24 }) => [key, callcenter24?.calls])).toEqual([
      [{ tenant: 'default', day: '2025-03-30' }, 2],
      [{ tenant: 'other', day: '2025-03-30' }, 1],
    ]);
    expect(Object.keys(figures.callcenter24?.report.serviceLevelPercent ?? {})).toEqual(['5', '10', '2.5']);
    expect(figures.atlas).toBeUndefined();
    const others = await report(['--tenant', 'other', file('tenants.ndjson', records)]);
    expect(figuresOf(others).records).toBe(1);
  });

  test('open stays never count into the future', async () => {
    const start = Date.now() - HOUR;
    const path = file('open.ndjson', [stay('x', 'Ready', start, null)]);
    const { vonage } = figuresOf(await report([path, '--to', '2100-01-01T00:00:00Z']));
    expect(vonage?.timeMs['Ready']).toBeGreaterThanOrEqual(HOUR);
    expect(vonage?.timeMs['Ready']).toBeLessThan(2 * HOUR);
  });

  test('without --json a text', async () => {
    const { out } = await report([file('text.ndjson', [call('a')])], { json: false });
    expect(out).toMatch(/^Figures of 1 records, .*\n\nCallCenter24: calls and offers\n {2}calls +1 +=/);
  });

  test('refused lines are counted, kept where asked for, and leave the exit code 0 unless --strict', async () => {
    const path = file('mixed.ndjson', [call('a'), '{"kind":"call-outcome"}', 'nonsense', '']);
    const rejects = join(dir, 'rejects.ndjson');
    const lenient = await report([path, '--rejects', rejects]);
    expect([lenient.exit, figuresOf(lenient).records]).toEqual([EXIT.done, 1]);
    expect(lenient.said).toContain('3 lines read, 2 refused');
    const kept = readFileSync(rejects, 'utf8').trim().split('\n');
    expect(kept.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { line: 2, code: 'bad-field' },
      { line: 3, code: 'not-json' },
    ]);
    expect((await report([path, '--strict'])).exit).toBe(EXIT.failed);
  });

  test('raw events are named as what they are, and a file of them is a failure', async () => {
    const event = { source: 'atlas', callId: 'a', occurredAt: '2025-03-30T12:00:00Z', status: 'Voicemail' };
    const ran = await report([file('raw.ndjson', [JSON.stringify(event)])]);
    expect(ran.exit).toBe(EXIT.failed);
    expect(ran.said).toContain('this is a raw event, `callfold fold` makes records of it');
  });

  test('an empty file has no figures, and that is no failure', async () => {
    const ran = await report([file('empty.ndjson', [])]);
    expect(ran.exit).toBe(EXIT.done);
    expect(JSON.parse(ran.out)).toMatchObject({ records: 0, groups: [] });
  });
});

describe('usage', () => {
  test.each([
    [['--from', '2025-03-30'], 'ISO 8601 with a zone'],
    [['--to', '2025-03-30T00:00:00'], 'ISO 8601 with a zone'],
    [['--by', 'week'], 'Allowed are tenant, source, agent, day, hour'],
    [['--source', 'atlas,asterisk'], 'Allowed are callcenter24'],
    [['--tenant', 'a b'], 'A tenant matches'],
    [['--threshold', '20,'], 'A threshold is a number of seconds'],
    [['--threshold', '-1'], 'A threshold is a number of seconds'],
  ])('%j is refused', async (args, message) => {
    const refused = await report(args).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(CommanderError);
    expect(String(refused)).toContain(message);
  });

  test.each([
    [['--from', '2025-03-30T00:00:00Z', '--to', '2025-03-30T01:00:00+01:00'], '--from must be before --to'],
    [['--zone', 'Europe/Atlantis'], '--zone Europe/Atlantis: no time zone has that name'],
    [['--zone', '+02:00'], '--zone +02:00: no time zone has that name'],
  ])('%j cannot be done', async (args, message) => {
    const refused = await report(args).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(WrongArgument);
    expect(String(refused)).toContain(message);
  });
});

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

describe('of the derived topics of callfold dev', () => {
  test('without files its figures are those of what it derived', { timeout: 60_000 }, async () => {
    const port = await freePort();
    const env = { CALLFOLD_HTTP_PORT: String(port), CALLFOLD_DATA_DIR: join(dir, 'store') };
    let stop = (): void => undefined;
    const wanted = new Promise<void>((resolve) => (stop = resolve));
    const running = { requested: false, wanted };
    const settled = { ...env, CALLFOLD_SETTLE_MS: '0', CALLFOLD_LOG_LEVEL: 'silent' };
    const ended = dev({ demo: false, seed: 1 }, { ...contextOf(settled, true, { out: '', said: '' }), stop: running });
    try {
      await vi.waitFor(async () => expect((await fetch(`http://127.0.0.1:${port}/livez`)).ok).toBe(true), 30_000);
      const events = Array.from({ length: 30 }, (_, n) => ({
        source: 'atlas',
        callId: `call-${n}`,
        status: 'Voicemail',
      }));
      const body = events.map((event) => JSON.stringify({ ...event, occurredAt: NOON }));
      const headers = { 'content-type': 'application/x-ndjson' };
      await fetch(`http://127.0.0.1:${port}/v1/events`, { method: 'POST', headers, body: body.join('\n') });
      await vi.waitFor(async () => expect(figuresOf(await report([], { env })).records).toBe(30), {
        timeout: 30_000,
        interval: 200,
      });
      const ran = await report(['--source', 'atlas'], { env });
      expect(figuresOf(ran).atlas).toMatchObject({ calls: 30, outcomes: { voicemail: 30 } });
      expect(ran.said).toContain('30 records read');
      expect(figuresOf(await report(['--source', 'vonage'], { env })).records).toBe(0);
    } finally {
      running.requested = true;
      stop();
      await ended;
    }
  });

  test('where nothing answers, what to do is said', async () => {
    const env = { CALLFOLD_HTTP_PORT: String(await freePort()) };
    await expect(report([], { env })).rejects.toThrow(Refused);
    await expect(report([], { env })).rejects.toThrow('callfold dev');
  });
});
