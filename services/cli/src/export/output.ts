import { once } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Where an export goes: standard output, or a file that is there whole or not at all. */
export type Output = {
  write(bytes: Uint8Array): Promise<void>;
  /** Nothing more comes: a file gets its name now, in place of one that had it. */
  done(): Promise<void>;
  /** What was written is not all: no file is left. */
  discard(): Promise<void>;
};

export function streamOutput(stream: NodeJS.WritableStream): Output {
  return {
    async write(bytes) {
      if (!stream.write(bytes)) await once(stream, 'drain');
    },
    done: async () => undefined,
    discard: async () => undefined,
  };
}

/** @throws when it cannot be made there; `path` is not touched before `done` */
export async function fileOutput(path: string): Promise<Output> {
  // Beside it, because a rename does not cross file systems.
  const partial = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  const file: FileHandle = await open(partial, 'wx');
  return {
    async write(bytes) {
      await file.writeFile(bytes);
    },
    async done() {
      await file.sync();
      await file.close();
      await rename(partial, path);
    },
    async discard() {
      await file.close();
      await rm(partial, { force: true });
    },
  };
}
