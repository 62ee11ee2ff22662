import { hashOfRecord } from './checkpoint.ts';
import { placeWords } from './place.ts';
import type { At, Log, LogRecord } from './ports.ts';
import { Refused } from './ports.ts';

/**
 * A cold copy of raw partitions: segments, each a stretch of offsets, and one manifest a partition that says which
 * there are. A segment is written before the manifest names it, so an archiving that was cut short goes on at the
 * manifest.
 */

/** Where an archive lies. A file is there whole or not at all. */
export interface ArchiveFiles {
  /** For messages. */
  readonly place: string;
  /** Null: there is no file of this name. Names have `/` between their parts. */
  read(name: string): Promise<Uint8Array | null>;
  write(name: string, bytes: Uint8Array): Promise<void>;
}

/** How a segment is written. */
export type SegmentFormat = {
  readonly ending: string;
  pack(records: readonly LogRecord[]): Promise<Uint8Array>;
  /** Throws when the bytes are no segment. */
  unpack(bytes: Uint8Array): Promise<readonly LogRecord[]>;
  checksum(bytes: Uint8Array): string;
};

export type Segment = {
  readonly file: string;
  /** First offset that it covers, and the one after its last; what it has no record of in between never was. */
  readonly from: number;
  readonly next: number;
  readonly records: number;
  readonly bytes: number;
  readonly checksum: string;
  /** The greatest append time in it, epoch ms; null: it has no record. */
  readonly latestAt: number | null;
  /** Of its last record, to tell whether the topic is still the same one. */
  readonly last: { readonly offset: number; readonly hash: string } | null;
};

export type Manifest = {
  readonly version: 1;
  readonly topic: string;
  readonly partition: number;
  /** Of the topic, since a subject's partition depends on it. */
  readonly partitions: number;
  readonly segments: readonly Segment[];
};

export type Archive = { readonly files: ArchiveFiles; readonly format: SegmentFormat };

const manifestName = ({ topic, partition }: At): string => `${topic}/${partition}/manifest.json`;
const OFFSET_DIGITS = 15;

const text = (bytes: Uint8Array): string => {
  let said = '';
  for (const byte of bytes) said += String.fromCharCode(byte);
  return said;
};

/** Null: nothing of the partition is archived. A manifest is ASCII. */
export async function readManifest({ files }: Archive, at: At): Promise<Manifest | null> {
  const bytes = await files.read(manifestName(at));
  if (bytes === null) return null;
  const manifest = parsed(text(bytes));
  if (manifest?.version === 1 && manifest.topic === at.topic && manifest.partition === at.partition) return manifest;
  throw new Refused(`${files.place}: ${manifestName(at)} is no manifest that this version reads.`);
}

function parsed(json: string): Manifest | null {
  try {
    return JSON.parse(json) as Manifest | null;
  } catch {
    return null;
  }
}

async function writeManifest({ files }: Archive, at: At, manifest: Manifest): Promise<void> {
  const json = `${JSON.stringify(manifest, null, 1)}\n`;
  await files.write(
    manifestName(at),
    Uint8Array.from(json, (sign) => sign.charCodeAt(0)),
  );
}

/** @throws Refused when it is not what the manifest says: nothing of it is to be believed then */
export async function readSegment({ files, format }: Archive, segment: Segment): Promise<readonly LogRecord[]> {
  const bad = (what: string): Refused =>
    new Refused(`${files.place}: ${segment.file} ${what}. Bring back a copy of it, or archive the partition anew.`);
  const bytes = await files.read(segment.file);
  if (bytes === null) throw bad('is not there');
  if (format.checksum(bytes) !== segment.checksum) throw bad('is damaged: its checksum is not that of the manifest');
  const records = await format.unpack(bytes);
  let next = segment.from;
  for (const { offset } of records) {
    if (offset < next || offset >= segment.next) throw bad(`has offset ${offset} out of order`);
    next = offset + 1;
  }
  if (records.length !== segment.records) throw bad(`has ${records.length} records of ${segment.records}`);
  return records;
}

/** The manifest's stretches must follow one another. */
export function checkManifest({ files }: Archive, { segments, topic, partition }: Manifest): void {
  segments.forEach(({ from, file }, index) => {
    const before = segments[index - 1]?.next ?? from;
    if (from !== before) {
      throw new Refused(
        `${files.place}: of ${topic} partition ${partition} offsets ${before} to ${from} are missing before ${file}.`,
      );
    }
  });
}

