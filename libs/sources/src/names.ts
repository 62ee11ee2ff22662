/**
 * Display names, as calls know their agents. Two spellings of one name must be one agent, so what a person cannot see
 * is levelled out: Unicode composition, outer white space (no-break space too), runs of white space inside. What a
 * person can see is kept: case, brackets, dashes, look-alike letters of another script.
 */

/** @returns the name as it is kept; empty when nothing is left of it. */
export function normaliseName(text: string): string {
  const name = text.normalize('NFC').trim();
  return withoutBrackets(name).replace(/\s+/g, ' ');
}

/** True for the word that stands for the caller, in any case. Takes a normalised name. */
export function isContact(name: string): boolean {
  return name.toLowerCase() === 'contact';
}

/** One pair of `[ ]` is taken off, if it is a pair: in `[A] [B]` the first is closed before the end. */
function withoutBrackets(name: string): string {
  if (!name.startsWith('[') || !name.endsWith(']')) return name;
  let depth = 0;
  for (let at = 0; at < name.length - 1; at++) {
    if (name[at] === '[') depth++;
    else if (name[at] === ']' && --depth === 0) return name;
  }
  return depth === 1 ? name.slice(1, -1).trim() : name;
}
