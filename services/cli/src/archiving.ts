import type { Config } from '@callfold/adapters';
import { avroSegments, isS3Address, openFolder, openS3 } from '@callfold/adapters';
import type { Source } from '@callfold/core';
import { rawTopic, SOURCES } from '@callfold/core';
import type { Archive, Archived, At, Log } from '@callfold/engine';
import { archivePartition, checkArchive, joinedLog, readManifest, Refused } from '@callfold/engine';
import type { Context } from './command.ts';
import { createProgress } from './progress.ts';
import type { RoleName, Site } from './site.ts';
import { sourceTargets, targetsOf } from './targets.ts';

/** What `callfold archive` does, and the log that others read with it. */

export type ArchiveOptions = {
  readonly to: string;
  readonly source?: Source;
  readonly partition?: number;
  readonly check?: boolean;
};

export type ArchiveRow = { readonly topic: string; readonly partition: number } & Archived;

/** @param address a folder, or `s3://bucket/prefix` */
function archiveIn(address: string, { s3 }: Pick<Config, 's3'>): Archive {
  if (!isS3Address(address)) return { files: openFolder(address), format: avroSegments };
  if (s3 !== null) return { files: openS3(address, s3), format: avroSegments };
  throw new Refused(
    `${address} needs CALLFOLD_S3_ACCESS_KEY_ID and CALLFOLD_S3_SECRET_ACCESS_KEY, and CALLFOLD_S3_ENDPOINT where it ` +
      'is not at AWS.',
  );
}

/** Archive and topic as one; without an address the topic alone. */
export function logWith(log: Log, address: string | undefined, config: Pick<Config, 's3'>): Log {
  return address === undefined ? log : joinedLog(log, archiveIn(address, config));
}

/** As commands see it that read the raw log through the site. */
export function siteWith(site: Site, address: string | undefined, config: Pick<Config, 's3'>): Site {
  if (address === undefined) return site;
  const logs = new Map<RoleName, Log>();
  const log = (role: RoleName): Log => {
    const found = logs.get(role) ?? logWith(site.log(role), address, config);
    logs.set(role, found);
    return found;
  };
  // A spread would open what nobody has asked for yet.
  return Object.create(site, { log: { value: log } }) as Site;
}

export async function* archiveAll(
  site: Site,
  options: ArchiveOptions,
  { config, say, stop }: Pick<Context, 'config' | 'say' | 'stop'>,
): AsyncGenerator<ArchiveRow> {
  const archive = archiveIn(options.to, config);
  for (const { at } of await targetsOf(site, sourceTargets(options))) {
    if (stop.requested) return;
    const log = site.log('outcomes');
    const { start, end } = await log.bounds(at);
    const before = (await readManifest(archive, at))?.segments.at(-1)?.next ?? start;
    const { topic, partition } = at;
    const progress = createProgress({
      noun: `records of ${topic}/${partition}`,
      total: Math.max(0, end - before),
      say,
    });
    let bytes = 0;
    const archived = await archivePartition({
      at,
      log,
      archive,
      stop,
      progress(next, more) {
        bytes += more;
        progress.at(next - before, bytes);
      },
    });
    progress.end();
    yield { topic, partition, ...archived };
  }
}

export type CheckedRow = { readonly topic: string; readonly partition: number } & Omit<Archived, 'segments'> & {
    readonly segments: number;
    readonly bytes: number;
  };

/** Every file of the archive read back; partitions follow one another from 0 on. */
export async function* checkAll(
  { to, source, partition }: ArchiveOptions,
  { config, stop }: Pick<Context, 'config' | 'stop'>,
): AsyncGenerator<CheckedRow> {
  const archive = archiveIn(to, config);
  for (const topic of SOURCES.filter((one) => source === undefined || one === source).map(rawTopic)) {
    const partitions = await partitionsIn(archive, topic);
    for (let number = 0; number < partitions && !stop.requested; number += 1) {
      if (partition !== undefined && number !== partition) continue;
      const manifest = await checkArchive(archive, { topic, partition: number });
      if (!manifest) continue;
      const { segments } = manifest;
      const sum = (of: 'records' | 'bytes'): number => segments.reduce((total, one) => total + one[of], 0);
      const [from, next] = [segments[0]?.from ?? 0, segments.at(-1)?.next ?? 0];
      const counts = { records: sum('records'), bytes: sum('bytes'), segments: segments.length };
      yield { topic, partition: number, from, next, ...counts };
    }
  }
}

/** Some partitions may not be archived: any manifest tells how many the topic has. */
async function partitionsIn(archive: Archive, topic: string): Promise<number> {
  for (let partition = 0; partition < PARTITIONS_TRIED; partition += 1) {
    const at: At = { topic, partition };
    const manifest = await readManifest(archive, at);
    if (manifest) return manifest.partitions;
  }
  return 0;
}

/** A topic of which the first so many partitions are not archived is taken for one that is not archived at all. */
const PARTITIONS_TRIED = 1_000;
