/**
 * Seeded chance for generated input: the same seed gives the same numbers on every machine.
 * Made for demos, tests and benchmarks; not for secrets.
 */
export type Random = {
  /** Uniform in [0, 1). */
  readonly next: () => number;
  /** Uniform whole number, both ends possible. */
  readonly whole: (from: number, to: number) => number;
  /** True with this probability. */
  readonly chance: (probability: number) => boolean;
  /** One of the items, all equally likely. Throws when there are none. */
  readonly pick: <T>(items: readonly T[]) => T;
  /** Of this mean: the time to the next arrival when arrivals know nothing of each other. */
  readonly exponential: (mean: number) => number;
  /** Of this median; `spread` is the standard deviation of its logarithm. Talk times look like this. */
  readonly logNormal: (median: number, spread: number) => number;
  /** A generator of its own, named, so that drawing more numbers in one place changes none in another. */
  readonly fork: (name: string) => Random;
};

export function createRandom(seed: number | string): Random {
  const next = sfc32(String(seed));
  const exponential = (mean: number) => -mean * Math.log(1 - next());
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return {
    next,
    whole: (from, to) => from + Math.floor(next() * (to - from + 1)),
    chance: (probability) => next() < probability,
    pick: (items) => at(items, Math.floor(next() * items.length)),
    exponential,
    logNormal: (median, spread) => median * Math.exp(spread * normal()),
    fork: (name) => createRandom(`${seed}/${name}`),
  };
}

export type Weighted<T> = readonly (readonly [item: T, weight: number])[];

/** Draws items as often as their weights say. Weights need not add up to anything. */
export function weighted<T>(entries: Weighted<T>): (random: Random) => T {
  const reached: number[] = [];
  let total = 0;
  for (const [, weight] of entries) reached.push((total += weight));
  return (random) => at(entries, firstAbove(reached, random.next() * total))[0];
}

/** Index of the first entry greater than `value`, or the last index. */
function firstAbove(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new Error(`random: nothing to choose from at ${index} of ${items.length}`);
  return item;
}

/** Chris Doty-Humphrey's "small fast counting" generator, 128 bits of state, seeded by a hash of the text. */
function sfc32(seed: string): () => number {
  const word = hashWords(seed);
  let a = word();
  let b = word();
  let c = word();
  let counter = 1;
  const step = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  };
  // The author's advice: a dozen rounds until the seed has reached every bit.
  for (let round = 0; round < 12; round += 1) step();
  return step;
}

/** FNV-1a over the text, then murmur3's finisher: as many well mixed 32-bit words as are asked for. */
function hashWords(text: string): () => number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return () => {
    hash = (hash + 0x9e3779b9) | 0;
    let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return mixed ^ (mixed >>> 16);
  };
}
