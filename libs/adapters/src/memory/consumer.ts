import type { At, Consumer, ConsumerHandler } from '@callfold/engine';
import type { Farewells, GroupMember, MemoryGroup } from './group.ts';
import { placeName } from './link.ts';
import type { MemoryLog } from './log.ts';

export type MemoryConsumer = Consumer & {
  /**
   * As a session time-out: the group takes its partitions away unasked. It finds out when its running calls end, and
   * joins again.
   */
  expel(): void;
  /** As `kill -9`: expelled, and it never calls its handler again; `run` stays pending. */
  kill(): void;
};

export type MemoryConsumerOptions = {
  readonly log: MemoryLog;
  readonly group: MemoryGroup;
  readonly topics: readonly string[];
  readonly batchRecords: number;
};

/** One partition in the hands of a member. */
type Lane = {
  readonly at: At;
  readonly signal: { aborted: boolean };
  readonly bell: Bell;
  /** Resolves when no call of the handler runs for it any more. */
  done: Promise<void>;
  /** Whether the handler knows of it: what was never assigned is not revoked. */
  assigned: boolean;
  /** Asked for by `seek`: goes before what a running call will answer. */
  sought: number | null | undefined;
  /** Set once it is being given up, by whichever reason came first. */
  closed: Promise<string | null> | undefined;
};

/** A wait that remembers a ring that came before it. */
type Bell = { ring(): void; wait(): Promise<void> };

function createBell(): Bell {
  let rung = false;
  let wake: (() => void) | undefined;
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
      wake = undefined;
    },
  };
}

type Phase = 'new' | 'running' | 'stopped' | 'dead';

export function createMemoryConsumer({ log, group, topics, batchRecords }: MemoryConsumerOptions): MemoryConsumer {
  const lanes = new Map<string, Lane>();
  let handler: ConsumerHandler | undefined;
  // Read through a function: the compiler would hold on to what it last saw here, across awaits.
  let phase: Phase = 'new';
  const is = (one: Phase): boolean => phase === one;
  let end: { resolve: () => void; reject: (error: unknown) => void } | undefined;
  let rejoining: Promise<void> | undefined;

  const member: GroupMember = {
    topics,
    gain(at, left) {
      if (handler === undefined || !is('running')) return;
      const lane: Lane = {
        at,
        signal: { aborted: false },
        bell: createBell(),
        done: Promise.resolve(),
        closed: undefined,
        sought: undefined,
        assigned: false,
      };
      lanes.set(placeName(at), lane);
      lane.done = serve(lane, handler, left).catch(fail);
    },
    release: async (at) => {
      const lane = lanes.get(placeName(at));
      return lane === undefined ? null : ((await close(lane).catch(fail)) ?? null);
    },
  };

  /** True while the lane may go on; finds out that the group has dropped this member. */
  const mayGoOn = (lane: Lane): boolean => {
    if (is('dead') || lane.signal.aborted) return false;
    if (group.has(member)) return true;
    rejoining ??= rejoin();
    return false;
  };

  async function serve(lane: Lane, calls: ConsumerHandler, left: string | null): Promise<void> {
    const { at, signal, bell } = lane;
    const unwatch = log.watch(at, () => bell.ring());
    try {
      // One turn late, so that who gained it has returned: a handler never runs inside `settle`.
      await Promise.resolve();
      if (!mayGoOn(lane)) return;
      lane.assigned = true;
      let position = await calls.assigned(at, signal, left);
      while (mayGoOn(lane)) {
        if (lane.sought !== undefined) position = lane.sought;
        lane.sought = undefined;
        const { start, end: logEnd } = log.bounds(at);
        if (position === null) await bell.wait();
        else if (position < start || position > logEnd) position = await assignedAnew(lane, calls);
        else if (position === logEnd) await bell.wait();
        else position = await calls.batch(at, log.read(at, position, batchRecords), signal);
      }
    } finally {
      unwatch();
    }
  }

  /** The position fell out of the log (retention, truncation): only the handler can say what that means. */
  async function assignedAnew(lane: Lane, calls: ConsumerHandler): Promise<number | null> {
    const { at, signal } = lane;
    lane.assigned = false;
    await calls.revoked(at);
    if (!mayGoOn(lane)) return null;
    lane.assigned = true;
    const position = await calls.assigned(at, signal, null);
    const { start, end: logEnd } = log.bounds(at);
    if (position === null || (position >= start && position <= logEnd)) return position;
    throw new Error(`${placeName(at)} is to be read from ${position}, but holds ${start} up to ${logEnd} only`);
  }

  /** Answers what the next owner may be told. */
  const close = (lane: Lane): Promise<string | null> => {
    lane.closed ??= giveUp(lane);
    return lane.closed;
  };

  async function giveUp(lane: Lane): Promise<string | null> {
    lane.signal.aborted = true;
    lane.bell.ring();
    await lane.done;
    if (is('dead')) return null;
    lanes.delete(placeName(lane.at));
    return lane.assigned && handler ? handler.revoked(lane.at) : null;
  }

  /** Answers what the next owners may be told. */
  const closeAll = async (): Promise<Farewells> => {
    const said = [...lanes.values()].map(async (lane) => [placeName(lane.at), await close(lane)] as const);
    return new Map(await Promise.all(said));
  };

  async function rejoin(): Promise<void> {
    // Not inside the lane that found out: closing waits for it.
    await Promise.resolve();
    await closeAll();
    rejoining = undefined;
    if (is('running')) group.join(member);
  }

  function fail(cause: unknown): void {
    if (!is('running')) return;
    phase = 'stopped';
    void leaveWith(cause);
  }

  /** Gives up what it has; the first error is the one to tell, whatever goes wrong on the way out. */
  async function leaveWith(cause: unknown): Promise<void> {
    await Promise.allSettled([...lanes.values()].map(close));
    group.leave(member, new Map());
    end?.reject(cause);
  }

  return {
    run(given) {
      if (!is('new')) return Promise.reject(new Error('a consumer runs once; make another'));
      handler = given;
      phase = 'running';
      const ran = new Promise<void>((resolve, reject) => {
        end = { resolve, reject };
      });
      group.join(member);
      return ran;
    },
    async stop() {
      if (!is('running')) return;
      phase = 'stopped';
      await rejoining;
      group.leave(member, await closeAll());
      end?.resolve();
    },
    seek(at, offset) {
      const lane = lanes.get(placeName(at));
      if (lane === undefined) return;
      lane.sought = offset;
      lane.bell.ring();
    },
    expel() {
      group.expel(member);
      for (const lane of lanes.values()) lane.bell.ring();
      // Nothing that could find out: a heartbeat would.
      if (lanes.size === 0 && is('running')) rejoining ??= rejoin();
    },
    kill() {
      phase = 'dead';
      group.expel(member);
      for (const lane of lanes.values()) {
        lane.signal.aborted = true;
        lane.bell.ring();
      }
    },
  };
}
