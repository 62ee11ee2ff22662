import type { Settings } from '@callfold/core';
import { DEAD_LETTERS, fingerprint } from '@callfold/core';
import type { Aggregates, At, LogFault, Stored } from '@callfold/engine';
import {
  aggregatesOf,
  decodeEntry,
  decodeMeta,
  faultOfLog,
  liveOf,
  readGenerations,
  recoveryOf,
} from '@callfold/engine';
import type { GenerationRow } from './generations.ts';
import { generationRows } from './generations.ts';
import { timeFrom } from './offset-plan.ts';
import { ownerName } from './owner-name.ts';
import type { RoleName, Site } from './site.ts';
import type { Target, TargetOptions } from './targets.ts';
import { targetsOf } from './targets.ts';

/** How one partition stands with one role, by what is stored: whoever asks need not be its owner. */
export type StatusRow = At & {
  readonly role: RoleName;
  /** `host:pid` of who claimed it last, and for the how-many-eth time it was claimed. */
  readonly owner: string | null;
  readonly epoch: number | null;
  readonly position: number | null;
  readonly end: number;
  readonly lag: number;
  /** Age of the oldest record not folded; 0 where all are. */
  readonly lagMs: number;
  /** When the next timer is due, epoch ms. */
  readonly nextTimer: number | null;
  /** Committed and not sent; null: the role publishes nothing. */
  readonly outbox: number | null;
  /** Age of the record that caused the oldest of them. */
  readonly outboxMs: number | null;
  /** Sent, of this partition, since its beginning. */
  readonly deadLetters: number | null;
  /** A recovery folds here, up to this offset. */
  readonly recovering: { readonly until: number | null } | null;
  /** What is wrong, and what helps. */
  readonly problem: string | null;
};

export type GenerationStatus = GenerationRow & { readonly problem: string | null };

export type Status = {
  /** The one that readers see, and that the projector's rows are of. */
  readonly generation: string;
  readonly at: number;
  readonly partitions: readonly StatusRow[];
  readonly generations: readonly GenerationStatus[];
};

/** Of the processes at work here; null: nothing is known to be wrong. */
export type ProblemOf = (role: RoleName, at: At) => string | null;

/** Longer than what passes by itself, such as a lost session with the claims after it. */
const WAITS_LONG_MS = 30_000;
/** Ticks come a second apart at first, at most a minute. */
const TIMER_LATE_MS = 120_000;

/** Partitions that are looked at together. */
const AT_ONCE = 16;

type Seen = Omit<StatusRow, 'problem'> & {
  readonly stored: Stored | null;
  readonly partitions: number;
  readonly hadState: boolean;
  /** The log is not the one that the state was made of. */
  readonly fault: LogFault | null;
};

async function seenOf(site: Site, { role, at }: Target, live: Aggregates, now: number): Promise<Seen> {
  const [store, log] = [role === 'projector' ? live.store : site.store(role), site.log(role)];
  const [stored, { start, end }, [first], entries, partitions] = await Promise.all([
    store.peek(at),
    log.bounds(at),
    store.timers(at, Infinity, 1),
    role === 'outcomes' ? store.outbox(at) : null,
    site.partitions(at.topic),
  ]);
  const position = stored?.next ?? null;
  const oldest = entries?.[0] && (await log.readOne(at, decodeEntry(entries[0].entry).origin));
  const waitsSince = position === null ? await timeFrom(log, at, start) : await timeFrom(log, at, position);
  const meta = stored?.meta ? decodeMeta(stored.meta) : null;
  const recovery = stored === null ? null : recoveryOf(stored);
  return {
    ...at,
    role,
    owner: stored === null ? null : ownerName(stored.claim.token),
    epoch: stored?.claim.epoch ?? null,
    position,
    end,
    lag: Math.max(0, end - (position ?? start)),
    lagMs: waitsSince === null ? 0 : Math.max(0, now - waitsSince),
    nextTimer: first?.due ?? null,
    outbox: entries?.length ?? null,
    outboxMs: oldest ? Math.max(0, now - oldest.appendedAt) : null,
    deadLetters: role === 'outcomes' ? (meta?.seqs[DEAD_LETTERS] ?? 0) : null,
    recovering: recovery && { until: recovery.until },
    fault: meta && position !== null ? await faultOfLog(log, at, position, meta, { start, end }) : null,
    stored,
    partitions,
    hadState: position === null && (await log.witness(at)) !== null,
  };
}

