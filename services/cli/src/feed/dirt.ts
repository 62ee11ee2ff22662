import type { Random } from './random.ts';
import type { Delivery, Mark, RawJson } from './raw.ts';

/** How often the way from the upstream goes wrong: probabilities for one event. */
export type DirtShares = {
  readonly repeated: number;
  readonly late: number;
  readonly respelt: number;
};

export const DEMO_DIRT: DirtShares = { repeated: 0.02, late: 0.02, respelt: 0.04 };

const LATENCY_MEDIAN_MS = 80;
const LATENCY_MAX_MS = 1_500;
const LATE_FROM_MS = 4_000;
const LATE_TO_MS = 240_000;
const REPEAT_FROM_MS = 100;
const REPEAT_TO_MS = 20_000;

/**
 * The ways in which one event that happened at `at` reaches us: once, soon and as it was written, mostly.
 * A repeat is the very same event again: what an upstream sends after an answer it did not hear.
 */
export function deliveriesOf(
  random: Random,
  shares: DirtShares,
  event: RawJson,
  at: number,
  marks: readonly Mark[],
): Delivery[] {
  const all = [...marks];
  const respelt = random.chance(shares.respelt) ? respell(random, event) : event;
  if (respelt !== event) all.push('respelt');
  let deliverAt = at + Math.min(LATENCY_MAX_MS, random.logNormal(LATENCY_MEDIAN_MS, 0.6));
  if (random.chance(shares.late)) {
    deliverAt += LATE_FROM_MS * (LATE_TO_MS / LATE_FROM_MS) ** random.next();
    all.push('late');
  }
  const first: Delivery = { event: respelt, deliverAt, marks: all };
  if (!random.chance(shares.repeated)) return [first];
  const again = deliverAt + REPEAT_FROM_MS + random.next() * (REPEAT_TO_MS - REPEAT_FROM_MS);
  return [first, { event: respelt, deliverAt: again, marks: [...all, 'repeated'] }];
}

/** The event in another legal spelling; the same object where it has no words to spell. */
export function respell(random: Random, event: RawJson): RawJson {
  switch (event.source) {
    case 'callcenter24':
      return { ...event, status: respellCallLine(random, event.status) };
    case 'atlas':
      return typeof event.status === 'string' ? { ...event, status: respellWord(random, event.status) } : event;
    case 'chatterfy':
      return { ...event, status: respellWord(random, event.status) };
    case 'vonage':
      return { ...event, state: respellWord(random, event.state) };
  }
}

const NO_BREAK_SPACE = '\u00a0';
const DASHES = ['\u2013', '\u2014'];

function respellWord(random: Random, word: string): string {
  return random.pick([word.toUpperCase(), word.toLowerCase(), ` ${word}`, `${word}  `, `${NO_BREAK_SPACE}${word}\t`]);
}

/**
 * A line of the call log may differ in its dash, in the case of the fixed words, and in white space; the agent's
 * name keeps its case, which is part of the name, and may get more or other spaces, and brackets or none.
 */
function respellCallLine(random: Random, line: string): string {
  const named = /^(?<words>show call screen - |participant (?:join|leave) \()(?<name>.+?)(?<close>\)?)$/i.exec(line);
  const { words, name, close } = named?.groups ?? {};
  if (words === undefined || name === undefined || name === 'Contact') {
    return line.includes('-') && random.chance(0.6) ? redash(random, line) : respellPlain(random, line);
  }
  return random.pick([
    `${words.toUpperCase()}${name}${close}`,
    `${words}${name.replaceAll(' ', random.pick(['  ', NO_BREAK_SPACE]))}${close}`,
    `${redash(random, words)}${name}${close}`,
    `  ${words}${name}${close} `,
    `${words}${bracketsChanged(name)}${close}`,
  ]);
}

/** A display request holds a name, whose case counts: it is only padded. */
function respellPlain(random: Random, line: string): string {
  return line.startsWith('Sending') ? ` ${line}  ` : respellWord(random, line);
}

/** The first dash is the upstream's; any later one may belong to a name. */
function redash(random: Random, line: string): string {
  return line.replace('-', random.pick(DASHES));
}

function bracketsChanged(name: string): string {
  if (name.startsWith('[') && name.endsWith(']')) return name.slice(1, -1);
  return name.includes('[') ? name : `[${name}]`;
}
