import { randomUUID } from 'node:crypto';
import type { Settings } from '@callfold/core';
import { DERIVED_OF } from '@callfold/core';
import type { Survey, Surveyed } from '@callfold/engine';
import { DEFAULT_LIMITS, firstStanding, offerRecovery, recoveryOf, rulesOf, surveyPartition } from '@callfold/engine';
import { OUTCOMES } from '@callfold/outcomes';
import { projectorRole } from '@callfold/projector';
import type { Context } from './command.ts';
import type { RoleName, Site } from './site.ts';
import type { Target, TargetOptions } from './targets.ts';
import { targetsOf, targetWords } from './targets.ts';

/** What `callfold recover` finds, says and does. */

const SAY_EVERY_MS = 1_000;

export type RecoverOptions = TargetOptions & { readonly execute?: boolean };

/** `checkpoint`: nothing is lost. `recovering`: its fold is under way. `new`: nothing says that it ever ran. */
type Found = 'checkpoint' | 'recovering' | 'lost' | 'new';

export type RecoveryRow = {
  readonly role: RoleName;
  readonly topic: string;
  readonly partition: number;
  readonly found: Found;
  /** What shows that there was a state, or how far a recovery is. */
  readonly detail: string;
  /** Of one that is lost. */
  readonly survey: Survey | null;
  /** Its checkpoint was laid down by this command. */
  readonly executed: boolean;
};

/** What the owner would find at its claim. */
async function look(site: Site, { role, source, at }: Target): Promise<{ found: Found; detail: string }> {
  const stored = await site.store(role).peek(at);
  if (stored !== null && stored.next !== null) {
    const recovery = recoveryOf(stored);
    if (!recovery) return { found: 'checkpoint', detail: `position ${stored.next}` };
    const goal =
      recovery.until === null ? 'no owner has taken it yet' : `held against what stands up to ${recovery.until}`;
    return { found: 'recovering', detail: `position ${recovery.position}, ${goal}` };
  }
  const witness = await site.log(role).witness(at);
  if (witness !== null) return { found: 'lost', detail: `its group has read up to offset ${witness}` };
  const topic = role === 'outcomes' ? await firstStanding(site.derived, at, DERIVED_OF[source]) : null;
  if (topic) return { found: 'lost', detail: `${topic} holds records of it` };
  return { found: 'new', detail: 'neither a group offset nor a record of it: an owner begins at the start by itself' };
}

function surveyOf(site: Site, settings: Settings, { role, source, at }: Target, say: Context['say']): Promise<Survey> {
  let saidAt = Date.now();
  return surveyPartition({
    at,
    source,
    log: site.log(role),
    codec: site.codec,
    derived: role === 'outcomes' ? site.derived : null,
    rules: rulesOf(role === 'outcomes' ? OUTCOMES : projectorRole(settings), settings),
    standingRecords: DEFAULT_LIMITS.standingRecords,
    progress(offset, end) {
      if (Date.now() - saidAt < SAY_EVERY_MS) return;
      say(`${role} ${at.topic}/${at.partition}: folded to ${offset} of ${end}`);
      saidAt = Date.now();
    },
  });
}

/** Partition by partition: what is found, what its fold would publish, and where told to, the checkpoint for it. */
export async function* recoverAll(
  site: Site,
  settings: Settings,
  options: RecoverOptions,
  { say, stop }: Pick<Context, 'say' | 'stop'>,
): AsyncGenerator<RecoveryRow> {
  for (const target of await targetsOf(site, options)) {
    if (stop.requested) return;
    const { role, at } = target;
    const { found, detail } = await look(site, target);
    const survey = found === 'lost' && !options.execute ? await surveyOf(site, settings, target, say) : null;
    const executed =
      found === 'lost' && options.execute
        ? await offerRecovery({ at, store: site.store(role), log: site.log(role), token: `recover-${randomUUID()}` })
        : false;
    yield { role, ...at, found, detail, survey, executed };
  }
}

const WORDS: readonly (readonly [Exclude<keyof Surveyed, 'topic'>, string])[] = [
  ['same', 'stand as they are'],
  ['superseded', 'stood before a later revision'],
  ['missing', 'missing, to be published'],
  ['changed', 'changed, to be published as the next revision'],
  ['surplus', 'surplus, left as they are'],
  ['beforeHorizon', 'before the horizon, left as they are'],
];

function countsOf(surveyed: Surveyed): string {
  const counts = WORDS.flatMap(([name, words]) => (surveyed[name] > 0 ? [`${surveyed[name]} ${words}`] : []));
  return counts.length === 0 ? 'nothing' : counts.join('; ');
}

/** One partition, in words. */
export function recoveryText({ role, topic, partition, found, detail, survey, executed }: RecoveryRow): string {
  const head = `${role} ${topic}/${partition}: ${found === 'lost' ? 'state lost' : found} (${detail})`;
  if (executed) return `${head}; laid down for its owner\n`;
  if (!survey) return `${head}\n`;
  const { records, start, end, subjects, horizon, topics } = survey;
  const lines = [
    head,
    `    ${records} records, offsets ${start} to ${end}, fold to ${subjects} live subjects`,
    ...(horizon ? [`    the log's beginning is gone: it starts at ${new Date(horizon.firstAt).toISOString()}`] : []),
    ...topics.map((one) => `    ${one.topic}: ${countsOf(one)}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** The command that does it, with what it was asked for. */
export function recoverCommand(options: RecoverOptions): string {
  return ['callfold recover', ...targetWords(options), '--execute'].join(' ');
}
