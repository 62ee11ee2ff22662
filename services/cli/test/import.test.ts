import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readConfig } from '@callfold/adapters/config';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Context } from '../src/command.ts';
import type { ImportOptions } from '../src/commands/import.ts';
import { importEvents } from '../src/commands/import.ts';
import { openPosition } from '../src/import-position.ts';
import type { Sink } from '../src/import-sinks.ts';
import { devSink } from '../src/import-sinks.ts';
import type { Import } from '../src/importing.ts';
import { runImport } from '../src/importing.ts';
import { openRejects, readLines } from '../src/lines.ts';
import { openGateway } from '../../gateway/test/gateway-harness.ts';
import { parseLines } from './built-command.ts';
import { eventOf } from './explain-site.ts';
import { ANSWERED, iso, ndjson, REFUSED, REFUSED_CODES } from './sample-events.ts';

let dir = '';
const path = (name: string): string => join(dir, name);

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(path(name), content);
  return path(name);
}

const NEVER: Context['stop'] = { requested: false, wanted: new Promise(() => undefined) };

function contextOf(data: string, stop: Context['stop'] = NEVER) {
  let [out, err] = ['', ''];
  const context: Context = {
    config: readConfig({ CALLFOLD_DATA_DIR: data }),
    out: (text) => void (out += text),
    say: (text) => void (err += `${text}\n`),
    json: true,
    stop,
  };
  return { context, out: () => out, said: () => err };
}

/** `callfold import --dry-run --json`, in this process. */
async function dry(files: readonly string[], options: Partial<ImportOptions> = {}) {
  const { context, out, said } = contextOf(path('data'));
  const all = { column: [], set: [], delimiter: '', dryRun: true, ...options };
  const code = await importEvents(files, all, context);
  return { code, err: said(), result: parseLines(out())[0] };
}

const HEADER = 'source,callId,occurredAt,status,attributes.queue';
const ROWS = ANSWERED.map((line) => `callcenter24,a-1,${String(line['occurredAt'])},"${String(line['status'])}",sales`);

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'callfold-import-'));
});
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe('callfold import --dry-run', () => {
  it('connects to nothing, and tells what would be published and what is refused, by code', async () => {
    const mixed = file('mixed.ndjson', ndjson([...ANSWERED, ...REFUSED]));
    const { code, err, result } = await dry([mixed]);
    expect(err).toContain(`${ANSWERED.length} events would be published: ${ANSWERED.length} of callcenter24`);
    expect(err).toContain(`4 lines refused (missing-id 1, not-json 1, time-out-of-range 1, unknown-source 1)`);
    expect(err).toContain('line 9 refused, missing-id: the subject has no id');
    expect(err).toContain('To publish them: callfold');
    expect(code).toBe(0);
    expect(result).toEqual({ wouldPublish: ANSWERED.length, refused: REFUSED.length });
    expect((await dry([mixed], { strict: true })).code).toBe(1);
  });

  it('reads gzip whatever its name, and says when it is cut short; so does callfold fold', async () => {
    const packed = gzipSync(Buffer.concat([Buffer.from(ndjson(ANSWERED)), Buffer.alloc(300_000, 10)]));
    const want = { wouldPublish: ANSWERED.length, refused: 0 };
    expect((await dry([file('packed.ndjson.gz', packed)])).result).toEqual(want);
    expect((await dry([file('packed.ndjson', packed)])).result).toEqual(want);
    const cut = await dry([file('cut.ndjson.gz', packed.subarray(0, packed.length - 9))]);
    expect(cut.code).toBe(1);
    expect(cut.err).toContain('cut.ndjson.gz is gzip, and damaged or cut short');
    let folded = 0;
    for await (const lines of readLines([path('packed.ndjson.gz')])) folded += lines.length;
    expect(folded).toBe(ANSWERED.length);
  });

  it('names the file of a refused line where there are several, also in the rejects file', async () => {
    const rejects = path('rejects.ndjson');
    const files = [file('one.ndjson', ndjson(REFUSED)), file('two.ndjson', `\n${REFUSED[1]}\n`)];
    expect((await dry(files, { rejects })).code).toBe(0);
    const lines = parseLines(readFileSync(rejects, 'utf8'));
    expect(lines.map(({ file: from, line, code: why }) => [from, line, why])).toEqual([
      ...REFUSED_CODES.map((why, at) => [files[0], at + 1, why]),
      [files[1], 2, 'not-json'],
    ]);
  });

  it('says of what is not there, and of options that contradict one another, that they are wrong', async () => {
    const there = file('there.ndjson', '');
    for (const [files, options, says] of [
      [[path('not-there.ndjson')], {}, /not-there\.ndjson cannot be read/],
      [[there], { resume: true }, /--dry-run reads everything/],
      [[there], { set: ['source'] }, /--set source is not of the form field=text/],
      [[there], { column: ['callId=a', 'callId=b'] }, /--column names callId twice/],
    ] as const) {
      const failing = dry(files, options);
      await expect(failing).rejects.toThrow(says);
      await expect(failing).rejects.toMatchObject({ name: 'WrongArgument' });
    }
  });
});

