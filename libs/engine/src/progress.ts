/**
 * Progress, not liveness: what a partition has to do, and since when nothing of it moved. Pure: it is told what was
 * seen, and when.
 */

/** What a partition waits for, each for itself: one that folds on may still not get its outbox sent. */
export type Duty =
  /** To be claimed. */
  | 'claim'
  /** Records stand in the log after what is committed. */
  | 'records'
  /** Derived records are committed and not sent. */
  | 'outbox'
  /** A timer is due, everything is read, and no record comes at which it fires. */
  | 'timer'
  /** Where the log ends: while nobody can say, it is not known whether there is something to do. */
  | 'log-end'
  /** What is under way, before the partition can be given back. */
  | 'release';

export type Stall = { readonly waitsFor: Duty; readonly since: number };

/** How a partition stands at one look. */
export type Seen = {
  readonly isClaimed: boolean;
  /** Its signal is set: nothing new is begun. */
  readonly isLeaving: boolean;
  /** Left alone until somebody mends something: it says why itself. */
  readonly isRefused: boolean;
  readonly position: number;
  readonly committed: number | null;
  readonly waiting: number;
  readonly sentUpTo: number;
  /** When a timer is due that this owner writes ticks for; null: none is. */
  readonly nextDue: number | null;
};

export type Progress = {
  /** The log's end as a batch or a look told it, which began at `at`. */
  sawEnd(end: number, at: number): void;
  /** Everything up to the known end was folded by then, as of a batch that came at `at`. */
  folded(position: number, at: number): void;
  /** The log's end is being asked for. */
  asks(at: number): void;
  look(seen: Seen, now: number): void;
  /** What nothing moved of for longer than `boundMs`: that which waits longest. */
  stalled(now: number, boundMs: number): Stall | null;
  /** The latest news of where the log ends; null: none yet. */
  readonly end: number | null;
  readonly endSeenAt: number;
  /** When the log was last known to be folded to its end. */
  readonly atEndAt: number;
  /** When position or outbox last moved. */
  readonly movedAt: number;
};

export function createProgress(now: number): Progress {
  const waits = new Map<Duty, { readonly since: number; readonly mark: number | null }>();
  let end: number | null = null;
  let endSeenAt = now;
  let askedAt: number | null = null;
  let atEndAt = now;
  let movedAt = now;
  let ownedAt = now;
  let last: Seen | null = null;

  /** @param mark what changes when it moves. @param since when it began, of one that is new. */
  function owes(duty: Duty, isOwed: boolean, mark: number | null, since: number, at: number): void {
    const known = waits.get(duty);
    if (!isOwed) waits.delete(duty);
    else if (known === undefined) waits.set(duty, { since, mark });
    else if (known.mark !== mark) waits.set(duty, { since: at, mark });
  }

  return {
    sawEnd(seen, at) {
      end = seen;
      endSeenAt = at;
      askedAt = null;
    },
    folded(position, at) {
      if (end !== null && position >= end) atEndAt = Math.max(atEndAt, at);
    },
    asks(at) {
      askedAt ??= at;
    },
    look(seen, at) {
      if (last !== null && (last.committed !== seen.committed || last.sentUpTo !== seen.sentUpTo)) movedAt = at;
      last = seen;
      const isOwner = seen.isClaimed && !seen.isLeaving && !seen.isRefused;
      if (!isOwner) ownedAt = at;
      const behind = end !== null && end > (seen.committed ?? -1);
      const isRead = seen.position >= (end ?? 0);
      const { nextDue } = seen;
      owes('claim', !seen.isClaimed && !seen.isLeaving && !seen.isRefused, null, at, at);
      // From when there surely was nothing to do: the record may have come right after.
      owes('records', isOwner && behind, seen.committed, Math.max(atEndAt, ownedAt), at);
      owes('outbox', isOwner && seen.waiting > 0, seen.sentUpTo, at, at);
      owes('timer', isOwner && isRead && nextDue !== null && nextDue <= at, nextDue, at, at);
      owes('log-end', isOwner && askedAt !== null, null, askedAt ?? at, at);
      owes('release', seen.isLeaving, null, at, at);
    },
    stalled(at, boundMs) {
      let longest: Stall | null = null;
      for (const [waitsFor, { since }] of waits) {
        if (at - since <= boundMs || (longest !== null && longest.since <= since)) continue;
        longest = { waitsFor, since };
      }
      return longest;
    },
    get end() {
      return end;
    },
    get endSeenAt() {
      return endSeenAt;
    },
    get atEndAt() {
      return atEndAt;
    },
    get movedAt() {
      return movedAt;
    },
  };
}
