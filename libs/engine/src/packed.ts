/**
 * Hashes by the million in a few bytes each. Objects and strings for the same would take ten times as much, and the
 * collector would walk over them again and again.
 */

/** The two halves of a hash as `hash64` writes it. */
export type Words = { readonly high: number; readonly low: number };

const DIGIT_BITS = 5;
const FIRST_DIGITS = 7;
const LAST_BITS = 4;

/** @param hash 13 digits of base 32, the last of four bits */
export function wordsOf(hash: string): Words {
  let high = 0;
  let low = 0;
  for (let at = 0; at < hash.length; at += 1) {
    const code = hash.charCodeAt(at);
    const digit = code < 58 ? code - 48 : code - 87;
    if (at < FIRST_DIGITS - 1) high = (high << DIGIT_BITS) | digit;
    else if (at === FIRST_DIGITS - 1) {
      high = (high << 2) | (digit >>> 3);
      low = digit & 7;
    } else if (at < hash.length - 1) low = (low << DIGIT_BITS) | digit;
    else low = (low << LAST_BITS) | digit;
  }
  return { high: high >>> 0, low: low >>> 0 };
}

/** Numbers in a row that grows by doubling: 4 bytes each. */
export type Column = { get(at: number): number; set(at: number, value: number): void; readonly bytes: number };

const FIRST_ROWS = 1_024;

export function createColumn(): Column {
  let cells = new Uint32Array(FIRST_ROWS);
  return {
    get: (at) => cells[at] ?? 0,
    set(at, value) {
      if (at >= cells.length) {
        const grown = new Uint32Array(cells.length * 2);
        grown.set(cells);
        cells = grown;
      }
      cells[at] = value;
    },
    get bytes() {
      return cells.byteLength;
    },
  };
}

/** From a hash to a number below 2^32 - 1. */
export type PackedIndex = {
  /** -1: it is not there. */
  get(key: Words): number;
  set(key: Words, value: number): void;
  readonly size: number;
  readonly bytes: number;
};

/** Cells of a slot: both words and the value, kept one higher, so that 0 is an empty slot. */
const CELLS = 3;
const FULLEST = 0.7;

export function createPackedIndex(): PackedIndex {
  let slots = FIRST_ROWS;
  let cells = new Uint32Array(slots * CELLS);
  let size = 0;

  /** Where the key is, or where it would go. */
  function slotOf(high: number, low: number): number {
    let slot = (low ^ high) & (slots - 1);
    for (;;) {
      const at = slot * CELLS;
      if (cells[at + 2] === 0 || (cells[at] === high && cells[at + 1] === low)) return at;
      slot = (slot + 1) & (slots - 1);
    }
  }

  function grow(): void {
    const old = cells;
    slots *= 2;
    cells = new Uint32Array(slots * CELLS);
    for (let at = 0; at < old.length; at += CELLS) {
      if (old[at + 2] !== 0) cells.set(old.subarray(at, at + CELLS), slotOf(old[at] ?? 0, old[at + 1] ?? 0));
    }
  }

  return {
    get: ({ high, low }) => (cells[slotOf(high, low) + 2] ?? 0) - 1,
    set({ high, low }, value) {
      const at = slotOf(high, low);
      if (cells[at + 2] === 0) size += 1;
      cells.set([high, low, value + 1], at);
      if (size > slots * FULLEST) grow();
    },
    get size() {
      return size;
    },
    get bytes() {
      return cells.byteLength;
    },
  };
}
