import type { Settings, Source } from '@callfold/core';
import { agentsInCall, aggregateJson, aggregateOf, currentText, decodeState, fingerprint } from '@callfold/core';
import { metaOf } from './checkpoint.ts';
import type { Aggregates } from './generations.ts';
import type { Horizon } from './horizon.ts';
import { horizonOf, isStateOfBefore } from './horizon.ts';
import type { At, Clock, Log, Store } from './ports.ts';
import { Refused } from './ports.ts';
import { placeText } from './place.ts';
import type { Pair } from './verify.ts';
import { statePairs } from './verify.ts';

/**
 * Two generations, subject by subject, as their readers see them: each read by the settings that it was folded by.
 * While both go on with the log, a subject counts as different only when it stood still on both sides until each had
 * folded what the other had: so both are of the same events.
 */

export type Values = Readonly<Record<string, unknown>>;

export type Difference = {
  readonly at: At;
  readonly key: string;
  /** Where readers see something of it. */
  readonly seenIn: 'both' | 'left' | 'right';
  /** What is said differently, as left and right have it; undefined: it is not there. */
  readonly fields: Readonly<Record<string, readonly [left: unknown, right: unknown]>>;
  /** What decided it, of a call. */
  readonly rules: readonly [left: string | null, right: string | null];
};

export type DiffCounts = {
  /** Read the same. */
  same: number;
  different: number;
  /** Kept differently, and read the same: a timer, or what is left of a dropped call. */
  unseen: number;
  /** Of subjects that may have begun before the later of the two began: not compared. */
  beforeHorizon: number;
  /** Changed all the time while they were looked at: not compared. */
  moving: number;
};

export type Diffing = {
  readonly at: At;
  readonly source: Source;
  readonly log: Log;
  readonly clock: Clock;
  readonly left: Aggregates;
  readonly right: Aggregates;
};

/** How long the two are waited for to come level, and how long subjects that change are looked at again, in all. */
const LEVEL_MS = 10_000;
const LOOK_MS = 10;
const READ_SUBJECTS = 2_000;

type Texts = readonly [left: string | null, right: string | null];

/** What readers see of a state; null: nothing. */
export function valuesOf(text: string | null, source: Source, key: string, settings: Settings): Values | null {
  if (text === null) return null;
  const state = decodeState(text, source, key);
  const aggregate = aggregateOf(state, settings);
  if (aggregate === null) return null;
  const inCall = [...agentsInCall(state, settings)].map(([agent, doing]) => ({ agent, ...doing }));
  return source === 'callcenter24' ? { ...aggregateJson(aggregate), inCall } : aggregateJson(aggregate);
}

function ruleOf(values: Values | null): string | null {
  return (values?.['decidedBy'] as { readonly rule?: string } | undefined)?.rule ?? null;
}

/** Field by field, what the two say differently. */
export function differing(left: Values | null, right: Values | null): Difference['fields'] {
  const names = new Set([...Object.keys(left ?? {}), ...Object.keys(right ?? {})]);
  const fields: Record<string, readonly [unknown, unknown]> = {};
  for (const name of names) {
    const [a, b] = [left?.[name], right?.[name]];
    if (JSON.stringify(a) !== JSON.stringify(b)) fields[name] = [a, b];
  }
  return fields;
}

/** Of two of which one knows more of what was before. */
type Between = { readonly horizon: Horizon; readonly longer: 'left' | 'right' };

/** Its state knows of what was before this log, or before its subjects were in this partition. */
const BEFORE_IT = -1;

/** Null: they began with the same record. */
async function horizonBetween({ at, log, left, right }: Diffing): Promise<Between | null> {
  const beginOf = async ({ generation, store }: Aggregates) => {
    const begun = metaOf(await store.peek(at))?.begun;
    return { begun, from: begun ? BEFORE_IT : (generation.from[placeText(at)] ?? 0) };
  };
  const [one, other] = await Promise.all([beginOf(left), beginOf(right)]);
  if (one.from === other.from) return null;
  const from = Math.max(one.from, other.from);
  const horizon = await horizonOf(log, at, right.settings, from, one.begun ?? other.begun);
  return horizon && { horizon, longer: one.from < other.from ? 'left' : 'right' };
}

/** Compares what is at rest. @returns null: readers see no difference */
function judge({ at, source, left, right }: Diffing, key: string, [a, b]: Texts): Difference | null {
  const one = valuesOf(a, source, key, left.settings);
  const other = valuesOf(b, source, key, right.settings);
  const fields = differing(one, other);
  if (Object.keys(fields).length === 0) return null;
  const seenIn = one && other ? 'both' : one ? 'left' : 'right';
  return { at, key, seenIn, fields, rules: [ruleOf(one), ruleOf(other)] };
}

