import type { VNode } from 'preact';
import { SPEEDS } from '../../src/speeds.ts';
import { h } from './dom.ts';
import type { Replay } from './model.ts';
import type { Replaying } from './replay.ts';
import type { SubjectView } from './times.ts';
import { timeText } from './times.ts';

/** The bar of a replay: whether it plays, how fast, and the moment, on a slider over the day. */

const MINUTE_MS = 60_000;
/** A short day is looked at more closely. */
const LONG_MS = 120 * MINUTE_MS;

/** As it is moved, before it is let go; null: it is not. */
let moved: number | null = null;

/** With its date, and its zone: `1999-02-12 10:31:07 UTC`. */
export function momentText(at: number, { language, zone }: SubjectView): string {
  // The English of no country: 2026-01-05 is read the same everywhere.
  const day = timeText(at, 'day', language === 'en' ? 'en-CA' : language, zone);
  return `${day} ${timeText(at, 'time', language, zone)} ${zone}`;
}

export function replayBar(
  { from, to, speed }: Replay,
  view: SubjectView,
  replaying: Replaying,
  changed: () => void,
): VNode {
  const { say, now } = view;
  const valueOf = (event: Event): number => Number((event.currentTarget as HTMLInputElement).value);
  const at = moved ?? now;
  const text = momentText(at, view);
  return h(
    'section',
    { class: 'replay-bar', 'aria-label': say('replay') },
    h(
      'button',
      { type: 'button', onClick: () => replaying.toggle(), 'data-plays': speed > 0 ? 'yes' : 'no' },
      say(speed > 0 ? 'pause' : 'play'),
    ),
    h(
      'label',
      null,
      `${say('speed')} `,
      h(
        'select',
        { onChange: (event: Event) => replaying.setSpeed(valueOf(event)) },
        SPEEDS.map((one) => h('option', { key: one, value: one, selected: one === replaying.speed() }, `×${one}`)),
      ),
    ),
    h('input', {
      type: 'range',
      min: from,
      max: to,
      step: to - from > LONG_MS ? MINUTE_MS : MINUTE_MS / 12,
      value: at,
      'aria-label': say('moment'),
      'aria-valuetext': text,
      onInput(event: Event) {
        moved = valueOf(event);
        changed();
      },
      onChange(event: Event) {
        moved = null;
        replaying.seek(valueOf(event));
      },
    }),
    h('output', { 'data-moment': new Date(at).toISOString() }, text),
  );
}
