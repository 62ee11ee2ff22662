// What a measured process knows of itself: processor time, memory, and when its first and last record were done.
import { readFileSync } from 'node:fs';

const SAMPLE_MS = 1_000;
const MIB = 1_048_576;

/**
 * The largest this process has been, in MiB; not what its parent was, which `process.resourceUsage` tells after a fork.
 */
export function peakMiB() {
  const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kib ?? process.resourceUsage().maxRSS) / 1_024;
}

/** @param tell hears 'first' and 'last' at those moments */
export function createMeter(tell = () => {}) {
  const samples = [];
  let from = null;
  let usage = null;
  let count = 0;
  let missed = 0;
  let timer;

  const sample = () => {
    const { rss, heapUsed, external } = process.memoryUsage();
    const seconds = (performance.now() - from) / 1_000;
    const [rssMiB, heapMiB, externalMiB] = [rss, heapUsed, external].map((bytes) => Math.round(bytes / MIB));
    samples.push({ seconds: Math.round(seconds * 10) / 10, done: count, rssMiB, heapMiB, externalMiB });
  };

  return {
    /** Begins at the first record; later calls do nothing. */
    first() {
      if (from !== null) return;
      tell('first');
      from = performance.now();
      usage = process.cpuUsage();
      timer = setInterval(sample, SAMPLE_MS);
      timer.unref();
    },
    add: (more) => {
      count += more;
    },
    get count() {
      return count;
    },
    /** Subjects that were read from the store, since they were in no cache. */
    missed: (more) => {
      missed += more;
    },
    /** The figures from the first record to now. */
    last() {
      const wallMs = performance.now() - from;
      const { user, system } = process.cpuUsage(usage);
      tell('last');
      clearInterval(timer);
      sample();
      // When the first record came, after the process was started: module loading, connecting, joining the group.
      const startMs = from;
      return {
        count,
        missed,
        wallMs,
        cpuMs: (user + system) / 1_000,
        startMs,
        peakMiB: Math.round(peakMiB()),
        samples,
      };
    },
  };
}
