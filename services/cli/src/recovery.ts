import { randomUUID } from 'node:crypto';
import type { Settings } from '@callfold/core';
import { DERIVED_OF } from '@callfold/core';
import type { Begun, Survey, Surveyed } from '@callfold/engine';
import {
  beginAnew,
  begunBefore,
  decodeMeta,
  DEFAULT_LIMITS,
  faultOfLog,
  firstStanding,
  offerRecovery,
  placeAnew,
  recoveryOf,
  rulesOf,
  surveyPartition,
} from '@callfold/engine';
import { OUTCOMES } from '@callfold/outcomes';
import { projectorRole } from '@callfold/projector';
import { againCommand } from './again.ts';
import type { Context } from './command.ts';
import type { ConfirmOptions } from './confirming.ts';
import { executeWords } from './confirming.ts';
import type { RoleName, Site } from './site.ts';
import type { Target, TargetOptions } from './targets.ts';
import { targetsOf } from './targets.ts';

/** What `callfold recover` finds, says and does. */

const SAY_EVERY_MS = 1_000;

/** Confirmed is the topic of which the log is another one. */
export type RecoverOptions = TargetOptions & ConfirmOptions;

/**
 * `checkpoint`: nothing is lost. `recovering`: its fold is under way. `new`: nothing says that it ever ran. `cut`: it has
 * its state, and the log is not the one any more that this was made of.
 */
type Found = 'checkpoint' | 'recovering' | 'lost' | 'new' | 'cut';

/** Where a state goes on with the log that there is. */
export type Onward = { readonly offset: number; readonly start: number; readonly end: number };

export type RecoveryRow = {
  readonly role: RoleName;
  readonly topic: string;
  readonly partition: number;
  readonly found: Found;
  /** What shows that there was a state, or how far a recovery is. */
  readonly detail: string;
  /** Of one that is lost. */
  readonly survey: Survey | null;
  /** Of one whose log is another. */
  readonly onward: Onward | null;
  /** Its checkpoint was laid down by this command. */
  readonly executed: boolean;
};

type Look = { readonly found: Found; readonly detail: string; readonly onward?: Onward };

/** What the owner would find at its claim. */
async function look(site: Site, { role, source, at }: Target): Promise<Look> {
  const stored = await site.store(role).peek(at);
  const log = site.log(role);
  if (stored !== null && stored.next !== null) {
    const meta = stored.meta === null ? null : decodeMeta(stored.meta);
    const bounds = await log.bounds(at);
    const fault = meta && (await faultOfLog(log, at, stored.next, meta, bounds));
    if (fault) {
      const onward = { offset: await placeAnew(log, at, meta, fault), ...bounds };
      return { found: 'cut', detail: fault.says, onward };
    }
    const recovery = recoveryOf(stored);
    if (!recovery) return { found: 'checkpoint', detail: `position ${stored.next}` };
    const goal =
      recovery.until === null ? 'no owner has taken it yet' : `held against what stands up to ${recovery.until}`;
    return { found: 'recovering', detail: `position ${recovery.position}, ${goal}` };
  }
  const witness = await log.witness(at);
  if (witness !== null) return { found: 'lost', detail: `its group has read up to offset ${witness}` };
  const topic = role === 'outcomes' ? await firstStanding(site.derived, at, DERIVED_OF[source]) : null;
  if (topic) return { found: 'lost', detail: `${topic} holds records of it` };
  return { found: 'new', detail: 'neither a group offset nor a record of it: an owner begins at the start by itself' };
}

function surveyOf(
  site: Site,
  settings: Settings,
  { role, source, at }: Target,
  begun: Begun | undefined,
  say: Context['say'],
): Promise<Survey> {
  let saidAt = Date.now();
  return surveyPartition({
    at,
    source,
    log: site.log(role),
    codec: site.codec,
    derived: role === 'outcomes' ? site.derived : null,
    rules: rulesOf(role === 'outcomes' ? OUTCOMES : projectorRole(settings), settings),
    standingRecords: DEFAULT_LIMITS.standingRecords,
    begun,
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
    const { role, source, at } = target;
    const { found, detail, onward = null } = await look(site, target);
    const [store, log, token] = [site.store(role), site.log(role), `recover-${randomUUID()}`];
    let survey: Survey | null = null;
    let executed = false;
    if (found === 'lost') {
      const reading = { at, log, codec: site.codec };
      const begun = role === 'outcomes' ? await begunBefore(reading, site.derived, DERIVED_OF[source]) : undefined;
      if (options.execute) executed = await offerRecovery({ at, store, log, token, begun });
      else survey = await surveyOf(site, settings, target, begun, say);
    }
    // It does not come back: the topic is to be named once more.
    if (found === 'cut' && options.execute && options.confirm === at.topic)
      executed = await beginAnew({ at, store, log, token, from: onward?.offset ?? null });
    yield { role, ...at, found, detail, survey, onward, executed };
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

const HEADS: Readonly<Partial<Record<Found, string>>> = { lost: 'state lost', cut: 'another log' };

function onwardText({ offset, start, end }: Onward): string {
  const before = offset > start ? `, and takes the ${offset - start} before it as folded` : '';
  return (
    `    the log has offsets ${start} to ${end}; the state that there is would go on with it at offset ${offset}${before}\n` +
    '    what it knows is kept: subjects, revisions, seqs, what is still to be sent. What was not folded of the other log is gone\n'
  );
}

/** One partition, in words. */
export function recoveryText(row: RecoveryRow): string {
  const { role, topic, partition, found, detail, survey, onward, executed } = row;
  const head = `${role} ${topic}/${partition}: ${HEADS[found] ?? found} (${detail})`;
  if (executed) return `${head}; laid down for its owner\n`;
  if (onward) return `${head}\n${onwardText(onward)}`;
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

/** Of states that are to go on with other logs: topic by topic, each named once more. */
export function confirmCommands(options: RecoverOptions, topics: ReadonlySet<string>): string[] {
  const { role, partition } = options;
  return [...topics].map((topic) => `${againCommand('recover', { role, topic, partition })} ${executeWords(topic)}`);
}
