import { Refused } from '@callfold/engine';

/** Reads JSON that an operator wrote: what is wrong is refused by its place, and the start with it. */

export type Given = {
  readonly value: unknown;
  readonly where: string;
  /** Where it is described. */
  readonly page: string;
};

export function givenJson(text: string, where: string, page: string): Given {
  try {
    return { value: JSON.parse(text) as unknown, where, page };
  } catch {
    // Node's own words would quote the text, which holds secrets.
    throw new Refused(`${where} is no JSON.`);
  }
}

export function wrong({ where, page }: Given, must: string): Refused {
  return new Refused(`${where} ${must}. See ${page}.`);
}

/** @param names those that it may have; another is a mistake */
export function objectOf(given: Given, names: readonly string[] | null): ReadonlyMap<string, Given> {
  const { value, where, page } = given;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(given, 'must be an object');
  const fields = new Map(
    Object.entries(value).map(([name, one]) => [name, { value: one as unknown, where: `${where}.${name}`, page }]),
  );
  for (const [name, field] of fields) {
    if (names !== null && !names.includes(name)) throw wrong(field, `is not known; there may be ${names.join(', ')}`);
  }
  return fields;
}

export function listOf(given: Given): Given[] {
  const { value, where, page } = given;
  if (!Array.isArray(value)) throw wrong(given, 'must be a list');
  return value.map((one: unknown, n) => ({ value: one, where: `${where}[${n}]`, page }));
}

export function textOf(given: Given, pattern = /[^]/): string {
  if (typeof given.value === 'string' && pattern.test(given.value)) return given.value;
  throw wrong(given, pattern.source === '[^]' ? 'must be a text' : `must be a text like ${pattern.source}`);
}

export function oneOf<Word extends string>(given: Given, words: readonly Word[]): Word {
  const found = words.find((word) => word === given.value);
  if (found === undefined) throw wrong(given, `must be one of ${words.join(', ')}`);
  return found;
}

export function integerOf(given: Given, least: number, most: number): number {
  const { value } = given;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw wrong(given, `must be a whole number from ${least} to ${most}`);
}
