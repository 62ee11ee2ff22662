import type { Clock } from '@callfold/engine';
import type { Link } from './link.ts';
import { placeName } from './link.ts';

/**
 * What becomes of one call on its way. `beforeMs` and `afterMs` are how long the request and the answer take.
 *
 * - done: as it should be.
 * - lost: the request never comes; the caller hears of it after a while.
 * - unanswered: done, and the answer is lost.
 * - late: the caller gives up before the request comes, and it comes all the same, `laterMs` after it was made.
 * - twice: done and answered, and a copy of the request comes `laterMs` after it was made.
 */
export type Fate = {
  readonly what: 'done' | 'lost' | 'unanswered' | 'late' | 'twice';
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly laterMs: number;
};

export type FateOf = (call: string, place: string) => Fate;

/** The fault layer around one process: what it calls goes over its link, and its time stands still when it does. */
export type MemoryProcess = {
  readonly link: Link;
  readonly clock: Clock;
  readonly isPaused: boolean;
  /** As SIGSTOP: it asks for nothing and hears nothing; what is on its way already still comes. */
  pause(): void;
  resume(): void;
  /** As SIGKILL: it goes on never; what is on its way already still comes. */
  kill(): void;
};

type State = 'awake' | 'paused' | 'dead';

export function createMemoryProcess(clock: Clock, fateOf: FateOf): MemoryProcess {
  // Read through a function: the compiler would hold on to what it last saw here, across awaits.
  let state: State = 'awake';
  const is = (one: State): boolean => state === one;
  let sleeping: (() => void)[] = [];

  /** Resolves while the process is awake; never again when it is dead. */
  async function awake(): Promise<void> {
    while (!is('awake')) {
      await new Promise<void>((resolve) => {
        if (is('paused')) sleeping.push(resolve);
      });
    }
  }

  /** A request that nobody waits for any more. */
  async function comeLater(run: () => unknown, ms: number): Promise<void> {
    await clock.sleep(ms);
    try {
      run();
    } catch {
      // A server's refusal, to nobody.
    }
  }

  const link: Link = async (call, at, run) => {
    if (!is('awake')) await awake();
    const { what, beforeMs, afterMs, laterMs } = fateOf(call, placeName(at));
    const fail = async (why: string): Promise<never> => {
      await awake();
      throw new Error(`${call} of ${placeName(at)}: ${why}`);
    };
    if (what === 'late' || what === 'twice') void comeLater(run, laterMs);
    if (what === 'late' || what === 'lost') {
      await clock.sleep(beforeMs + afterMs);
      return fail(`no answer in ${beforeMs + afterMs} ms`);
    }
    if (beforeMs > 0) await clock.sleep(beforeMs);
    const answer = run();
    if (afterMs > 0) await clock.sleep(afterMs);
    if (what === 'unanswered') return fail('the connection was lost before its answer came');
    if (!is('awake')) await awake();
    return answer;
  };

  return {
    link,
    clock: {
      now: () => clock.now(),
      async sleep(ms, signal) {
        await clock.sleep(ms, signal);
        if (!is('awake')) await awake();
      },
    },
    get isPaused() {
      return is('paused');
    },
    pause() {
      if (is('awake')) state = 'paused';
    },
    resume() {
      if (!is('paused')) return;
      state = 'awake';
      const woken = sleeping;
      sleeping = [];
      for (const wake of woken) wake();
    },
    kill() {
      state = 'dead';
      sleeping = [];
    },
  };
}
