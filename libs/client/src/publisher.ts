import type { Code, RawEvent } from '@callfold/core';
import { isRejection, utf8Bytes } from '@callfold/core';
import type { At, Codec, Header, RawWriter } from '@callfold/engine';
import type { EventInput } from './events.ts';
import { eventOf } from './events.ts';
import type { Message } from './place.ts';
import { createPlaces, keyOf, messageOf } from './place.ts';
import { BATCH_BYTES, BATCH_RECORDS } from './producer.ts';

/** The log has the event: every replica that is in sync. */
export type Acknowledged = {
  /** The upstream's, or the hash that stands in for it. */
  readonly eventId: string;
  readonly key: string;
  readonly topic: string;
  readonly partition: number;
};

/** What became of one event. */
export type Receipt =
  | ({ readonly status: 'acknowledged' } & Acknowledged)
  /** It is wrong and was not sent; sent again it is refused again. */
  | { readonly status: 'refused'; readonly code: Code; readonly reason: string }
  /** It may be in the log, or not: publish it again, a repeat is harmless. */
  | { readonly status: 'unknown'; readonly eventId: string; readonly error: Error };

export type PublishOptions = {
  /** By name, such as `traceparent`; those that begin with `callfold-` are callfold's own. */
  readonly headers?: Readonly<Record<string, string>>;
};

/** For upstreams: events in, and of each what became of it. */
export type EventPublisher = {
  /**
   * Resolves when the log has it. What is published without waiting goes out together, in order per subject.
   * @throws EventRefused (`code`, `reason`): it is wrong. @throws NotAcknowledged: publish it again.
   * @throws TooManyPending: more than `maxPending` wait; use `publishAll`, or wait for some.
   */
  publish(event: EventInput, options?: PublishOptions): Promise<Acknowledged>;
  /** One receipt an event, in their order; takes no more events than may wait, and never throws for one of them. */
  publishAll(events: Iterable<EventInput> | AsyncIterable<EventInput>): AsyncGenerator<Receipt, void, undefined>;
  /** Events that wait for their acknowledgement. */
  readonly pending: number;
};

export class EventRefused extends Error {
  override readonly name = 'EventRefused';
  readonly code: Code;
  readonly reason: string;
  constructor(code: Code, reason: string) {
    super(`the event is refused, ${code}: ${reason}`);
    this.code = code;
    this.reason = reason;
  }
}

export class NotAcknowledged extends Error {
  override readonly name = 'NotAcknowledged';
  readonly eventId: string;
  constructor(eventId: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`it is not known whether the log has event ${eventId}: ${why}. Publish it again, a repeat is harmless`, {
      cause,
    });
    this.eventId = eventId;
  }
}

export class TooManyPending extends Error {
  override readonly name = 'TooManyPending';
}

export type PublisherOptions = {
  readonly writer: RawWriter;
  readonly codec: Codec;
  /** Events that may wait for their acknowledgement; default 20,000. */
  readonly maxPending?: number;
};

type Job = { readonly message: Message; resolve(): void; reject(error: unknown): void };
/** One append at a time; what comes meanwhile makes the next one: batches grow with the load, nothing waits idle. */
type Lane = { readonly at: At; jobs: Job[]; isRunning: boolean };

const MAX_PENDING = 20_000;
const RESERVED = /^callfold-/i;

export function createEventPublisher({ writer, codec, maxPending = MAX_PENDING }: PublisherOptions): EventPublisher {
  const places = createPlaces(writer);
  const lanes = new Map<string, Lane>();
  let pending = 0;

  function laneAt(at: At): Lane {
    const name = `${at.topic}/${at.partition}`;
    const lane = lanes.get(name) ?? { at, jobs: [], isRunning: false };
    lanes.set(name, lane);
    return lane;
  }

  async function run(lane: Lane): Promise<void> {
    if (lane.isRunning) return;
    lane.isRunning = true;
    while (lane.jobs.length > 0) {
      const batch = nextBatch(lane.jobs);
      try {
        await writer.append(
          lane.at,
          batch.map(({ message }) => message),
        );
        lane.jobs = lane.jobs.slice(batch.length);
        for (const job of batch) job.resolve();
      } catch (error) {
        // Those behind it too: they must not land before what is published again.
        const failed = lane.jobs;
        lane.jobs = [];
        for (const job of failed) job.reject(error);
      }
    }
    lane.isRunning = false;
  }

  async function send(event: RawEvent, headers: readonly Header[]): Promise<Acknowledged> {
    pending += 1;
    try {
      const at = await places.of(event);
      const lane = laneAt(at);
      const message = messageOf(event, codec, headers);
      const appended = new Promise<void>((resolve, reject) => {
        lane.jobs.push({ message, resolve, reject });
      });
      void run(lane);
      await appended;
      return { eventId: event.eventId, key: keyOf(event), ...at };
    } catch (error) {
      throw new NotAcknowledged(event.eventId, error);
    } finally {
      pending -= 1;
    }
  }

  async function publish(input: EventInput, { headers = {} }: PublishOptions = {}): Promise<Acknowledged> {
    const event = eventOf(input);
    if (isRejection(event)) throw new EventRefused(event.rejected, event.reason);
    if (pending >= maxPending) {
      throw new TooManyPending(`${pending} events wait for their acknowledgement: wait for some, or use publishAll`);
    }
    return send(event, headersOf(headers));
  }

  return {
    publish,
    async *publishAll(events) {
      const waiting: Promise<Receipt>[] = [];
      for await (const event of events) {
        // Its own bound: what others publish meanwhile must not make these fail.
        if (waiting.length > 0 && (waiting.length >= maxPending / 2 || pending >= maxPending))
          yield await (waiting.shift() as Promise<Receipt>);
        waiting.push(receiptOf(publish(event)));
      }
      for (const one of waiting) yield await one;
    },
    get pending() {
      return pending;
    },
  };
}

function nextBatch(jobs: readonly Job[]): readonly Job[] {
  let bytes = 0;
  let count = 0;
  for (const { message } of jobs) {
    bytes += message.value?.length ?? 0;
    if (count === BATCH_RECORDS || (count > 0 && bytes > BATCH_BYTES)) break;
    count += 1;
  }
  return jobs.slice(0, count);
}

function headersOf(given: Readonly<Record<string, string>>): Header[] {
  return Object.entries(given).map(([name, value]) => {
    if (RESERVED.test(name)) throw new RangeError(`the header ${name} is callfold's own: give it another name`);
    return { name, value: utf8Bytes(value) };
  });
}

function receiptOf(published: Promise<Acknowledged>): Promise<Receipt> {
  return published.then(
    (acknowledged) => ({ status: 'acknowledged', ...acknowledged }),
    (error: unknown): Receipt => {
      if (error instanceof EventRefused) return { status: 'refused', code: error.code, reason: error.reason };
      if (error instanceof NotAcknowledged) return { status: 'unknown', eventId: error.eventId, error };
      throw error;
    },
  );
}
