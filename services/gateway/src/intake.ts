import { setTimeout as pause } from 'node:timers/promises';
import type { RawEvent, Rejection, Source } from '@callfold/core';
import { LIMITS, partitionOf, rawTopic, reject, subjectKey, utf8Bytes } from '@callfold/core';
import { traceHeaders } from '@callfold/adapters';
import type { At, Codec, Outgoing, RawWriter, Received } from '@callfold/engine';
import { checkAgainstLog } from '@callfold/sources';
import { within } from './body.ts';
import type { HeldBytes } from './held-bytes.ts';
import type { GatewayLimits } from './limits.ts';
import { ProblemError } from './problem.ts';
import type { RateLimit } from './rate.ts';
import type { Results } from './results.ts';

/** Events of one request on their way to the log: in order, a window at a time, while the next one is read. */

export type Item =
  | { readonly event: RawEvent; readonly received?: Received; readonly line?: number }
  | { readonly rejection: Rejection; readonly line?: number }
  | { readonly ignored: true };

export type Intake = {
  /** Resolves when there is room for the next. @throws ProblemError when the log does not take one before it */
  add(item: Item): Promise<void>;
  /** Resolves when the log has acknowledged all of them. */
  finish(): Promise<void>;
};

/** The way to the log. */
export type RawLog = { readonly codec: Codec; readonly writer: RawWriter };

export type IntakeParts = {
  readonly log: RawLog;
  readonly held: HeldBytes;
  readonly limits: GatewayLimits;
  readonly rate: RateLimit;
  readonly results: Results;
  /** How many partitions each topic has, as it was learnt: of the process, since it never changes while it runs. */
  readonly partitions: Map<string, number>;
  /** More of it comes while the first is written. */
  readonly isStream: boolean;
  /** Epoch ms. */
  readonly now: () => number;
  readonly heard: Heard;
};

/** Told of what happens to events. */
export type Heard = {
  accepted(source: Source, events: number): void;
  refused(code: Rejection['rejected']): void;
  appended(seconds: number): void;
  logAway(cause: unknown): void;
  logThere(): void;
};

type Window = { parts: Map<string, { readonly at: At; readonly records: Message[] }>; bytes: number; items: number };
type Message = Omit<Outgoing, 'topic'>;

const RETRY_SECONDS = 5;
const emptyWindow = (): Window => ({ parts: new Map(), bytes: 0, items: 0 });

export function createIntake(parts: IntakeParts): Intake {
  const { log, held, limits, rate, results, now, heard, isStream } = parts;
  const { partitions } = parts;
  const begunAt = performance.now();
  const headers = traceHeaders();
  let window = emptyWindow();
  let sources = new Map<Source, number>();
  let underWay: Promise<void> = Promise.resolve();
  /** Items at the front of the request that are decided: in the log, refused or ignored. */
  let decided = 0;

  /** Whatever went wrong below: the sender is to send again, and is told from where. */
  function away(cause: unknown): ProblemError {
    if (cause instanceof ProblemError)
      return new ProblemError(cause.code, cause.message, { decided }, cause.retryAfter);
    heard.logAway(cause);
    const detail =
      `the log did not acknowledge within ${limits.ackMs} ms: the first ${decided} items are decided, those after ` +
      'them may be in the log or not; send them again, repeats are harmless';
    return new ProblemError('log-away', detail, { decided }, RETRY_SECONDS, cause);
  }

  /** Of a stream each step has its time; who sent all at once waits no longer for all of it. */
  const leftMs = (since: number): number =>
    Math.max(1, limits.ackMs - (performance.now() - (isStream ? since : begunAt)));

  async function partitionsOf(topic: string): Promise<number> {
    const known = partitions.get(topic);
    if (known !== undefined) return known;
    const late = (): Error => new Error(`nobody says how many partitions ${topic} has`);
    const count = await within(leftMs(performance.now()), log.writer.partitions(topic), late);
    partitions.set(topic, count);
    return count;
  }

  async function put(event: RawEvent, received: Received | undefined): Promise<Rejection | null> {
    const late = checkAgainstLog(event.occurredAt, now());
    if (late !== null) return late;
    const value = log.codec.encodeRaw(event, received);
    if (value.length > LIMITS.recordBytes) return reject('too-large', `${value.length} bytes as a record`);
    const topic = rawTopic(event.source);
    const at = { topic, partition: partitionOf(event.tenantId, event.subjectId, await partitionsOf(topic)) };
    const name = `${topic}/${at.partition}`;
    const part = window.parts.get(name) ?? { at, records: [] };
    window.parts.set(name, part);
    part.records.push({ key: utf8Bytes(subjectKey(event.tenantId, event.subjectId)), value, headers });
    window.bytes += value.length;
    sources.set(event.source, (sources.get(event.source) ?? 0) + 1);
    return null;
  }

  async function append({ parts: some, bytes }: Window): Promise<void> {
    const begun = performance.now();
    await held.take(bytes, leftMs(begun));
    const appends = [...some.values()].map(({ at, records }) => log.writer.append(at, records));
    // What nobody waits for any more is still held by the writer, and so is its place here.
    void Promise.allSettled(appends).then(() => held.give(bytes));
    await within(leftMs(begun), Promise.all(appends), () => new Error('the appends were not acknowledged in time'));
    heard.appended((performance.now() - begun) / 1_000);
    heard.logThere();
  }

  /** Waits for the window before this one, and sends this one off. */
  async function ship(): Promise<void> {
    const [shipped, counts] = [window, sources];
    window = emptyWindow();
    sources = new Map();
    await underWay;
    if (shipped.items === 0) return;
    underWay = append(shipped).then(() => {
      decided += shipped.items;
      for (const [source, events] of counts) heard.accepted(source, events);
    });
    // Heard of by whoever waits for it next.
    underWay.catch(() => undefined);
    rate.spend(shipped.items);
  }

  /** A stream is slowed down to its tenant's rate; where that would take longer than senders wait, it is stopped. */
  async function keepRate(): Promise<void> {
    const pauseMs = rate.pauseMs();
    if (!isStream || pauseMs === 0) return;
    if (pauseMs <= limits.ackMs) return pause(pauseMs);
    await underWay;
    rate.check();
  }

  async function addOne(item: Item): Promise<void> {
    window.items += 1;
    if ('ignored' in item) return results.ignore();
    const rejection = 'event' in item ? await put(item.event, item.received) : item.rejection;
    if (rejection === null) return results.accept();
    results.refuse(rejection, item.line);
    heard.refused(rejection.rejected);
  }

  return {
    async add(item) {
      try {
        await addOne(item);
        if (window.items >= limits.windowRecords || window.bytes >= limits.windowBytes) {
          await ship();
          await keepRate();
        }
        if (results.refused < limits.refusals) return;
        await ship();
        await underWay;
      } catch (error) {
        throw away(error);
      }
      throw tooMany(results);
    },
    async finish() {
      try {
        await ship();
        await underWay;
      } catch (error) {
        throw away(error);
      }
    },
  };
}

function tooMany(results: Results): ProblemError {
  const { items, accepted, refused } = results;
  const read = accepted + refused + results.ignored;
  const detail = `${refused} items are refused, and nothing after the first ${read} items was read: mend what is wrong`;
  return new ProblemError('too-many-refused', detail, {
    accepted,
    refused,
    decided: read,
    items,
    errors: results.errors(),
  });
}
