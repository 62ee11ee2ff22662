// @ts-check
/** Seeded chance for the scripts that make input: the same seed gives the same numbers on every machine. */

/**
 * @typedef {object} Random
 * @property {() => number} next uniform in [0, 1)
 * @property {(from: number, to: number) => number} whole uniform whole number, both ends possible
 * @property {(probability: number) => boolean} chance
 * @property {(mean: number) => number} exponential
 * @property {(median: number, spread: number) => number} logNormal `spread`: standard deviation of the logarithm
 */

/** @param {number | string} seed @returns {Random} */
export function createRandom(seed) {
  const bits = sfc32(seed);
  const next = () => (bits() >>> 0) / 2 ** 32;
  return {
    next,
    whole: (from, to) => from + Math.floor(next() * (to - from + 1)),
    chance: (probability) => next() < probability,
    exponential: (mean) => -mean * Math.log(1 - next()),
    logNormal: (median, spread) =>
      median * Math.exp(spread * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())),
  };
}

/**
 * Chris Doty-Humphrey's "small fast counting" generator, seeded by an FNV-1a hash of the seed's text.
 * @param {number | string} seed
 * @returns {() => number} signed 32-bit integers
 */
export function sfc32(seed) {
  let hash = 0x811c9dc5;
  for (const char of String(seed)) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  let a = hash;
  let b = Math.imul(hash, 0x85ebca6b);
  let c = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35);
  let counter = 1;
  const step = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum;
  };
  // The author's advice: a dozen rounds, until the seed has reached every bit.
  for (let round = 0; round < 12; round += 1) step();
  return step;
}

/**
 * From a number in [0, 1) to an index, as often as the weights say; they need not add up to anything.
 * @param {readonly number[]} weights
 * @returns {(share: number) => number}
 */
export function cumulative(weights) {
  const reached = new Float64Array(weights.length);
  let total = 0;
  for (const [index, weight] of weights.entries()) reached[index] = total += weight;
  return (share) => {
    const value = share * total;
    let low = 0;
    let high = reached.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (Number(reached[middle]) > value) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
