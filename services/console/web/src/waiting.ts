import type { Call } from './model.ts';

/** Who waits, and since when. */

/** Nobody is in with its contact, ringing or not: not yet, or again after a transfer. */
export const isWaiting = ({ phase }: Call): boolean => phase === 'waiting' || phase === 'ringing';

/** A call that was answered waits again since its last agent left it; before that it was talked to. */
export function waitingSince({ answeredAt, queuedAt, since, agents }: Call): number {
  if (answeredAt === null) return Date.parse(queuedAt ?? since ?? '');
  const left = agents.flatMap(({ leftAt }) => (leftAt === null ? [] : [Date.parse(leftAt)]));
  return left.length > 0 ? Math.max(...left) : Date.parse(since ?? answeredAt);
}