function ageText(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}

/** The first thing that is wrong, in the order in which things have to be put right. */
function problemOf(seen: Seen, own: string, members: number, now: number): string | null {
  const { role, position, stored } = seen;
  const serve = `\`callfold serve ${role}\``;
  if (seen.hadState) return 'its state is lost, its group has read further: `callfold recover`';
  if (seen.fault !== null) return `${seen.fault.says}: \`callfold recover\``;
  if (stored?.meta && recoveryOf(stored)?.until !== null) {
    const meta = decodeMeta(stored.meta);
    if (meta.partitions !== seen.partitions) {
      return `the topic has ${seen.partitions} partitions now, the state was made with ${meta.partitions}: \`callfold rebuild\``;
    }
    if (meta.settings !== own && meta.settings !== '') {
      return 'the state was made with other settings than those here: set them as the services have them, or `callfold rebuild`';
    }
  }
  if (seen.lag > 0 && members === 0) return `${seen.lag} records are not folded, and nobody is at work: ${serve}`;
  if (position === null && seen.lag > 0) return `never folded, ${seen.lag} records wait: ${serve}`;
  if (seen.lag === 0 && (seen.outboxMs ?? 0) > WAITS_LONG_MS) {
    return `records wait to be published for ${ageText(seen.outboxMs ?? 0)}: see the log and /readyz?verbose of ${serve}`;
  }
  const late = now - (seen.nextTimer ?? now);
  if (role === 'outcomes' && seen.lag === 0 && late > TIMER_LATE_MS) {
    return `a timer is due for ${ageText(late)}, and nobody lets time pass: ${serve}`;
  }
  return null;
}

/** Of the live one the partitions tell. */
function generationProblem({ generation, state, lag, members }: GenerationRow): string | null {
  if (state === 'dropping' && members === 0) return `its drop has not ended: \`callfold drop ${generation} --execute\``;
  if (state === 'building' && members === 0) return `its rebuild does not run: \`callfold rebuild ${generation}\``;
  if (state === 'kept' && members === 0 && lag > 0) return 'nobody keeps it up: `callfold serve projector`';
  return null;
}

export async function readStatus(
  site: Site,
  settings: Settings,
  options: TargetOptions,
  now: number,
  known: ProblemOf = () => null,
): Promise<Status> {
  const live = aggregatesOf(site.shelf, liveOf((await readGenerations(site.shelf)).all));
  const { name: generation, key, settings: kept } = live.generation;
  const members: Readonly<Record<RoleName, number>> = {
    projector: await site.members('projector', key),
    outcomes: await site.members('outcomes'),
  };
  const own: Readonly<Record<RoleName, string>> = { projector: kept, outcomes: fingerprint(settings) };
  const rowOf = async (target: Target): Promise<StatusRow> => {
    const { role } = target;
    const seen = await seenOf(site, target, live, now);
    const problem = known(role, target.at) ?? problemOf(seen, own[role], members[role], now);
    const { stored: _, partitions: __, hadState: ___, fault: ____, ...row } = seen;
    return { ...row, problem };
  };
  const targets = await targetsOf(site, options);
  const partitions: StatusRow[] = [];
  for (let from = 0; from < targets.length; from += AT_ONCE) {
    partitions.push(...(await Promise.all(targets.slice(from, from + AT_ONCE).map(rowOf))));
  }
  const generations = (await generationRows(site)).map((row) => ({ ...row, problem: generationProblem(row) }));
  return { generation, at: now, partitions, generations };
}
