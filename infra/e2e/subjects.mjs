// @ts-check
/** The pages of one call, chat and agent: reached by a click, held against what `callfold explain` says of them. */

import { isDeepStrictEqual } from 'node:util';
import { oneMoreWaits } from './day.mjs';
import { AGREE_MS, checkNotLoadedAgain, FRESH_MS, mark, standing } from './look.mjs';
import { until } from './stage.mjs';

/**
 * @typedef {import('playwright-core').Page} Page
 * @typedef {import('./run.mjs').Scene} Scene
 */

/** @param {Page} page @param {string} id */
const opened = (page, id) => page.locator(`[data-subject="${id}"]`).waitFor({ timeout: AGREE_MS });

/**
 * Waits until it has what is awaited; says else what it had.
 * @template T
 * @param {string} what
 * @param {() => Promise<T>} read
 * @param {(found: T) => boolean} holds
 */
async function awaited(what, read, holds) {
  /** @type {T | undefined} */
  let last;
  await until(what, AGREE_MS, async () => holds((last = await read()))).catch((error) => {
    throw new Error(`${error.message}; it has: ${JSON.stringify(last)}`);
  });
  return /** @type {T} */ (/** @type {unknown} */ (last));
}

/** What a page says of a call, as far as an explanation has it. @param {Page} page */
async function told(page) {
  return {
    outcome: await page.locator('.headline .value').getAttribute('data-outcome'),
    rule: await page.locator('.rule').getAttribute('data-rule'),
    events: await page.locator('[data-event] .verbatim').allInnerTexts(),
    deciding: await page.locator('[data-event].decides').getAttribute('data-event'),
    resting: await page
      .locator('[data-event].rests')
      .evaluateAll((rows) => rows.map((row) => row.getAttribute('data-event'))),
    revisions: await page
      .locator('[data-revision]')
      .evaluateAll((rows) => rows.map((row) => Number(row.getAttribute('data-revision')))),
    lanes: await page.locator('[data-lane]').evaluateAll((lanes) => lanes.map((one) => one.getAttribute('data-lane'))),
  };
}

/** The same of what `callfold explain --json` says. @param {any} explanation */
function expected(explanation) {
  const { timeline, records } = explanation;
  const own = records.find((/** @type {any} */ one) => one.record.kind === 'call-outcome');
  const offers = records.filter((/** @type {any} */ one) => one.record.kind === 'agent-offer');
  const agents = new Set([...offers, ...own.record.agents].map((one) => `agent ${one.record?.agent ?? one.agent}`));
  const rests = own.decision.restsOn.map((/** @type {any} */ one) => one.eventId);
  return {
    outcome: own.record.outcome,
    rule: own.decision.rule,
    events: timeline.flatMap((/** @type {any} */ one) => (one.what === 'event' ? [one.status] : [])),
    deciding: rests[0],
    resting: rests.slice(1),
    revisions: timeline.flatMap((/** @type {any} */ one) =>
      one.published.map((/** @type {any} */ { record }) => record.revision),
    ),
    lanes: ['lane.contact', ...agents, ...(own.record.outcome === 'voicemail' ? ['lane.voicemail'] : [])],
  };
}

/**
 * Where a lane's first span of a kind begins and ends, as a part of the whole.
 * @param {Page} page
 * @param {string} lane
 * @param {string} what
 */
async function partOf(page, lane, what) {
  const box = await page.locator(`[data-lane="${lane}"]`).boundingBox();
  const span = await page.locator(`[data-lane="${lane}"] .span.${what} rect`).first().boundingBox();
  if (!box || !span) throw new Error(`the lane ${lane} has no ${what}`);
  return { from: (span.x - box.x) / box.width, to: (span.x + span.width - box.x) / box.width };
}

/** Half a pixel's line, of a thousand. */
const NEAR = 0.004;
/** @param {number} a @param {number} b */
const isNear = (a, b) => Math.abs(a - b) < NEAR;

/** @param {Scene} scene */
async function opensCall({ dev, front, page }) {
  await page.goto(`${front.url}/?theme=light`);
  const link = page.locator('[data-list="voicemail"]').getByRole('link', { name: 'CA-1006' });
  await link.waitFor({ timeout: AGREE_MS });
  await link.focus();
  await page.keyboard.press('Enter');
  await opened(page, 'CA-1006');
  const [explanation] = await dev.explain('call', 'CA-1006');
  const should = expected(explanation);
  await awaited(
    'the page says what callfold explain says',
    () => told(page),
    (found) => isDeepStrictEqual(found, should),
  );
  const record = explanation.records[0].record;
  const [begin, end] = [Date.parse(record.startedAt), Date.parse(record.endedAt)];
  const part = (/** @type {string} */ at) => (Date.parse(at) - begin) / (end - begin);
  const waits = await partOf(page, 'lane.contact', 'waits');
  const redirect = explanation.timeline.find((/** @type {any} */ one) => one.word === 'redirected').occurredAt;
  if (!isNear(waits.from, part(record.queuedAt)) || !isNear(waits.to, part(redirect)))
    throw new Error(`the contact waits from ${waits.from} to ${waits.to} of the line`);
  // The event that decided is a click away from the rule.
  await page.locator('[data-part="why"] a').first().click();
  if (!(await page.locator('[data-event].decides').evaluate((row) => row.matches(':target'))))
    throw new Error('the link does not lead to the event');
  await page.goBack();
  await page.goBack();
  await page.locator('[data-tile="waiting"]').waitFor();
  return `${should.events.length} events, rule ${should.rule}, revisions ${should.revisions.join(', ')}`;
}

