import type { ServerResponse } from 'node:http';
import { afterEach, expect, test, vi } from 'vitest';
import type { Standing } from '../src/lacks.ts';
import type { ConsoleLimits } from '../src/limits.ts';
import { CONSOLE_LIMITS } from '../src/limits.ts';
import type { Shown } from '../src/picture.ts';
import type { Streams } from '../src/streams.ts';
import { createStreams } from '../src/streams.ts';

const WELL: Standing = { asOf: 1_000, isWell: true, lacks: [] };

const one = (name: string, more = '') =>
  ({ name, kind: 'call', tenantId: 't', text: `{"n":"${name}"${more}}` }) as unknown as Shown;

const opened: Streams[] = [];
afterEach(() => {
  for (const streams of opened.splice(0)) streams.stop();
  vi.useRealTimers();
});

/** A reader that takes one write at a time: what it was sent lies there until it takes on. */
function slowReader() {
  const written: string[] = [];
  const raw: (string | Buffer)[] = [];
  const reader = { destroyed: false, waiting: null as (() => void) | null };
  const response = {
    get destroyed() {
      return reader.destroyed;
    },
    get writableLength() {
      return reader.waiting === null ? 0 : (written.at(-1)?.length ?? 0);
    },
    write(sent: string | Buffer) {
      raw.push(sent);
      written.push(String(sent));
      return false;
    },
    once: (_name: string, told: () => void) => (reader.waiting = told),
    on: () => undefined,
    destroy: () => (reader.destroyed = true),
    end: () => undefined,
  } as unknown as ServerResponse;
  return {
    response,
    written,
    raw,
    reader,
    /** Takes all that comes, up to so many writes. */
    take(writes: number): void {
      for (let n = 0; n < writes && reader.waiting !== null; n += 1) {
        const { waiting } = reader;
        reader.waiting = null;
        waiting();
      }
    },
    /** What it was told, in short. */
    told: (): string[] => written.join('').match(/"n":"\w+"|event: (?:ready|reset)/g) ?? [],
  };
}

/** Readers of tenants, each of whom was told what there is. */
const readersOf = (streams: Streams, tenants: readonly string[]): ReturnType<typeof slowReader>[] =>
  tenants.map((tenantId) => {
    const reader = slowReader();
    streams.open({ response: reader.response, tenantId, lastEventId: undefined });
    reader.take(10);
    return reader;
  });

function open(limits: Partial<ConsoleLimits>, shown: Shown[], more: Partial<Parameters<typeof createStreams>[0]> = {}) {
  const streams = createStreams({
    limits: { ...CONSOLE_LIMITS, eventChanges: 1, ...limits },
    now: () => Date.now(),
    shown: () => shown,
    standing: () => WELL,
    figures: () => '{}',
    onSlow: () => expect.fail('nobody is slow'),
    ...more,
  });
  opened.push(streams);
  return streams;
}

test('what changes while a snapshot goes out is told behind it', () => {
  const streams = open({}, [one('a'), one('b')]);
  const slow = slowReader();
  streams.open({ response: slow.response, tenantId: null, lastEventId: undefined });
  expect(slow.written).toHaveLength(1);
  streams.publish([{ shown: one('a2'), live: true }]);
  expect(slow.written).toHaveLength(1);
  slow.take(10);
  expect(slow.told()).toEqual(['event: reset', '"n":"a"', '"n":"b"', '"n":"a2"', 'event: ready']);
});

test('what two readers of a tenant missed is made once, whenever they take it, and no other tenant is told of it', () => {
  const streams = open({ eventChanges: 500 }, []);
  const [early, late, other] = readersOf(streams, ['t', 't', 'u']);
  streams.publish([{ shown: one('a'), live: true }]);
  streams.publish([{ shown: one('b'), live: true }]);
  for (const reader of [late, early, other]) reader?.take(10);
  expect([early, late, other].map((reader) => reader?.told().slice(2))).toEqual([
    ['"n":"a"', '"n":"b"'],
    ['"n":"a"', '"n":"b"'],
    [],
  ]);
  expect(early?.raw.slice(2)).toHaveLength(2);
  for (const [n, sent] of (early?.raw ?? []).entries()) if (n >= 2) expect(sent).toBe(late?.raw[n]);
});

