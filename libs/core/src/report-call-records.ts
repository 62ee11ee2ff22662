import type { CallOutcome } from '@callfold/schemas';
import { byName, count, meanSeconds, percent } from './report-numbers.ts';
import type { Counts } from './report-numbers.ts';

/** Figures of calls that are told as one finished record each (Atlas). Each is defined in docs/report.md. */

export type CallRecordTally = ReturnType<typeof openCallRecordTally>;
export type CallRecordFigures = ReturnType<CallRecordTally['figures']>;

export function openCallRecordTally() {
  const outcomes: Counts<CallOutcome['outcome']> = new Map();
  const reasons: Counts = new Map();
  const faults: Counts = new Map();
  const reached: Record<CallOutcome['personReached'], number> = { yes: 0, no: 0, unknown: 0 };
  let calls = 0;
  let transferred = 0;
  const durations = { ms: 0, of: 0 };

  return {
    addCall({ outcome, reason, fault, personReached, transferred: handedOver, startedAt, endedAt }: CallOutcome): void {
      calls += 1;
      count(outcomes, outcome);
      count(reasons, reason);
      if (fault !== null) count(faults, fault);
      reached[personReached] += 1;
      if (handedOver) transferred += 1;
      if (startedAt === null || endedAt === null) return;
      durations.ms += Math.max(0, endedAt - startedAt);
      durations.of += 1;
    },
    figures() {
      return {
        calls,
        outcomes: byName(outcomes),
        reasons: byName(reasons),
        faults: byName(faults),
        personReached: { ...reached },
        transferred,
        durationMs: durations.ms,
        durationsUnknown: calls - durations.of,
        meanDurationSeconds: meanSeconds(durations.ms, durations.of),
        report: {
          connectPercent: { ofYesAndNo: percent(reached.yes, reached.yes + reached.no) },
          personUnknownPercent: { ofAll: percent(reached.unknown, calls) },
          voicemailPercent: { ofAll: percent(outcomes.get('voicemail') ?? 0, calls) },
          failedPercent: { ofAll: percent(outcomes.get('failed') ?? 0, calls) },
          transferredPercent: { ofAll: percent(transferred, calls) },
        },
      };
    },
  };
}
