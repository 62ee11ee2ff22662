import type { DerivedRecord, DerivedTopic, RawEvent, Settings, Source, SubjectKind, Tombstone } from '@callfold/core';
import {
  DEAD_LETTERS,
  decodeState,
  DERIVED_OF,
  isErased,
  isRejection,
  KIND_OF,
  rawTopic,
  SOURCES,
  sourceOf,
  subjectAsPublished,
  subjectKey,
  subjectOfId,
  undisguised,
} from '@callfold/core';
import type { At } from '@callfold/engine';
import { logPages, placesIn, recordPages, Refused, ROLES, subjectOf, subjectOfLetter } from '@callfold/engine';
import { normalise } from '@callfold/sources';
import { decodedRows } from './derived.ts';
import { lettersOf } from './letters.ts';
import type { RoleName, Site } from './site.ts';

/** What there is of one person: by the id of a subject, or by a name or number that stands in some. */

export type EraseQuery = {
  readonly tenantId: string;
  readonly source: Source | null;
  readonly by:
    | { readonly kind: SubjectKind; readonly id: string }
    | { readonly number: string }
    | { readonly name: string };
};

export type EraseFound = {
  readonly kind: SubjectKind;
  readonly source: Source;
  readonly tenantId: string;
  readonly subjectId: string;
  readonly at: At;
  raw: number;
  /** Append time of its last raw event, epoch ms; null: the log has none. */
  lastLoggedAt: number | null;
  readonly aggregates: Record<RoleName, 'there' | 'erased' | 'none'>;
  /** What stands of it in the derived topics. */
  readonly named: Map<string, Tombstone>;
  letters: number;
};

/** One person is in some hundred calls; a word that is in more is no name. */
const SUBJECTS_MAX = 1_000;
/** Fewer are no number that could name anybody. */
const NUMBER_DIGITS_LEAST = 5;

const digitsOf = (text: string): string => text.replaceAll(/\D/g, '').replace(/^00/, '');
const levelOf = (text: string): string => text.normalize('NFC').trim().toLowerCase();

/** Whether a value is what is looked for: a number however it is spaced, a name in whatever case. */
function valueTest(by: EraseQuery['by']): (value: string | null) => boolean {
  if ('number' in by) {
    const digits = digitsOf(by.number);
    if (digits.length < NUMBER_DIGITS_LEAST) {
      throw new Refused(`${by.number} has fewer than ${NUMBER_DIGITS_LEAST} digits: give the whole number.`);
    }
    return (value) => value !== null && /^[\d\s+()./-]+$/.test(value) && digitsOf(value) === digits;
  }
  const name = levelOf('name' in by ? by.name : by.id);
  return (value) => value !== null && levelOf(value) === name;
}

function valuesOfRaw(raw: RawEvent): (string | null)[] {
  const event = normalise(raw);
  const agent = 'agent' in event ? event.agent : null;
  return [raw.subjectId, raw.status, raw.description, agent, ...Object.values(raw.attributes ?? {})];
}

function valuesOfRecord(record: DerivedRecord): (string | null)[] {
  const agents = 'agents' in record ? record.agents.map(({ agent }) => agent) : [];
  const agent = 'agent' in record ? record.agent : null;
  const description = 'description' in record ? record.description : null;
  const attributes = 'attributes' in record ? Object.values(record.attributes) : [];
  return [subjectOf(record).subjectId, agent, description, ...agents, ...attributes];
}

/** As the subject's records are named; also those of before it was disguised. */
function ownNames({ tenantId, source, subjectId }: EraseFound, settings: Settings): string[] {
  const key = subjectKey(tenantId, subjectId);
  return [settings, undisguised(settings)].map((one) => subjectAsPublished(source, key, one));
}

type Reading = { readonly site: Site; readonly stop: { readonly requested: boolean }; say(text: string): void };

async function scanRaw({ site, stop }: Reading, at: At, take: (raw: RawEvent, loggedAt: number) => void) {
  const source = sourceOf(at.topic);
  const log = site.log('outcomes');
  const { start, end } = await log.bounds(at);
  if (source === null) return;
  for await (const { records } of logPages(log, at, start, end)) {
    if (stop.requested) return;
    await site.codec.prepare(records);
    for (const { value, appendedAt } of records) {
      const raw = value === null ? null : site.codec.decode(source, value);
      if (raw !== null && !isRejection(raw)) take(raw, appendedAt);
    }
  }
}

type Row = { readonly topic: DerivedTopic; readonly outcomeId: string; readonly record: DerivedRecord | null };

async function scanDerived({ site, stop }: Reading, { topic, partition }: At, take: (row: Row) => void) {
  const source = sourceOf(topic);
  for (const derived of source === null ? [] : DERIVED_OF[source]) {
    if (derived === DEAD_LETTERS) continue;
    for await (const { records } of recordPages(site.derived, { topic: derived, partition })) {
      if (stop.requested) return;
      for (const { outcomeId, record } of await decodedRows(site, derived, records))
        take({ topic: derived, outcomeId, record });
    }
  }
}

const placesOf = (site: Site, role: RoleName, source: Source, tenantId: string, subjectId: string) =>
  placesIn(site.store(role), site.log(role), rawTopic(source), tenantId, subjectId);

/** Where both roles fold it, or will when the subjects of both have moved to partitions that were added. */
async function placeToErase(site: Site, source: Source, tenantId: string, subjectId: string): Promise<At> {
  const [one, other] = await Promise.all([
    placesOf(site, 'projector', source, tenantId, subjectId),
    placesOf(site, 'outcomes', source, tenantId, subjectId),
  ]);
  return one[0].partitions > other[0].partitions ? one[0].at : other[0].at;
}

