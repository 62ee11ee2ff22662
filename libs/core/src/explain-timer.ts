import type { Saying } from './explain-words.ts';
import { saying } from './explain-words.ts';
import type { Phrase } from './phrase.ts';
import { phrase } from './phrase.ts';
import type { Settings } from './settings.ts';
import type { State } from './state.ts';
import type { Rules } from './step.ts';
import { nextDue } from './step.ts';

/** What a subject's timer did, or will do, in words. */

export type Firing = {
  readonly why: readonly ('settled' | 'silent' | 'dropped' | 'forgotten')[];
  readonly says: readonly string[];
  /** What each of it is made of. */
  readonly said: readonly Phrase[];
};

type Fired = {
  readonly before: State;
  /** As it would be if nothing were ever dropped. */
  readonly whole: State;
  readonly after: State | null;
};

function silencePhrase(state: State, settings: Settings): Phrase {
  if (state.kind === 'call') return phrase('timer.silent', { silence: settings.closeAfterMs });
  const waiting = state.facts.at(-1)?.word === 'waiting';
  return waiting
    ? phrase('timer.stalled', { silence: settings.chatStalledAfterMs })
    : phrase('timer.silent', { silence: settings.chatCloseAfterMs });
}

function dropPhrase({ kind }: State, { dropAfterMs: after, markerMs: marker }: Settings): Phrase {
  if (kind === 'agent') return phrase('timer.drops-stays', { after });
  return kind === 'chat' ? phrase('timer.drops-episodes', { after }) : phrase('timer.drops-call', { after, marker });
}

/** @param revisions how many were published */
export function firingOf({ before, whole, after }: Fired, rules: Rules, revisions: number): Firing {
  const { settings } = rules;
  const found: [Firing['why'][number], boolean, Phrase][] = [
    ['silent', whole.silent && !before.silent, silencePhrase(before, settings)],
    [
      'settled',
      before.settleAt !== null && whole.settleAt === null,
      phrase(revisions > 0 ? 'timer.published' : 'timer.nothing-new', { settle: settings.settleMs }),
    ],
    ['dropped', after !== null && after.horizon !== whole.horizon, dropPhrase(before, settings)],
    ['forgotten', after === null, phrase('timer.forgotten')],
  ];
  const held = found.filter(([, holds]) => holds);
  const said = held.map(([, , one]) => one);
  return { why: held.map(([why]) => why), says: said.map((one) => saying(one).says), said };
}

/** What the timer does when it fires next, if nothing more comes; null: it will do nothing. */
export function nextOf(state: State, rules: Rules): (Saying & { readonly due: number }) | null {
  const due = nextDue(state, rules);
  return due === null ? null : { due, ...saying(nextPhrase(state, due, rules)) };
}

function nextPhrase(state: State, due: number, rules: Rules): Phrase {
  if (state.markerUntil !== null) return phrase('next.forgets');
  if (state.settleAt === due) return phrase('next.publishes');
  if (nextDue(state, { ...rules, drops: false }) === due) return phrase('next.closes');
  return dropPhrase(state, rules.settings);
}
