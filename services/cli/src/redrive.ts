import type { At, Redriven } from '@callfold/engine';
import { discardLetters, originText, redrive, redriveRefusal, targetText } from '@callfold/engine';
import type { DeadLetter } from '@callfold/schemas';
import type { Context } from './command.ts';
import type { LetterOptions } from './letters.ts';
import { lettersOf, targetOf } from './letters.ts';
import type { Site } from './site.ts';

/** What `callfold dlq redrive` and `discard` would do, and do. */

const SAY_EVERY_MS = 1_000;
/** Letters of one command; their places are held in memory. */
const LETTERS_MAX = 1_000_000;
/** In between it may end. */
const DISCARDED_AT_ONCE = 10_000;

export type RedriveOptions = LetterOptions & { readonly execute?: boolean; readonly force?: boolean };

export type Plan = {
  /** By raw partition. */
  readonly targets: ReadonlyMap<string, { readonly at: At; readonly count: number }>;
  readonly codes: ReadonlyMap<string, number>;
  /** By why they are not sent again. */
  readonly refused: ReadonlyMap<string, number>;
  readonly count: number;
};

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

export async function planRedrive(site: Site, options: RedriveOptions): Promise<Plan> {
  const targets = new Map<string, { at: At; count: number }>();
  const codes = new Map<string, number>();
  const refused = new Map<string, number>();
  let all = 0;
  for await (const { letter } of lettersOf(site, options)) {
    const why = redriveRefusal(letter, options.force ?? false);
    if (why !== null) {
      count(refused, why);
      continue;
    }
    const at = await targetOf(site, letter);
    const known = targets.get(targetText(at));
    targets.set(targetText(at), { at, count: (known?.count ?? 0) + 1 });
    count(codes, letter.code);
    all += 1;
    if (all > LETTERS_MAX) throw new Error(`More than ${LETTERS_MAX} letters: choose fewer, as with --until.`);
  }
  return { targets, codes, refused, count: all };
}

async function* lettersFor(site: Site, options: RedriveOptions, target: At): AsyncGenerator<DeadLetter> {
  for await (const { letter } of lettersOf(site, options)) {
    if (redriveRefusal(letter, options.force ?? false) !== null) continue;
    if (targetText(await targetOf(site, letter)) === targetText(target)) yield letter;
  }
}

export async function redriveAll(
  site: Site,
  options: RedriveOptions,
  plan: Plan,
  { say, stop }: Pick<Context, 'say' | 'stop'>,
): Promise<Redriven> {
  const begun = Date.now();
  let saidAt = begun;
  let done = 0;
  const sum = { sent: 0, found: 0, passed: 0 };
  const progress = (sent: number): void => {
    done += sent;
    const now = Date.now();
    if (now - saidAt < SAY_EVERY_MS) return;
    saidAt = now;
    const perSecond = (done * 1_000) / (now - begun);
    const left = Math.ceil((plan.count - done) / perSecond);
    say(`${done} of ${plan.count} sent again, ${Math.round(perSecond)} a second, about ${left} s left`);
  };
  for (const { at } of plan.targets.values()) {
    if (stop.requested) break;
    const letters = lettersFor(site, options, at);
    const { sent, found, passed } = await redrive({ target: at, letters, publisher: site.redriver, stop, progress });
    done += found;
    sum.sent += sent;
    sum.found += found;
    sum.passed += passed;
  }
  return sum;
}

export type Discarded = {
  readonly count: number;
  /** It was told to stop, and there are more. */
  readonly ended: boolean;
};

export async function discardAll(
  site: Site,
  options: LetterOptions,
  { stop }: Pick<Context, 'stop'>,
): Promise<Discarded> {
  const byPartition = new Map<number, string[]>();
  let all = 0;
  for await (const { partition, letter } of lettersOf(site, options)) {
    if (stop.requested) return { count: 0, ended: true };
    const origins = byPartition.get(partition);
    if (origins) origins.push(originText(letter));
    else byPartition.set(partition, [originText(letter)]);
    all += 1;
    if (all > LETTERS_MAX) throw new Error(`More than ${LETTERS_MAX} letters: choose fewer, as with --until.`);
  }
  let done = 0;
  for (const [partition, origins] of byPartition) {
    for (let from = 0; from < origins.length; from += DISCARDED_AT_ONCE) {
      if (stop.requested) return { count: done, ended: true };
      const some = origins.slice(from, from + DISCARDED_AT_ONCE);
      await discardLetters(site.redriver, partition, some);
      done += some.length;
    }
  }
  return { count: done, ended: false };
}

/** The command that does it, as it was asked for. */
export function dlqCommand(name: 'redrive' | 'discard', options: RedriveOptions): string {
  const words = Object.entries(options).flatMap(([option, value]) => {
    if (option === 'execute' || value === undefined || value === false) return [];
    const text = String(value);
    return value === true ? [`--${option}`] : [`--${option} ${/^[\w./:+-]+$/.test(text) ? text : `'${text}'`}`];
  });
  return ['callfold dlq', name, ...words, '--execute'].join(' ');
}
