import type { DerivedRecord } from '@callfold/core';
import { DEAD_LETTERS, DERIVED_OF, subjectKey } from '@callfold/core';
import type { At, Finding, Moment, Peek, Report, StoodRecord } from '@callfold/engine';
import {
  compareContents,
  decodeEntry,
  decodeLetter,
  decodeStood,
  erasedName,
  erasedWhere,
  foldPartition,
  hasValue,
  isOwn,
  metaOf,
  nameOf,
  orderOf,
  refusedAsErased,
  rulesOf,
  standingPages,
  subjectOf,
  subjectOfLetter,
} from '@callfold/engine';
import { OUTCOMES } from '@callfold/outcomes';
import type { Site } from './site.ts';
import type { Row, Verifying } from './verifying.ts';
import { begunOf, isFirstPart, isMeantBy, isPlainMeantBy, momentOf } from './verifying.ts';
import { partOf, partsOf, readingOf, sum } from './verifying.ts';

/**
 * The derived records of one partition against a fresh fold of its raw log. What stands and what should are both at
 * hand at once: of a long log part of the subjects at a time, each part with a reading of its own.
 */

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
  if (code !== 'too-late' && code !== 'erased') return isFirstPart(sample);
  // Of an erased subject the letter itself holds nothing.
  const value = code === 'erased' ? ((await site.log('outcomes').readOne(at, offset))?.value ?? null) : letter.value;
  await site.codec.prepare([{ value }]);
  const subject = subjectOfLetter({ ...letter, value }, site.codec);
  if (subject === null) return isFirstPart(sample);
  return isPlainMeantBy(verifying)(subjectKey(subject.tenantId, subject.subjectId));
}

type Standing = {
  /** All that stands of the partitions of its topic that write where this one does, as those do that were added. */
  readonly shared: readonly StoodRecord[];
  /** What is its own and meant. */
  readonly own: readonly StoodRecord[];
  /** As `refusedAsErased` has them. */
  readonly refused: ReadonlySet<string>;
};

const NO_BYTES = new Uint8Array(0);

/** Without the bytes that it was read from, and where its order alone counts, without what it says. */
function leanOf({ stood, record }: StoodRecord, isCompared: boolean): StoodRecord {
  if (record === null) return { stood, record };
  const bare = { ...stood, value: NO_BYTES };
  if (isCompared) return { stood: bare, record };
  const { kind, outcomeId, revision, ingestedAt } = record;
  return { stood: bare, record: { kind, outcomeId, revision, ingestedAt } as DerivedRecord };
}

async function readShared(verifying: Verifying): Promise<Standing> {
  const { site, at, source, sample } = verifying;
  const { codec } = site;
  const shared: StoodRecord[] = [];
  const own: StoodRecord[] = [];
  const refused = new Set<string>();
  for await (const { records } of standingPages(site.derived, at, DERIVED_OF[source], {}, true)) {
    await codec.prepare(records);
    const mine = records.filter((stood) => isOwn(stood, at));
    for (const name of refusedAsErased(mine, codec)) refused.add(name);
    for (const one of decodeStood(records, codec)) {
      const isCompared = isOwn(one.stood, at) && (sample === null || (await isStoodMeant(verifying, one)));
      const lean = leanOf(one, isCompared);
      shared.push(lean);
      if (isCompared) own.push(lean);
    }
  }
  return { shared, own, refused };
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

/** What was seen on the way of those that are meant. */
function peeksOf(verifying: Verifying, peeks: readonly Peek[]): readonly Peek[] {
  if (verifying.sample === null) return peeks;
  const isMeant = isPlainMeantBy(verifying);
  return peeks.map(({ next, states }) => ({ next, states: new Map([...states].filter(([key]) => isMeant(key))) }));
}

async function verifyPart(verifying: Verifying, peeks: readonly Peek[]): Promise<Row | null> {
  const { site, at, settings, sample } = verifying;
  const { codec } = site;
  const store = site.store('outcomes');
  const first = momentOf(await store.peek(at));
  if (first === null) return null;
  const waiting = await waitingIn(site, at);
  // What was committed by then and did not wait must stand by now.
  const { shared, own, refused } = await readShared(verifying);
  const last = await store.peek(at);
  const after = momentOf(last) ?? first;
  // Of all that stands, also where a sample is compared.
  const { start } = await site.derived.bounds(DEAD_LETTERS, at.partition);
  const cut = new Set(start > 0 ? [DEAD_LETTERS] : []);
  const order = orderOf(shared, { logTime: after.clock, cut, own: at, erasedSeqs: await erasedSeqsOf(verifying) });
  const rules = rulesOf(OUTCOMES, settings);
  const reading = { ...readingOf(verifying, 'outcomes', last), refused, begun: begunOf(last) };
  const fold = async ({ next, clock }: Moment, some: readonly Peek[]): Promise<Report & { peeked: Report }> => {
    const expected = await foldPartition(reading, rules, next, some, clock);
    return { ...compareContents(own, expected, codec, order), peeked: expected.peeked };
  };
  const before = await fold(first, peeksOf(verifying, peeks));
  const isMoved = after.next !== first.next || after.clock !== first.clock;
  const later = isMoved ? await fold(after, []) : before;
  const findings = [...(isFirstPart(sample) ? order.findings : []), ...findingsBetween(before, later, own, waiting)];
  const { same, beforeHorizon } = later;
  const report = sum({ same, beforeHorizon, findings }, before.peeked);
  return { what: 'derived records', at, ...report, positions: [first.next, after.next], waiting: waiting.size };
}

/** What is told of two parts, one after the other. */
const joined = (a: Row, b: Row): Row => ({
  ...b,
  ...sum(a, b),
  positions: [a.positions[0], b.positions[1]],
  waiting: Math.max(a.waiting, b.waiting),
});

export async function verifyRecords(verifying: Verifying, peeks: readonly Peek[]): Promise<Row[]> {
  const { site, at, sample, partRecords } = verifying;
  const moment = momentOf(await site.store('outcomes').peek(at));
  if (moment === null) return [];
  const { start } = await site.log('outcomes').bounds(at);
  const parts = partsOf(moment.next - start, sample, partRecords);
  let all: Row | null = null;
  for (let part = 0; part < parts; part += 1) {
    const row = await verifyPart({ ...verifying, sample: partOf(sample, parts, part) }, peeks);
    if (row === null) break;
    all = all === null ? row : joined(all, row);
  }
  return all === null ? [] : [all];
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
