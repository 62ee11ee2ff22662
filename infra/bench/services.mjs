// Runs a service until every record of the topic is folded and committed and, of `outcomes`, everything derived is sent:
// in this thread, or in several as `CALLFOLD_THREADS` has them.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { runHeard } from './ear.mjs';

const WAIT_MS = 20;

/** What is reported, until all is done. */
function createTally(ends, meter) {
  const positions = new Map();
  const waiting = new Map();
  let records = 0;
  let sent = 0;
  let isFinished = false;
  let finish;
  let fail;
  const finished = new Promise((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  const isDone = () =>
    ends.every((end, partition) => (positions.get(partition) ?? 0) >= end) &&
    [...waiting.values()].every((one) => one === 0);
  return {
    finished,
    fail,
    counts: () => ({ records, sent }),
    heard(thread, report) {
      if (report.failed !== undefined) fail(new Error(report.failed));
      if (report.first) meter.first();
      if (report.missed) meter.missed(report.missed);
      if (report.sent) sent += report.sent;
      if (report.committed) {
        const { partition, position, count } = report.committed;
        records += count;
        // Ticks are records of the log, and no events: the last one of the input, and what the service itself appends
        // where a timer is due and nothing comes.
        meter.add(count - Math.min(count, Math.max(0, position - ends[partition] + 1)));
        positions.set(partition, position);
      }
      if (report.waiting === undefined) return;
      waiting.set(thread, report.waiting);
      if (isFinished || !isDone()) return;
      isFinished = true;
      finish(meter.last());
    },
  };
}

function startThread(data, heard) {
  const worker = new Worker(new URL('./service-thread.mjs', import.meta.url), { workerData: data });
  worker.on('message', heard);
  worker.on('error', (error) => heard({ failed: error.stack }));
  return worker;
}

/** Time enough for a surplus to show itself. */
const settle = () =>
  new Promise((resolve) => {
    setTimeout(resolve, WAIT_MS);
  });

/** @returns the meter's figures, with `sent`, the derived records that the broker has taken */
export async function serviceHere(role, { site, config, topic, ends, meter }) {
  const tally = createTally(ends, meter);
  const service = runHeard(role, site, { config, topic, tell: (report) => tally.heard(0, report) });
  const figures = await tally.finished;
  await settle();
  await service.stop();
  return { ...figures, ...tally.counts() };
}

/**
 * The same on Kafka, each thread with connections of its own.
 * @param what a role, or one with less to do
 */
export async function serviceInThreads(what, { env, threads, topic, ends, meter }) {
  const tally = createTally(ends, meter);
  const workers = Array.from({ length: threads }, (_, thread) =>
    startThread({ what, env: { ...env, CALLFOLD_THREADS: String(threads) }, topic, thread }, (report) =>
      tally.heard(thread, report),
    ),
  );
  const figures = await tally.finished;
  await settle();
  const ended = workers.map((worker) => once(worker, 'exit'));
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- two threads of one process have no origins
  for (const worker of workers) worker.postMessage('stop');
  await Promise.all(ended);
  return { ...figures, ...tally.counts() };
}
