import type { DerivedRecord, Settings } from '@callfold/core';
import { contentHash, DEAD_LETTERS, DERIVED_OF, encodeState, idOf, recordJson, subjectKey } from '@callfold/core';
import type { Aggregates, At, Explained, Stood, Values } from '@callfold/engine';
import {
  aggregatesOf,
  createOfflineFold,
  decodeStood,
  differing,
  isOwn,
  nameOf,
  originOffset,
  readGenerations,
  readLive,
  rulesOf,
  standingPages,
  valuesOf,
} from '@callfold/engine';
import { projectorRole } from '@callfold/projector';
import type { Context } from './command.ts';
import { createProgress, shownTo } from './progress.ts';
import { changes } from './replay-outcomes.ts';
import type { Site } from './site.ts';
import { visible } from './text-lines.ts';
import { inWords } from './words.ts';

/** Beside what the log says of a subject: what stands of it, and what readers of each generation see of it. */

export type StandingRecord = {
  readonly topic: string;
  readonly seq: number;
  /** `topic/partition/offset` of what caused it. */
  readonly origin: string;
  /** The raw position at which its owner took it as a correction of a replay. */
  readonly correctedAt: number | null;
  /** Null: a dead letter. */
  readonly record: DerivedRecord | null;
  /** Of the last of its id: what today's code says otherwise; null: nothing. */
  readonly otherwise: string | null;
};

/** What readers of one generation see; null: nothing of it is kept. */
export type Sight = {
  readonly generation: string;
  readonly state: 'live' | 'kept' | 'building' | 'dropping' | 'as a rebuild would have it';
  /** Folded up to here; null: not at all. */
  readonly position: number | null;
  readonly values: Values | null;
};

export type LiveSubject = {
  /** Null: as it is now. Else by what is before this offset of its log. */
  readonly asOf: number | null;
  readonly standing: readonly StandingRecord[];
  /** The live one first; last what today's code and settings give. */
  readonly sights: readonly Sight[];
};

type Looking = Pick<Context, 'say' | 'shows'> & {
  readonly site: Site;
  readonly settings: Settings;
  readonly explained: Explained;
  /** It was asked for a moment, up to which the explanation goes. */
  readonly isPast: boolean;
};

const atOf = ({ place: { topic, partition } }: Explained): At => ({ topic, partition });

/** Of each id the last that today's code gives, as it would be published. */
function givenBy({ settings: { disguise }, explained }: Looking): Map<string, DerivedRecord> {
  const records = explained.explanation.timeline.flatMap(({ published }) => published.map(({ record }) => record));
  return new Map(
    records.map((plain) => {
      const record = disguise?.of(plain) ?? plain;
      return [nameOf(record), record] as const;
    }),
  );
}

function otherwiseOf(record: DerivedRecord, given: ReadonlyMap<string, DerivedRecord>): string | null {
  const says = given.get(nameOf(record));
  if (says === undefined) return 'the log does not give it';
  if (contentHash(says) === contentHash(record)) return null;
  return `the log says${changes(recordJson(record), recordJson(says))}`;
}

/** What a tombstone took is there until compaction comes, and counts no more. */
function withoutErased(found: readonly Stood[]): Stood[] {
  const name = ({ topic, key }: Stood): string => `${topic} ${key}`;
  const erasedAt = new Map(found.flatMap((one, place) => (one.value === null ? [[name(one), place] as const] : [])));
  return found.filter((one, place) => place >= (erasedAt.get(name(one)) ?? 0));
}

/** Up to a moment it stood as soon as what caused it was folded, and a correction as soon as its owner took it. */
function stoodBy({ isPast, explained }: Looking): (stood: Stood) => boolean {
  const { topic, upTo, before = [] } = explained.place;
  const upToIn = (stood: Stood): number =>
    isOwn(stood, atOf(explained))
      ? upTo
      : (before.find(({ partition }) => isOwn(stood, { topic, partition }))?.upTo ?? Infinity);
  return (stood) => !isPast || (originOffset(stood) < upToIn(stood) && (stood.correctedAt ?? 0) <= upToIn(stood));
}

/** Origins that its dead letters have. */
function letterOrigins({ explanation, place: { topic, partition } }: Explained): ReadonlySet<string> {
  return new Set(
    explanation.timeline.flatMap((one) =>
      one.what === 'event' && one.refused ? [`${topic}/${one.partition ?? partition}/${one.offset}`] : [],
    ),
  );
}

async function standingOf(looking: Looking): Promise<StandingRecord[]> {
  const { site, settings, explained } = looking;
  const { explanation } = explained;
  const stoodThen = stoodBy(looking);
  const { source, tenantId, subjectId } = explanation;
  const key = idOf(tenantId, source, settings.disguise?.subjectId(source, tenantId, subjectId) ?? subjectId);
  const letters = letterOrigins(explained);
  const isIts = (stood: Stood): boolean =>
    stood.topic === DEAD_LETTERS ? letters.has(stood.origin) : stood.key === key || stood.key.startsWith(`${key}/`);
  const at = atOf(explained);
  const found: Stood[] = [];
  let read = 0;
  const progress = createProgress({ noun: 'derived records', ...shownTo(looking) });
  // Also what was caused where it was before it was moved.
  for await (const { records } of standingPages(site.derived, at, DERIVED_OF[source], {}, true)) {
    for (const one of records) if (isIts(one) && stoodThen(one)) found.push(one);
    progress.at((read += records.length));
  }
  progress.end();
  const left = withoutErased(found);
  await site.codec.prepare(left);
  const given = givenBy(looking);
  const decoded = decodeStood(left, site.codec);
  const lasts = new Map(decoded.flatMap(({ record }) => (record ? [[nameOf(record), record] as const] : [])));
  return decoded.map(({ stood: { topic, seq, origin, correctedAt }, record }) => ({
    topic,
    seq,
    origin,
    correctedAt: correctedAt ?? null,
    record,
    otherwise: record && lasts.get(nameOf(record)) === record ? otherwiseOf(record, given) : null,
  }));
}

