import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ArchiveFiles } from '@callfold/engine';

/** An archive on a disk. A file is there whole or not at all, and stays over a loss of power. */
export function openFolder(dir: string): ArchiveFiles {
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
      // Of its own, so that two that write one name at once do not write into one another.
      const part = `${path}.${process.pid}.part`;
      await synced(part, 'w', (file) => file.writeFile(bytes));
      await rename(part, path);
      await synced(dirname(path), 'r', async () => undefined);
    },
  };
}

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
