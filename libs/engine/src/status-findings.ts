import { decodeMeta } from './checkpoint.ts';
import type { GenerationRow } from './generation-rows.ts';
import type { LogFault } from './log-fault.ts';
import { countsText, isMultiple, placingMeta, unfitText } from './layout.ts';
import type { At, Store, Stored } from './ports.ts';
import { recoveryOf } from './recovery.ts';
import type { RoleName } from './role.ts';

/** What is wrong with a partition or a generation, by what is stored, and the command that helps. */

/** For programs; the text beside it is for people. */
export type StatusFindingCode =
  | 'state-lost'
  | 'log-changed'
  | 'partitions-changed'
  | 'settings-changed'
  | 'nobody-works'
  | 'never-folded'
  | 'outbox-waits'
  | 'timer-late'
  | 'drop-unended'
  | 'rebuild-stands'
  | 'not-kept-up'
  /** What a process at work says of itself. */
  | 'at-work';

export type Problem = {
  readonly code: StatusFindingCode;
  /** Commands are between backticks. */
  readonly says: string;
};

/** Of a partition of a role, or of a generation. */
export type StatusFinding = Problem & {
  readonly role: RoleName | null;
  readonly topic: string | null;
  readonly partition: number | null;
  readonly generation: string | null;
  /** Those that `says` names. */
  readonly commands: readonly string[];
};

/** How a partition was found. */
export type Found = {
  readonly role: RoleName;
  readonly position: number | null;
  readonly lag: number;
  readonly nextTimer: number | null;
  readonly outboxMs: number | null;
  readonly stored: Stored | null;
  /** Partitions were added, and subjects are not where they belong yet: what is to be done. */
  readonly moving: string | null;
  readonly hadState: boolean;
  /** The log is not the one that the state was made of. */
  readonly fault: LogFault | null;
};

/** Longer than what passes by itself, such as a lost session with the claims after it. */
const WAITS_LONG_MS = 30_000;
/** Ticks come a second apart at first, at most a minute. */
const TIMER_LATE_MS = 120_000;

function ageText(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}

const problem = (code: StatusFindingCode, says: string): Problem => ({ code, says });

function madeOtherwise({ stored }: Found, own: string): Problem | null {
  if (!stored?.meta || recoveryOf(stored)?.until === null) return null;
  const meta = decodeMeta(stored.meta);
  if (meta.settings === own || meta.settings === '') return null;
  return problem(
    'settings-changed',
    'the state was made with other settings than those here: set them as the services have them, or `callfold rebuild`',
  );
}

/**
 * What is to be done about partitions that were added.
 * @param now how many there are
 */
export async function movingOf(store: Store, at: At, stored: Stored | null, now: number): Promise<string | null> {
  const meta = await placingMeta(store, at, stored);
  const goOn = `\`callfold recover --topic ${at.topic}\``;
  if (meta?.growing !== undefined) return `its subjects are on their way, and that has not ended: ${goOn}`;
  if (meta === null || meta.partitions === now) return null;
  const counts = { was: meta.partitions, now };
  return `${countsText(counts)}: ${isMultiple(counts) ? `${goOn} moves its subjects` : unfitText(counts)}`;
}

/** The first thing that is wrong, in the order in which things have to be put right. */
export function partitionProblem(found: Found, own: string, members: number, now: number): Problem | null {
  const { role, position, lag, outboxMs } = found;
  const serve = `\`callfold serve ${role}\``;
  if (found.hadState) return problem('state-lost', 'its state is lost, its group has read further: `callfold recover`');
  if (found.fault !== null) return problem('log-changed', `${found.fault.says}: \`callfold recover\``);
  if (found.moving !== null) return problem('partitions-changed', found.moving);
  const otherwise = madeOtherwise(found, own);
  if (otherwise !== null) return otherwise;
  if (lag > 0 && members === 0)
    return problem('nobody-works', `${lag} records are not folded, and nobody is at work: ${serve}`);
  if (position === null && lag > 0) return problem('never-folded', `never folded, ${lag} records wait: ${serve}`);
  if (lag === 0 && (outboxMs ?? 0) > WAITS_LONG_MS) {
    const says = `records wait to be published for ${ageText(outboxMs ?? 0)}: see the log and /readyz?verbose of ${serve}`;
    return problem('outbox-waits', says);
  }
  const late = now - (found.nextTimer ?? now);
  if (role === 'outcomes' && lag === 0 && late > TIMER_LATE_MS)
    return problem('timer-late', `a timer is due for ${ageText(late)}, and nobody lets time pass: ${serve}`);
  return null;
}

/** Of the live one the partitions tell. */
export function generationProblem({ generation, state, lag, members }: GenerationRow): Problem | null {
  if (members > 0) return null;
  if (state === 'dropping')
    return problem('drop-unended', `its drop has not ended: \`callfold drop ${generation} --execute\``);
  if (state === 'building')
    return problem('rebuild-stands', `its rebuild does not run: \`callfold rebuild ${generation}\``);
  if (state === 'kept' && lag > 0) return problem('not-kept-up', 'nobody keeps it up: `callfold serve projector`');
  return null;
}

type Of = Partial<Pick<StatusFinding, 'role' | 'topic' | 'partition' | 'generation'>>;

export function findingOf(found: Problem, of: Of): StatusFinding {
  const commands = [...found.says.matchAll(/`(callfold [^`]+)`/g)].map(([, command = '']) => command);
  return { role: null, topic: null, partition: null, generation: null, ...of, ...found, commands };
}
