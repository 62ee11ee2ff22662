import type { PartitionStatus } from '@callfold/engine';

export const AT = { topic: 'callfold.raw.callcenter24', partition: 3 };
export const NOW = Date.UTC(2026, 0, 5, 9);

/** Of a partition that has nothing to do. */
export function status(fields: Partial<PartitionStatus> = {}): PartitionStatus {
  return {
    at: AT,
    epoch: 7,
    position: 120,
    committed: 120,
    end: 120,
    clock: NOW,
    nextDue: null,
    waiting: 0,
    waitingMs: null,
    lagMs: 0,
    stalled: null,
    refused: null,
    away: null,
    progressAt: NOW,
    ...fields,
  };
}
