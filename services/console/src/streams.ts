import type { ServerResponse } from 'node:http';
import { randomBytes } from 'node:crypto';
import { isoTime } from '@callfold/schemas';
import type { Standing } from './lacks.ts';
import type { ConsoleLimits } from './limits.ts';
import type { Change, Shown } from './picture.ts';
import type { ReplayTold } from './speeds.ts';

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
  open(viewer: Viewer): void;
  readonly count: number;
  /** Tells how true it is, and figures, now and not only every so often. */
  beat(): void;
  stop(): void;
};

export type StreamParts = {
  readonly limits: ConsoleLimits;
  /** Epoch ms. */
  readonly now: () => number;
  /** What is live now; the texts of what is named there never change. */
  readonly shown: () => Iterable<Shown>;
  readonly standing: () => Standing;
  /** Of a tenant, as JSON; told with each beat when it is another than before. */
  readonly figures: (tenantId: string | null) => string;
  /** Ms that only go forward, by which a reader is given up; absent: `now`. */
  readonly elapsed?: () => number;
  /** Of a past day: where it is, told with each beat. Absent: it is now. */
  readonly replay?: () => ReplayTold;
  /** Of a stream that was closed because its reader did not take what it was told. */
  readonly onSlow: () => void;
};

type Entry = { readonly tenantId: string; readonly text: string };
type Open = Viewer & {
  figures: string;
  /** What it is being told, no faster than it reads; null: nothing, it is up to date. */
  parts: Iterator<Buffer> | null;
  /** The last change that it is told by `parts`, or was told. */
  told: number;
  /** It was told `ready` since it was told to forget what it had. */
  isReady: boolean;
  /** As of when it has everything: stays where it is while something is still to be told. Epoch ms. */
  asOf: number | null;
  /** Since when it takes nothing, epoch ms; null: it takes what comes. */
  stuckSince: number | null;
};

/** What is over is named, with what it was last. */
function textOf({ shown, live }: Change): string {
  return `{"live":${live},${shown.text.slice(1)}`;
}

