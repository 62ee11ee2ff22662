import type { Context } from './command.ts';

/** npm passes a terminal's Ctrl-C on to us, who got it from the terminal as well: two signals, one press. */
const ONE_PRESS_MS = 1_000;

/** A wish to stop, and how it is made. */
export function createStop(): { readonly stop: Context['stop']; readonly request: () => void } {
  let requested = false;
  let ask = (): void => undefined;
  const wanted = new Promise<void>((resolve) => {
    ask = resolve;
  });
  const stop = {
    get requested() {
      return requested;
    },
    wanted,
  };
  const request = (): void => {
    requested = true;
    ask();
  };
  return { stop, request };
}

/** The first Ctrl-C or SIGTERM asks for an orderly end; a second Ctrl-C ends at once. */
export function onStop(): Context['stop'] {
  const { stop, request } = createStop();
  let firstAt = 0;
  const signalled = (): void => {
    if (stop.requested) {
      if (performance.now() - firstAt < ONE_PRESS_MS) return;
      // oxlint-disable-next-line unicorn/no-process-exit -- asked twice: at once is what is wanted
      process.exit(130);
    }
    firstAt = performance.now();
    request();
  };
  process.on('SIGINT', signalled);
  process.on('SIGTERM', signalled);
  return stop;
}

/** An answer that nobody waits for, or a socket that its other side has forgotten, is no reason to live on. */
const LINGER_MS = 5_000;

/**
 * What has stopped ends the process, whatever still holds it open: who asked for the end waits for it.
 * @param tell told what held it, by the kinds of Node's resources
 */
export function endAnyway(tell: (held: readonly string[]) => void): void {
  const timer = setTimeout(() => {
    tell(process.getActiveResourcesInfo());
    // oxlint-disable-next-line unicorn/no-process-exit -- all that had to be done is done
    process.exit();
  }, LINGER_MS);
  // Where nothing holds the process, this must not either.
  timer.unref();
}
