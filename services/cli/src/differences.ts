import { systemClock } from '@callfold/adapters';
import { settingsChanged, sourceOf } from '@callfold/core';
import type { Aggregates, DiffCounts, Difference } from '@callfold/engine';
import {
  aggregatesOf,
  diffPartition,
  generationNamed,
  placeText,
  rawPartitions,
  readGenerations,
} from '@callfold/engine';
import type { Context, Exit } from './command.ts';
import { EXIT } from './command.ts';
import { withGenerations } from './generations.ts';
import { grouped } from './progress.ts';
import type { Site } from './site.ts';

/** What `callfold diff` finds and says. */

export type DiffOptions = { readonly sample: number };

/** Of one kind are those whose same fields differ, decided by the same two rules. */
type Kind = { readonly what: string; count: number; readonly sample: Difference[] };

function kindOf({ seenIn, fields, rules: [was, is] }: Difference, names: readonly [string, string]): string {
  if (seenIn !== 'both') return `only ${names[seenIn === 'left' ? 0 : 1]} shows it`;
  const rule = was === null && is === null ? '' : was === is ? `, by the rule ${was}` : `, by the rules ${was} → ${is}`;
  return `${Object.keys(fields).sort().join(', ')}${rule}`;
}

const text = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));

function sampleText({ key, seenIn, fields }: Difference): string {
  if (seenIn !== 'both') return `    ${key}`;
  const said = Object.entries(fields).map(([name, [was, is]]) => `${name} ${text(was)} → ${text(is)}`);
  return `    ${key}: ${said.join('; ')}`;
}

function countsText({ same, different, unseen, beforeHorizon, moving }: DiffCounts): string {
  const more: readonly (readonly [number, string])[] = [
    [unseen, 'kept differently and read the same'],
    [beforeHorizon, 'not compared, for they may have begun before the later of the two'],
    [moving, 'not compared, for they changed all the time'],
  ];
  return [
    `${grouped(different)} differ, ${grouped(same)} are the same`,
    ...more.flatMap(([count, words]) => (count > 0 ? [`${grouped(count)} ${words}`] : [])),
  ].join('; ');
}

async function* differencesOf(
  site: Site,
  left: Aggregates,
  right: Aggregates,
  counts: DiffCounts,
): AsyncGenerator<Difference> {
  for (const at of await rawPartitions(site)) {
    const source = sourceOf(at.topic);
    if (source)
      yield* diffPartition({ at, source, log: site.log('projector'), clock: systemClock, left, right }, counts);
  }
}

/** `callfold diff A B`: how readers would see B beside A. */
export async function diffOn(
  site: Site,
  names: readonly [string, string],
  { sample }: DiffOptions,
  { out, say, json }: Context,
): Promise<Exit> {
  const { all } = await readGenerations(site.shelf);
  const [left, right] = names.map((name) => aggregatesOf(site.shelf, generationNamed(all, name))) as [
    Aggregates,
    Aggregates,
  ];
  const settings = settingsChanged(left.generation.settings, right.generation.settings);
  const counts: DiffCounts = { same: 0, different: 0, unseen: 0, beforeHorizon: 0, moving: 0 };
  const kinds = new Map<string, Kind>();
  for await (const one of differencesOf(site, left, right, counts)) {
    const { at, key, seenIn, fields, rules } = one;
    if (json) out(`${JSON.stringify({ place: placeText(at), key, seenIn, fields, rules })}\n`);
    const what = kindOf(one, names);
    const kind = kinds.get(what) ?? { what, count: 0, sample: [] };
    kinds.set(what, kind);
    kind.count += 1;
    if (kind.sample.length < sample) kind.sample.push(one);
  }
  if (json) out(`${JSON.stringify({ a: names[0], b: names[1], settings, counts })}\n`);
  else {
    if (settings.length > 0) out(`settings: ${settings.join(', ')}\n`);
    for (const kind of [...kinds.values()].sort((a, b) => b.count - a.count))
      out(`${grouped(kind.count)}: ${kind.what}\n${kind.sample.map(sampleText).join('\n')}\n`);
  }
  say(`${countsText(counts)}.`);
  return counts.different === 0 ? EXIT.done : EXIT.differences;
}

export const diff = (names: readonly [string, string], options: DiffOptions, context: Context): Promise<Exit> =>
  withGenerations(context, (site) => diffOn(site, names, options, context));
