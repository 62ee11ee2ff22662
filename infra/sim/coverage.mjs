// @ts-check
/** What a full run must have met: a fault that never came and a guard that never acted prove nothing. */

import { FAULTS } from './plan.mjs';

/** From so many histories on, a kind that none of them met is a failure. */
export const FULL_RUN = 5_000;

/** @type {readonly (readonly [title: string, kinds: readonly string[]])[]} */
export const KINDS = [
  ['faults', FAULTS.map((kind) => `met: ${kind}`)],
  [
    'calls late, lost, or twice',
    ['send', 'fence', 'commit', 'claim', 'tick', 'readBack', 'read', 'peek', 'setWitness'].flatMap((call) =>
      ['lost', 'unanswered', 'late', 'twice'].map((what) => `${call} ${what}`),
    ),
  ],
  [
    'guards and their ways',
    [
      'partition-fenced',
      'partition-moved',
      'commit fenced',
      'commit moved',
      'claim raced',
      'acknowledged writes lost',
      'late send refused by a fence',
      'send without an answer stands',
      'send failed',
      'records stand that the store forgot',
      'delivered twice',
      'ticked',
      'revised',
      'dead letter',
      'partition-released',
      'claimed as it was left',
      'infrastructure-away',
      'infrastructure-back',
    ],
  ],
  ['erasures', ['erasure', 'tombstone']],
  ['limits', ['cache missed', 'timers not all loaded', 'outbox at its limit', 'several slices of a batch']],
  [
    'refused, with what to do',
    [
      'the store lost its state',
      'retention passed the position',
      'the log ends before the position',
      'another record than was folded',
    ].map((reason) => `refused: ${reason}`),
  ],
  [
    'input that cannot be folded',
    ['not-avro', 'no-value', 'unknown-schema', 'wrong-partition', 'time-out-of-range', 'too-late']
      .map((code) => `rejected: ${code}`)
      .concat('unknown-word'),
  ],
  ['looked at', ['state held against a fold', 'folded to the end']],
];

/**
 * @param {ReadonlyMap<string, number>} met by kind: how many histories met it
 * @returns {{ lines: string[], missing: string[], found: number }}
 */
export function coverageOf(met) {
  const lines = KINDS.flatMap(([title, kinds]) => [
    '',
    `histories  ${title}`,
    ...kinds.map(
      (kind) => `${String(met.get(kind) ?? 0).padStart(9)}  ${kind.replace(/^(met|refused|rejected): /, '')}`,
    ),
  ]);
  const all = KINDS.flatMap(([, kinds]) => kinds);
  const missing = all.filter((kind) => !met.has(kind));
  return { lines, missing, found: all.length - missing.length };
}