export type Archiving = {
  readonly at: At;
  readonly log: Log;
  readonly archive: Archive;
  readonly stop: { readonly requested: boolean };
  readonly limits?: SegmentLimits;
  /** What is archived now, told after each segment. */
  progress?(next: number, bytes: number): void;
};

/** Records and bytes of one segment, about; what is over is in the next. */
export type SegmentLimits = { readonly records: number; readonly bytes: number; readonly pageRecords: number };

export const SEGMENT_LIMITS: SegmentLimits = { records: 50_000, bytes: 33_554_432, pageRecords: 5_000 };

export type Archived = {
  readonly from: number;
  readonly next: number;
  readonly records: number;
  readonly segments: number;
};

/** From where the archive ends up to where the log ends now. */
export async function archivePartition({
  at,
  log,
  archive,
  stop,
  limits = SEGMENT_LIMITS,
  progress,
}: Archiving): Promise<Archived> {
  const { start, end } = await log.bounds(at);
  const partitions = await log.partitions(at.topic);
  const manifest = (await readManifest(archive, at)) ?? { version: 1, ...at, partitions, segments: [] };
  const segments = [...manifest.segments];
  const from = await goesOn(archive, at, log, manifest, start, end, partitions);
  const done = { from, next: from, records: 0, segments: 0 };
  while (done.next < end && !stop.requested) {
    const { records, next } = await readStretch(log, at, done.next, end, limits);
    if (next <= done.next) break;
    const segment = await writeSegment(archive, at, done.next, next, records);
    segments.push(segment);
    await writeManifest(archive, at, { ...manifest, segments });
    done.next = next;
    done.records += records.length;
    done.segments += 1;
    progress?.(next, segment.bytes);
  }
  return done;
}

/** Where archiving goes on. The topic must be the one that was archived, and nothing may lie in between. */
async function goesOn(
  archive: Archive,
  at: At,
  log: Log,
  manifest: Manifest,
  start: number,
  end: number,
  partitions: number,
): Promise<number> {
  checkManifest(archive, manifest);
  const last = manifest.segments.at(-1);
  if (!last) return start;
  const where = placeWords(at);
  const { place } = archive.files;
  if (manifest.partitions !== partitions) {
    throw new Refused(
      `${where} has ${partitions} partitions and was archived with ${manifest.partitions}: archive it to another place.`,
    );
  }
  if (last.next < start) {
    throw new Refused(
      `${where}: retention has passed offsets ${last.next} to ${start}, which ${place} does not have. ` +
        'They are gone: archive to another place from now on, and more often.',
    );
  }
  await mustBeSame(archive, at, log, manifest, start);
  if (last.next > end)
    throw new Refused(`${where} ends at ${end}, before offset ${last.next} that ${place} has: it was truncated.`);
  return last.next;
}

/** The last archived record that the topic still has must be the one that it has. */
async function mustBeSame({ files }: Archive, at: At, log: Log, { segments }: Manifest, start: number): Promise<void> {
  const last = segments.findLast((segment) => segment.last !== null)?.last;
  if (!last || last.offset < start) return;
  const record = await log.readOne(at, last.offset);
  if (record && hashOfRecord(record) === last.hash) return;
  throw new Refused(
    `${at.topic} partition ${at.partition}: the record at offset ${last.offset} is not the one in ${files.place}: ` +
      'the topic was made anew, or this is the archive of another cluster.',
  );
}

async function readStretch(
  log: Log,
  at: At,
  from: number,
  end: number,
  limits: SegmentLimits,
): Promise<{ readonly records: readonly LogRecord[]; readonly next: number }> {
  const records: LogRecord[] = [];
  let bytes = 0;
  let next = from;
  while (next < end && records.length < limits.records && bytes < limits.bytes) {
    const batch = await log.read(at, next, limits.pageRecords);
    if (batch.next <= next) break;
    for (const record of batch.records) {
      if (record.offset >= end) continue;
      records.push(record);
      bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0);
    }
    next = Math.min(batch.next, end);
  }
  return { records, next };
}

