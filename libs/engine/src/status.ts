import type { Settings } from '@callfold/core';
import { DEAD_LETTERS, fingerprint } from '@callfold/core';
import { metaOf } from './checkpoint.ts';
import type { GenerationRow, GenerationSite } from './generation-rows.ts';
import { generationRows, rawPartitions } from './generation-rows.ts';
import type { Aggregates } from './generations.ts';
import { aggregatesOf, liveOf, readGenerations } from './generations.ts';
import { faultOfLog } from './log-fault.ts';
import { decodeEntry } from './outbox.ts';
import { ownerName } from './owner-name.ts';
import type { At, Log, Store } from './ports.ts';
import { recoveryOf } from './recovery.ts';
import type { RoleName } from './role.ts';
import { ROLES } from './role.ts';
import type { StatusFinding, Found } from './status-findings.ts';
import { findingOf, generationProblem, movingOf, partitionProblem } from './status-findings.ts';

/** Where every partition of every role stands, what is wrong and what helps: for `callfold status` and the console. */

export type StatusSite = GenerationSite & { store(role: RoleName): Store };

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
  /** The problems of both. */
  readonly findings: readonly StatusFinding[];
};

/** A partition of a role. */
export type StatusTarget = { readonly role: RoleName; readonly at: At };

/** Of the processes at work here; null: nothing is known to be wrong. */
export type ProblemOf = (role: RoleName, at: At) => string | null;

/** Partitions that are looked at together. */
const AT_ONCE = 16;

/** Epoch ms: append time of the first record at or past the offset; null at the end. */
export async function timeFrom(log: Log, at: At, offset: number): Promise<number | null> {
  const { start, end } = await log.bounds(at);
  if (offset < start || offset >= end) return null;
  return (await log.read(at, offset, 1)).records[0]?.appendedAt ?? null;
}

type Seen = { readonly row: Omit<StatusRow, 'problem'>; readonly found: Found };

async function seenOf(site: StatusSite, { role, at }: StatusTarget, live: Aggregates, now: number): Promise<Seen> {
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
  const lag = Math.max(0, end - (position ?? start));
  const waitsSince = lag === 0 ? null : await timeFrom(log, at, position ?? start);
  const meta = metaOf(stored);
  const recovery = stored === null ? null : recoveryOf(stored);
  // Its owner has nothing to commit, and the checkpoint stays as it was laid down.
  const isOver = recovery?.until === null && lag === 0 && meta?.offered !== stored?.claim.token;
  const row = {
    ...at,
    role,
    owner: stored === null ? null : ownerName(stored.claim.token),
    epoch: stored?.claim.epoch ?? null,
    position,
    end,
    lag,
    lagMs: waitsSince === null ? 0 : Math.max(0, now - waitsSince),
    nextTimer: first?.due ?? null,
    outbox: entries?.length ?? null,
    outboxMs: oldest ? Math.max(0, now - oldest.appendedAt) : null,
    deadLetters: role === 'outcomes' ? (meta?.seqs[DEAD_LETTERS] ?? 0) : null,
    recovering: recovery === null || isOver ? null : { until: recovery.until },
  };
  const found = {
    ...row,
    stored,
    moving: await movingOf(store, at, stored, partitions),
    fault: meta && position !== null ? await faultOfLog(log, at, position, meta, { start, end }) : null,
    hadState: position === null && (await log.witness(at)) !== null,
  };
  return { row, found };
}

/** Every partition of both roles. */
export async function statusTargets(site: StatusSite): Promise<StatusTarget[]> {
  const ats = await rawPartitions(site);
  return ROLES.flatMap((role) => ats.map((at) => ({ role, at })));
}

/** @param known of processes that are at work here: it goes before what is stored */
export async function readStatus(
  site: StatusSite,
  settings: Settings,
  targets: readonly StatusTarget[],
  now: number,
  known: ProblemOf = () => null,
): Promise<Status> {
  const { all } = await readGenerations(site.shelf);
  const live = aggregatesOf(site.shelf, liveOf(all));
  const { name: generation, settings: kept } = live.generation;
  const [rows, outcomes] = await Promise.all([generationRows(site, all), site.members('outcomes')]);
  const members: Readonly<Record<RoleName, number>> = {
    projector: rows.find(({ state }) => state === 'live')?.members ?? 0,
    outcomes,
  };
  const own: Readonly<Record<RoleName, string>> = { projector: kept, outcomes: fingerprint(settings) };
  const lookAt = async (target: StatusTarget): Promise<Judged<Seen['row']>> => {
    const { role, at } = target;
    const { row, found } = await seenOf(site, target, live, now);
    const says = known(role, at);
    if (says !== null) return { row, finding: findingOf({ code: 'at-work', says }, { role, ...at }) };
    const problem = partitionProblem(found, own[role], members[role], now);
    return { row, finding: problem && findingOf(problem, { role, ...at }) };
  };
  const partitions: Judged<Seen['row']>[] = [];
  for (let from = 0; from < targets.length; from += AT_ONCE) {
    partitions.push(...(await Promise.all(targets.slice(from, from + AT_ONCE).map(lookAt))));
  }
  const generations = rows.map((row): Judged<GenerationRow> => {
    const problem = generationProblem(row);
    return { row, finding: problem && findingOf(problem, { generation: row.generation }) };
  });
  return {
    generation,
    at: now,
    partitions: partitions.map(withProblem),
    generations: generations.map(withProblem),
    findings: [...partitions, ...generations].flatMap(({ finding }) => finding ?? []),
  };
}

type Judged<Row> = { readonly row: Row; readonly finding: StatusFinding | null };

function withProblem<Row>({ row, finding }: Judged<Row>): Row & { readonly problem: string | null } {
  return { ...row, problem: finding?.says ?? null };
}
