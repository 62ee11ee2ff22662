// @ts-check
/** From what was found to a row of the table. */

/** @typedef {import('@callfold/engine').Finding} Finding */

/**
 * @typedef {object} Result
 * @property {import('./scene.mjs').Fault} fault
 * @property {import('./scene.mjs').Struck | null} struck null: it did not come so far
 * @property {readonly Finding[]} findings
 * @property {number} same things compared and found as they should be
 * @property {number} published
 * @property {string[]} notes why it failed, beside the findings
 * @property {number} tookSeconds
 */

/** @type {Readonly<Record<Finding['fault'], 'lost' | 'wrong' | 'duplicated'>>} */
const COLUMN_OF = {
  lost: 'lost',
  gap: 'lost',
  surplus: 'wrong',
  different: 'wrong',
  disordered: 'wrong',
  duplicated: 'duplicated',
};

/** @param {Result} result */
export function countsOf({ findings }) {
  const counts = { lost: 0, wrong: 0, duplicated: 0 };
  for (const { fault } of findings) counts[COLUMN_OF[fault]] += 1;
  return counts;
}

/** @param {Result} result */
const isInTime = ({ fault, struck }) => struck !== null && struck.times > 0 && struck.seconds <= fault.boundSeconds;

/** @param {Result} result */
export const isWell = (result) =>
  result.findings.length === 0 && result.notes.length === 0 && result.same > 0 && isInTime(result);

/** @type {readonly (readonly [string, (result: Result) => string])[]} */
export const COLUMNS = [
  ['fault', ({ fault }) => fault.name],
  ['times', ({ struck }) => String(struck?.times ?? 0)],
  ['events in flight', ({ struck }) => (struck?.inFlight ?? 0).toLocaleString('en-US')],
  ['lost', (result) => String(countsOf(result).lost)],
  ['wrong', (result) => String(countsOf(result).wrong)],
  ['duplicated', (result) => String(countsOf(result).duplicated)],
  ['seconds to recover', ({ struck }) => (struck && struck.times > 0 ? struck.seconds.toFixed(1) : '-')],
  ['bound', ({ fault }) => String(fault.boundSeconds)],
  ['events a second', ({ struck }) => (struck && struck.times > 0 ? struck.rate : 0).toLocaleString('en-US')],
  ['', (result) => (isWell(result) ? 'ok' : 'FAILED')],
];

/** For a terminal. @param {readonly Result[]} results */
export function tableOf(results) {
  const rows = [COLUMNS.map(([title]) => title), ...results.map((result) => COLUMNS.map(([, of]) => of(result)))];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
