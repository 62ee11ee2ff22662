/** npm passes a terminal's Ctrl-C on to us, who got it from the terminal as well: two signals, one press. */
const ONE_PRESS_MS = 1_000;

/** The first Ctrl-C or SIGTERM asks for an orderly end; a second Ctrl-C ends at once. */
export function onStop(): { readonly requested: boolean; readonly wanted: Promise<void> } {
  let requested = false;
  let firstAt = 0;
  let ask = (): void => undefined;
  const wanted = new Promise<void>((resolve) => {
    ask = resolve;
  });
  const stop = (): void => {
    if (requested) {
      if (performance.now() - firstAt < ONE_PRESS_MS) return;
      // oxlint-disable-next-line unicorn/no-process-exit -- asked twice: at once is what is wanted
      process.exit(130);
    }
    requested = true;
    firstAt = performance.now();
    ask();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return {
    get requested() {
      return requested;
    },
    wanted,
  };
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
