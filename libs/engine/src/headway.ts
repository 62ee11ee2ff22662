/** How fast something gets on, over the last while, and when it will be done: pure, told what was seen and when. */

export type Headway = {
  /** Records a second that it takes; null: not known yet. */
  readonly perSecond: number | null;
  /** Records a second that come meanwhile. */
  readonly comePerSecond: number | null;
  /** Null: not known. `never`: as many come as are taken, or more. */
  readonly etaMs: number | null | 'never';
};

type Look = { readonly at: number; readonly position: number; readonly end: number };

/** Of what was longer ago nothing follows for now: a throttle was changed, a neighbour went. */
const WINDOW_MS = 15_000;
/** Less says nothing. */
const LEAST_MS = 900;

export function createHeadway(): (at: number, position: number, end: number) => Headway {
  let looks: Look[] = [];
  return (at, position, end) => {
    looks = [...looks.filter((look) => at - look.at <= WINDOW_MS), { at, position, end }];
    const first = looks[0] as Look;
    const ms = at - first.at;
    if (position >= end) return { perSecond: null, comePerSecond: null, etaMs: 0 };
    if (ms < LEAST_MS) return { perSecond: null, comePerSecond: null, etaMs: null };
    const perSecond = ((position - first.position) * 1_000) / ms;
    const comePerSecond = ((end - first.end) * 1_000) / ms;
    const gain = perSecond - comePerSecond;
    return { perSecond, comePerSecond, etaMs: gain > 0 ? ((end - position) * 1_000) / gain : 'never' };
  };
}
