// Starts what is measured in a process of its own, and looks from outside at what the servers spend meanwhile.
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const WORKER = fileURLToPath(new URL('./worker.mjs', import.meta.url));
/** Longer than any of them takes on a busy machine; a hang must not last for ever. */
const LIMIT_MS = 1_800_000;
/** Of /proc/PID/stat: USER_HZ, which is 100 on every Linux that Node runs on. */
const TICK_MS = 10;
/** Much input is much to keep for the fold that says what is expected. */
const HEAP_MIB = { fill: 12_288, fold: 12_288, count: 4_096 };

/** Processor time of a process so far, in ms; null where there is no /proc. */
export function cpuMsOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in brackets, may hold blanks.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return null;
  }
}

/** The largest a process has been, in MiB. */
export function peakMiBOf(pid) {
  try {
    return Math.round(Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024);
  } catch {
    return null;
  }
}

/**
 * @param what a name that worker.mjs knows
 * @param servers pids by name: their processor time from the first to the last record comes with the figures
 * @param profileDir V8's profile of the process goes there
 * @throws when the process fails, with what it said
 */
export function measure(what, options, { servers = {}, profileDir } = {}) {
  const heap = HEAP_MIB[what] === undefined ? [] : [`--max-old-space-size=${HEAP_MIB[what]}`];
  const profile = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
  const spawned = performance.now();
  const child = fork(WORKER, [what], {
    execArgv: [...heap, ...profile],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const before = new Map();
  const spent = {};
  let answer = null;
  child.on('message', (message) => {
    if (message.moment === 'first') {
      for (const [name, pid] of Object.entries(servers)) before.set(name, cpuMsOf(pid));
    } else if (message.moment === 'last') {
      for (const [name, pid] of Object.entries(servers)) spent[name] = cpuMsOf(pid) - before.get(name);
    } else answer = message;
  });
  child.send(options);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (answer?.figures) {
        resolve({ ...answer.figures, serversCpuMs: spent, processMs: performance.now() - spawned });
        return;
      }
      reject(new Error(`${what}: ${answer?.failure ?? `the process ended with ${signal ?? `exit code ${code}`}`}`));
    });
  });
}
