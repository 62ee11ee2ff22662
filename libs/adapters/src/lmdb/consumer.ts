/** The one member of a group: every partition is its own. It sleeps until an append to its partition wakes it. */

import { setImmediate } from 'node:timers/promises';
import type { At, Consumer, ConsumerHandler } from '@callfold/engine';
import { Refused } from '@callfold/engine';
import type { PartitionLogs } from './partition-logs.ts';

export type ConsumerSetup = {
  readonly group: string;
  /** Every partition, with its number in the logs. */
  readonly parts: readonly Part[];
  readonly logs: PartitionLogs;
  readonly batchRecords: number;
  /** Groups that have a running member in this process. */
  readonly running: Set<string>;
};

type Part = { readonly at: At; readonly lane: number };

/** A wait that remembers a ring that came before it. */
type Bell = { ring(): void; wait(): Promise<void> };

/** One partition during one run. */
type Reader = Part & {
  /** Every handler's signal; the same for all partitions of a run. */
  readonly signal: { aborted: boolean };
  readonly bell: Bell;
  /** Asked for by `seek`: goes before what a running call will answer. */
  sought: number | null | undefined;
};

export function createConsumer(setup: ConsumerSetup): Consumer {
  let readers: readonly Reader[] = [];
  let ended: Promise<void> = Promise.resolve();

  async function runAll(handler: ConsumerHandler): Promise<void> {
    const signal = { aborted: false };
    readers = setup.parts.map((part) => ({ ...part, signal, bell: createBell(), sought: undefined }));
    const turns = readers.map(async (reader) => {
      try {
        await readOn(setup, reader, handler);
      } catch (error) {
        // One partition that cannot go on ends the run: the others finish what they do, and `run` says why.
        halt(readers);
        throw error;
      }
    });
    await Promise.allSettled(turns);
    setup.running.delete(setup.group);
    await Promise.all(turns);
  }

  return {
    async run(handler) {
      if (setup.running.has(setup.group)) {
        throw new Refused(
          `group ${setup.group} has a running member in this process already, and an embedded group has only one; ` +
            'stop that one first, or use Kafka and Redis to share partitions out',
        );
      }
      setup.running.add(setup.group);
      const finished = runAll(handler);
      ended = finished.catch(() => {});
      return finished;
    },
    async stop() {
      halt(readers);
      await ended;
    },
    seek({ topic, partition }, offset) {
      const reader = readers.find(({ at }) => at.topic === topic && at.partition === partition);
      if (reader === undefined) return;
      reader.sought = offset;
      reader.bell.ring();
    },
  };
}

function halt(readers: readonly Reader[]): void {
  for (const { signal, bell } of readers) {
    signal.aborted = true;
    bell.ring();
  }
}

/** Reads a partition from its assignment to the end of the run. */
async function readOn(setup: ConsumerSetup, reader: Reader, handler: ConsumerHandler): Promise<void> {
  const { logs } = setup;
  const { at, lane, signal, bell } = reader;
  if (signal.aborted) return;
  const unwatch = logs.watch(lane, () => bell.ring());
  let held = true;
  const assign = async (): Promise<number | null> => {
    held = true;
    // It is the only member: nobody had the partition before.
    return handler.assigned(at, signal, null);
  };
  const revoke = async (): Promise<void> => {
    held = false;
    await handler.revoked(at);
  };
  try {
    let position = await assign();
    while (!signal.aborted) {
      if (reader.sought !== undefined) position = reader.sought;
      reader.sought = undefined;
      if (position !== null && isOutside(logs, lane, position)) {
        // A trim took what was to be read: only the handler can say what that means.
        await revoke();
        position = await assign();
        if (position !== null && isOutside(logs, lane, position)) throw nowhere(setup, reader, position);
      } else if (position === null || position === logs.bounds(lane).end) await bell.wait();
      else {
        position = await handler.batch(at, logs.read(lane, position, setup.batchRecords), signal);
        // A handler that has nothing to wait for must not keep timers and sockets waiting.
        await setImmediate();
      }
    }
  } finally {
    unwatch();
    if (held) await revoke();
  }
}

function isOutside(logs: PartitionLogs, lane: number, offset: number): boolean {
  const { start, end } = logs.bounds(lane);
  return offset < start || offset > end;
}

function nowhere({ group, logs }: ConsumerSetup, { at, lane }: Part, offset: number): Refused {
  const { start, end } = logs.bounds(lane);
  return new Refused(
    `${group} is to read ${at.topic}/${at.partition} from ${offset}, but it holds ${start} to ${end}; ` +
      'read from there, or leave the partition alone and say what is gone',
  );
}

function createBell(): Bell {
  let rung = false;
  let wake: (() => void) | null = null;
  return {
    ring() {
      rung = true;
      wake?.();
    },
    async wait() {
      if (!rung) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      rung = false;
      wake = null;
    },
  };
}
