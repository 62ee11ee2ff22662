import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Health } from '@callfold/adapters';
import { createMetricSet } from '@callfold/adapters';
import type { Context } from './command.ts';
import type { Member } from './member.ts';
import type { Asking, ThreadData } from './thread-link.ts';
import { askThread } from './thread-link.ts';

type Thread = Asking & { readonly ended: Promise<void> };

/** What is told of a thread that has ended. */
const GONE = { ready: [{ name: 'start', ok: false, detail: 'it has ended' }], statuses: [], metrics: '' };

function startThread(data: ThreadData): Thread {
  const worker = new Worker(new URL('./thread.js', import.meta.url), { workerData: data });
  let failure: Error | null = null;
  const asking = askThread(worker, (error) => {
    failure = error;
  });
  const ended = (async () => {
    // Rejects by itself at an error that nobody caught there, as where its heap is full.
    const [code] = (await once(worker, 'exit')) as [number];
    if (failure === null && code !== 0) failure = new Error(`Thread ${data.thread} ended with exit code ${code}.`);
    if (failure !== null) throw failure;
  })();
  const gone = ended.catch(() => undefined);
  return {
    ended,
    stop: () => asking.stop(),
    ask: (what) => Promise.race([asking.ask(what), gone.then(() => GONE[what] as never)]),
  };
}

/** One that cannot go on ends all, as it would end a process of its own: who started that decides what is next. */
async function untilAllEnd(threads: readonly Thread[], stop: Context['stop']): Promise<void> {
  const ends = threads.map((one) => one.ended);
  await Promise.race([stop.wanted, ...ends]).catch(() => undefined);
  for (const one of threads) one.stop();
  const outcomes = await Promise.allSettled(ends);
  const failed = outcomes.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
}

/** Partitions name themselves; anything else is of one thread. */
const checksOf = (thread: number, checks: readonly Health[]): Health[] =>
  checks.map((one) => (one.name.includes('/') ? one : { ...one, name: `thread ${thread}, ${one.name}` }));

/**
 * Several members of a role's group, each in a thread of its own with connections of its own: partitions are shared out
 * among them as they are among processes.
 * @param count of threads
 */
export function createThreads(role: ThreadData['role'], count: number, stop: Context['stop']): Member {
  const threads: Thread[] = [];
  const ofProcess = createMetricSet(role);
  const all = <Answer>(ask: (one: Thread) => Promise<Answer>): Promise<Answer[]> => Promise.all(threads.map(ask));
  return {
    async ready() {
      if (threads.length === 0) return [{ name: 'start', ok: false, detail: 'the service starts' }];
      return (await all((one) => one.ask('ready'))).flatMap((checks, thread) => checksOf(thread, checks));
    },
    async services() {
      const statuses = (await all((one) => one.ask('statuses'))).flat();
      return [{ name: role, status: () => statuses }];
    },
    metrics: [
      ofProcess,
      {
        contentType: ofProcess.contentType,
        text: async () => (await all((one) => one.ask('metrics'))).join('\n'),
      },
    ],
    run() {
      for (let thread = 0; thread < count; thread += 1) threads.push(startThread({ role, thread }));
      return untilAllEnd(threads, stop);
    },
  };
}
