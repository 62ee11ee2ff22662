import type { Code } from '@callfold/core';
import type { Figures } from './figures.ts';
import type { At } from './ports.ts';
import type { Duty } from './progress.ts';

/** What an engine says of itself: stable names, for logs and metrics. Never ids, names or numbers of people. */
export type EngineEvent =
  | {
      readonly name: 'partition-claimed';
      readonly at: At;
      readonly epoch: number;
      readonly position: number;
      readonly end: number;
      /** Its last owner gave it away with everything sent: it is fenced and read back before the first send only. */
      readonly asLeft: boolean;
    }
  | { readonly name: 'partition-released'; readonly at: At; readonly position: number }
  /** Stopped until it is assigned anew; `message` says what to do. */
  | { readonly name: 'partition-refused'; readonly at: At; readonly message: string }
  | { readonly name: 'partition-fenced'; readonly at: At }
  /** The store lost writes: claimed again from where it stands. */
  | { readonly name: 'partition-moved'; readonly at: At }
  /** There is something to do, and nothing of it has moved for the bound. `message`: what is away, if anything is. */
  | {
      readonly name: 'partition-stalled';
      readonly at: At;
      readonly waitsFor: Duty;
      readonly forMs: number;
      readonly message: string | null;
    }
  | { readonly name: 'partition-moving'; readonly at: At; readonly waitedFor: Duty; readonly forMs: number }
  | {
      readonly name: 'infrastructure-away';
      readonly at: At;
      readonly doing: string;
      readonly message: string;
      readonly attempt: number;
    }
  | { readonly name: 'infrastructure-back'; readonly at: At; readonly doing: string; readonly attempts: number }
  | ({
      readonly name: 'batch-committed';
      readonly at: At;
      readonly records: number;
      readonly changed: number;
      readonly derived: number;
      readonly position: number;
      readonly end: number;
      /** Log clock, epoch ms. */
      readonly clock: number;
      /** When its first record was folded, by this process's clock. */
      readonly begunAt: number;
    } & Figures)
  | {
      readonly name: 'subject-erased';
      readonly at: At;
      readonly offset: number;
      readonly tombstones: number;
    }
  | {
      readonly name: 'record-rejected';
      readonly at: At;
      readonly offset: number;
      readonly code: Code;
      readonly reason: string;
    }
  | { readonly name: 'unknown-word'; readonly at: At }
  /** `oldestAppendedAt`: of what the first of them came of; null where an earlier owner committed it. */
  | {
      readonly name: 'records-sent';
      readonly at: At;
      readonly records: number;
      readonly waiting: number;
      readonly oldestAppendedAt: number | null;
    }
  /** What the store lost is folded again; by topic, what was found of what stood. */
  | {
      readonly name: 'recovery-ended';
      readonly at: At;
      readonly position: number;
      readonly counts: readonly Readonly<Record<string, string | number>>[];
    }
  /** A derived topic ends before what was published to it: records that stood are gone, and their outbox is too. */
  | {
      readonly name: 'derived-lost';
      readonly at: At;
      readonly derived: string;
      readonly end: number;
      readonly published: number;
    }
  /**
   * What an operator's command asked for: gone out, found standing already, put aside since something
   * came meanwhile, or of another version and not understood.
   */
  | {
      readonly name: 'requests-taken';
      readonly at: At;
      readonly published: number;
      readonly stands: number;
      readonly stale: number;
      readonly unread: number;
    }
  | { readonly name: 'ticked'; readonly at: At };

export type Observer = (event: EngineEvent) => void;
