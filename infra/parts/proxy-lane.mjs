// @ts-check
/** One direction of one connection through the proxy: passed on, late, held back or thrown away. */

/** Held for later at most; then the sender is no longer read, as with any slow line. */
const HELD_BYTES = 1_048_576;
/** Pieces that a narrow line is fed with. */
const PIECE_BYTES = 16_384;
const MS = 1_000;

/**
 * @typedef {object} Now how the lane behaves at this moment
 * @property {'pass' | 'hold' | 'swallow'} way
 * @property {number} latencyMs
 * @property {number} bytesPerSecond
 */

/** @param {Buffer} bytes */
function* pieces(bytes) {
  for (let from = 0; from < bytes.length; from += PIECE_BYTES) yield bytes.subarray(from, from + PIECE_BYTES);
}

/**
 * @param {import('node:net').Socket} from
 * @param {import('node:net').Socket} to
 * @param {() => Now} now
 * @param {() => boolean} [take] asked first with what comes; true: it took it
 */
export function createLane(from, to, now, take = () => false) {
  /** @type {{ at: number, bytes: Buffer | null }[]} null: the sender has ended */
  let queue = [];
  let held = 0;
  let freeAt = 0;
  /** @type {NodeJS.Timeout | undefined} */
  let timer;

  /** @param {Buffer | null} bytes */
  function deliver(bytes) {
    if (bytes === null) {
      to.end();
      return;
    }
    held -= bytes.length;
    if (!to.write(bytes)) {
      from.pause();
      to.once('drain', () => from.resume());
    } else if (held < HELD_BYTES) from.resume();
  }

  function flush() {
    clearTimeout(timer);
    timer = undefined;
    while (queue[0] && now().way === 'pass') {
      const wait = queue[0].at - performance.now();
      if (wait > 0) {
        timer = setTimeout(flush, Math.ceil(wait));
        return;
      }
      deliver(queue.shift()?.bytes ?? null);
    }
  }

  /** @param {Buffer | null} bytes */
  function add(bytes) {
    const { latencyMs, bytesPerSecond } = now();
    const size = bytes?.length ?? 0;
    freeAt = Math.max(freeAt, performance.now()) + (size / bytesPerSecond) * MS;
    held += size;
    queue.push({ at: freeAt + latencyMs, bytes });
  }

  from.on('data', (/** @type {Buffer} */ bytes) => {
    if (take()) return;
    if (now().way === 'swallow') return;
    if (now().bytesPerSecond === Infinity) add(bytes);
    else for (const piece of pieces(bytes)) add(piece);
    if (held >= HELD_BYTES) from.pause();
    if (timer === undefined) flush();
  });
  function end() {
    // Nothing comes through a half-open line, not even its end.
    if (now().way === 'swallow') return;
    add(null);
    if (timer === undefined) flush();
  }
  from.on('end', end);

  return {
    /** The sender is gone, however it went: what it sent before still arrives. */
    end,
    changed() {
      if (now().way === 'pass' && now().bytesPerSecond === Infinity) {
        freeAt = 0;
        // What waited on a slow line need not wait any longer.
        if (now().latencyMs === 0) queue = queue.map(({ bytes }) => ({ at: 0, bytes }));
      }
      flush();
    },
    close() {
      clearTimeout(timer);
      queue = [];
    },
  };
}
