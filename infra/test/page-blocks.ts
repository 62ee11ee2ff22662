import { readFileSync } from 'node:fs';

/** The examples of docs/consuming.md that tests run: fenced blocks behind a mark that says with what. */
export function blocksOf(page: string, runner: 'duckdb' | 'postgres' | 'javascript'): string[] {
  const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8');
  const found = [...text.matchAll(/<!-- run: (\w+) -->\s*```\w+\n([\s\S]*?)```/g)];
  return found.filter(([, name]) => name === runner).map(([, , code = '']) => code);
}

/** The plain block that says what the one before it prints. */
export function printedIn(page: string): string {
  const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8');
  return /\nprints\n\n```\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
}
