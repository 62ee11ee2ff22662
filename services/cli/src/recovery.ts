import { randomUUID } from 'node:crypto';
import type { Settings } from '@callfold/core';
import { DEAD_LETTERS, DERIVED_OF } from '@callfold/core';
import type {
  Aggregates,
  At,
  Begun,
  Counts,
  Grown,
  OwnerOptions,
  Role,
  Shelf,
  Store,
  Survey,
  Surveyed,
} from '@callfold/engine';
import {
  aggregatesOf,
  beginAnew,
  begunBefore,
  countsText,
  DEFAULT_LIMITS,
  faultOfLog,
  firstStanding,
  growthOf,
  growTopic,
  isMultiple,
  liveOf,
  logAsPlaced,
  metaOf,
  offerRecovery,
  ownersStore,
  placeAnew,
  readGenerations,
  recoveryOf,
  Refused,
  rulesOf,
  surveyGrowth,
  surveyPartition,
  unfitText,
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
 * its state, and the log is not the one any more that this was made of. `grown`: partitions were added to the topic, and
 * subjects are not where they belong now.
 */
type Found = 'checkpoint' | 'recovering' | 'lost' | 'new' | 'cut' | 'grown';

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
  /** Of one whose subjects are to be moved, or were. */
  readonly grown: Grown | null;
  /** Its checkpoint was laid down by this command. */
  readonly executed: boolean;
};

type Look = { readonly found: Found; readonly detail: string; readonly onward?: Onward };

