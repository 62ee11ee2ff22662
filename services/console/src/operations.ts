import type { Settings } from '@callfold/core';
import type { Clock, StatusFinding, ProblemOf, Status, StatusSite } from '@callfold/engine';
import { readStatus, statusTargets } from '@callfold/engine';
import { letterJson } from '@callfold/adapters';
import type { LetterSource, OpenLetters } from './dead-letters.ts';
import { followLetters } from './dead-letters.ts';
import type { FaultNow } from './faults.ts';
import { createFaults } from './faults.ts';
import type { ConsoleLimits } from './limits.ts';
import type { PageQuery } from './lists.ts';
import { letterPage } from './lists.ts';
import { createLook } from './look.ts';
import type { StatusAnswer } from './status-answer.ts';

/** For whoever keeps callfold running: how every partition stands, what is wrong and what helps, and dead letters. */

/** What there is to be asked. */
export type OperationsSite = {
  readonly site: StatusSite;
  readonly letters: LetterSource;
  readonly settings: Settings;
  /** Of processes at work here. */
  readonly known?: ProblemOf;
};

export type OperationsPorts = {
  readonly clock: Clock;
  readonly limits: ConsoleLimits;
  /** What the console itself cannot read now. */
  readonly away: () => readonly string[];
};

export type Operations = {
  /** @throws ProblemError where nothing was read yet */
  status(): Promise<StatusAnswer>;
  /** @throws ProblemError as well, and for a query that is none */
  deadLetters(query: PageQuery & { readonly code?: string | undefined }): Promise<object>;
  /** The console cannot read something. */
  trouble(message: string): void;
  stop(): Promise<void>;
};

/** Once for all places that have it. */
function faultsOf(findings: readonly StatusFinding[]): FaultNow[] {
  const faults = new Map<string, FaultNow>();
  for (const { code, role, generation, says } of findings) {
    const of = role ?? `generation ${generation}`;
    const key = `${code} ${of}`;
    const before = faults.get(key);
    faults.set(key, before ? { ...before, places: before.places + 1 } : { code, of, says, places: 1 });
  }
  return [...faults.values()];
}

const awayFault = (says: string): FaultNow => ({ code: 'away', of: 'console', says, places: 1 });

function countsOf({ letters }: OpenLetters): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { letter } of letters) counts[letter.code] = (counts[letter.code] ?? 0) + 1;
  return counts;
}

export function openOperations(
  { site, letters, settings, known }: OperationsSite,
  { clock, limits, away }: OperationsPorts,
): Operations {
  const faults = createFaults(limits);
  const faultsFrom = clock.now();

  async function lookAtStatus(): Promise<Status> {
    const now = clock.now();
    try {
      const status = await readStatus(site, settings, await statusTargets(site), now, known);
      faults.are([...faultsOf(status.findings), ...away().map(awayFault)], now);
      return status;
    } catch (error) {
      faults.began(awayFault(error instanceof Error ? error.message : String(error)), now);
      throw error;
    }
  }

  const status = createLook(lookAtStatus, { clock, limits, what: 'how partitions stand' });
  const open = createLook(followLetters(letters, limits), { clock, limits, what: 'the dead letters' });
  // So that faults are seen while nobody looks; what cannot be read is one of them.
  const timer = setInterval(() => void status.latest().catch(() => undefined), limits.lookIdleMs).unref();

  return {
    async status() {
      const { seen, trouble } = await status.latest();
      return { ...seen, faults: faults.all(), faultsFrom, trouble };
    },
    async deadLetters(query) {
      const { seen, trouble } = await open.latest();
      const isMeant = (code: string): boolean => query.code === undefined || query.code === code;
      const { items, next } = letterPage(
        seen.letters.filter(({ letter }) => isMeant(letter.code)),
        query,
        limits,
      );
      return {
        letters: items.map(({ valueBytes, ...row }) => ({ ...letterJson(row), valueBytes })),
        next,
        isComplete: seen.isComplete,
        counts: countsOf(seen),
        trouble,
      };
    },
    trouble: (message) => faults.began(awayFault(message), clock.now()),
    async stop() {
      clearInterval(timer);
      await Promise.all([status.stop(), open.stop()]);
    },
  };
}