function createFound(site: Site, query: EraseQuery) {
  const all = new Map<string, EraseFound>();
  return {
    all,
    async add(source: Source, subjectId: string): Promise<void> {
      const { tenantId } = query;
      const key = `${source} ${subjectKey(tenantId, subjectId)}`;
      if (all.has(key)) return;
      if (all.size >= SUBJECTS_MAX) {
        throw new Refused(
          `It stands in more than ${SUBJECTS_MAX} subjects: that names nobody. Erase them by their ids.`,
        );
      }
      const at = await placeToErase(site, source, tenantId, subjectId);
      const aggregates = { projector: 'none', outcomes: 'none' } as const;
      const own = { kind: KIND_OF[source], source, tenantId, subjectId, at };
      all.set(key, { ...own, raw: 0, lastLoggedAt: null, aggregates: { ...aggregates }, named: new Map(), letters: 0 });
    },
  };
}

/** Every subject in which the name or number stands, by what the logs have. */
async function searched(reading: Reading, query: EraseQuery, found: ReturnType<typeof createFound>): Promise<void> {
  const isMeant = valueTest(query.by);
  for (const source of SOURCES) {
    if (query.source !== null && query.source !== source) continue;
    const ids = new Set<string>();
    const partitions = await reading.site.partitions(rawTopic(source));
    for (let partition = 0; partition < partitions && !reading.stop.requested; partition += 1) {
      const at = { topic: rawTopic(source), partition };
      reading.say(`Looking through ${at.topic}/${partition} and what was derived of it ...`);
      await scanRaw(reading, at, (raw) => {
        if (raw.tenantId === query.tenantId && valuesOfRaw(raw).some(isMeant)) ids.add(raw.subjectId);
      });
      await scanDerived(reading, at, ({ record }) => {
        if (record?.tenantId !== query.tenantId || record.source !== source) return;
        if (valuesOfRecord(record).some(isMeant)) ids.add(subjectOf(record).subjectId);
      });
    }
    for (const id of ids) await found.add(source, id);
  }
}

const placeOf = ({ topic, partition }: At): string => `${topic}/${partition}`;

/** What still stands of the subjects in the derived topics, by each; from the start at every call. */
export async function nameRecords(reading: Reading, all: readonly EraseFound[], settings: Settings): Promise<void> {
  const byOwn = new Map(all.flatMap((one) => ownNames(one, settings).map((own) => [own, one] as const)));
  for (const one of all) one.named.clear();
  for (const at of new Map(all.map((one) => [placeOf(one.at), one.at])).values()) {
    await scanDerived(reading, at, ({ topic, outcomeId, record }) => {
      const named = byOwn.get(subjectOfId(outcomeId))?.named;
      if (record === null) named?.delete(`${topic} ${outcomeId}`);
      else named?.set(`${topic} ${outcomeId}`, { topic, outcomeId, revision: record.revision });
    });
  }
}

/** What each role keeps of it now. */
export async function lookAtStates(site: Site, one: EraseFound): Promise<void> {
  const { source, tenantId, subjectId, aggregates } = one;
  const key = subjectKey(tenantId, subjectId);
  for (const role of ROLES) {
    aggregates[role] = 'none';
    for (const { at } of await placesOf(site, role, source, tenantId, subjectId)) {
      const [text = null] = await site.store(role).read(at, 'states', [key]);
      if (text === null) continue;
      aggregates[role] = isErased(decodeState(text, source, key)) ? 'erased' : 'there';
      break;
    }
  }
}

async function countRaw(reading: Reading, all: readonly EraseFound[]): Promise<void> {
  const byName = new Map(all.map((one) => [`${one.source} ${one.tenantId}/${one.subjectId}`, one]));
  for (const at of new Map(all.map((one) => [placeOf(one.at), one.at])).values()) {
    await scanRaw(reading, at, (raw, loggedAt) => {
      const one = byName.get(`${raw.source} ${raw.tenantId}/${raw.subjectId}`);
      if (!one) return;
      one.raw += 1;
      one.lastLoggedAt = Math.max(one.lastLoggedAt ?? 0, loggedAt);
    });
  }
}

/** Dead letters keep the bytes of what was refused. */
async function countLetters({ site }: Reading, all: readonly EraseFound[]): Promise<void> {
  const byName = new Map(all.map((one) => [`${one.at.topic} ${one.tenantId}/${one.subjectId}`, one]));
  for await (const { letter } of lettersOf(site, { all: true })) {
    const its = subjectOfLetter(letter, site.codec);
    const one = its && byName.get(`${letter.originTopic} ${its.tenantId}/${its.subjectId}`);
    if (one) one.letters += 1;
  }
}

/** @returns the subjects of which anything is found; with a source given also one of which there is nothing yet */
export async function findToErase(reading: Reading, query: EraseQuery, settings: Settings): Promise<EraseFound[]> {
  const { site } = reading;
  const found = createFound(site, query);
  if ('kind' in query.by) {
    const { kind, id } = query.by;
    const sources = SOURCES.filter((source) => KIND_OF[source] === kind && (query.source ?? source) === source);
    for (const source of sources) await found.add(source, id);
  } else await searched(reading, query, found);
  const all = [...found.all.values()];
  await countRaw(reading, all);
  await nameRecords(reading, all, settings);
  if (all.length > 0) await countLetters(reading, all);
  for (const one of all) await lookAtStates(site, one);
  const isKnown = ({ raw, named, letters, aggregates }: EraseFound): boolean =>
    raw > 0 || named.size > 0 || letters > 0 || aggregates.projector !== 'none' || aggregates.outcomes !== 'none';
  return all.filter((one) => query.source !== null || isKnown(one));
}
