// @ts-check

/** @param {import('../stage.mjs').Ended} ended @param {string | RegExp} what */
export function says({ out, err }, what) {
  const text = `${out}${err}`;
  if (typeof what === 'string' ? text.includes(what) : what.test(text)) return;
  throw new Error(`it does not say ${String(what)}`);
}
