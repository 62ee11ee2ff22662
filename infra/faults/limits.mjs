// @ts-check
/** What the parts of a run are given, and how long a recovery may take: made of these limits, not of what was seen. */

export const PARTITIONS = 4;

/** The group drops a member that it has not heard of for this long: CALLFOLD_SESSION_TIMEOUT_MS. */
export const SESSION_SECONDS = 6;
/** The group waits at most this long until its members have joined anew: rebalanceMs of the consumer. */
const REBALANCE_SECONDS = 30;
/** A fence is given up after this long and tried again: FENCE_MS. */
const FENCE_SECONDS = 15;
/** The controller drops a broker that it has not heard of for this long: broker.session.timeout.ms. */
export const BROKER_SESSION_SECONDS = 3;
/** A start of Node, of its connections and of its claims, on a machine as busy as they come. */
const START_SECONDS = 60;
/** Partitions are claimed anew, one after the other, each with its fence. */
const CLAIM_SECONDS = FENCE_SECONDS;

/** A service says of a partition of its own that it stands still: CALLFOLD_STALLED_AFTER_MS. */
const STALLED_SECONDS = 30;
/** For whoever asks now and then. */
const ASKED_SECONDS = 15;
/** So long a partition may stand still and nobody says so: as long as it changes hands it is nobody's. */
export const SILENT_SECONDS = SESSION_SECONDS + REBALANCE_SECONDS + STALLED_SECONDS + ASKED_SECONDS;

const session = `${SESSION_SECONDS} s until the group misses a member`;
const rebalance = `at most ${REBALANCE_SECONDS} s until all have joined anew`;
const claim = `${CLAIM_SECONDS} s to claim and fence`;

/** @type {Record<string, { boundSeconds: number, because: string }>} */
const ALL = {};

export const BOUNDS = Object.assign(ALL, {
  memberLost: {
    boundSeconds: SESSION_SECONDS + REBALANCE_SECONDS + CLAIM_SECONDS,
    because: `${session}, ${rebalance}, ${claim}`,
  },
  memberMoved: {
    boundSeconds: REBALANCE_SECONDS + CLAIM_SECONDS,
    because: `${rebalance}, ${claim}`,
  },
  brokerLost: {
    boundSeconds: BROKER_SESSION_SECONDS + SESSION_SECONDS + REBALANCE_SECONDS + CLAIM_SECONDS,
    because: `${BROKER_SESSION_SECONDS} s until the controller misses a broker, ${session}, ${rebalance}, ${claim}`,
  },
  refused: {
    boundSeconds: START_SECONDS + REBALANCE_SECONDS,
    because: `${START_SECONDS} s to start, ${rebalance}`,
  },
});
