/** The first Ctrl-C or SIGTERM asks for an orderly end; a second Ctrl-C ends at once. */
export function onStop(): { readonly requested: boolean; readonly wanted: Promise<void> } {
  let requested = false;
  let ask = (): void => undefined;
  const wanted = new Promise<void>((resolve) => {
    ask = resolve;
  });
  const stop = (): void => {
    if (requested) process.exit(130);
    requested = true;
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
