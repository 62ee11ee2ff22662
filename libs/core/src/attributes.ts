import { LIMITS } from './limits.ts';

/**
 * What upstreams attached, carried along and never interpreted: by name, the value of the earliest event that has it.
 */
export type Attribute = { readonly name: string; readonly at: number; readonly value: string };

export type Merged = { readonly attributes: readonly Attribute[]; readonly overflowed: boolean };

const before = (a: Attribute, b: Attribute): boolean => a.at < b.at || (a.at === b.at && a.name < b.name);

function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const last = text.charCodeAt(max - 1);
  // Never half of a surrogate pair.
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? max - 1 : max);
}

/** Ties in time go to the smaller text; of more names than the limit those first seen (by event time) stay. */
export function mergeAttributes(
  attributes: readonly Attribute[],
  values: Readonly<Record<string, string>>,
  at: number,
): Merged {
  let merged = attributes;
  let overflowed = false;
  for (const [rawName, rawValue] of Object.entries(values)) {
    const name = cut(rawName, LIMITS.attributeName);
    const value = cut(rawValue, LIMITS.attributeValue);
    if (name !== rawName || value !== rawValue) overflowed = true;
    const known = merged.find((one) => one.name === name);
    if (known && (known.at < at || (known.at === at && known.value <= value))) continue;
    const candidate = { name, at, value };
    const others = known ? merged.filter((one) => one !== known) : merged;
    const place = others.findIndex((one) => before(candidate, one));
    // Of just this length: see `insertFact`.
    const next = others.toSpliced(place < 0 ? others.length : place, 0, candidate);
    if (next.length > LIMITS.attributes) {
      overflowed = true;
      if (next.pop() === candidate) continue;
    }
    merged = next;
  }
  return { attributes: merged, overflowed };
}

export function attributesOf(attributes: readonly Attribute[]): Record<string, string> {
  const byName = attributes
    .map(({ name, value }): [string, string] => [name, value])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(byName);
}
