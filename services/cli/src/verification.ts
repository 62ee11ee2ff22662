import type { DerivedRecord, Rules, Settings, Source } from '@callfold/core';
import { currentText, DEAD_LETTERS, DERIVED_OF, hash64, readSubjectKey, subjectKey } from '@callfold/core';
import type {
  At,
  Begun,
  Finding,
  Log,
  Moment,
  Peek,
  Reading,
  Report,
  Stood,
  Store,
  Stored,
  StoodRecord,
} from '@callfold/engine';
import {
  aggregatesOf,
  compareContents,
  compareStates,
  decodeEntry,
  decodeLetter,
  decodeStood,
  erasedName,
  erasedWhere,
  foldPartition,
  hasValue,
  isOwn,
  liveOf,
  logAsPlaced,
  logOfSome,
  metaOf,
  nameOf,
  orderOf,
  placeText,
  readGenerations,
  refusedAsErased,
  rulesOf,
  standingPages,
  subjectOf,
  subjectOfLetter,
  textsBetween,
} from '@callfold/engine';
import { OUTCOMES } from '@callfold/outcomes';
import { projectorRole } from '@callfold/projector';
import type { RoleName, Site } from './site.ts';

/**
 * One partition: a fresh fold of the raw log against what its roles keep and have published; at rest, or while they are
 * at work.
 */

export type Row = Report & {
  readonly what: 'aggregates' | 'derived records';
  readonly at: At;
  /** The positions that it was committed at when it was looked at, and afterwards: the same where all is at rest. */
  readonly positions: readonly [number, number];
  /** Committed and not sent yet: no findings. */
  readonly waiting: number;
};

/** What was seen of the states while the roles were at work, by role. */
export type Peeks = { readonly [role in RoleName]?: readonly Peek[] };

/** One subject in so many, by a hash of its key and the seed; null: all of them. */
export type Sample = { readonly oneIn: number; readonly seed: number } | null;

export type Verifying = {
  readonly site: Site;
  readonly at: At;
  readonly source: Source;
  readonly settings: Settings;
  readonly sample: Sample;
  /** Told how many records of the log were read. */
  progress?(records: number): void;
};

const READ_KEYS = 500;
/** Of base 32: as many as a whole number holds. */
const HASH_DIGITS = 8;

type IsMeant = (key: string) => boolean;

/** Of a key as derived records have it, since of a disguised one no other is known. */
function isMeantBy(sample: Sample): IsMeant {
  if (sample === null) return () => true;
  const { oneIn, seed } = sample;
  return (key) => Number.parseInt(hash64(`${seed} ${key}`).slice(0, HASH_DIGITS), 32) % oneIn === 0;
}

/** The same subjects, of a key as the raw log and the states have it. */
function isPlainMeantBy({ sample, source, settings: { disguise } }: Verifying): IsMeant {
  const isMeant = isMeantBy(sample);
  if (disguise === undefined) return isMeant;
  return (key) => {
    const subject = readSubjectKey(key);
    return (
      subject === null ||
      isMeant(subjectKey(subject.tenantId, disguise.subjectId(source, subject.tenantId, subject.subjectId)))
    );
  };
}

const sum = (a: Report, b: Report): Report => ({
  same: a.same + b.same,
  beforeHorizon: a.beforeHorizon + b.beforeHorizon,
  findings: [...a.findings, ...b.findings],
});

function begunOf(stored: Stored | null): Begun | undefined {
  return metaOf(stored)?.begun;
}

function momentOf(stored: Stored | null): Moment | null {
  if (stored === null || stored.next === null) return null;
  return { next: stored.next, clock: metaOf(stored)?.clock ?? 0 };
}

function toldOf(log: Log, progress: Verifying['progress']): Log {
  if (!progress) return log;
  return {
    ...log,
    async read(at, offset, maxRecords) {
      const batch = await log.read(at, offset, maxRecords);
      progress(batch.records.length);
      return batch;
    },
  };
}

/** The log as the state has it that it is held against: partitions may have been added that are not in use yet. */
function logOf(verifying: Verifying, role: RoleName, stored: Stored | null): Log {
  const log = toldOf(verifying.site.log(role), verifying.progress);
  return logAsPlaced(log, metaOf(stored));
}

function readingOf(verifying: Verifying, role: RoleName, stored: Stored | null): Reading {
  const { site, at, source, sample } = verifying;
  const reading = { at, source, log: logOf(verifying, role, stored), codec: site.codec };
  return sample === null ? reading : { ...reading, log: logOfSome(reading, isPlainMeantBy(verifying)) };
}

/** Only of those that are meant. */
function storeOfSome(store: Store, isMeant: IsMeant): Store {
  return {
    ...store,
    async *scan(at, table) {
      for await (const slice of store.scan(at, table)) yield slice.filter(([key]) => isMeant(key));
    },
  };
}

