import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ArchiveFiles } from '@callfold/engine';
import { isThere } from '../processes.ts';

/** An archive on a disk. A file is there whole or not at all, and stays over a loss of power. */
export function openFolder(dir: string): ArchiveFiles {
  /** Folders in which nothing is left of runs before this one. */
  const swept = new Map<string, Promise<void>>();

  function sweepOnce(folder: string): Promise<void> {
    const known = swept.get(folder) ?? sweep(folder);
    swept.set(folder, known);
    // What failed is tried again.
    known.catch(() => swept.delete(folder));
    return known;
  }

  return {
    place: dir,
    async read(name) {
      try {
        return await readFile(join(dir, name));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw error;
      }
    },
    async write(name, bytes) {
      const path = join(dir, name);
      await mkdir(dirname(path), { recursive: true });
      await sweepOnce(dirname(path));
      // Of its own, so that two that write one name at once do not write into one another.
      const part = `${path}.${process.pid}.part`;
      await synced(part, 'w', (file) => file.writeFile(bytes));
      await rename(part, path);
      await synced(dirname(path), 'r', async () => undefined);
    },
  };
}

const PART = /\.(\d+)\.part$/;

/**
 * Takes away what runs that were killed had begun to write. No reader takes it, since no manifest names it, and whoever
 * goes on writes the same anew. A run that is alive keeps its own; one on another machine that loses it so fails when
 * it gives the file its name, and nothing of the archive is worse for it.
 */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, pid] = PART.exec(name) ?? [];
    if (pid !== undefined && isGone(Number(pid))) await rm(join(folder, name), { force: true });
  }
}

/** A number of one's own is of a run before: in a container each has the same. */
const isGone = (pid: number): boolean => pid === process.pid || !isThere(pid);

type File = Awaited<ReturnType<typeof open>>;

async function synced(path: string, flags: string, work: (file: File) => Promise<unknown>): Promise<void> {
  const file = await open(path, flags);
  try {
    await work(file);
    await file.sync();
  } finally {
    await file.close();
  }
}
