/** Projectors, a rebuild and a reader over one memory world with a virtual clock; each a process that can be killed. */

import type { RawEvent, Settings, Source } from '@callfold/core';
import { DEFAULT_SETTINGS, isRejection, rawTopic } from '@callfold/core';
import type {
  Aggregates,
  At,
  Building,
  Codec,
  Generation,
  GenerationPorts,
  KeptService,
  Shelf,
  Switching,
  SwitchStep,
} from '@callfold/engine';
import {
  beginRebuild,
  buildGeneration,
  compareStates,
  DEFAULT_LIMITS,
  foldPartition,
  keepGenerations,
  readLive,
  rulesOf,
} from '@callfold/engine';
import type { Link } from '../src/memory/link.ts';
import type { MemoryConsumer } from '../src/memory/consumer.ts';
import type { MemoryProcess } from '../src/memory/process.ts';
import { createMemoryProcess } from '../src/memory/process.ts';
import { call, event, openHarness, PARTITIONS, PROJECTOR } from './engine-harness.ts';

export const SOURCE: Source = 'callcenter24';
export const ATS: readonly At[] = Array.from({ length: PARTITIONS }, (_, partition) => ({
  topic: rawTopic(SOURCE),
  partition,
}));
const SLOW_COMMIT_MS = 300;
const CONFIG = { settings: DEFAULT_SETTINGS, limits: DEFAULT_LIMITS };

/** A call that waits and is sent to voicemail. */
export function voicemail(callId: string, startAt: number): RawEvent[] {
  const words: readonly (readonly [second: number, status: string])[] = [
    [0, 'Registred in CallCenter24'],
    [1, 'Participant join (Contact)'],
    [9, 'Redirect to voice mail'],
    [20, 'Participant leave (Contact)'],
  ];
  return words.map(([second, status]) =>
    event({ source: SOURCE, callId, occurredAt: startAt + second * 1_000, status }),
  );
}

/** A call that is given up after so many seconds in the queue. */
export function abandoned(callId: string, startAt: number, seconds: number): RawEvent[] {
  const words: readonly (readonly [second: number, status: string])[] = [
    [0, 'Registred in CallCenter24'],
    [1, 'Participant join (Contact)'],
    [1 + seconds, 'Participant leave (Contact)'],
    [1 + seconds, 'Call ended'],
  ];
  return words.map(([second, status]) =>
    event({ source: SOURCE, callId, occurredAt: startAt + second * 1_000, status }),
  );
}

export { call };

/** The code of before: it did not know the word for voicemail, in calls of before. */
export function withBug(codec: Codec): Codec {
  return {
    ...codec,
    decode(source, value) {
      const raw = codec.decode(source, value);
      if (isRejection(raw) || !raw.subjectId.startsWith('old-') || raw.status !== 'Redirect to voice mail') return raw;
      return { ...raw, status: 'Redirect nobody knows' };
    },
  };
}

export type Projector = {
  readonly process: MemoryProcess;
  readonly service: KeptService;
  kill(): void;
};

