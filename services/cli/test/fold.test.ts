import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ended } from './built-command.ts';
import { callfold, checkBuilt, emptyFolder, parseLines, start, until } from './built-command.ts';
import { ABANDONED, ANSWERED, EVENTS, manyCalls, ndjson, REFUSED, REFUSED_CODES } from './sample-events.ts';

let dir = '';
const path = (name: string): string => join(dir, name);

beforeAll(() => {
  checkBuilt();
  dir = emptyFolder('fold');
  writeFileSync(path('all.ndjson'), ndjson(EVENTS));
  writeFileSync(path('answered.ndjson'), ndjson(ANSWERED));
  writeFileSync(path('abandoned.ndjson'), ndjson(ABANDONED));
  writeFileSync(path('dirty.ndjson'), ndjson([...ANSWERED, ...REFUSED]));
});
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

/** By kind and id what is said last. */
function lastOutcomes({ out }: Ended): Record<string, unknown> {
  const records = parseLines(out).map((record): [string, unknown] => [
    `${String(record['kind'])} ${String(record['outcomeId'])}`,
    record['outcome'] ?? record['result'] ?? record['durationMs'] ?? record['dwellMs'],
  ]);
  return Object.fromEntries(records);
}

/** A command on a busy machine takes a second; several run in one test. */
describe('callfold fold', { timeout: 60_000 }, () => {
  it('gives the same records from a file, from standard input by either name, and from several files', async () => {
    const input = readFileSync(path('all.ndjson'));
    const runs = await Promise.all([
      callfold(['fold', path('all.ndjson')]),
      callfold(['fold'], { input }),
      callfold(['fold', '-'], { input }),
    ]);
    for (const one of runs) expect(one).toMatchObject({ code: 0, out: runs[0]?.out });
    expect(lastOutcomes(runs[0])).toEqual({
      'call-outcome default/callcenter24/call-answered': 'answered',
      'agent-offer default/callcenter24/call-answered/Anna/1': 'answered',
      'call-outcome default/callcenter24/call%2Fabandoned': 'abandoned',
      'call-outcome default/callcenter24/call-voicemail': 'voicemail',
      'call-outcome default/atlas/atlas-1': 'not-connected',
      'chat-outcome default/chatterfy/chat-1/1': 'completed',
      'chat-handoff default/chatterfy/chat-1/1': 300_000,
      'agent-interval default/vonage/101/2026-01-05T09:00:00.000Z/Ready': 60_000,
      'agent-interval default/vonage/101/2026-01-05T09:01:00.000Z/Busy': 30_000,
    });
    const both = await callfold(['fold', path('answered.ndjson'), path('abandoned.ndjson')]);
    expect(Object.keys(lastOutcomes(both))).toHaveLength(3);
    expect(both.err).toContain('12 events folded, 0 lines refused');
  });

  it('prints results alone on standard output, and counts on standard error', async () => {
    const { code, out, err } = await callfold(['fold', path('dirty.ndjson')]);
    expect(code).toBe(0);
    expect(parseLines(out).map(({ kind }) => kind)).toEqual(['call-outcome', 'agent-offer']);
    expect(err).toContain('8 events folded, 4 lines refused');
    expect(err).toContain('line 9 refused, missing-id: the subject has no id: callId is missing or empty');
  });

  it('--aggregates prints where every subject stands at the end instead', async () => {
    const { code, out } = await callfold(['fold', '--aggregates', path('all.ndjson')]);
    expect(code).toBe(0);
    const found = parseLines(out);
    const kinds = found.map(({ kind }) => String(kind)).sort();
    expect(kinds).toEqual(['agent', 'agent', 'call', 'call', 'call', 'call', 'chat']);
    expect(found.find(({ callId }) => callId === 'call-voicemail')).toMatchObject({ phase: 'voicemail' });
    expect(found.find(({ agentId }) => agentId === '101')).toMatchObject({ state: 'Busy', description: 'Inbound' });
    expect(found.find(({ source, kind }) => source === 'callcenter24' && kind === 'agent')).toMatchObject({
      state: 'free',
    });
  });

  it('--rejects keeps what was refused, with line, code and reason', async () => {
    const { code, err } = await callfold(['fold', path('dirty.ndjson'), '--rejects', path('rejects.ndjson')]);
    expect(code).toBe(0);
    expect(err).toContain('4 lines refused');
    const rejects = parseLines(readFileSync(path('rejects.ndjson'), 'utf8'));
    expect(rejects.map((one) => one['code'])).toEqual(REFUSED_CODES);
    expect(rejects.map((one) => one['line'])).toEqual([9, 10, 11, 12]);
    for (const one of rejects) expect(Object.keys(one)).toEqual(['line', 'code', 'reason']);
  });

  it('--strict exits 1 when a line was refused, and 0 when none was', async () => {
    const [dirty, clean] = await Promise.all([
      callfold(['fold', '--strict', path('dirty.ndjson')]),
      callfold(['fold', '--strict', path('all.ndjson')]),
    ]);
    expect([dirty.code, clean.code]).toEqual([1, 0]);
    expect(parseLines(dirty.out)).toHaveLength(2);
  });

  it('says which file cannot be read or written, exits 2, and shows no stack', async () => {
    mkdirSync(path('folder'), { recursive: true });
    const runs = await Promise.all([
      callfold(['fold', path('missing.ndjson')]),
      callfold(['fold', path('folder')]),
      callfold(['fold', path('dirty.ndjson'), '--rejects', path('nowhere/rejects.ndjson')]),
    ]);
    const names = ['missing.ndjson', 'folder', 'nowhere/rejects.ndjson'];
    for (const [index, { code, err }] of runs.entries()) {
      expect(code, names[index]).toBe(2);
      expect(err).toContain(`callfold: `);
      expect(err).toContain(names[index]);
      expect(err).not.toMatch(/\n {4}at /);
    }
  });

  it('takes nothing for nothing: empty input gives nothing and exits 0', async () => {
    const { code, out, err } = await callfold(['fold'], { input: '' });
    expect([code, out]).toEqual([0, '']);
    expect(err).toContain('0 events folded');
  });

  it('ends quietly when its reader has enough: `callfold fold big | head -1`', async () => {
    const running = start(['fold'], { input: null });
    running.child.stdin?.write(manyCalls(1_000));
    await until('a first record', () => running.out().includes('\n'), { running });
    running.child.stdout?.destroy();
    running.child.stdin?.write(manyCalls(2_000, 'more'));
    const { code, err } = await running.ended;
    expect([code, err]).toEqual([141, '']);
  });

  it('ends on Ctrl-C, also while standard input is silent, and says that it was not all', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const running = start(['fold'], { input: null });
      running.child.stdin?.write(ndjson(ANSWERED));
      // The next call makes time pass, so that the first one is told of: it has been read.
      running.child.stdin?.write(ndjson([{ ...ANSWERED[0], callId: 'later', occurredAt: '2026-01-05T10:00:00Z' }]));
      await until('a first record', () => running.out().includes('call-answered'), { running });
      running.child.kill(signal);
      const { code, err } = await running.ended;
      expect(code).toBe(1);
      expect(err).toContain('Stopped before the end, after 9 events');
    }
  });

  it('a setting in the environment changes the result, and a wrong one stops it by name', async () => {
    const short = await callfold(['fold', path('abandoned.ndjson')], { env: { CALLFOLD_SHORT_ABANDON_MS: '60000' } });
    expect(parseLines(short.out)[0]).toMatchObject({ outcome: 'abandoned', short: true, waitMs: 30_000 });
    const wrong = await callfold(['fold', path('abandoned.ndjson')], { env: { CALLFOLD_SHORT_ABANDONED_MS: '1' } });
    expect(wrong.code).toBe(4);
    expect(wrong.err).toContain('CALLFOLD_SHORT_ABANDONED_MS is not a setting of callfold');
  });
});