describe('callfold import of CSV', () => {
  it('reads columns of the fields names, quoted cells, Windows lines, and a byte order mark', async () => {
    const text = `\ufeff${[HEADER, ...ROWS].join('\r\n')}\r\n`;
    const want = { wouldPublish: ROWS.length, refused: 0 };
    expect((await dry([file('own.csv', text)])).result).toEqual(want);
    expect((await dry([file('own.csv.gz', gzipSync(text))])).result).toEqual(want);
    expect((await dry([file('own.txt', text)], { csv: true })).result).toEqual(want);
    expect((await dry([file('own.tsv', text.replaceAll(',', '\t'))])).result).toEqual(want);
  });

  it('takes other headers, constants, and another delimiter', async () => {
    const text = `Anruf;Zeit;Was\n7;${iso(0)};Call ended; \n8;${iso(0)};"Call; ended"\n9;${iso(1)};Call ended\n`;
    const column = ['callId=Anruf', 'occurredAt=Zeit', 'status=Was'];
    const set = ['source=callcenter24'];
    const { result, err } = await dry([file('de.csv', text)], { delimiter: ';', set, column });
    expect(result).toEqual({ wouldPublish: 2, refused: 1 });
    expect(err).toContain('line 2 refused, not-csv: the row is not CSV, or does not fit its header: it has 4 cells');
    await expect(dry([path('de.csv')], { set, column })).rejects.toThrow(
      /there is no column "Anruf" for callId.*See --delimiter/,
    );
  });

  it('names the line of each refused row, also behind cells of several lines, and goes on after it', async () => {
    const rejects = path('csv-rejects.ndjson');
    const rows = [
      `callcenter24,1,${iso(0)},"of two\nlines",`,
      `callcenter24,,${iso(0)},no id,`,
      '',
      `callcenter24,2,yesterday,bad time,`,
      `callcenter24,3,${iso(0)},an un"quoted quote,`,
      `callcenter24,4,${iso(0)},good,sales,more`,
      `callcenter24,5,${iso(0)},good,sales`,
    ];
    const { result } = await dry([file('bad.csv', [HEADER, ...rows, ''].join('\n'))], { rejects });
    expect(result).toEqual({ wouldPublish: 2, refused: 4 });
    const said = parseLines(readFileSync(rejects, 'utf8')).map(({ line, code }) => `${String(line)} ${String(code)}`);
    expect(said.sort()).toEqual(['4 missing-id', '6 bad-time', '7 not-csv', '8 not-csv']);
  });

  it('fails, and says why, where a quote is never closed: what follows cannot be told apart', async () => {
    const good = `callcenter24,2,${iso(0)},good,`;
    const text = [HEADER, good, `callcenter24,1,${iso(0)},"open,`, good, good, ''].join('\n');
    const { code, err } = await dry([file('open.csv', text)]);
    expect(err).toMatch(/a quote is opened in a row that reaches line \d+, and not closed: nothing after it was read/);
    expect(code).toBe(1);
  });
});