/** What the owner would find at its claim. */
async function look(site: Site, { role, source, at }: Target): Promise<Look> {
  const stored = await site.store(role).peek(at);
  const log = site.log(role);
  if (stored !== null && stored.next !== null) {
    const meta = metaOf(stored);
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

const roleOf = (role: RoleName, settings: Settings): Role => (role === 'outcomes' ? OUTCOMES : projectorRole(settings));

function surveyOf(
  site: Site,
  settings: Settings,
  { role, source, at }: Target,
  { begun, partitions }: { readonly begun: Begun | undefined; readonly partitions: number },
  say: Context['say'],
): Promise<Survey> {
  let saidAt = Date.now();
  return surveyPartition({
    at,
    source,
    log: logAsPlaced(site.log(role), { partitions }),
    codec: site.codec,
    derived: role === 'outcomes' ? site.derived : null,
    rules: rulesOf(roleOf(role, settings), settings),
    standingRecords: DEFAULT_LIMITS.standingRecords,
    begun,
    progress(offset, end) {
      if (Date.now() - saidAt < SAY_EVERY_MS) return;
      say(`${role} ${at.topic}/${at.partition}: folded to ${offset} of ${end}`);
      saidAt = Date.now();
    },
  });
}

/** Role by role and topic by topic: what is found, and where told to, what is done about it. */
export async function* recoverAll(
  site: Site,
  settings: Settings,
  options: RecoverOptions,
  context: Pick<Context, 'say' | 'stop'>,
): AsyncGenerator<RecoveryRow> {
  const topics = new Map<string, Seen[]>();
  for (const target of await targetsOf(site, options)) {
    const name = `${target.role} ${target.at.topic}`;
    topics.set(name, [...(topics.get(name) ?? []), { ...target, ...(await look(site, target)) }]);
    if (context.stop.requested) return;
  }
  for (const all of topics.values()) {
    const [first] = all;
    const counts = first && (await growthOf(site.store(first.role), site.log(first.role), first.at.topic));
    // What the log does not fit any more, or is gone, comes first.
    const isWhole = all.every(({ found }) => found !== 'cut' && found !== 'lost');
    if (first && counts && isWhole) yield* growAll(site, settings, options, first, counts);
    else yield* recoverEach(site, settings, options, all, context);
  }
}

/** A topic as a whole: its subjects go from some partitions to others. */
async function* growAll(
  site: Site,
  settings: Settings,
  options: RecoverOptions,
  { role, source, at: { topic } }: Target,
  counts: Counts,
): AsyncGenerator<RecoveryRow> {
  const executed = options.execute === true && options.confirm === topic;
  if (!isMultiple(counts)) throw new Refused(`${topic}: ${countsText(counts)}: ${unfitText(counts)}.`);
  if (executed && options.partition !== undefined)
    throw new Refused(`${topic} goes to ${counts.now} partitions as a whole: leave out --partition.`);
  const { store, settings: own } =
    role === 'projector' ? await ownersAggregates(site.shelf) : { store: site.store(role), settings };
  const all = executed
    ? await growTopic({ topic, source, options: ownerOptions(site, role, own, store) }, counts)
    : await surveyGrowth({ topic, source, store }, counts);
  const nothing = { survey: null, onward: null };
  for (const grown of all) {
    yield {
      role,
      topic,
      partition: grown.partition,
      found: 'grown',
      detail: countsText(counts),
      ...nothing,
      grown,
      executed,
    };
  }
}

/** As its owners have the live generation: whoever takes a partition of it calls a change-over off that holds it. */
async function ownersAggregates(shelf: Shelf): Promise<Pick<Aggregates, 'store' | 'settings'>> {
  const live = liveOf((await readGenerations(shelf)).all);
  return { settings: aggregatesOf(shelf, live).settings, store: ownersStore(shelf, live.key) };
}

/** As its owners have them, and with their fences; the aggregates are those of one generation. */
function ownerOptions(site: Site, role: RoleName, settings: Settings, store: Store): OwnerOptions {
  const ports = { ...site.ports(role, () => undefined), store };
  return { role: roleOf(role, settings), settings, limits: DEFAULT_LIMITS, ports };
}

/**
 * By how many partitions the subjects of a state that is lost were placed. Where some were added, and none of these was
 * ever folded, it is as many as were: the logs of those have all of their subjects, who are moved afterwards.
 */
async function placedBy(site: Site, { role, source, at: { topic } }: Target): Promise<number> {
  const there = await site.partitions(topic);
  const shares = await site.partitions(DERIVED_OF[source][0] ?? DEAD_LETTERS);
  const wasFolded = async (at: At): Promise<boolean> => {
    if ((await site.log(role).witness(at)) !== null) return true;
    return role === 'outcomes' && (await firstStanding(site.derived, at, DERIVED_OF[source])) !== null;
  };
  let folded = there > shares ? there : 0;
  while (folded > 0 && !(await wasFolded({ topic, partition: folded - 1 }))) folded -= 1;
  // Where nothing shows that any was, nothing shows which were not.
  if (folded === 0) return there;
  for (let count = shares; count < there; count += shares) if (count >= folded && there % count === 0) return count;
  return there;
}

/** What the log that is left does not have of a state that is lost. */
async function begunOf(site: Site, { role, source, at }: Target, placed: number): Promise<Begun | undefined> {
  const [topic = DEAD_LETTERS] = DERIVED_OF[source];
  const isGrown = placed > (await site.partitions(topic));
  // By the number of before nothing is put there any more that would not be a dead letter.
  if (isGrown) return { from: 0, outbox: 0, isGrown, placed: (await site.log(role).bounds(at)).end };
  const reading = { at, log: site.log(role), codec: site.codec };
  return role === 'outcomes' ? begunBefore(reading, site.derived, DERIVED_OF[source]) : undefined;
}

type Seen = Target & Look;

/** Partition by partition: what its fold would publish, and where told to, the checkpoint for it. */
async function* recoverEach(
  site: Site,
  settings: Settings,
  options: RecoverOptions,
  all: readonly Seen[],
  { say, stop }: Pick<Context, 'say' | 'stop'>,
): AsyncGenerator<RecoveryRow> {
  for (const target of all) {
    if (stop.requested) return;
    const { role, at, found, detail, onward = null } = target;
    const [store, log, token] = [site.store(role), site.log(role), `recover-${randomUUID()}`];
    let survey: Survey | null = null;
    let executed = false;
    if (found === 'lost') {
      const partitions = await placedBy(site, target);
      const begun = await begunOf(site, target, partitions);
      if (options.execute) executed = await offerRecovery({ at, store, log, token, begun, partitions });
      else survey = await surveyOf(site, settings, target, { begun, partitions }, say);
    }
    // It does not come back: the topic is to be named once more.
    if (found === 'cut' && options.execute && options.confirm === at.topic)
      executed = await beginAnew({ at, store, log, token, from: onward?.offset ?? null });
    yield { role, ...at, found, detail, survey, onward, grown: null, executed };
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

const HEADS: Readonly<Partial<Record<Found, string>>> = {
  lost: 'state lost',
  cut: 'another log',
  grown: 'partitions were added',
};

const grownText = ({ subjects, moves }: Grown): string => `${moves} of its ${subjects} subjects`;

/** What is in front of where it goes on. */
const takenText = ({ offset, start }: Onward): string =>
  offset > start ? `, and takes the ${offset - start} before it as folded` : '';

function onwardText(onward: Onward): string {
  const { offset, start, end } = onward;
  return (
    `    the log has offsets ${start} to ${end}; the state that there is would go on with it at offset ${offset}${takenText(onward)}\n` +
    '    what it knows is kept: subjects, revisions, seqs, what is still to be sent. What was not folded of the other log is gone\n'
  );
}

/** One partition, in words. */
export function recoveryText(row: RecoveryRow): string {
  const { role, topic, partition, found, detail, survey, onward, grown, executed } = row;
  const head = `${role} ${topic}/${partition}: ${HEADS[found] ?? found} (${detail})`;
  if (grown) return `${head}: ${grownText(grown)} ${executed ? 'were moved' : 'belong to those now'}\n`;
  if (executed)
    return `${head}; laid down for its owner${onward ? `, who goes on at offset ${onward.offset}${takenText(onward)}` : ''}\n`;
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

/** Of states that are to go on with other logs, or in more partitions: topic by topic, each named once more. */
export function confirmCommands(options: RecoverOptions, topics: ReadonlySet<string>): string[] {
  const { role, partition } = options;
  return [...topics].map((topic) => `${againCommand('recover', { role, topic, partition })} ${executeWords(topic)}`);
}
