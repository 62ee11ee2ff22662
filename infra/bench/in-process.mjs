// What needs no server: the fold alone, and the embedded store.
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { createCodec, createLocalRegistry, openEmbedded, systemClock } from '@callfold/adapters';
import { TOPICS, DEFAULT_SETTINGS } from '@callfold/core';
import { createOfflineFold, fileRules } from '@callfold/engine';
import { batches, outgoing, recentInput } from './fill.mjs';
import { createMeter } from './meter.mjs';
import { serviceHere } from './services.mjs';
import { TOPIC } from './topics.mjs';

const CHUNK_EVENTS = 50_000;
const APPEND_EVENTS = 1_000;

/** Adds up what several stretches took; what stands between them, such as making input, is left out. */
function createStopwatch() {
  let wallMs = 0;
  let cpuMs = 0;
  return {
    async time(work) {
      const from = performance.now();
      const usage = process.cpuUsage();
      await work();
      const { user, system } = process.cpuUsage(usage);
      wallMs += performance.now() - from;
      cpuMs += (user + system) / 1_000;
    },
    figures: () => ({ wallMs, cpuMs }),
  };
}

/** `callfold fold` without reading and printing: events in, derived records out. */
export async function foldOnly(options) {
  const meter = createMeter();
  meter.first();
  const watch = createStopwatch();
  const offline = createOfflineFold(fileRules(DEFAULT_SETTINGS));
  const input = recentInput(options);
  let records = 0;
  const calls = new Set();
  const keep = (derived) => {
    records += derived.length;
    for (const record of derived) if (record.kind === 'call-outcome') calls.add(record.outcomeId);
  };
  for (let chunk = nextChunk(input); chunk.length > 0; chunk = nextChunk(input)) {
    const derived = [];
    await watch.time(() => {
      for (const event of chunk) derived.push(...offline.push(event).records);
    });
    keep(derived);
    meter.add(chunk.length);
  }
  const rest = [];
  await watch.time(() => rest.push(...offline.end()));
  keep(rest);
  return { ...meter.last(), ...watch.figures(), records, calls: calls.size };
}

/** The input as `callfold fold` reads it. */
export function writeNdjson(options, file) {
  const input = recentInput(options);
  const out = openSync(file, 'w');
  for (let chunk = nextChunk(input); chunk.length > 0; chunk = nextChunk(input)) {
    const lines = chunk.map(({ source, tenantId, subjectId, eventId, occurredAt, status, attributes }) =>
      JSON.stringify({ source, tenantId, callId: subjectId, eventId, occurredAt, status, attributes }),
    );
    writeSync(out, `${lines.join('\n')}\n`);
  }
  closeSync(out);
  return { events: options.events };
}

function nextChunk(input) {
  const chunk = [];
  while (chunk.length < CHUNK_EVENTS) {
    const event = input.next();
    if (event === null) break;
    chunk.push(event);
  }
  return chunk;
}

/** Encodes and appends in batches of one partition, the partitions at the same time, as `callfold import` does. */
export async function embeddedAppend({ dir, input: options }) {
  const { partitions } = options;
  let now = 0;
  const clock = { ...systemClock, now: () => now };
  const codec = createCodec(createLocalRegistry());
  await codec.register(TOPICS.map(({ name }) => name));
  const embedded = await openEmbedded({ dir, clock, partitions });
  const meter = createMeter();
  meter.first();
  const watch = createStopwatch();
  const ends = Array.from({ length: partitions }, () => 0);
  const input = recentInput(options);
  let waiting = [];
  const flush = async () => {
    const some = waiting;
    waiting = [];
    now = some.at(-1).loggedAt;
    await watch.time(() =>
      Promise.all(
        some.map(({ partition, events }) => {
          const records = events.map((event) => outgoing(event, codec));
          return embedded.writer.append({ topic: TOPIC, partition }, records);
        }),
      ),
    );
  };
  for (const { partition, events, loggedAt } of batches(input, partitions, APPEND_EVENTS)) {
    ends[partition] += events?.length ?? 1;
    if (events === null) {
      if (waiting.length > 0) await flush();
      now = loggedAt;
      await embedded.member('projector').log.tick({ topic: TOPIC, partition });
      continue;
    }
    waiting.push({ partition, events, loggedAt });
    meter.add(events.length);
    if (waiting.length >= partitions) await flush();
  }
  const figures = { ...meter.last(), ...watch.figures(), ends, bytes: embedded.size().fileBytes };
  await embedded.close();
  return figures;
}

/** One role on a directory that `embeddedAppend` filled. */
export async function embeddedService(role, { dir, partitions, ends, config, meter }) {
  const codec = createCodec(createLocalRegistry());
  await codec.register(TOPICS.map(({ name }) => name));
  const embedded = await openEmbedded({ dir, clock: systemClock, partitions });
  const { consumer, log, store, publisher } = embedded.member(role);
  const site = {
    shelf: { book: null },
    ports: (_role, observer) => ({
      consumer,
      log,
      store,
      codec,
      clock: systemClock,
      observer,
      newToken: randomUUID,
      publisher: role === 'outcomes' ? publisher : null,
    }),
  };
  const figures = await serviceHere(role, { site, config, topic: TOPIC, ends, meter });
  await embedded.close();
  return figures;
}