function isOfBefore({ source }: Diffing, { horizon, longer: which }: Between, key: string, [a, b]: Texts): boolean {
  const [one, other] = [a, b].map((text) => (text === null ? null : decodeState(text, source, key)));
  const [longer, shorter] = which === 'left' ? [one, other] : [other, one];
  // The one that began earlier knows when the subject did.
  return longer ? isStateOfBefore(horizon, longer, shorter ?? null, Infinity) : false;
}

const nextOf = async (store: Store, at: At): Promise<number> => (await store.peek(at))?.next ?? 0;

async function textsOf(store: Store, { at, source }: Diffing, keys: readonly string[]): Promise<(string | null)[]> {
  const found: (string | null)[] = [];
  for (let from = 0; from < keys.length; from += READ_SUBJECTS) {
    const some = keys.slice(from, from + READ_SUBJECTS);
    const texts = await store.read(at, 'states', some);
    found.push(...texts.map((text, i) => (text === null ? null : currentText(text, source, some[i] ?? ''))));
  }
  return found;
}

async function untilBothAt({ at, clock, left, right }: Diffing, goal: number): Promise<void> {
  for (const until = clock.now() + LEVEL_MS; ; await clock.sleep(LOOK_MS)) {
    const [a, b] = await Promise.all([nextOf(left.store, at), nextOf(right.store, at)]);
    if (a >= goal && b >= goal) return;
    if (clock.now() < until) continue;
    throw new Refused(
      `${placeText(at)}: ${left.generation.name} is at offset ${a}, ${right.generation.name} at ${b}, and they do not come ` +
        'level: of different events nothing can be said. `callfold status` shows who folds them.',
    );
  }
}

/** Looks at each subject until it stands still while both come level. */
async function* atRest(diffing: Diffing, keys: readonly string[]): AsyncGenerator<readonly [string, Texts | 'moving']> {
  const { at, clock, left, right } = diffing;
  const until = clock.now() + LEVEL_MS;
  let known = new Map<string, Texts>();
  for (let open = keys; open.length > 0; ) {
    const [a, b] = await Promise.all([textsOf(left.store, diffing, open), textsOf(right.store, diffing, open)]);
    const moved = new Map<string, Texts>();
    for (const [i, key] of open.entries()) {
      const texts: Texts = [a[i] ?? null, b[i] ?? null];
      const before = known.get(key);
      const isAtRest = before !== undefined && before[0] === texts[0] && before[1] === texts[1];
      if (isAtRest) yield [key, texts];
      else if (clock.now() > until) yield [key, 'moving'];
      else moved.set(key, texts);
    }
    open = [...moved.keys()];
    known = moved;
    if (open.length === 0) return;
    await untilBothAt(diffing, Math.max(await nextOf(left.store, at), await nextOf(right.store, at)));
    await clock.sleep(LOOK_MS);
  }
}

/** One raw partition. @param counts are added to */
export async function* diffPartition(diffing: Diffing, counts: DiffCounts): AsyncGenerator<Difference> {
  const { at, source, left, right } = diffing;
  const sameRules = fingerprint(left.settings) === fingerprint(right.settings);
  const between = await horizonBetween(diffing);
  const suspects: string[] = [];
  const found = function* (key: string, texts: Texts): Generator<Difference> {
    if (between && texts[0] !== texts[1] && isOfBefore(diffing, between, key, texts)) {
      counts.beforeHorizon += 1;
      return;
    }
    const difference = judge(diffing, key, texts);
    if (difference) counts.different += 1;
    else if (texts[0] === texts[1]) counts.same += 1;
    else counts.unseen += 1;
    if (difference) yield difference;
  };
  const lefts = new Map<string, string>();
  for await (const slice of left.store.scan(at, 'states'))
    for (const [key, text] of slice) lefts.set(key, currentText(text, source, key));
  for await (const { key, kept, should } of statePairs(at, right.store, lefts) as AsyncIterable<Pair>) {
    if (kept !== should) suspects.push(key);
    else if (sameRules) counts.same += 1;
    else yield* found(key, [should, kept]);
  }
  for await (const [key, texts] of atRest(diffing, suspects)) {
    if (texts === 'moving') counts.moving += 1;
    else yield* found(key, texts);
  }
}