/** @param {Scene} scene */
async function opensLink({ front, page }) {
  const other = await page.context().browser()?.newPage({ locale: 'ru-RU' });
  if (!other) throw new Error('no browser');
  await other.goto(`${front.url}/?view=call&id=CA-1006`);
  await opened(other, 'CA-1006');
  await awaited(
    'it says so',
    () => other.locator('.rule').innerText(),
    (text) => /голосовую почту/.test(text),
  );
  await other.close();
}

/** @param {Scene} scene */
async function followsCall({ dev, front, page }) {
  await dev.send(oneMoreWaits(Date.now(), 'CA-1030'));
  await page.goto(`${front.url}/?view=call&id=CA-1030`);
  await opened(page, 'CA-1030');
  await mark(page);
  const lines = () => page.locator('[data-event]').count();
  await awaited('it waits', lines, (count) => count === 1);
  await page.locator('[data-lane="lane.contact"] .span.waits.open').waitFor({ timeout: AGREE_MS });
  const occurredAt = new Date().toISOString();
  const says = (/** @type {string} */ status) => ({ source: 'callcenter24', callId: 'CA-1030', occurredAt, status });
  await dev.send([says('Show call screen - [Anna Berg]')]);
  await until('it rings', FRESH_MS, async () => (await lines()) === 2);
  await dev.send([says('Participant leave (Contact)'), says('Call ended')]);
  const outcome = () => page.locator('.headline .value').getAttribute('data-outcome');
  await awaited('it is over, and published', outcome, (text) => text === 'abandoned');
  await awaited(
    'its revision',
    () => page.locator('[data-revision]').count(),
    (count) => count === 2,
  );
  await checkNotLoadedAgain(page);
}

/** @param {Scene} scene */
async function opensOthers({ dev, front, page }) {
  await page.goto(`${front.url}/?view=lists`);
  await page.locator('[data-list="manual"]').getByRole('link', { name: 'chat-3' }).click();
  await opened(page, 'chat-3');
  await page.locator('[data-lane="status Manual"] .span.person.open').waitFor({ timeout: AGREE_MS });
  await page.goto(`${front.url}/?view=agents`);
  await page.locator('[data-agent="vcc-204"] a').click();
  await page.locator('[data-lane="state Wrap"] .span.open').waitFor({ timeout: AGREE_MS });
  const [explanation] = await dev.explain('agent', 'vcc-204');
  const stays = () => page.locator('[data-part="others"] tbody tr').count();
  await awaited('its stays', stays, (count) => count === explanation.records.length);
  await page.goBack();
  await page.locator('[data-agent="Maya Okafor"] a').click();
  await page.locator('[data-lane="lane.rang"] .span.missed').waitFor({ timeout: AGREE_MS });
  await page.locator('[data-part="calls"]').getByRole('link', { name: 'CA-1006' }).click();
  await opened(page, 'CA-1006');
}

/** @param {Scene} scene */
async function answersQuestions({ front, page }) {
  await page.goto(`${front.url}/`);
  await until('it is live', AGREE_MS, async () => (await standing(page)) === 'live');
  /** @type {readonly (readonly [key: string, answer: string])[]} */
  const answers = [
    ['longest', '[data-subject="CA-1011"]'],
    ['help', '[data-help] [data-agent="vcc-202"]'],
    ['voicemail', '[data-subject="CA-1006"]'],
    ['lost', '[data-lost] a:text("CA-1007")'],
    ['true', '[data-true="yes"]'],
  ];
  for (const [key, answer] of answers) {
    await page.locator(`a[data-ask="${key}"]`).click({ timeout: AGREE_MS });
    await page.locator(answer).first().waitFor({ timeout: AGREE_MS });
  }
}

/** @param {Scene} scene */
async function tellsNothing({ front, page }) {
  await page.goto(`${front.url}/?view=call&id=nobody`);
  await page.locator('[data-problem="not-found"]').waitFor({ timeout: AGREE_MS });
  await page.goto(`${front.url}/`);
}

/** @type {readonly (readonly [what: string, work: (scene: Scene) => Promise<string | void>])[]} */
export const SUBJECT_CHECKS = [
  ['a click on a voicemail leads to its call: what callfold explain says, to scale, and back again', opensCall],
  ['a link can be sent: the same call in another browser, in Russian', opensLink],
  ['the page of a call that goes on follows it, without a reload', followsCall],
  ['a chat and agents have their pages: those that events tell of, and those that only calls name', opensOthers],
  ["a supervisor's five questions are each answered by one click", answersQuestions],
  ['what the log does not have is said to be so', tellsNothing],
];
