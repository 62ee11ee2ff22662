import type { ServerResponse } from 'node:http';
import { randomBytes } from 'node:crypto';
import { isoTime } from '@callfold/schemas';
import type { ConsoleLimits } from './limits.ts';
import type { Change, Shown } from './picture.ts';
import type { Truth } from './watch.ts';

/**
 * Streams of changes, as server-sent events: `reset`, what is there, `ready`, and then what changes. Each change has the
 * one JSON form of its subject.
 */

export type Viewer = {
  readonly response: ServerResponse;
  /** Null: of every tenant. */
  readonly tenantId: string | null;
  readonly lastEventId: string | undefined;
};

export type Streams = {
  publish(changes: readonly Change[]): void;
  /** Begins a stream; it ends with its reader, or with `stop`. */
  open(viewer: Viewer, shown: Iterable<Shown>): void;
  readonly count: number;
  stop(): void;
};

export type StreamParts = {
  readonly limits: ConsoleLimits;
  /** Epoch ms. */
  readonly now: () => number;
  readonly truth: () => Truth;
  /** Of a tenant, as JSON; told with each beat when it is another than before. */
  readonly figures: (tenantId: string | null) => string;
  /** Of a stream that was closed because its reader was too far behind. */
  readonly onSlow: () => void;
};

type Entry = { readonly tenantId: string; readonly text: string };
type Open = Viewer & {
  figures: string;
  /** What it must be told before it is told what changes; null: nothing, it is up to date. */
  parts: Iterator<string> | null;
  /** The last change that it is told by `parts`. */
  told: number;
};

/** What is over is named, with what it was last. */
function textOf({ shown, live }: Change): string {
  return `{"live":${live},${shown.text.slice(1)}`;
}

export function createStreams({ limits, now, truth, figures, onSlow }: StreamParts): Streams {
  // Numbers are this process's: a reader of another one's begins anew.
  const boot = randomBytes(6).toString('base64url');
  const viewers = new Set<Open>();
  let ring: Entry[] = [];
  let last = 0;

  const idOf = (number: number): string => `${boot}.${number}`;
  const times = (): string => {
    const { asOf, away } = truth();
    return JSON.stringify({ now: isoTime(now()), asOf: asOf === null ? null : isoTime(asOf), isWell: away === null });
  };
  const eventOf = (name: string, data: string, id = ''): string =>
    `event: ${name}\n${id === '' ? '' : `id: ${id}\n`}data: ${data}\n\n`;

  /** An event at a time, so that none is made before its reader takes it. */
  function* changeEvents<One>(all: readonly One[], toText: (one: One) => string, id: string): Generator<string> {
    for (let from = 0; from < all.length; from += limits.eventChanges) {
      const isLast = from + limits.eventChanges >= all.length;
      const some = all.slice(from, from + limits.eventChanges).map(toText);
      yield eventOf('change', `{"changes":[${some.join(',')}]}`, isLast ? id : '');
    }
  }
  const missedEvents = (viewer: Viewer, missed: readonly Entry[]): Generator<string> =>
    changeEvents(
      missed.filter((one) => isFor(viewer, one)),
      ({ text }) => text,
      idOf(last),
    );

  function send(viewer: Open, text: string): void {
    const { response } = viewer;
    if (text === '' || response.destroyed) return;
    response.write(text);
    if (response.writableLength <= limits.streamBytes) return;
    giveUp(viewer);
  }

  /** It comes again by itself, and is told from where it was. */
  function giveUp(viewer: Open): void {
    viewers.delete(viewer);
    viewer.response.destroy();
    onSlow();
  }

  /** Sends what it must be told first, no faster than it reads; what changes meanwhile is told behind it. */
  function pump(viewer: Open): void {
    const { response } = viewer;
    while (viewer.parts !== null && !response.destroyed) {
      const part = viewer.parts.next();
      if (part.done !== true) {
        if (response.write(part.value)) continue;
        response.once('drain', () => pump(viewer));
        return;
      }
      const missed = since(viewer.told);
      if (missed === null) return giveUp(viewer);
      viewer.told = last;
      viewer.parts = missed.length > 0 ? missedEvents(viewer, missed) : null;
    }
    if (!response.destroyed) send(viewer, eventOf('ready', times(), idOf(last)) + figuresEvent(viewer));
  }

  /** The number in an id of ours; NaN: it is none. */
  function numberOf(id: string | undefined): number {
    const [own, number] = (id ?? '').split('.');
    return own === boot ? Number(number) : Number.NaN;
  }

  /** Entries behind a number; null: there is no such number, or it is too old. */
  function since(from: number): readonly Entry[] | null {
    if (!Number.isInteger(from) || from > last) return null;
    const oldest = last - ring.length;
    return from < oldest ? null : ring.slice(from - oldest);
  }

  const isFor = ({ tenantId }: Viewer, one: { readonly tenantId: string }): boolean =>
    tenantId === null || tenantId === one.tenantId;

  function beat(): void {
    const event = eventOf('beat', times());
    /** Made once for all viewers of a tenant. */
    const made = new Map<string | null, string>();
    for (const viewer of viewers) {
      const text = made.get(viewer.tenantId) ?? figures(viewer.tenantId);
      made.set(viewer.tenantId, text);
      send(viewer, event + figuresEvent(viewer, text));
    }
  }

  function figuresEvent(viewer: Open, text = figures(viewer.tenantId)): string {
    if (text === viewer.figures) return '';
    viewer.figures = text;
    return eventOf('figures', text);
  }

  /** What is live now; the texts of what is named here never change. */
  function* snapshot(viewer: Viewer, all: readonly Shown[]): Generator<string> {
    yield eventOf('reset', JSON.stringify({ why: viewer.lastEventId === undefined ? 'begin' : 'unknown-id' }));
    const own = all.filter((one) => isFor(viewer, one));
    yield* changeEvents(own, (shown) => textOf({ shown, live: true }), '');
  }

  const timer = setInterval(beat, limits.beatMs);
  timer.unref();

  return {
    publish(changes) {
      const fresh = changes.map((change): Entry => ({ tenantId: change.shown.tenantId, text: textOf(change) }));
      last += fresh.length;
      ring = [...ring, ...fresh].slice(-limits.ringChanges);
      /** One text for all viewers of a tenant. */
      const texts = new Map<string | null, string>();
      for (const viewer of viewers) {
        if (viewer.parts !== null) continue;
        let text = texts.get(viewer.tenantId);
        if (text === undefined) {
          text = [...missedEvents(viewer, fresh)].join('');
          texts.set(viewer.tenantId, text);
        }
        send(viewer, text);
      }
    },
    open(viewer, shown) {
      const missed = since(numberOf(viewer.lastEventId));
      const open: Open = { ...viewer, figures: '', parts: null, told: last };
      open.parts = missed ? missedEvents(viewer, missed) : snapshot(viewer, [...shown]);
      viewer.response.on('close', () => viewers.delete(open));
      viewers.add(open);
      pump(open);
    },
    get count() {
      return viewers.size;
    },
    stop() {
      clearInterval(timer);
      for (const { response } of viewers) response.end();
      viewers.clear();
    },
  };
}