describe('callfold import into a gateway that wants keys', () => {
  const KEY = 'the-key-of-default';
  async function into(key: string | null, lines: Parameters<typeof ndjson>[0] = ANSWERED) {
    const gateway = await openGateway({ env: { CALLFOLD_GATEWAY_KEYS: JSON.stringify({ default: [KEY] }) } });
    const { context, out } = contextOf(path('keys'));
    const config = readConfig({
      CALLFOLD_HTTP_PORT: new URL(gateway.url).port,
      CALLFOLD_DATA_DIR: path('keys'),
      ...(key !== null && { CALLFOLD_IMPORT_KEY: key }),
    });
    try {
      const input = file('keys.ndjson', ndjson(lines));
      const all = { column: [], set: [], delimiter: '' };
      const code = await importEvents([input], all, { ...context, config });
      return { code, result: parseLines(out())[0], stand: gateway.records('callcenter24').length };
    } finally {
      await gateway.close();
    }
  }

  it('sends the key that it is given', async () => {
    const want = { published: ANSWERED.length, refused: 0 };
    expect(await into(KEY)).toEqual({ code: 0, result: want, stand: ANSWERED.length });
  });

  it('says which setting is missing, is wrong, or is of another tenant', async () => {
    await expect(into(null)).rejects.toThrow(/name one in CALLFOLD_IMPORT_KEY or …_KEY_FILE/);
    await expect(into('another-key-than-that')).rejects.toThrow(/does not know the key in CALLFOLD_IMPORT_KEY/);
    const foreign = ANSWERED.map((line) => ({ ...line, tenantId: 'acme' }));
    await expect(into(KEY, foreign)).rejects.toThrow(/is not of the events' tenant: .*every item names another tenant/);
  });
});

describe('an import that ends before its input', () => {
  const COUNT = 3_000;
  const STOPPED_AT = 1_234;

  /** A sink that has taken what was flushed, and does something at its nth event. */
  function sinkThat(name: string, nth: number, does: () => void) {
    const taken: string[] = [];
    let waiting: string[] = [];
    let sent = 0;
    const sink: Sink = {
      name,
      async send({ eventId }) {
        sent += 1;
        if (sent === nth) does();
        waiting.push(eventId);
      },
      async flush() {
        taken.push(...waiting);
        waiting = [];
      },
      close: async () => undefined,
    };
    return { sink, taken };
  }

  function scene(name: string) {
    const events = Array.from({ length: COUNT }, (_, n) => ({ ...ANSWERED[n % 8], eventId: `e-${n}` }));
    // Lines that are refused, too: they count as done.
    const input = file(`${name}.ndjson`, ndjson(events.flatMap((one, n) => (n % 100 === 0 ? ['{', one] : [one]))));
    const data = path(name);
    const job = (sink: Sink, isResumed: boolean): Import => ({
      files: [input],
      sink,
      isDry: false,
      isResumed,
      csvOf: () => null,
      openRejects: (say) => openRejects(path(`${name}-rejects.ndjson`), say, isResumed),
    });
    return { input, data, job, want: events.map(({ eventId }) => eventId) };
  }

  it('is gone on with after Ctrl-C: nothing is lost, nothing is sent twice, refused lines are kept once', async () => {
    const { data, job, want } = scene('stopped');
    const stop = { requested: false, wanted: new Promise<void>(() => undefined) };
    const first = sinkThat('there', STOPPED_AT, () => void (stop.requested = true));
    await expect(runImport(job(first.sink, false), contextOf(data, stop).context)).rejects.toThrow(
      /Stopped before the end, after [\d,]+ events/,
    );
    expect(first.taken.length).toBeGreaterThanOrEqual(STOPPED_AT);
    expect(first.taken.length).toBeLessThan(COUNT);
    const second = sinkThat('there', -1, () => undefined);
    const { context, said } = contextOf(data);
    const done = await runImport(job(second.sink, true), context);
    expect([...first.taken, ...second.taken]).toEqual(want);
    expect(done).toMatchObject({ published: COUNT, refused: COUNT / 100 });
    expect(said()).toMatch(/An earlier run published [\d,]+ events: going on behind them/);
    const refused = parseLines(readFileSync(path('stopped-rejects.ndjson'), 'utf8')).map(({ line }) => line);
    expect(refused).toEqual(Array.from({ length: COUNT / 100 }, (_, n) => n * 101 + 1));
    expect(readdirSync(join(data, 'imports'))).toEqual([]);
  });

  it('is gone on with after a failure behind what the sink is known to have', async () => {
    const { data, job, want } = scene('failed');
    const first = sinkThat('there', STOPPED_AT, () => {
      throw new Error('Kafka is away');
    });
    const failing = runImport(job(first.sink, false), contextOf(data).context);
    await expect(failing).rejects.toMatchObject({ name: 'Unfinished', canResume: true });
    await expect(failing).rejects.toThrow(/Kafka is away/);
    const second = sinkThat('there', -1, () => undefined);
    await runImport(job(second.sink, true), contextOf(data).context);
    expect([...first.taken, ...second.taken]).toEqual(want);
  });

  it('is gone on with behind what was acknowledged, where a sink that failed forgets what it was given', async () => {
    const { data, job, want } = scene('forgets');
    const first = sinkThat('there', -1, () => undefined);
    let flushes = 0;
    const failing: Sink = {
      ...first.sink,
      async flush() {
        flushes += 1;
        // As the real ones do: the next flush has nothing left to fail with.
        if (flushes === 1) throw new Error('the log is away');
      },
    };
    await expect(runImport(job(failing, false), contextOf(data).context)).rejects.toThrow(
      /the log is away[^]*Stopped before the end, after 0 events/,
    );
    const second = sinkThat('there', -1, () => undefined);
    await runImport(job(second.sink, true), contextOf(data).context);
    expect(second.taken).toEqual(want);
  });

  it('begins anew without --resume, and into another place', async () => {
    const { data, job, want } = scene('anew');
    const stop = { requested: false, wanted: new Promise<void>(() => undefined) };
    const first = sinkThat('there', STOPPED_AT, () => void (stop.requested = true));
    await expect(runImport(job(first.sink, false), contextOf(data, stop).context)).rejects.toThrow(/Stopped/);
    const elsewhere = sinkThat('elsewhere', -1, () => undefined);
    const { context, said } = contextOf(data);
    await runImport(job(elsewhere.sink, true), context);
    expect(said()).toContain('No earlier run of this import was interrupted here');
    expect(elsewhere.taken).toEqual(want);
    const again = sinkThat('there', -1, () => undefined);
    await runImport(job(again.sink, false), contextOf(data).context);
    expect(again.taken).toEqual(want);
  });

  it('is not gone on with where the file is another by now, nor from standard input', async () => {
    const { data, job, input } = scene('changed');
    const kept = openPosition(join(data, 'imports'), 'there', [input]);
    kept?.write({ lines: [3], published: 3, refused: 0 });
    writeFileSync(input, '{}\n', { flag: 'a' });
    expect(kept?.read()).toEqual({ lines: [3], published: 3, refused: 0 });
    writeFileSync(input, ndjson(REFUSED));
    const { sink, taken } = sinkThat('there', -1, () => undefined);
    await expect(runImport(job(sink, true), contextOf(data).context)).rejects.toThrow(/is another file than the one/);
    await expect(runImport({ ...job(sink, true), files: [] }, contextOf(data).context)).rejects.toThrow(
      '--resume goes on with files',
    );
    expect(taken).toEqual([]);
  });
});

describe('an import to a `callfold dev` that takes no more just now', () => {
  /** Told to come again later so many times; then everything is taken. */
  async function importTo(refusals: number, stop: Context['stop'] = NEVER) {
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text) => (body += text));
      request.on('end', () => {
        bodies.push(body);
        response.setHeader('server', 'callfold');
        if (bodies.length <= refusals) return response.writeHead(429, { 'retry-after': '0' }).end('later');
        return response.end(JSON.stringify({ accepted: body.trim().split('\n').length }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const config = readConfig({ CALLFOLD_DATA_DIR: path('data'), CALLFOLD_HTTP_PORT: String(port) });
    const sink = devSink({ config, stop });
    try {
      for (const fields of ANSWERED) await sink.send(eventOf(fields));
      await sink.flush();
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
    return bodies;
  }

  it('comes again when it is told to, with the same events', async () => {
    const bodies = await importTo(3);
    expect(bodies).toHaveLength(4);
    expect(new Set(bodies).size).toBe(1);
  });

  it('does not when it is told to end, and says what was answered', async () => {
    const stop = { requested: true, wanted: Promise.resolve() };
    await expect(importTo(3, stop)).rejects.toThrow(/events were sent, 0 accepted: 429 later/);
  });
});
