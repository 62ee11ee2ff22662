// @ts-check
/** The page for operators: it says what `callfold status` and `callfold dlq` say, and names the commands that help. */

import { AGREE_MS } from './look.mjs';
import { until } from './stage.mjs';

/** A look that an outage held up may have to rest before the next. */
const LOOKED_MS = 30_000;

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('@callfold/engine').Status} Status */

/** @param {Page} page @param {string} list */
const cellsOf = (page, list) =>
  page
    .locator(`[data-list="${list}"] tbody tr`)
    .evaluateAll((rows) =>
      rows.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent?.trim() ?? '')),
    );

/** @param {number | null} value */
const number = (value) => (value === null ? '–' : value.toLocaleString('en'));

/** What its table of partitions should have, in the order of names. @param {Status} status */
const expectedRows = ({ partitions }) =>
  partitions
    .map(({ role, topic, partition, owner, epoch, position, end, lag, outbox, deadLetters }) => [
      role,
      topic,
      String(partition),
      owner === null ? '–' : `${owner} (${epoch})`,
      ...[position, end, lag, outbox, deadLetters].map(number),
    ])
    .map((cells) => cells.join(' '))
    .sort();

/** Without the lag in seconds, which passes between two looks. @param {Page} page */
async function shownRows(page) {
  const rows = await cellsOf(page, 'partitions');
  return rows.map((cells) => cells.filter((_, index) => index !== 7).join(' ')).sort();
}

/**
 * @param {Page} page at the page for operators
 * @param {() => Promise<Status>} statusNow `callfold status --json`
 */
export async function agreesWithStatus(page, statusNow) {
  let last = '';
  await until('the page has what the command says', LOOKED_MS, async () => {
    const status = await statusNow();
    const [should, shown] = [expectedRows(status), await shownRows(page)];
    const findings = status.findings.length;
    const counted = await page.locator('[data-list="findings"] .number').textContent();
    const other = should.findIndex((row, index) => row !== shown[index]);
    last = `${shown.length} partitions of ${should.length}, ${counted} findings of ${findings}`;
    if (other >= 0) last += `; ${shown[other]} in place of ${should[other]}`;
    return should.join('\n') === shown.join('\n') && counted === String(findings);
  }).catch((error) => {
    throw new Error(`${error.message}; it has ${last}`);
  });
  return last;
}

/**
 * @param {Page} page at the page for operators
 * @param {RegExp} reason
 * @param {(args: readonly string[]) => Promise<string>} callfold
 */
export async function showsLetter(page, reason, callfold) {
  const row = page.locator('[data-list="letters"] tbody tr').filter({ hasText: reason });
  await row.first().waitFor({ timeout: AGREE_MS });
  await row.first().locator('summary').press('Enter');
  const bytes = await row.first().locator('pre').textContent();
  if (!/^0000 {2}[0-9a-f]{2} /.test(bytes ?? '')) throw new Error(`its bytes are shown as ${bytes}`);
  // What is to be copied is a command that does what it says.
  const [name, ...args] = ((await row.first().locator('.command code').textContent()) ?? '').split(' ');
  if (name !== 'callfold') throw new Error(`its command is ${name}`);
  const told = await callfold(args);
  if (!reason.test(told)) throw new Error(`${args.join(' ')} says ${told}`);
  return args.join(' ');
}

/** @param {Page} page at the page for operators @param {string} role */
export async function namesMissing(page, role) {
  const finding = page.locator('[data-finding="nobody-works"]').filter({ hasText: role });
  const command = await finding.locator('.command code').textContent();
  if (command !== `callfold serve ${role}`) throw new Error(`the command is ${command}`);
}
