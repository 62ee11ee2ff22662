import { randomUUID } from 'node:crypto';
import { systemClock } from '@callfold/adapters';
import { fingerprint, settingsChanged, undisguised } from '@callfold/core';
import type { Generation, GenerationRow, Generations } from '@callfold/engine';
import {
  checkDrop,
  dropGeneration,
  generationNamed,
  generationRows,
  liveOf,
  rawPartitions,
  readGenerations,
  Refused,
  switchGeneration,
} from '@callfold/engine';
import type { Context, Exit } from './command.ts';
import { EXIT } from './command.ts';
import type { ConfirmOptions } from './confirming.ts';
import { checkConfirmed, executeWords } from './confirming.ts';
import { openKafkaSite } from './kafka-site.ts';
import { grouped } from './progress.ts';
import type { Site } from './site.ts';

/** What `callfold switch` and `drop` do, and what `status` says of generations. */

const SAY_EVERY_MS = 1_000;

/** A site that has generations. @throws Refused on the embedded store */
export async function withGenerations<Result>(
  { config, say }: Context,
  work: (site: Site) => Promise<Result>,
): Promise<Result> {
  if (!config.kafka) {
    throw new Refused(
      'Generations need Kafka and Redis: set CALLFOLD_KAFKA_BROKERS. The embedded store has one: with another ' +
        'CALLFOLD_DATA_DIR and its events imported anew it is folded afresh.',
    );
  }
  const site = await openKafkaSite(config, say);
  try {
    return await work(site);
  } finally {
    await site.close();
  }
}

const STATES: Readonly<Record<GenerationRow['state'], string>> = {
  live: 'live: readers see it',
  kept: 'kept up by the projectors',
  building: 'its rebuild has not ended',
  dropping: 'its drop has not ended',
};

export function generationText({ generation, state, done, all, lag }: GenerationRow): string {
  const share = all === 0 ? 100 : Math.floor((done * 100) / all);
  const far = state === 'building' ? `${grouped(done)} of ${grouped(all)} records, ${share} %` : `lag ${grouped(lag)}`;
  return `generation ${generation}: ${STATES[state]}, ${far}`;
}

function checkSwitch(all: Generations, name: string): Generation {
  const to = generationNamed(all, name);
  if (name === all.live) throw new Refused(`${name} is live already.`);
  if (to.phase !== 'kept') throw new Refused(`${name} cannot be live: ${STATES[to.phase]}.`);
  return to;
}

/** `callfold switch`: readers and all. Dry unless told to. */
export async function switchOn(site: Site, name: string, options: ConfirmOptions, context: Context): Promise<Exit> {
  const { out, say, json } = context;
  const { all } = await readGenerations(site.shelf);
  checkSwitch(all, name);
  const from = liveOf(all).name;
  if (!options.execute) {
    const rows = await generationRows(site, all);
    if (json) out(`${JSON.stringify({ executed: false, from, to: name, generations: rows })}\n`);
    else out(`${rows.map(generationText).join('\n')}\n`);
    say(
      `Nothing was changed. What differs: callfold diff ${from} ${name}\nTo change over:\ncallfold switch ${name} ${executeWords(name)}`,
    );
    return EXIT.done;
  }
  await checkConfirmed(options, name, `All readers see ${name} from then on, and ${from} no more.`);
  const done = await switchGeneration(
    {
      shelf: site.shelf,
      log: site.log('projector'),
      clock: systemClock,
      ats: await rawPartitions(site),
      newToken: () => `switch-${randomUUID()}`,
    },
    name,
  );
  if (json) out(`${JSON.stringify({ executed: true, ...done })}\n`);
  else for (const [place, offset] of Object.entries(done.at)) out(`${place}: from offset ${offset}\n`);
  say(
    `Readers see ${name} now; ${from} stood still for ${Math.round(done.heldMs)} ms. ` +
      `Both are kept up. Back: callfold switch ${from} ${executeWords(from)}. When it is not wanted any more: callfold drop ${from}`,
  );
  return EXIT.done;
}

/** A projector folds by settings that some generation has, and is refused with others at its next start. */
function tellSettings(all: Generations, gone: string, { config, say }: Context): void {
  const own = fingerprint(undisguised(config.settings));
  const left = all.generations.filter(({ name }) => name !== gone);
  if (left.some(({ settings }) => settings === own)) return;
  const { name, settings } = liveOf(all);
  say(
    `No generation that is left has the settings of here (${settingsChanged(own, settings).join(', ')}): a projector that ` +
      `starts with them is refused. Set those of ${name} everywhere before.`,
  );
}

/** `callfold drop`. Dry unless told to. */
export async function dropOn(site: Site, name: string, options: ConfirmOptions, context: Context): Promise<Exit> {
  const { out, say, json, stop } = context;
  const { all } = await readGenerations(site.shelf);
  checkDrop(all, name);
  tellSettings(all, name, context);
  if (!options.execute) {
    const rows = (await generationRows(site, all)).filter(({ generation }) => generation === name);
    if (json) out(`${JSON.stringify({ executed: false, generations: rows })}\n`);
    else out(`${rows.map(generationText).join('\n')}\n`);
    say(`Nothing was changed. To take ${name} away:\ncallfold drop ${name} ${executeWords(name)}`);
    return EXIT.done;
  }
  await checkConfirmed(options, name, `What is dropped does not come back: ${name} can only be rebuilt.`);
  let saidAt = Date.now();
  const { gone, isWhole } = await dropGeneration(
    {
      shelf: site.shelf,
      clock: systemClock,
      ats: await rawPartitions(site),
      stop,
      progress(some) {
        if (Date.now() - saidAt < SAY_EVERY_MS) return;
        saidAt = Date.now();
        say(`${grouped(some)} fields and timers are gone`);
      },
    },
    name,
  );
  if (json) out(`${JSON.stringify({ executed: true, generation: name, gone, complete: isWhole })}\n`);
  if (!isWhole) {
    say(`Ended before all of ${name} was gone. To go on:\ncallfold drop ${name} ${executeWords(name)}`);
    return EXIT.failed;
  }
  say(`${name} is gone: ${grouped(gone)} fields and timers. Its name is free.`);
  return EXIT.done;
}

export const switchTo = (name: string, options: ConfirmOptions, context: Context): Promise<Exit> =>
  withGenerations(context, (site) => switchOn(site, name, options, context));

export const drop = (name: string, options: ConfirmOptions, context: Context): Promise<Exit> =>
  withGenerations(context, (site) => dropOn(site, name, options, context));
