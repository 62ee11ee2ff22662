import type { Settings, Source } from '@callfold/core';
import { DERIVED_OF, rawTopic, SOURCES } from '@callfold/core';
import type { At, Expected, Peek, Report, Role } from '@callfold/engine';
import {
  aggregatesOf,
  compareRecords,
  compareStates,
  foldPartition,
  liveOf,
  placeText,
  readGenerations,
  readStanding,
  Refused,
  rulesOf,
} from '@callfold/engine';
import { OUTCOMES } from '@callfold/outcomes';
import { projectorRole } from '@callfold/projector';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import type { RoleName, Site } from '../site.ts';
import { openKafkaSite } from '../wiring/kafka.ts';

const SHOWN = 5;

export type Row = Report & { readonly what: 'aggregates' | 'derived records'; readonly at: At };

/** What was seen of the states while the roles were at work, by role. */
export type Peeks = { readonly [role in RoleName]?: readonly Peek[] };

const sum = (a: Report, b: Report): Report => ({
  same: a.same + b.same,
  beforeHorizon: a.beforeHorizon + b.beforeHorizon,
  findings: [...a.findings, ...b.findings],
});

/** One partition of a raw topic, at rest: a fresh fold against what its roles keep and have published. */
export async function verifyPartition(
  site: Site,
  at: At,
  source: Source,
  settings: Settings,
  peeks: Peeks = {},
): Promise<Row[]> {
  const { codec } = site;
  const rows: Row[] = [];
  const fold = (role: Role, own: Settings, upTo: number, from = 0): Promise<Expected> =>
    foldPartition({ at, source, log: site.log(role.name), codec, from }, rulesOf(role, own), upTo, peeks[role.name]);
  const live = aggregatesOf(site.shelf, liveOf((await readGenerations(site.shelf)).all));
  const projected = (await live.store.peek(at))?.next ?? null;
  if (projected !== null) {
    const { from } = live.generation;
    const expected = await fold(projectorRole(live.settings), live.settings, projected, from[placeText(at)]);
    const states = await compareStates(at, live.store, expected);
    rows.push({ what: 'aggregates', at, ...sum(states, expected.peeked) });
  }
  const derived = (await site.store('outcomes').peek(at))?.next ?? null;
  if (derived !== null) {
    const expected = await fold(OUTCOMES, settings, derived);
    const { records } = await readStanding(site.derived, at, DERIVED_OF[source], {});
    await codec.prepare(records);
    rows.push({ what: 'derived records', at, ...sum(compareRecords(records, expected, codec), expected.peeked) });
  }
  return rows;
}

function wordsOf({ same, beforeHorizon, findings }: Row): string {
  const before = beforeHorizon > 0 ? `, ${beforeHorizon} before the horizon` : '';
  return `${same} the same${before}, ${findings.length} findings`;
}

/**
 * `callfold verify`: a fresh fold of the raw log against Redis and the derived topics. At rest: nothing may be in
 * flight.
 */
export async function verify(context: Context): Promise<Exit> {
  const site = await openKafkaSite(context.config, context.say);
  let same = 0;
  let found = 0;
  let compared = 0;
  try {
    for (const source of SOURCES) {
      const topic = rawTopic(source);
      const partitions = await site.partitions(topic);
      for (let partition = 0; partition < partitions; partition += 1) {
        for (const row of await verifyPartition(site, { topic, partition }, source, context.config.settings)) {
          compared += 1;
          same += row.same;
          found += row.findings.length;
          if (context.json) context.out(`${JSON.stringify(row)}\n`);
          else context.out(`${topic}/${partition} ${row.what}: ${wordsOf(row)}\n`);
          for (const { fault, where, detail } of row.findings.slice(0, SHOWN))
            context.say(`  ${fault}: ${where}: ${detail}`);
        }
      }
    }
  } finally {
    await site.close();
  }
  if (compared === 0) {
    const { generation } = context.config;
    throw new Refused(
      `There is nothing to compare: no role has a checkpoint of generation ${generation} in this Redis. ` +
        'Start them with `callfold serve projector` and `callfold serve outcomes`, or check CALLFOLD_REDIS_URL.',
    );
  }
  context.say(
    found === 0 ? `Identical: ${same} aggregates and records are what a fresh fold gives.` : `${found} differences.`,
  );
  return found === 0 ? EXIT.done : EXIT.differences;
}
