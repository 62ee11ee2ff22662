import * as fc from 'fast-check';

/**
 * How properties are run: from a seed that is printed, so that a failure can be had again with CALLFOLD_TEST_SEED, and
 * first on the examples that earlier runs found. CALLFOLD_TEST_TIMES=50 looks fifty times as long.
 */

const GIVEN = process.env['CALLFOLD_TEST_SEED'];
const TIMES = Number(process.env['CALLFOLD_TEST_TIMES'] ?? 1);
const SEED = GIVEN === undefined ? Date.now() % 2 ** 31 : Number(GIVEN);
console.info(`properties of seed ${SEED} (CALLFOLD_TEST_SEED=${SEED} repeats them)`);

export function hold<T>(
  values: fc.Arbitrary<T>,
  check: (value: T) => void,
  { runs, examples = [] }: { readonly runs: number; readonly examples?: readonly T[] },
): void {
  const given = examples.map((example): [T] => [example]);
  fc.assert(fc.property(values, check), { seed: SEED, numRuns: Math.ceil(runs * TIMES), examples: given });
}

/** A log order of some things: all of them shuffled, some of them twice. */
export function delivery<T>(things: readonly T[]): fc.Arbitrary<readonly T[]> {
  if (things.length === 0) return fc.constant([]);
  const repeats = fc.array(fc.constantFrom(...things), { maxLength: 4 });
  return repeats.chain((again) => {
    const all = [...things, ...again];
    return fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length });
  });
}
