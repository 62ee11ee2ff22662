// @ts-check
/** The commands of a runbook, as its page has them: each block of shell, under its heading. */

/** @typedef {{ heading: string, text: string }} Block */

/** @param {string} page @returns {Block[]} */
export function blocksOf(page) {
  /** @type {Block[]} */
  const blocks = [];
  let heading = '';
  /** @type {string[] | null} */
  let open = null;
  for (const line of page.split('\n')) {
    if (open !== null) {
      if (line === '```') {
        blocks.push({ heading, text: open.join('\n') });
        open = null;
      } else open.push(line);
    } else if (line === '```sh') open = [];
    else if (line.startsWith('## ')) heading = line.slice(3);
  }
  return blocks;
}
