import type { Lack } from '../../src/lacks.ts';
import type { ReplayTold } from '../../src/speeds.ts';
import type { Figures, Model, Problem, Told } from './model.ts';
import { tell } from './model.ts';

/**
 * Keeps the stream open: whatever answers in between (a proxy's error page, nobody) is tried again, soon and then every
 * three seconds. What was told stays on the page meanwhile.
 */

const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 3_000;
/** The server beats every two seconds; a connection that is silent for so long is dead. */
const SILENT_MS = 8_000;

/** A beat that took so long to come is one of many that something in between keeps back. */
const LATE_MS = 6_000;

type Times = {
  readonly now: string;
  readonly asOf: string | null;
  readonly isWell: boolean;
  readonly lacks: readonly Lack[];
  /** Absent: it is now. */
  readonly replay?: ReplayTold;
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export type StreamOptions = {
  /** Of the next connection. */
  readonly url: () => string;
  readonly model: Model;
  /** Of a key; null: none is needed, as far as is known. */
  readonly key: () => string | null;
  readonly changed: () => void;
};

export const NO_ANSWER: Problem = { code: 'no-answer', detail: '' };

export async function problemOf(answer: Response): Promise<Problem> {
  const isProblem = (answer.headers.get('content-type') ?? '').startsWith('application/problem+json');
  if (!isProblem) return { code: 'foreign-answer', detail: '' };
  const { code, detail } = (await answer.json()) as Problem;
  return { code, detail };
}

export type Following = {
  /** The stream is opened again at once: its address is another one. What was told stays until all of it is told. */
  again(): void;
};

export function followStream({ url, model, key, changed }: StreamOptions): Following {
  let lastId: string | null = null;
  /** What is told between `reset` and `ready`: shown together, so that the page is never half empty. */
  let anew: Told[] | null = null;
  /** Of this connection: what it was to be told is told. Before that a beat says nothing of what the page shows. */
  let isReady = false;

  /** When what is heard on this connection was asked for. */
  let asked = 0;

  /** Ends the connection, and the pause between two. */
  let leave = (): void => undefined;
  let isAgain = false;

  function heard({ now, asOf, isWell, lacks, replay }: Times): void {
    model.replay = replay ? { ...replay, from: Date.parse(replay.from), to: Date.parse(replay.to) } : null;
    model.heardAt = Date.parse(now);
    if (asOf !== null) model.asOf = Date.parse(asOf);
    model.isWell = isWell;
    model.lacks = lacks;
  }

  function take(name: string, data: unknown): void {
    if (name === 'reset') {
      anew = [];
      isReady = false;
    } else if (name === 'change') {
      const { changes } = data as { changes: Told[] };
      if (anew) anew.push(...changes);
      else tell(model, changes);
    } else if (name === 'ready') {
      if (anew) {
        for (const kept of [model.calls, model.chats, model.agents]) kept.clear();
        tell(model, anew);
        anew = null;
      }
      model.isThere = true;
      isReady = true;
      const { now, replay } = data as Times;
      if (replay) model.clock.stood(Date.parse(now));
      else model.clock.answered(Date.parse(now), asked);
      heard(data as Times);
    } else if (name === 'beat') {
      const { now, replay } = data as Times;
      if (replay) model.clock.stood(Date.parse(now));
      else model.clock.heard(Date.parse(now));
      if (isReady) heard(data as Times);
      if (model.clock.now() - Date.parse(now) > LATE_MS) throw new Error('beats come late: it is asked again');
    } else if (name === 'figures') model.figures = data as Figures;
    changed();
  }

  function takeBlock(block: string): void {
    const fields = new Map<string, string>();
    for (const line of block.split('\n')) {
      const colon = line.indexOf(': ');
      if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 2));
    }
    take(fields.get('event') ?? '', JSON.parse(fields.get('data') ?? 'null'));
    // Until the snapshot is whole nothing of it is shown, so that nothing behind it may be gone on from.
    if (anew === null) lastId = fields.get('id') || lastId;
  }

  async function once(): Promise<boolean> {
    const stop = new AbortController();
    leave = () => stop.abort();
    let watchdog = setTimeout(() => stop.abort(), SILENT_MS);
    const own = key();
    const headers = {
      ...(lastId !== null && { 'last-event-id': lastId }),
      ...(own && { authorization: `Bearer ${own}` }),
    };
    anew = null;
    isReady = false;
    asked = model.clock.ask();
    let isOpen = false;
    try {
      const answer = await fetch(url(), { headers, signal: stop.signal });
      const isStream = (answer.headers.get('content-type') ?? '').startsWith('text/event-stream');
      if (!answer.ok || !isStream || answer.body === null) {
        model.problem = await problemOf(answer);
        return false;
      }
      model.problem = null;
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return isOpen;
        isOpen = true;
        clearTimeout(watchdog);
        watchdog = setTimeout(() => stop.abort(), SILENT_MS);
        const blocks = (rest + value).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) takeBlock(block);
      }
    } catch {
      if (!isOpen && !isAgain) model.problem = NO_ANSWER;
      return isOpen;
    } finally {
      clearTimeout(watchdog);
      stop.abort();
      changed();
    }
  }

  async function always(): Promise<never> {
    for (let pauseMs = RETRY_FIRST_MS; ; ) {
      isAgain = false;
      const wasOpen = await once();
      if (isAgain) {
        pauseMs = RETRY_FIRST_MS;
        continue;
      }
      pauseMs = wasOpen ? RETRY_FIRST_MS : Math.min(RETRY_MOST_MS, pauseMs * 2);
      // Spread, so that a room full of screens does not come back at one moment.
      const over = new Promise<void>((resolve) => {
        leave = resolve;
      });
      await Promise.race([pause(pauseMs * (0.75 + Math.random() / 4)), over]);
    }
  }
  void always();
  return {
    again() {
      isAgain = true;
      lastId = null;
      leave();
    },
  };
}
