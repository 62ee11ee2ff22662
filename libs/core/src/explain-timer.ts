import { spanText } from './explain-words.ts';
import type { Settings } from './settings.ts';
import type { State } from './state.ts';
import type { Rules } from './step.ts';
import { nextDue } from './step.ts';

/** What a subject's timer did, or will do, in words. */

export type Firing = {
  readonly why: readonly ('settled' | 'silent' | 'dropped' | 'forgotten')[];
  readonly says: readonly string[];
};

type Fired = {
  readonly before: State;
  /** As it would be if nothing were ever dropped. */
  readonly whole: State;
  readonly after: State | null;
};

function silenceText(state: State, settings: Settings): string {
  if (state.kind === 'call') return spanText(settings.closeAfterMs);
  const waiting = state.facts.at(-1)?.word === 'waiting';
  return waiting ? `${spanText(settings.chatStalledAfterMs)} of Waiting` : spanText(settings.chatCloseAfterMs);
}

function dropText({ kind }: State, settings: Settings): string {
  const after = spanText(settings.dropAfterMs);
  if (kind === 'agent') return `stays are dropped ${after} after the log had their ends; the last one stays`;
  if (kind === 'chat') return `${after} after an episode was closed its events are dropped; the counters stay`;
  const marker = spanText(settings.markerMs);
  const late = `its id is kept for ${marker}, and what comes then is too late`;
  return `${after} after it was closed its events are dropped; ${late}`;
}

/** @param revisions how many were published */
export function firingOf({ before, whole, after }: Fired, rules: Rules, revisions: number): Firing {
  const { settings } = rules;
  const found: [Firing['why'][number], boolean, string][] = [
    [
      'silent',
      whole.silent && !before.silent,
      `nothing more came for ${silenceText(before, settings)}: it is closed, as inferred`,
    ],
    [
      'settled',
      before.settleAt !== null && whole.settleAt === null,
      `${spanText(settings.settleMs)} after the first unpublished change: ${
        revisions > 0 ? 'what is settled is published' : 'there is nothing new to publish'
      }`,
    ],
    ['dropped', after !== null && after.horizon !== whole.horizon, dropText(before, settings)],
    ['forgotten', after === null, 'its id is no longer kept: an event that comes now begins anew'],
  ];
  const held = found.filter(([, holds]) => holds);
  return { why: held.map(([why]) => why), says: held.map(([, , says]) => says) };
}

/** What the timer does when it fires next, if nothing more comes; null: it will do nothing. */
export function nextOf(state: State, rules: Rules): { readonly due: number; readonly says: string } | null {
  const due = nextDue(state, rules);
  if (due === null) return null;
  if (state.markerUntil !== null) return { due, says: 'its id is forgotten' };
  if (state.settleAt === due) return { due, says: 'what is settled is published' };
  if (nextDue(state, { ...rules, drops: false }) === due) return { due, says: 'it is closed, as inferred' };
  return { due, says: dropText(state, rules.settings) };
}
