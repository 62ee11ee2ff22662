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

type Entry = { readonly number: number; readonly tenantId: string; readonly text: string };
type Open = Viewer & { figures: string };

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

  function changeEvents(texts: readonly string[], id: string): string {
    let events = '';
    for (let from = 0; from < texts.length; from += limits.eventChanges) {
      const isLast = from + limits.eventChanges >= texts.length;
      const some = texts.slice(from, from + limits.eventChanges);
      events += eventOf('change', `{"changes":[${some.join(',')}]}`, isLast ? id : '');
    }
    return events;
  }

  function send(viewer: Open, text: string): void {
    const { response } = viewer;
    if (text === '' || response.destroyed) return;
    response.write(text);
    if (response.writableLength <= limits.streamBytes) return;
    // It comes again by itself, and is told from where it was.
    viewers.delete(viewer);
    response.destroy();
    onSlow();
  }

  /** Entries behind an id of ours; null: it is none, or too old. */
  function since(id: string | undefined): readonly Entry[] | null {
    const [own, number] = (id ?? '').split('.');
    const from = Number(number);
    if (own !== boot || !Number.isInteger(from) || from > last) return null;
    const oldest = last - ring.length;
    return from < oldest ? null : ring.slice(from - oldest);
  }

  const isFor = ({ tenantId }: Viewer, one: { readonly tenantId: string }): boolean =>
    tenantId === null || tenantId === one.tenantId;

  function beat(): void {
    const event = eventOf('beat', times());
    for (const viewer of viewers) send(viewer, event + figuresEvent(viewer));
  }

  function figuresEvent(viewer: Open): string {
    const text = figures(viewer.tenantId);
    if (text === viewer.figures) return '';
    viewer.figures = text;
    return eventOf('figures', text);
  }

  const timer = setInterval(beat, limits.beatMs);
  timer.unref();

  return {
    publish(changes) {
      const fresh = changes.map((change, index): Entry => {
        return { number: last + 1 + index, tenantId: change.shown.tenantId, text: textOf(change) };
      });
      last += fresh.length;
      ring = [...ring, ...fresh].slice(-limits.ringChanges);
      /** One text for all viewers of a tenant. */
      const texts = new Map<string | null, string>();
      for (const viewer of viewers) {
        let text = texts.get(viewer.tenantId);
        if (text === undefined) {
          const own = fresh.filter((one) => isFor(viewer, one)).map((one) => one.text);
          text = changeEvents(own, idOf(last));
          texts.set(viewer.tenantId, text);
        }
        send(viewer, text);
      }
    },
    open(viewer, shown) {
      const open: Open = { ...viewer, figures: '' };
      const { response } = viewer;
      response.on('close', () => viewers.delete(open));
      const missed = since(viewer.lastEventId);
      if (missed) {
        const own = missed.filter((one) => isFor(viewer, one)).map((one) => one.text);
        send(open, changeEvents(own, idOf(last)));
      } else {
        const why = viewer.lastEventId === undefined ? 'begin' : 'unknown-id';
        const texts = [...shown].filter((one) => isFor(viewer, one)).map((one) => textOf({ shown: one, live: true }));
        send(open, eventOf('reset', JSON.stringify({ why })) + changeEvents(texts, ''));
      }
      send(open, eventOf('ready', times(), idOf(last)) + figuresEvent(open));
      if (!response.destroyed) viewers.add(open);
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
