import { LIMITS } from '@callfold/core';
import { isWellFormed, toWellFormed } from './well-formed.ts';

export type Attributes = Readonly<Record<string, string>>;

/**
 * A raw event's attributes as they are kept: a map of strings, null when there are none; a name whose value is null
 * counts as not given. The input is answered itself where nothing has to be mended.
 * @returns a text when they are refused: what is wrong with them.
 */
export function readAttributes(value: unknown): Attributes | null | string {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'object' || Array.isArray(value)) return 'attributes is not a map of strings';
  const given = value as Record<string, unknown>;
  let count = 0;
  let clean = true;
  for (const name in given) {
    const wrong = faultOf(name, given[name]);
    if (wrong !== null) return wrong;
    const one = given[name];
    if (one === null || !isWellFormed(name) || !isWellFormed(one as string)) clean = false;
    if (++count > LIMITS.rawAttributes) return `attributes holds more than ${LIMITS.rawAttributes} names`;
  }
  if (count === 0) return null;
  return clean ? (given as Attributes) : mended(given as Record<string, string | null>);
}

function faultOf(name: string, value: unknown): string | null {
  if (typeof value !== 'string' && value !== null) return `attribute ${shownName(name)} is not a string`;
  if (name.length > LIMITS.rawAttributeName) {
    return `attribute ${shownName(name)} has a name of more than ${LIMITS.rawAttributeName} characters`;
  }
  if (value !== null && value.length > LIMITS.rawAttributeValue) {
    return `attribute ${shownName(name)} has more than ${LIMITS.rawAttributeValue} characters`;
  }
  // A map decoded from Avro cannot hold it, and nobody who copies maps by assignment would keep it.
  return name === '__proto__' ? 'no attribute can be called __proto__' : null;
}

function mended(given: Readonly<Record<string, string | null>>): Attributes | null {
  const kept: Record<string, string> = {};
  let count = 0;
  for (const name in given) {
    const value = given[name];
    if (typeof value !== 'string') continue;
    kept[toWellFormed(name)] = toWellFormed(value);
    count++;
  }
  return count === 0 ? null : kept;
}

const SHOWN_CHARACTERS = 64;

function shownName(name: string): string {
  return JSON.stringify(name.length > SHOWN_CHARACTERS ? `${name.slice(0, SHOWN_CHARACTERS)}…` : name);
}
