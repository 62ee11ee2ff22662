/**
 * Half a surrogate pair (an emoji cut in two by some `substr`) is legal in JSON and has no UTF-8. Texts get U+FFFD
 * for it, as every UTF-8 encoder would write on the way through a topic, so that both ways give the same event.
 */

declare global {
  // Node has these since version 20; the types come with a later `lib` than the pure packages are held to.
  interface String {
    isWellFormed(): boolean;
    toWellFormed(): string;
  }
}

export function isWellFormed(text: string): boolean {
  return text.isWellFormed();
}

export function toWellFormed(text: string): string {
  return text.toWellFormed();
}
