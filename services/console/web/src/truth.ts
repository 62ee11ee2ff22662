import type { Level } from './board-figures.ts';
import type { Model } from './model.ts';
import { STALE_MS } from './model.ts';
import type { Standing } from './standing.ts';
import { whyText } from './standing.ts';
import type { SubjectView } from './times.ts';
import { clockOf } from './times.ts';
import { span } from './words.ts';

/** Whether what is seen is true: each thing that could make it untrue, and how it stands with it now. */

export type Check = { readonly key: string; readonly level: Level; readonly what: string; readonly says: string };

/** A difference of clocks that would mislead whoever compares times. */
const CLOCK_MS = 2_000;

export function checksOf(
  model: Model,
  standing: Standing,
  isListsOld: boolean,
  local: number,
  view: SubjectView,
): Check[] {
  const { say } = view;
  const { clock: server, heardAt, asOf, isWell, lacks, problem, isThere } = model;
  const now = server.now();
  const clock = clockOf(now, view);
  const level = (isGood: boolean): Level => (isGood ? 'good' : 'bad');
  const ago = (at: number): string => span(now - at, say);
  const ahead = local - now;
  return [
    {
      key: 'console',
      level: level(problem === null && now - heardAt <= STALE_MS),
      what: say('truth.console'),
      says: heardAt === 0 ? say('starting') : say('truth.heard', { TIME: clock(heardAt), SPAN: ago(heardAt) }),
    },
    {
      key: 'data',
      level: level(isThere && now - asOf <= STALE_MS),
      what: say('truth.data'),
      says: asOf === 0 ? say('starting') : say('truth.asOf', { TIME: clock(asOf), SPAN: ago(asOf) }),
    },
    {
      key: 'whole',
      level: level(isWell && lacks.length === 0 && !isListsOld),
      what: say('truth.whole'),
      says: standing.kind === 'live' ? say('truth.all') : whyText(standing, model, say),
    },
    {
      key: 'clock',
      level: Math.abs(ahead) > CLOCK_MS ? 'warn' : 'good',
      what: say('truth.clock'),
      says: say(Math.abs(ahead) > CLOCK_MS ? 'truth.clockOff' : 'truth.clockOk', { SPAN: span(Math.abs(ahead), say) }),
    },
  ];
}
