/** A small day as a replay has it: events in a memory log, and a console over real HTTP that plays them. */

import {
  createCodec,
  createLocalRegistry,
  createLogger,
  createMemoryWorld,
  createMetricSet,
  startHttp,
  systemClock,
} from '@callfold/adapters';
import { readConfig } from '@callfold/adapters/config';
import type { DerivedRecord, RawEvent, Rules } from '@callfold/core';
import {
  DEFAULT_SETTINGS,
  ERASE_HEADER,
  erasureText,
  isRejection,
  openLatest,
  openReport,
  partitionOf,
  rawTopic,
  SOURCES,
  subjectKey,
  THRESHOLDS_SECONDS,
  utf8Bytes,
} from '@callfold/core';
import { createOfflineFold } from '@callfold/engine';
import { readEvent } from '@callfold/sources';
import type { DayOfLog, Recording } from '../src/index.ts';
import { readDay, start } from '../src/index.ts';
import type { ConsoleLimits } from '../src/limits.ts';
import type { Answer } from './console-harness.ts';
import { UTC } from './console-harness.ts';

export const PARTITIONS = 3;
export const DAY = Date.UTC(1999, 1, 12);
const MINUTE = 60_000;
export const at = (hour: number, minute = 0, second = 0): number =>
  DAY + hour * 60 * MINUTE + minute * MINUTE + second * 1_000;
export const iso = (time: number): string => new Date(time).toISOString();

/** When the log took it, and what it is; null: the subject is erased. */
export type Logged = {
  readonly loggedAt: number;
  readonly raw: RawEvent;
  readonly isErased?: boolean;
  /** It lies so many partitions behind the one to which its key belongs. */
  readonly misplacedBy?: number;
};

export const RULES: Rules = { settings: DEFAULT_SETTINGS, publishes: true, drops: true };

export function event(fields: Readonly<Record<string, unknown>>, loggedAt?: number): Logged {
  const raw = readEvent(fields);
  if (isRejection(raw)) throw new Error(raw.reason);
  return { loggedAt: loggedAt ?? raw.occurredAt, raw };
}

export function call(callId: string, from: number, ...lines: readonly [seconds: number, status: string][]): Logged[] {
  return lines.map(([seconds, status]) =>
    event({ source: 'callcenter24', callId, occurredAt: iso(from + seconds * 1_000), status }),
  );
}

/** In the order of the log. @param grownTo partitions that its topics got since */
export async function recordingOf(
  logged: readonly Logged[],
  { grownTo = PARTITIONS, ...more }: Partial<DayOfLog> & { readonly grownTo?: number } = {},
): Promise<Recording> {
  const codec = createCodec(createLocalRegistry());
  await codec.register(SOURCES.map(rawTopic));
  const world = createMemoryWorld({ clock: systemClock, timesMayFall: true });
  for (const source of SOURCES) world.topics.create(rawTopic(source), PARTITIONS);
  for (const { loggedAt, raw, isErased = false, misplacedBy = 0 } of logged) {
    const { source, tenantId, subjectId } = raw;
    const record = {
      key: utf8Bytes(subjectKey(tenantId, subjectId)),
      value: isErased ? null : codec.encodeRaw(raw),
      headers: isErased ? [{ name: ERASE_HEADER, value: utf8Bytes(erasureText([])) }] : [],
    };
    const partition = (partitionOf(tenantId, subjectId, PARTITIONS) + misplacedBy) % PARTITIONS;
    const place = { topic: rawTopic(source), partition };
    world.topics.append(place, [record], loggedAt);
  }
  for (const source of SOURCES) world.topics.grow(rawTopic(source), grownTo);
  const raw = { log: world.ports().log('replay'), codec };
  const recording = await readDay({ raw, rules: RULES, zone: UTC, at: DAY, ...more });
  if (recording === null) throw new Error('the log has nothing of that day');
  return recording;
}

/** What a fold of its own says of a moment: of what the log had then, and with the time that had passed. */
export function foldUpTo(logged: readonly Logged[], moment: number) {
  const fold = createOfflineFold(RULES, true);
  const latest = openLatest(() => true);
  const take = (records: readonly DerivedRecord[]): void => {
    for (const record of records) latest.take(record);
  };
  for (const { loggedAt, raw } of logged) if (loggedAt <= moment) take(fold.push(raw, loggedAt).records);
  take(fold.advance(moment));
  const report = openReport({
    zone: UTC,
    from: DAY,
    to: DAY + 24 * 60 * MINUTE,
    openUntil: moment,
    tenants: [],
    sources: [],
    thresholdsSeconds: THRESHOLDS_SECONDS,
    by: [],
  });
  for (const record of latest.records()) report.add(record);
  return { figures: report.figures(), records: [...latest.records()], states: [...fold.states()] };
}

/** The console of a replay. */
export async function openReplayed(recording: Recording, limits: Partial<ConsoleLimits> = {}, env = {}) {
  const config = readConfig({ CALLFOLD_HTTP_PORT: '0', ...env });
  const shown = start(
    { ...config, limits },
    {
      clock: systemClock,
      logger: createLogger('trace', 'console', { write: () => undefined }),
      metrics: createMetricSet('console'),
      zoneOf: () => UTC,
    },
  );
  const http = await startHttp({
    host: '127.0.0.1',
    port: 0,
    ready: () => shown.health(),
    metrics: [],
    routes: (app) => shown.routes(app),
  });
  shown.replay(recording, 60);
  return {
    url: http.url,
    async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
      const answer = await fetch(`${http.url}${path}`, { headers });
      const body = (await answer.json()) as Record<string, unknown>;
      return { status: answer.status, headers: answer.headers, body };
    },
    async close(): Promise<void> {
      await shown.stop();
      await http.close();
    },
  };
}