async function readStates(store: Store, at: At, keys: readonly string[]): Promise<Map<string, string | null>> {
  const read = new Map<string, string | null>();
  for (let from = 0; from < keys.length; from += READ_KEYS) {
    const some = keys.slice(from, from + READ_KEYS);
    const texts = await store.read(at, 'states', some);
    some.forEach((key, index) => read.set(key, texts[index] ?? null));
  }
  return read;
}

/** What differs from the fold at the first position may be right at a later one: it is read and judged again. */
async function judgeAgain(
  reading: Reading,
  rules: Rules,
  store: Store,
  first: Moment,
  report: Report,
): Promise<{ readonly report: Report; readonly after: Moment }> {
  const { at, source } = reading;
  const keys = report.findings.map(({ where }) => where);
  const now = keys.length === 0 ? new Map<string, string | null>() : await readStates(store, at, keys);
  const after = momentOf(await store.peek(at)) ?? first;
  const hasMoved = after.next !== first.next || after.clock !== first.clock;
  if (keys.length === 0 || !hasMoved) return { report, after };
  const texts = await textsBetween(reading, rules, new Set(keys), first, after);
  const isRight = ({ where }: Finding): boolean => {
    const text = now.get(where) ?? null;
    return texts.get(where)?.has(text === null ? null : currentText(text, source, where)) ?? false;
  };
  const findings = report.findings.filter((finding) => !isRight(finding));
  return { report: { ...report, same: report.same + report.findings.length - findings.length, findings }, after };
}

/** Of the generation that readers see, by the settings that it was folded by. */
async function verifyStates(verifying: Verifying, peeks: readonly Peek[]): Promise<Row[]> {
  const { at, site, sample } = verifying;
  const { store, settings, generation } = aggregatesOf(site.shelf, liveOf((await readGenerations(site.shelf)).all));
  const stored = await store.peek(at);
  const first = momentOf(stored);
  if (first === null) return [];
  const rules = rulesOf(projectorRole(settings), settings);
  const begun = begunOf(stored);
  // Where the generation began is said in offsets of the log that it began with.
  const from = begun ? 0 : (generation.from[placeText(at)] ?? 0);
  const reading = { ...readingOf(verifying, 'projector', stored), from, begun };
  const expected = await foldPartition(reading, rules, first.next, peeks, first.clock);
  const some = sample === null ? store : storeOfSome(store, isPlainMeantBy(verifying));
  const states = await compareStates(at, some, expected);
  const { report, after } = await judgeAgain(reading, rules, store, first, states);
  const positions = [first.next, after.next] as const;
  return [{ what: 'aggregates', at, ...sum(report, expected.peeked), positions, waiting: 0 }];
}

/** As `compareContents` names what is lost. */
async function waitingIn(site: Site, at: At): Promise<Set<string>> {
  const entries = (await site.store('outcomes').outbox(at)).map(({ entry }) => decodeEntry(entry));
  await site.codec.prepare(entries.flatMap((entry) => (entry.what === 'record' ? [{ value: entry.value }] : [])));
  const names = entries.map((entry) => {
    if (entry.what === 'letter') return `dead letter of offset ${entry.origin}`;
    if (entry.value === null) return erasedWhere(erasedName(entry.topic, entry.key), entry.origin);
    const record = site.codec.decodeDerived(entry.topic, entry.value) as unknown as DerivedRecord;
    return `${nameOf(record)} revision ${record.revision}`;
  });
  return new Set(names);
}

/** A letter tells its reason without a fold, but for what its subject's state refused. */
async function isStoodMeant(verifying: Verifying, { stood, record }: StoodRecord): Promise<boolean> {
  const { site, at, sample } = verifying;
  const isMeant = isMeantBy(sample);
  if (record !== null) return isMeant(subjectOf(record).key);
  if (!hasValue(stood)) {
    const [tenantId = '', , subjectId = ''] = stood.key.split('/');
    return isMeant(`${tenantId}/${subjectId}`);
  }
  const letter = decodeLetter(stood.value, site.codec);
  const { code, originOffset: offset } = letter;
  if (code !== 'too-late' && code !== 'erased') return true;
  // Of an erased subject the letter itself holds nothing.
  const value = code === 'erased' ? ((await site.log('outcomes').readOne(at, offset))?.value ?? null) : letter.value;
  await site.codec.prepare([{ value }]);
  const subject = subjectOfLetter({ ...letter, value }, site.codec);
  return subject === null || isPlainMeantBy(verifying)(subjectKey(subject.tenantId, subject.subjectId));
}

