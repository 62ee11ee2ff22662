import type { Source } from '@callfold/core';

/** The shape of a vendor's table. To teach a vendor's new word: one row here, one case line in test/cases. */

export type Row = {
  /** The vendor's spelling, verbatim; `{agent}` and `{availability}` stand for what varies. */
  readonly status: string;
  /** What the vendor says it means, in short; the documentation's tables are made from it. */
  readonly meaning: string;
};

export type Vocabulary<R extends Row> = {
  readonly source: Source;
  /** The vendor's own page, by name. */
  readonly documentation: string;
  readonly rows: readonly R[];
};

/** Levels out what no spelling depends on: case, and which of the three dashes it is. */
export function alike(text: string): string {
  return text.toLowerCase().replace(/[–—]/g, '-');
}

/** A lookup of whole statuses, without regard to case, outer white space and kind of dash. */
export function rowFinder<R extends Row>(rows: readonly R[]): (status: string | null) => R | null {
  const verbatim = new Map(rows.map((row) => [row.status, row]));
  const levelled = new Map(rows.map((row) => [alike(row.status), row]));
  return (status) => {
    if (status === null) return null;
    return verbatim.get(status) ?? levelled.get(alike(status.trim())) ?? null;
  };
}
