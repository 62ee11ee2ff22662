import type { Rules, Settings, Source } from '@callfold/core';
import { currentText } from '@callfold/core';
import type { At, Finding, Moment, Peek, Reading, Report, Store } from '@callfold/engine';
import {
  aggregatesOf,
  compareStates,
  foldPartition,
  liveOf,
  placeText,
  readGenerations,
  rulesOf,
  textsBetween,
} from '@callfold/engine';
import { projectorRole } from '@callfold/projector';
import type { Site } from './site.ts';
import { verifyRecords } from './verify-records.ts';
import type { IsMeant, Peeks, Row, Verifying } from './verifying.ts';
import { begunOf, isPlainMeantBy, momentOf, readingOf, sum } from './verifying.ts';

/**
 * One partition: a fresh fold of the raw log against what its roles keep and have published; at rest, or while they are
 * at work.
 */

const READ_KEYS = 500;

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

export async function verifyPartition(
  site: Site,
  at: At,
  source: Source,
  settings: Settings,
  peeks: Peeks = {},
  more: Partial<Pick<Verifying, 'sample' | 'partRecords' | 'progress'>> = {},
): Promise<Row[]> {
  const verifying: Verifying = { site, at, source, settings, sample: null, ...more };
  return [
    ...(await verifyStates(verifying, peeks.projector ?? [])),
    ...(await verifyRecords(verifying, peeks.outcomes ?? [])),
  ];
}