export function createStreams(parts: StreamParts): Streams {
  const { limits, now, shown, standing, figures, onSlow, replay, elapsed = now } = parts;
  // Numbers are this process's: a reader of another one's begins anew.
  const boot = randomBytes(6).toString('base64url');
  const viewers = new Set<Open>();
  let ring: Entry[] = [];
  let last = 0;

  const idOf = (number: number): string => `${boot}.${number}`;
  const times = (asOf: number | null, { isWell, lacks }: Standing): string => {
    return JSON.stringify({
      now: isoTime(now()),
      asOf: asOf === null ? null : isoTime(asOf),
      isWell,
      lacks,
      ...(replay && { replay: replay() }),
    });
  };
  const eventOf = (name: string, data: string, id?: string): string =>
    `event: ${name}\n${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`;

  /** An event at a time, so that none is made before its reader takes it. */
  function* changeEvents<One>(all: readonly One[], toText: (one: One) => string, id?: string): Generator<Buffer> {
    for (let from = 0; from < all.length; from += limits.eventChanges) {
      const isLast = from + limits.eventChanges >= all.length;
      const some = all.slice(from, from + limits.eventChanges).map(toText);
      yield Buffer.from(eventOf('change', `{"changes":[${some.join(',')}]}`, isLast ? id : undefined));
    }
  }

  /** Up to the last change, by tenant and how much was missed: made once, as bytes, for all who missed the same. */
  const ready = new Map<string, readonly Buffer[]>();
  let room = limits.sharedChanges;
  function missedEvents(viewer: Viewer, missed: readonly Entry[]): Iterator<Buffer> {
    const own = (): Generator<Buffer> =>
      changeEvents(
        missed.filter((one) => isFor(viewer, one)),
        ({ text }) => text,
        idOf(last),
      );
    const key = `${missed.length} ${viewer.tenantId ?? ''}`;
    const known = ready.get(key);
    // What is much is made for each as it takes it, so that it is not all in memory.
    if (known === undefined && missed.length > room) return own();
    const events = known ?? [...own()];
    if (known === undefined) room -= missed.length;
    ready.set(key, events);
    return events.values();
  }

  function send(viewer: Open, text: string): void {
    const { response } = viewer;
    if (text === '' || response.destroyed) return;
    response.write(text);
    if (response.writableLength > limits.streamBytes) giveUp(viewer);
  }

  /** It comes again by itself, and is told from where it was. */
  function giveUp(viewer: Open): void {
    viewers.delete(viewer);
    viewer.parts = null;
    viewer.response.destroy();
    onSlow();
  }

  /** Sends what it is to be told, no faster than it reads; what changes meanwhile is told behind it. */
  function pump(viewer: Open): void {
    const { response } = viewer;
    viewer.stuckSince = null;
    while (viewer.parts !== null && !response.destroyed) {
      const part = viewer.parts.next();
      if (part.done !== true) {
        if (response.write(part.value)) continue;
        viewer.stuckSince = elapsed();
        response.once('drain', () => pump(viewer));
        return;
      }
      tellFrom(viewer, viewer.told, 'behind');
    }
    if (response.destroyed || viewer.isReady) return;
    viewer.isReady = true;
    const stands = standing();
    viewer.asOf = stands.asOf;
    send(viewer, eventOf('ready', times(stands.asOf, stands), idOf(last)) + figuresEvent(viewer));
  }

  /** What it does not know yet is what it is told next; everything anew where that is not known any more. */
  function tellFrom(viewer: Open, number: number, why: string): void {
    const missed = since(number);
    viewer.told = last;
    if (missed !== null) viewer.parts = missed.length > 0 ? missedEvents(viewer, missed) : null;
    else {
      viewer.isReady = false;
      viewer.asOf = null;
      viewer.parts = snapshot(viewer, why);
    }
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

  const wellbeing = ({ isWell, lacks }: Standing): string => `${isWell} ${lacks.join(' ')}`;
  /** As the last beat said it; null: there was none. */
  let told: string | null = null;

  function beat(): void {
    const stands = standing();
    told = wellbeing(stands);
    /** Made once for all viewers of a tenant. */
    const made = new Map<string | null, string>();
    for (const viewer of viewers) {
      if (viewer.stuckSince !== null && elapsed() - viewer.stuckSince > limits.stuckMs) {
        giveUp(viewer);
        continue;
      }
      if (viewer.parts === null) viewer.asOf = stands.asOf;
      const text = made.get(viewer.tenantId) ?? figures(viewer.tenantId);
      made.set(viewer.tenantId, text);
      send(viewer, eventOf('beat', times(viewer.asOf, stands)) + figuresEvent(viewer, text));
    }
  }

  function figuresEvent(viewer: Open, text = figures(viewer.tenantId)): string {
    if (text === viewer.figures) return '';
    viewer.figures = text;
    return eventOf('figures', text);
  }

  function* snapshot(viewer: Viewer, why: string): Generator<Buffer> {
    const own = [...shown()].filter((one) => isFor(viewer, one));
    // The empty id takes back what the reader had: cut before all was told, it goes on from nothing, here or elsewhere.
    yield Buffer.from(eventOf('reset', JSON.stringify({ why }), ''));
    yield* changeEvents(own, (one) => textOf({ shown: one, live: true }));
  }

  const timer = setInterval(beat, limits.beatMs).unref();
  // What went away, and that it is back, is told at once.
  const look = setInterval(() => {
    if (told !== null && wellbeing(standing()) !== told) beat();
  }, limits.pollMs).unref();

  return {
    publish(changes) {
      const fresh = changes.map((change): Entry => ({ tenantId: change.shown.tenantId, text: textOf(change) }));
      last += fresh.length;
      ring = [...ring, ...fresh].slice(-limits.ringChanges);
      ready.clear();
      room = limits.sharedChanges;
      for (const viewer of viewers) {
        if (viewer.parts !== null) continue;
        viewer.told = last;
        viewer.parts = missedEvents(viewer, fresh);
        pump(viewer);
      }
    },
    open(viewer) {
      const { lastEventId } = viewer;
      const begun = { figures: '', parts: null, told: last, isReady: false, asOf: null, stuckSince: null };
      const open: Open = { ...viewer, ...begun };
      tellFrom(open, numberOf(lastEventId), lastEventId === undefined ? 'begin' : 'unknown-id');
      viewer.response.on('close', () => viewers.delete(open));
      viewers.add(open);
      pump(open);
    },
    get count() {
      return viewers.size;
    },
    beat,
    stop() {
      clearInterval(timer);
      clearInterval(look);
      for (const { response } of viewers) response.end();
      viewers.clear();
    },
  };
}
