// @ts-check
/** What one history is, all of it drawn from its seed: the world's shape, settings, limits, input, and faults. */

import { SOURCES } from '@callfold/core';
import { createRandom } from '../random.mjs';
import { LATEST_INPUT, planInput } from './input.mjs';

/** A member that the group has not heard of for so long is dropped. */
export const SESSION_MS = 6_000;

/** How far a broker's clock may be off. */
export const SKEW_MS = 30_000;

/**
 * Every kind of fault. A history meets some of them only: all at once hide one another.
 * @typedef {(typeof FAULTS)[number]} FaultKind
 */
export const FAULTS = /** @type {const} */ ([
  'store away',
  'kafka away',
  'leader moves',
  'out of memory',
  'script flush',
  'failover',
  'store lost',
  'log truncated',
  'retention below the position',
  'retention past the position',
  'broker clock forward',
  'broker clock back',
  'offsets without a record',
  'pause within the session',
  'pause past the session',
  'expelled',
  'killed',
  'restarted',
  'joined',
  'left',
]);

/** What may become of single calls. */
export const CALL_FAULTS = /** @type {const} */ (['lost', 'unanswered', 'late', 'twice']);

/** After these a partition may stop for good, and what it would have met later is not met: seldom, and never many. */
/** @type {ReadonlySet<FaultKind>} */
const FINAL = new Set(['store lost', 'log truncated', 'retention past the position']);

/** @typedef {'projector' | 'outcomes'} RoleName */

/**
 * @typedef {{
 *   atMs: number,
 *   kind: FaultKind,
 *   forMs: number,
 *   role: RoleName,
 *   pick: number,
 *   share: number,
 * }} Fault `pick` and `share`, in [0, 1), say which and how much, of what there is then
 */

/** @typedef {ReturnType<typeof planHistory>} Plan */

/** @param {string} seed */
export function planHistory(seed) {
  const random = createRandom(`plan/${seed}`);
  const { whole, chance } = random;
  const partitions = whole(1, chance(0.3) ? 4 : 2);
  const first = whole(0, SOURCES.length - 1);
  const sources = SOURCES.filter((_, place) => place === first || chance(0.15));
  const lengthMs = whole(8, 25) * 1_000;
  const callFaults = CALL_FAULTS.filter(() => chance(0.4));
  return {
    seed,
    partitions,
    sources,
    lengthMs,
    owners: { projector: whole(1, chance(0.3) ? 4 : 2), outcomes: whole(1, chance(0.3) ? 4 : 2) },
    batchRecords: chance(0.3) ? whole(1, 5) : whole(5, 60),
    settings: planSettings(random, lengthMs),
    limits: planLimits(random),
    calls: {
      kinds: callFaults,
      share: callFaults.length === 0 ? 0 : chance(0.2) ? 0.2 : 0.04,
      slowShare: chance(0.3) ? 0.4 : 0.1,
      slowMs: chance(0.2) ? 1_500 : 60,
      redelivered: chance(0.3) ? 0.2 : 0,
    },
    input: planInput(random, { sources, partitions, lengthMs }),
    faults: planFaults(random, lengthMs),
    checkShare: 0.08,
  };
}

/**
 * Markers outlive the input: an event that comes after its marker finds a new subject, whose revisions begin at 1
 * again.
 * @param {import('../random.mjs').Random} random
 * @param {number} lengthMs
 */
function planSettings({ whole, chance }, lengthMs) {
  const chatStalledAfterMs = whole(2_000, 6_000);
  return {
    settleMs: chance(0.4) ? 0 : whole(1, 3_000),
    shortAbandonMs: whole(0, 6_000),
    teardownMs: whole(0, 5_000),
    missedOfferMs: whole(500, 15_000),
    closeAfterMs: whole(2_000, 10_000),
    chatStalledAfterMs,
    chatCloseAfterMs: chatStalledAfterMs + whole(1_000, 6_000),
    dropAfterMs: whole(1_000, 12_000),
    markerMs: chance(0.3) ? LATEST_INPUT * lengthMs + 2 * SKEW_MS : 3_600_000,
  };
}

/** @param {import('../random.mjs').Random} random */
function planLimits({ whole, chance }) {
  return {
    sliceRecords: chance(0.5) ? whole(1, 4) : whole(4, 40),
    sliceSubjects: chance(0.5) ? whole(1, 4) : 1_000,
    sliceEntries: chance(0.5) ? whole(1, 4) : 1_000,
    sliceMs: chance(0.5) ? 0 : whole(100, 2_000),
    foldRecords: chance(0.5) ? whole(1, 4) : 500,
    cachedSubjects: chance(0.5) ? whole(1, 6) : 100,
    loadedTimers: chance(0.5) ? whole(1, 4) : 50,
    outboxEntries: chance(0.4) ? whole(1, 4) : 50,
    sendRecords: chance(0.4) ? whole(1, 3) : 20,
    retryFirstMs: 50,
    retryMostMs: whole(500, 3_000),
    idleMs: whole(400, 1_200),
    tickMs: whole(500, 1_000),
    tickMostMs: whole(2_000, 8_000),
    witnessMs: whole(500, 3_000),
    confirmMs: whole(1_000, 5_000),
    claimsAtOnce: whole(1, 4),
    standingRecords: 1_000_000,
    reclaimMs: SESSION_MS + whole(1_000, 4_000),
    // Nobody asks for anything in these histories.
    requestsMs: Number.MAX_SAFE_INTEGER,
    requests: 500,
    freshenMs: whole(500, 8_000),
    freshenRecords: whole(1, 20),
    drainMs: whole(200, 2_000),
    stalledAfterMs: 30_000,
  };
}

/** There is more to go wrong with `outcomes`. @param {number} share @returns {RoleName} */
const struck = (share) => (share < 0.6 ? 'outcomes' : 'projector');

/**
 * @param {import('../random.mjs').Random} random
 * @param {number} lengthMs
 * @returns {Fault[]}
 */
function planFaults({ whole, chance, next }, lengthMs) {
  const kinds = FAULTS.filter((kind) => chance(FINAL.has(kind) ? 0.06 : 0.22));
  const faults = kinds.flatMap((kind) =>
    Array.from({ length: FINAL.has(kind) ? 1 : whole(1, 3) }, () => ({
      kind,
      atMs: whole(0, lengthMs),
      forMs: kind === 'pause past the session' ? SESSION_MS + whole(500, 6_000) : whole(200, 4_000),
      role: struck(next()),
      pick: next(),
      share: next(),
    })),
  );
  return faults.sort((a, b) => a.atMs - b.atMs);
}
