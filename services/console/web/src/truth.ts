import type { Level } from './board-figures.ts';
import type { Model } from './model.ts';
import { silentMs, STALE_MS } from './model.ts';
import type { Standing } from './standing.ts';
import { isWhole, whyText } from './standing.ts';
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
  const { clock: server, heardAt, asOf, isWell, lacks, problem, isThere, replay } = model;
  const now = server.now();
  const clock = clockOf(now, view);
  const level = (isGood: boolean): Level => (isGood ? 'good' : 'bad');
  const ago = (at: number): string => span(now - at, say);
  // A replay has the clock of its day.
  const ahead = replay === null ? local - now : 0;
  return [
    {
      key: 'console',
      level: level(problem === null && silentMs(model) <= STALE_MS),
      what: say('truth.console'),
      says:
        heardAt === 0 || replay
          ? say(replay ? 'truth.heardReplay' : 'starting')
          : say('truth.heard', { TIME: clock(heardAt), SPAN: ago(heardAt) }),
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
      says: isWhole(standing) ? say('truth.all') : whyText(standing, model, say),
    },
    {
      key: 'clock',
      level: Math.abs(ahead) > CLOCK_MS ? 'warn' : 'good',
      what: say('truth.clock'),
      says: replay
        ? say('truth.clockReplay')
        : say(Math.abs(ahead) > CLOCK_MS ? 'truth.clockOff' : 'truth.clockOk', { SPAN: span(Math.abs(ahead), say) }),
    },
  ];
}
