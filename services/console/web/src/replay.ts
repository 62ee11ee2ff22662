import { SPEEDS } from '../../src/speeds.ts';
import type { Model } from './model.ts';
import { linkTo } from './view.ts';

/**
 * Drives the page's own replay. Its moment stands in the address, so that it can be sent to somebody: a page that is
 * opened with one stands still at it, and one without begins with the day, and plays.
 */

export type Replaying = {
  /** Of the next stream: where the replay is, or is to be, and how fast it plays. */
  query(): Readonly<Record<string, string>>;
  /** Of what is asked for beside the stream, ISO 8601; null: it is now. */
  moment(): string | null;
  /** As it plays, or would. */
  speed(): number;
  toggle(): void;
  seek(at: number): void;
  setSpeed(speed: number): void;
  /** Something was told: the address follows, and whoever waits for a moment hears that it is there. */
  heard(): void;
};

export type ReplayingParts = {
  readonly model: Model;
  readonly search: () => string;
  /** Takes the place of the address; it is no step back. */
  readonly replace: (link: string) => void;
  /** Opens the stream again. */
  readonly again: () => void;
  /** The moment that was asked for is there. */
  readonly arrived: () => void;
  readonly local: () => number;
};

/** Browsers refuse an address that changes all the time. */
const ADDRESS_MS = 1_000;

export function createReplaying({ model, search, replace, again, arrived, local }: ReplayingParts): Replaying {
  const given = new URLSearchParams(search());
  let chosen: number | null = SPEEDS.find((one) => String(one) === given.get('speed')) ?? null;
  /** Asked for, and not told yet. */
  let wanted: string | null = given.get('at');
  let isPlaying = wanted === null;
  let writtenAt = -Infinity;

  const moment = (): string | null => (model.replay === null ? null : new Date(model.clock.now()).toISOString());
  const speed = (): number => chosen ?? model.replay?.usual ?? SPEEDS[0];

  /** As it is told: at the day's end it stands, whatever was asked for. */
  const plays = (): boolean => (model.replay?.speed ?? 0) > 0;

  function begin(at: string | null, isToPlay: boolean): void {
    wanted = at;
    isPlaying = isToPlay;
    again();
  }

  function write(): void {
    const at = moment();
    const { speed: told = 0, usual = null } = model.replay ?? {};
    if (at === null || (told > 0 && local() - writtenAt < ADDRESS_MS)) return;
    const link = linkTo(search(), { at, speed: chosen === null || chosen === usual ? null : String(chosen) });
    if (link === search()) return;
    writtenAt = local();
    replace(link);
  }

  return {
    query() {
      const at = wanted ?? moment();
      if (at === null) return chosen === null ? {} : { speed: String(chosen) };
      return { at, speed: String(isPlaying ? speed() : 0) };
    },
    moment,
    speed,
    toggle() {
      const { replay } = model;
      if (replay === null) return;
      if (plays()) begin(moment(), false);
      else begin(model.clock.now() >= replay.to ? new Date(replay.from).toISOString() : moment(), true);
    },
    seek: (at) => begin(new Date(at).toISOString(), plays()),
    setSpeed(number) {
      chosen = number;
      if (plays()) begin(moment(), true);
      else write();
    },
    heard() {
      if (model.replay === null) return;
      if (wanted !== null && Date.parse(wanted) === model.clock.now()) {
        wanted = null;
        arrived();
      }
      if (wanted === null) write();
    },
  };
}