export async function openGenerations() {
  const harness = await openHarness();
  const { clock, world, codec } = harness;
  const done = { what: 'done', beforeMs: 1, afterMs: 1, laterMs: 0 } as const;
  const newProcess = (): MemoryProcess => createMemoryProcess(clock, () => done);
  let tokens = 0;
  const newToken = (): string => `token-${(tokens += 1)}`;
  const groupOf = (key: string): string => key;

  /** Commits of all generations but the first take their time, so that they are seen to be behind it. */
  function slow(process: MemoryProcess): Link {
    return async (name, at, run) => {
      if (name === 'commit') await process.clock.sleep(SLOW_COMMIT_MS);
      return process.link(name, at, run);
    };
  }

  function shelfOf(process: MemoryProcess, settings: Settings = DEFAULT_SETTINGS): Shelf {
    const ports = world.ports(process.link);
    const slowPorts = world.ports(slow(process));
    return {
      book: ports.generations('projector'),
      root: 'projector',
      settings,
      storeOf: (key) => (key === 'projector' ? ports : slowPorts).store(groupOf(key)),
    };
  }

  function portsOf(process: MemoryProcess, own: Codec, consumers: MemoryConsumer[]): GenerationPorts['open'] {
    const ports = world.ports(process.link);
    return ({ key }: Generation) => {
      const consumer = ports.consumer(groupOf(key), [rawTopic(SOURCE)]);
      consumers.push(consumer);
      return {
        ports: {
          consumer,
          log: ports.log(groupOf(key)),
          codec: own,
          publisher: null,
          clock: process.clock,
          observer: () => undefined,
          newToken,
        },
        close: async () => undefined,
      };
    };
  }

  return {
    ...harness,
    newProcess,
    newToken,
    shelfOf,
    projector(own: Codec = codec, settings: Settings = DEFAULT_SETTINGS): Projector {
      const process = newProcess();
      const consumers: MemoryConsumer[] = [];
      const service = keepGenerations(
        () => PROJECTOR,
        { ...CONFIG, settings },
        { shelf: shelfOf(process, settings), clock: process.clock, open: portsOf(process, own, consumers) },
      );
      return {
        process,
        service,
        kill() {
          process.kill();
          for (const one of consumers) one.kill();
        },
      };
    },
    /** `callfold rebuild NAME`, as a process of its own. */
    rebuild(name: string, more: Partial<Building> = {}, settings: Settings = DEFAULT_SETTINGS, own: Codec = codec) {
      const process = newProcess();
      const consumers: MemoryConsumer[] = [];
      const log = world.ports(process.link).log('projector');
      const shelf = shelfOf(process, settings);
      const rebuilding = { shelf, log, clock: process.clock, ats: ATS, settings, newToken };
      const run = async (): Promise<boolean> => {
        const generation = await beginRebuild(rebuilding, name, null);
        return buildGeneration({
          ...rebuilding,
          generation,
          roleOf: () => PROJECTOR,
          config: { ...CONFIG, settings },
          open: portsOf(process, own, consumers),
          perSecond: null,
          stop: { requested: false },
          ...more,
        });
      };
      const result = { ended: null as boolean | null };
      const ended = run().then((complete) => {
        result.ended = complete;
      });
      return {
        result,
        ended,
        kill() {
          process.kill();
          for (const one of consumers) one.kill();
        },
      };
    },
    switching(step: (name: SwitchStep, process: MemoryProcess) => void = () => undefined): Switching {
      const process = newProcess();
      return {
        shelf: shelfOf(process),
        log: world.ports(process.link).log('projector'),
        clock: process.clock,
        ats: ATS,
        newToken,
        step: (name) => step(name, process),
      };
    },
    /** What the log says against what a generation keeps, as text; empty: the same. */
    async generationFindings({ key }: Generation, own: Codec = codec): Promise<string[]> {
      const direct = world.ports();
      const found: string[] = [];
      for (const at of ATS) {
        const { end } = world.topics.bounds(at);
        const reading = { at, source: SOURCE, log: direct.log('check'), codec: own };
        const expected = await foldPartition(reading, rulesOf(PROJECTOR, DEFAULT_SETTINGS), end);
        const report = await compareStates(at, direct.store(groupOf(key)), expected);
        found.push(...report.findings.map(({ fault, where, detail }) => `${fault} ${where}: ${detail}`));
      }
      return found;
    },
    /** One whole reading of what is live: positions, and where wanted every state. */
    readWhole(
      shelf: Shelf,
      wantsStates = true,
    ): Promise<{ name: string; positions: number[]; states: Map<string, string> }> {
      return readLive(shelf, async ({ generation, store }: Aggregates) => {
        const states = new Map<string, string>();
        const positions: number[] = [];
        for (const at of ATS) {
          positions.push((await store.peek(at))?.next ?? 0);
          if (!wantsStates) continue;
          for await (const slice of store.scan(at, 'states')) for (const [key, text] of slice) states.set(key, text);
        }
        return { name: generation.name, positions, states };
      });
    },
  };
}
