import {
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  closeSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { hash64, hashBytes } from '@callfold/core';
import { Refused } from '@callfold/engine';
import { STANDARD_INPUT } from './bytes.ts';

/**
 * How far an import came: for each file the lines that the log has. Kept on disk while the import runs, so that one
 * that was killed can be gone on with; taken away when it is through. Standard input cannot be read twice: no position.
 */

export type Position = {
  /** Of each file, in the order of the command. */
  readonly lines: readonly number[];
  readonly published: number;
  readonly refused: number;
};

export type PositionFile = {
  /** What an earlier run left, or null. @throws Refused when a file is another than it was then */
  read(): Position | null;
  /** Whole or not at all, also when the process is killed meanwhile. */
  write(position: Position): void;
  remove(): void;
};

type Written = Position & { readonly version: 1; readonly target: string; readonly files: readonly Look[] };
/** By what a file is known again: it may have grown, but begins as it began. */
type Look = { readonly path: string; readonly headBytes: number; readonly head: string };

const HEAD_BYTES = 65_536;

/**
 * @param dir is made when it is not there
 * @param target where to: an import into another place begins anew
 * @returns null when there is standard input among the files
 */
export function openPosition(dir: string, target: string, files: readonly string[]): PositionFile | null {
  if (files.length === 0 || files.includes(STANDARD_INPUT)) return null;
  const paths = files.map((file) => resolve(file));
  const path = join(dir, `${hash64([target, ...paths].join('\n'))}.json`);
  const looks = paths.map((one) => lookAt(one, HEAD_BYTES));

  return {
    read() {
      const found = readWritten(path);
      if (found === null) return null;
      for (const { path: file, headBytes, head } of found.files) {
        if (lookAt(file, headBytes).head === head) continue;
        throw new Refused(
          `${file} is another file than the one that was being imported: its first ${headBytes} bytes differ. ` +
            'Run the import without --resume.',
        );
      }
      return { lines: found.lines, published: found.published, refused: found.refused };
    },
    write(position) {
      const written: Written = { version: 1, target, files: looks, ...position };
      mkdirSync(dir, { recursive: true });
      writeFileSync(`${path}.new`, JSON.stringify(written));
      renameSync(`${path}.new`, path);
    },
    remove: () => rmSync(path, { force: true }),
  };
}

/** What is not there, or of another version, or half written by a machine that went down, is no position. */
function readWritten(path: string): Written | null {
  try {
    const written = JSON.parse(readFileSync(path, 'utf8')) as Written;
    return written.version === 1 && Array.isArray(written.lines) ? written : null;
  } catch {
    return null;
  }
}

/** A file that cannot be read is told of by whoever reads it. */
function lookAt(path: string, most: number): Look {
  const none = { path, headBytes: 0, head: '' };
  try {
    if (!statSync(path).isFile()) return none;
    const bytes = new Uint8Array(most);
    const file = openSync(path, 'r');
    try {
      const headBytes = readSync(file, bytes, 0, most, 0);
      return { path, headBytes, head: hashBytes(bytes.subarray(0, headBytes)) };
    } finally {
      closeSync(file);
    }
  } catch {
    return none;
  }
}
