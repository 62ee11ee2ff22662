/**
 * How far a long command is: done of all, bytes, rate, time left; on standard error. A terminal has one line that is
 * written over; anything else gets a plain line now and then, rarer as the work goes on.
 */

export type ProgressOutput = {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
};

export type ProgressOptions = {
  /** What is counted, in the plural: events, records. */
  readonly noun: string;
  /** Of all; absent: not known beforehand. */
  readonly total?: number | null;
  /** Of all; where they are known, the time left is told by them. */
  readonly totalBytes?: number | null;
  /** What an earlier run did: it counts as done, and not for the rate. */
  readonly done?: number;
  readonly bytes?: number;
  /** A line that stays. */
  readonly say: (text: string) => void;
  readonly output?: ProgressOutput;
  /** Ms of any clock that only goes forward. */
  readonly now?: () => number;
};

export type Progress = {
  /** What is done in all, not what was added. To be called as often as one likes: it writes when it is time. */
  at(done: number, bytes?: number): void;
  /** A line that stays, above the one that is written over. */
  say(text: string): void;
  /** Takes the line away until it is written again: what is printed elsewhere may go to the same terminal. */
  clear(): void;
  /** Takes away the line that is written over. @returns for a last line of one's own: `48,211 a second`. */
  end(): string;
};

const TERMINAL_EVERY_MS = 200;
const LINE_FIRST_MS = 1_000;
const LINE_MOST_MS = 10_000;
/** The rate is that of the last seconds: of a long run's mean nobody sees that it stands still. */
const SAMPLE_MS = 500;
const SAMPLES = 20;
const CLEAR = '\r\u001b[K';

type Sample = { readonly at: number; readonly done: number; readonly bytes: number };

/** As whoever runs the command sees it. */
export const shownTo = ({ say, shows }: Pick<ProgressOptions, 'say'> & { readonly shows?: ProgressOutput }) => ({
  say,
  ...(shows && { output: shows }),
});

export function createProgress(options: ProgressOptions): Progress {
  const { noun, say, total = null, totalBytes = null } = options;
  const { output = process.stderr, now = () => performance.now(), done = 0, bytes = 0 } = options;
  const isTerminal = output.isTTY === true && process.env['TERM'] !== 'dumb';
  const first: Sample = { at: now(), done, bytes };
  let samples: readonly Sample[] = [first];
  let last = first;
  let everyMs = isTerminal ? TERMINAL_EVERY_MS : LINE_FIRST_MS;
  let nextAt = first.at + everyMs;
  let isShown = false;

  function clear(): void {
    if (isShown) output.write(CLEAR);
    isShown = false;
  }

  function line(): string {
    const from = samples[0] ?? first;
    const seconds = (last.at - from.at) / 1_000;
    const rate = seconds > 0 ? (last.done - from.done) / seconds : 0;
    const byteRate = seconds > 0 ? (last.bytes - from.bytes) / seconds : 0;
    const left = totalBytes === null ? timeLeft(total, last.done, rate) : timeLeft(totalBytes, last.bytes, byteRate);
    const parts = [
      total === null ? `${grouped(last.done)} ${noun}` : `${grouped(last.done)} of ${grouped(total)} ${noun}`,
      totalBytes === null ? null : `${megabytes(last.bytes)} of ${megabytes(totalBytes)} MB`,
      share(totalBytes === null ? total : totalBytes, totalBytes === null ? last.done : last.bytes),
      `${grouped(rate)} a second`,
      left === null ? null : `${duration(left)} left`,
    ];
    return parts.filter((part) => part !== null).join(', ');
  }

  function show(): void {
    if (!isTerminal) {
      say(line());
      everyMs = Math.min(everyMs * 2, LINE_MOST_MS);
      return;
    }
    // One column free: a line as wide as the terminal would wrap, and then not be written over.
    output.write(`${CLEAR}${line().slice(0, (output.columns ?? 80) - 1)}`);
    isShown = true;
  }

  return {
    at(doneNow, bytesNow = last.bytes) {
      last = { at: now(), done: doneNow, bytes: bytesNow };
      if (last.at >= nextAt) {
        show();
        nextAt = last.at + everyMs;
      }
      const newest = samples.at(-1) ?? first;
      if (last.at - newest.at >= SAMPLE_MS) samples = [...samples, last].slice(-SAMPLES);
    },
    say(text) {
      clear();
      say(text);
    },
    clear,
    end() {
      clear();
      const seconds = (now() - first.at) / 1_000;
      return `${grouped(seconds > 0 ? (last.done - first.done) / seconds : 0)} a second`;
    },
  };
}

/** Seconds; null when it cannot be told. */
function timeLeft(total: number | null, done: number, rate: number): number | null {
  return total === null || rate <= 0 || done > total ? null : (total - done) / rate;
}

function share(total: number | null, done: number): string | null {
  return total === null || total <= 0 ? null : `${Math.min(100, Math.floor((done * 100) / total))} %`;
}

/** `1,234,567`: the same in every locale. */
export function grouped(value: number): string {
  return String(Math.round(value)).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1);
}

/** @param seconds `42 s`, `3 min 5 s`, `2 h 7 min` */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
