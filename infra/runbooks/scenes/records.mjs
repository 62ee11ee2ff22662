// @ts-check

/**
 * @typedef {{ outcomeId: string, revision: number, callId: string, outcome: string, queuedAt: string | null }} Outcome
 */

/**
 * The call-outcomes that stand, none of them twice.
 * @param {import('../stage.mjs').Stage} stage
 * @returns {Promise<Outcome[]>}
 */
export async function standing(stage) {
  const { code, out, err } = await stage.callfold(['export', 'call-outcomes']);
  if (code !== 0) throw new Error(err);
  /** @type {Outcome[]} */
  const records = out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  const names = new Set(records.map(({ outcomeId, revision }) => `${outcomeId} ${revision}`));
  if (names.size !== records.length) throw new Error(`${records.length} records stand under ${names.size} revisions`);
  return records;
}