/** What stands of all partitions of its topic that write where this one does, as those do that were added. */
async function readShared({ site, at, source }: Verifying): Promise<Stood[]> {
  const all: Stood[] = [];
  const pages = standingPages(site.derived, at, DERIVED_OF[source], {}, true);
  for await (const { records } of pages) for (const record of records) all.push(record);
  return all;
}

/** How many of them erasures have let compaction take, by topic. */
async function erasedSeqsOf({ site, at, source }: Verifying): Promise<Record<string, number>> {
  const sums: Record<string, number> = {};
  const [topic = DEAD_LETTERS] = DERIVED_OF[source];
  const shares = await site.partitions(topic);
  const partitions = await site.partitions(at.topic);
  for (let partition = at.partition % shares; partition < partitions; partition += shares) {
    const seen = await site.store('outcomes').peek({ topic: at.topic, partition });
    const seqs = metaOf(seen)?.erasedSeqs ?? {};
    for (const [derived, count] of Object.entries(seqs)) sums[derived] = (sums[derived] ?? 0) + count;
  }
  return sums;
}

async function verifyRecords(verifying: Verifying, peeks: readonly Peek[]): Promise<Row[]> {
  const { site, at, settings, sample } = verifying;
  const { codec } = site;
  const store = site.store('outcomes');
  const first = momentOf(await store.peek(at));
  if (first === null) return [];
  const waiting = await waitingIn(site, at);
  // What was committed by then and did not wait must stand by now.
  const standing = await readShared(verifying);
  await codec.prepare(standing);
  const last = await store.peek(at);
  const after = momentOf(last) ?? first;
  const shared = decodeStood(standing, codec);
  const all = shared.filter(({ stood }) => isOwn(stood, at));
  // Of all that stands, also where a sample is compared.
  const { start } = await site.derived.bounds(DEAD_LETTERS, at.partition);
  const cut = new Set(start > 0 ? [DEAD_LETTERS] : []);
  const order = orderOf(shared, { logTime: after.clock, cut, own: at, erasedSeqs: await erasedSeqsOf(verifying) });
  const stood: StoodRecord[] = [];
  for (const one of all) if (sample === null || (await isStoodMeant(verifying, one))) stood.push(one);
  const rules = rulesOf(OUTCOMES, settings);
  const refused = refusedAsErased(
    all.map(({ stood: one }) => one),
    codec,
  );
  const reading = { ...readingOf(verifying, 'outcomes', last), refused, begun: begunOf(last) };
  const fold = async ({ next, clock }: Moment, some: readonly Peek[]): Promise<Report & { peeked: Report }> => {
    const expected = await foldPartition(reading, rules, next, some, clock);
    return { ...compareContents(stood, expected, codec, order), peeked: expected.peeked };
  };
  const before = await fold(first, peeks);
  const isMoved = after.next !== first.next || after.clock !== first.clock;
  const later = isMoved ? await fold(after, []) : before;
  const findings = [...order.findings, ...findingsBetween(before, later, stood, waiting)];
  const { same, beforeHorizon } = later;
  const report = sum({ same, beforeHorizon, findings }, before.peeked);
  return [{ what: 'derived records', at, ...report, positions: [first.next, after.next], waiting: waiting.size }];
}

/** What was wrong by both positions, each difference by the one at which it can be told. */
function findingsBetween(
  before: Report,
  later: Report,
  stood: readonly StoodRecord[],
  waiting: ReadonlySet<string>,
): Finding[] {
  const corrected = new Set(
    stood.flatMap(({ stood: { correctedAt }, record }) =>
      correctedAt !== undefined && record ? [nameOf(record)] : [],
    ),
  );
  const wrongBefore = new Set(before.findings.map(({ where, detail }) => `${where} ${detail}`));
  const isOfWaiting = (id: string): boolean => [...waiting].some((name) => name.startsWith(`${id} revision `));
  return [
    ...before.findings.filter(({ fault, where }) => fault === 'lost' && !waiting.has(where)),
    ...later.findings.filter(({ fault, where, detail }) => {
      if (fault === 'lost') return false;
      // Of what a replay corrected the last revision is compared: one that moves in between is judged at rest.
      return !corrected.has(where) || (wrongBefore.has(`${where} ${detail}`) && !isOfWaiting(where));
    }),
  ];
}

export async function verifyPartition(
  site: Site,
  at: At,
  source: Source,
  settings: Settings,
  peeks: Peeks = {},
  more: Partial<Pick<Verifying, 'sample' | 'progress'>> = {},
): Promise<Row[]> {
  const verifying: Verifying = { site, at, source, settings, sample: null, ...more };
  return [
    ...(await verifyStates(verifying, peeks.projector ?? [])),
    ...(await verifyRecords(verifying, peeks.outcomes ?? [])),
  ];
}