async function writeSegment(
  { files, format }: Archive,
  at: At,
  from: number,
  next: number,
  records: readonly LogRecord[],
): Promise<Segment> {
  const file = `${at.topic}/${at.partition}/${String(from).padStart(OFFSET_DIGITS, '0')}.${format.ending}`;
  const bytes = await format.pack(records);
  await files.write(file, bytes);
  const last = records.at(-1);
  return {
    file,
    from,
    next,
    records: records.length,
    bytes: bytes.length,
    checksum: format.checksum(bytes),
    latestAt: last ? records.reduce((latest, { appendedAt }) => Math.max(latest, appendedAt), 0) : null,
    last: last ? { offset: last.offset, hash: hashOfRecord(last) } : null,
  };
}

/** Every segment read back. @returns what the archive has of the partition; null: nothing */
export async function checkArchive(
  archive: Archive,
  at: At,
  progress?: (segment: Segment) => void,
): Promise<Manifest | null> {
  const manifest = await readManifest(archive, at);
  if (!manifest) return null;
  checkManifest(archive, manifest);
  for (const segment of manifest.segments) {
    await readSegment(archive, segment);
    progress?.(segment);
  }
  return manifest;
}

/** Files in memory at once. */
const HELD_MAX = 4;

/** Archive and topic as one log: what retention took is read from the archive. A fold does not know. */
export function joinedLog(log: Log, archive: Archive): Log {
  const manifests = new Map<string, Promise<Manifest | null>>();
  /** By file, the one used last at the end: partitions are read side by side. */
  const held = new Map<string, Promise<readonly LogRecord[]>>();

  async function load(at: At): Promise<Manifest | null> {
    const manifest = await readManifest(archive, at);
    if (!manifest) return null;
    checkManifest(archive, manifest);
    const { start, end } = await log.bounds(at);
    await goesOn(archive, at, log, manifest, start, end, await log.partitions(at.topic));
    return manifest;
  }

  function manifestOf(at: At): Promise<Manifest | null> {
    const name = manifestName(at);
    const known = manifests.get(name) ?? load(at);
    manifests.set(name, known);
    return known;
  }

  function recordsOf(segment: Segment): Promise<readonly LogRecord[]> {
    const { file } = segment;
    const records = held.get(file) ?? readSegment(archive, segment);
    held.delete(file);
    held.set(file, records);
    for (const oldest of held.keys()) {
      if (held.size <= HELD_MAX) break;
      held.delete(oldest);
    }
    // What failed is asked for again.
    records.catch(() => held.delete(file));
    return records;
  }

  /** The segment to read this offset from; null: the topic has it. */
  async function segmentAt(at: At, offset: number): Promise<Segment | null> {
    if (offset >= (await log.bounds(at)).start) return null;
    return (await manifestOf(at))?.segments.find(({ from, next }) => offset >= from && offset < next) ?? null;
  }

  return {
    ...log,
    async bounds(at) {
      const { start, end } = await log.bounds(at);
      return { start: Math.min(start, (await manifestOf(at))?.segments[0]?.from ?? start), end };
    },
    async offsetAt(at, time) {
      const manifest = await manifestOf(at);
      const { start } = await log.bounds(at);
      for (const segment of manifest?.segments ?? []) {
        if (segment.from >= start || (segment.latestAt ?? -Infinity) < time) continue;
        const found = (await recordsOf(segment)).find(({ appendedAt }) => appendedAt >= time);
        if (found && found.offset < start) return found.offset;
      }
      return log.offsetAt(at, time);
    },
    async readOne(at, offset) {
      const segment = await segmentAt(at, offset);
      if (!segment) return log.readOne(at, offset);
      return (await recordsOf(segment)).find((record) => record.offset === offset) ?? null;
    },
    async read(at, offset, maxRecords) {
      const segment = await segmentAt(at, offset);
      if (!segment) return log.read(at, offset, maxRecords);
      const records = (await recordsOf(segment)).filter((record) => record.offset >= offset).slice(0, maxRecords);
      const last = records.at(-1);
      const isWhole = !last || records.length < maxRecords;
      const { end } = await log.bounds(at);
      return { from: offset, records, next: isWhole ? segment.next : last.offset + 1, end };
    },
  };
}