test('what is more than may be made ready is made for each as it is taken', () => {
  const streams = open({ sharedChanges: 2 }, []);
  const [first, second] = readersOf(streams, ['t', 't']);
  streams.publish(['a', 'b', 'c'].map((name) => ({ shown: one(name), live: true })));
  for (const reader of [first, second]) reader?.take(10);
  expect(first?.told().slice(2)).toEqual(['"n":"a"', '"n":"b"', '"n":"c"']);
  expect(second?.told()).toEqual(first?.told());
  expect(first?.raw.at(-1)).not.toBe(second?.raw.at(-1));
});

test('a change-over larger than a reader may be behind goes out in parts, and closes nobody', () => {
  const many = Array.from({ length: 100 }, (_, n) => one(`n${n}`, `,"more":"${'x'.repeat(1_000)}"`));
  const streams = open({ streamBytes: 50_000, ringChanges: 10 }, []);
  const slow = slowReader();
  streams.open({ response: slow.response, tenantId: null, lastEventId: undefined });
  slow.take(10);
  streams.publish(many.map((shown) => ({ shown, live: true })));
  streams.publish([{ shown: one('later'), live: true }]);
  expect(slow.told()).toHaveLength(3);
  slow.take(200);
  expect(slow.reader.destroyed).toBe(false);
  expect(slow.told().slice(2)).toEqual([...many.map(({ name }) => `"n":"${name}"`), '"n":"later"']);
});

test('a reader that fell behind what is kept is told everything anew, and is as of nothing until then', () => {
  vi.useFakeTimers();
  const shown = [one('a')];
  const streams = open({ ringChanges: 2 }, shown);
  const slow = slowReader();
  streams.open({ response: slow.response, tenantId: null, lastEventId: undefined });
  slow.take(10);
  for (const name of ['b', 'c', 'd', 'e']) streams.publish([{ shown: one(name), live: true }]);
  shown.splice(0, 1, one('e'));
  slow.take(1);
  vi.advanceTimersByTime(CONSOLE_LIMITS.beatMs);
  expect(slow.written.at(-1)).toMatch(/^event: beat\ndata: .*"asOf":null/);
  slow.take(10);
  expect(slow.told().slice(3)).toEqual(['"n":"b"', 'event: reset', '"n":"e"', 'event: ready']);
  vi.advanceTimersByTime(CONSOLE_LIMITS.beatMs);
  expect(slow.written.at(-1)).toMatch(/"asOf":"1970-01-01T00:00:01.000Z"/);
});

test('a reader that takes nothing is closed', () => {
  vi.useFakeTimers();
  let slowStreams = 0;
  const streams = open({}, [one('a')], { onSlow: () => (slowStreams += 1) });
  const slow = slowReader();
  streams.open({ response: slow.response, tenantId: null, lastEventId: undefined });
  vi.advanceTimersByTime(CONSOLE_LIMITS.stuckMs);
  expect([slow.reader.destroyed, streams.count]).toEqual([false, 1]);
  vi.advanceTimersByTime(2 * CONSOLE_LIMITS.beatMs);
  expect([slow.reader.destroyed, streams.count, slowStreams]).toEqual([true, 0, 1]);
});

test('what goes away and comes back is told at once, and not with the next beat', () => {
  vi.useFakeTimers();
  let standing: Standing = WELL;
  const streams = open({}, [], { standing: () => standing });
  const slow = slowReader();
  streams.open({ response: slow.response, tenantId: null, lastEventId: undefined });
  slow.take(10);
  const beats = (): boolean[] =>
    slow.written
      .join('')
      .match(/event: beat\n.*"isWell":(\w+)/g)
      ?.map((text) => text.endsWith('true')) ?? [];
  vi.advanceTimersByTime(CONSOLE_LIMITS.beatMs);
  for (const isWell of [false, true]) {
    standing = { ...WELL, isWell };
    vi.advanceTimersByTime(CONSOLE_LIMITS.pollMs);
  }
  expect(beats()).toEqual([true, false, true]);
});

test('no event of a snapshot leaves its reader an id to go on from', () => {
  const streams = open({}, [one('a'), one('b')]);
  const slow = slowReader();
  streams.open({ response: slow.response, tenantId: null, lastEventId: 'another-process.7' });
  slow.take(10);
  // As readers of server-sent events keep it: the last `id` that came, also an empty one.
  let kept = 'another-process.7';
  const after = slow.written.map((text) => (kept = /^id: ?(.*)$/m.exec(text)?.[1] ?? kept));
  expect(after.slice(0, -1)).toEqual(['', '', '']);
  expect(after.at(-1)).toMatch(/^[\w-]+\.0$/);
});
