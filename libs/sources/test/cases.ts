import { readdirSync, readFileSync } from 'node:fs';

/** One line of cases/*.jsonl: a raw event as it comes in NDJSON, and what must become of it. */
export type Case = {
  readonly file: string;
  readonly line: number;
  readonly case: string;
  readonly raw: unknown;
  /** Fields of the raw event or of the inner one, or `{rejected: code}`. */
  readonly expect: Readonly<Record<string, unknown>>;
};

const folder = new URL('cases/', import.meta.url);

export const CASES: readonly Case[] = readdirSync(folder)
  .filter((file) => file.endsWith('.jsonl'))
  .flatMap((file) =>
    readFileSync(new URL(file, folder), 'utf8')
      .split('\n')
      .filter((text) => text !== '')
      .map((text, index) => ({ file, line: index + 1, ...(JSON.parse(text) as Omit<Case, 'file' | 'line'>) })),
  );