/** Today's code over the subject's own events, in the time of the whole log. */
function foldedAnew(explained: Explained, settings: Settings): Values | null {
  const { seen, explanation } = explained;
  const { source, tenantId, subjectId, clock } = explanation;
  const key = subjectKey(tenantId, subjectId);
  const fold = createOfflineFold(rulesOf(projectorRole(settings), settings), true);
  for (const one of seen) {
    fold.advance(one.clock ?? one.loggedAt);
    if (!one.refused) fold.fold(key, one.event, one.loggedAt);
  }
  fold.advance(clock);
  const [state] = fold.states();
  return state ? valuesOf(encodeState(state), source, key, settings) : null;
}

async function sightOf(
  { generation, settings, store }: Aggregates,
  state: Sight['state'],
  { explained, isPast }: Looking,
): Promise<Sight> {
  const { name } = generation;
  // A store has only what is now: a state of the past is what the log up to then gives.
  if (isPast)
    return { generation: name, state, position: explained.place.upTo, values: foldedAnew(explained, settings) };
  const { source, tenantId, subjectId } = explained.explanation;
  const key = subjectKey(tenantId, subjectId);
  const at = atOf(explained);
  const [text = null] = await store.read(at, 'states', [key]);
  const position = (await store.peek(at))?.next ?? null;
  return { generation: name, state, position, values: valuesOf(text, source, key, settings) };
}

export async function lookAtLive(looking: Looking): Promise<LiveSubject> {
  const { site, settings, explained, isPast } = looking;
  const standing = await standingOf(looking);
  const sights = await readLive(site.shelf, async (live) => {
    const { all } = await readGenerations(site.shelf);
    const others = all.generations.filter(({ key }) => key !== live.generation.key);
    return Promise.all([
      sightOf(live, 'live', looking),
      ...others.map((one) => sightOf(aggregatesOf(site.shelf, one), one.phase, looking)),
    ]);
  });
  const anew: Sight = {
    generation: 'today',
    state: 'as a rebuild would have it',
    position: explained.place.upTo,
    values: foldedAnew(explained, settings),
  };
  return { asOf: isPast ? explained.place.upTo : null, standing, sights: [...sights, anew] };
}

export function liveJson({ asOf, standing, sights }: LiveSubject): Record<string, unknown> {
  return {
    asOf,
    standing: standing.map(({ record, ...rest }) => ({ ...rest, record: record && recordJson(record) })),
    sights,
  };
}

const valueText = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));

function sightLines(live: Sight, { generation, state, position, values }: Sight): string[] {
  const name =
    state === 'as a rebuild would have it' ? "a rebuild by today's code and settings" : `generation ${generation}`;
  const fields = Object.entries(differing(live.values, values));
  const says = fields.map(([field, [was, is]]) => `${field} ${valueText(was)} -> ${valueText(is)}`);
  const at = position === null ? 'not folded yet' : `up to offset ${position}`;
  return [`  ${name} (${at}): ${says.length === 0 ? 'the same' : says.join(', ')}`];
}

const OF_NOTE = ['phase', 'status', 'state', 'outcome', 'since'] as const;

/** What stands with its origin, what readers see, and what other generations say. */
export function liveText({ asOf, standing, sights }: LiveSubject): string {
  const [live, ...others] = sights;
  const head = asOf === null ? 'What stands in the derived topics:' : 'What stood in the derived topics by then:';
  const lines = ['', head, ''];
  for (const { topic, seq, origin, correctedAt, record, otherwise } of standing) {
    const what =
      record === null
        ? topic === DEAD_LETTERS
          ? 'dead letter'
          : 'tombstone: it was erased'
        : `revision ${record.revision}: ${inWords(record)}`;
    lines.push(`  ${topic} seq ${seq}, ${what}`);
    const corrected = correctedAt === null ? '' : `, corrected by a replay at offset ${correctedAt}`;
    lines.push(`      caused by ${origin}${corrected}${otherwise === null ? '' : `; today ${otherwise}`}`);
  }
  if (standing.length === 0) lines.push('  nothing');
  if (live) {
    const seen = OF_NOTE.flatMap((field) => {
      const value = live.values?.[field] ?? null;
      return value === null ? [] : [`${field} ${valueText(value)}`];
    });
    const position = live.position === null ? 'not folded yet' : `up to offset ${live.position}`;
    const see =
      asOf === null
        ? `What readers see, by generation ${live.generation} (${position})`
        : `What the log gave readers by then, by the settings of generation ${live.generation} (folded again ${position})`;
    lines.push('', `${see}: ${seen.join(', ') || 'nothing'}`);
    lines.push(...others.flatMap((one) => sightLines(live, one)));
  }
  return `${lines.map(visible).join('\n')}\n`;
}
