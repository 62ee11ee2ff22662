import type { Health } from '@callfold/adapters';
import type { PartitionStatus } from '@callfold/engine';
import { Refused } from '@callfold/engine';
import type { Member } from './member.ts';

/** What the thread that answers HTTP and one that works say to one another. */

/** What one thread is started with. */
export type ThreadData = { readonly role: 'projector' | 'outcomes'; readonly thread: number };

type Answers = {
  ready: readonly Health[];
  statuses: readonly PartitionStatus[];
  metrics: string;
};
type Asked = keyof Answers;

type ToThread = { readonly stop: true } | { readonly id: number; readonly ask: Asked };
type FromThread =
  | { readonly id: number; readonly answer: Answers[Asked] }
  /** A port carries no class: only what decides on the exit code, and on what is said. */
  | { readonly failed: { readonly message: string; readonly isRefused: boolean } };

/** One end of a line between two threads, as `worker_threads` has them. */
export type Line = {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
};

function post(line: Line, message: ToThread | FromThread): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- two threads of one process have no origins
  line.postMessage(message);
}

async function answerOf(member: Member, ask: Asked): Promise<Answers[Asked]> {
  if (ask === 'ready') return member.ready();
  if (ask === 'statuses') return (await member.services()).flatMap((one) => one.status());
  return (await Promise.all(member.metrics.map((one) => one.text()))).join('\n');
}

/** In the thread that works. @param stop called when the other side asks for the end */
export function answerAsks(line: Line, member: Member, stop: () => void): void {
  line.on('message', (message) => {
    const said = message as ToThread;
    if ('stop' in said) stop();
    else void answerOf(member, said.ask).then((answer) => post(line, { id: said.id, answer }));
  });
}

export function tellFailure(line: Line, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  post(line, { failed: { message, isRefused: error instanceof Refused } });
}

export type Asking = {
  /** Does not resolve any more where the thread has ended. */
  ask<What extends Asked>(what: What): Promise<Answers[What]>;
  stop(): void;
};

/** In the thread that asks. @param onFailure told when the other side cannot go on */
export function askThread(line: Line, onFailure: (error: Error) => void): Asking {
  const waiting = new Map<number, (answer: never) => void>();
  let asked = 0;
  line.on('message', (message) => {
    const said = message as FromThread;
    if ('failed' in said) {
      const { message: why, isRefused } = said.failed;
      onFailure(isRefused ? new Refused(why) : new Error(why));
      return;
    }
    waiting.get(said.id)?.(said.answer as never);
    waiting.delete(said.id);
  });
  return {
    ask: (what) =>
      new Promise((resolve) => {
        asked += 1;
        waiting.set(asked, resolve);
        post(line, { id: asked, ask: what });
      }),
    stop: () => post(line, { stop: true }),
  };
}
