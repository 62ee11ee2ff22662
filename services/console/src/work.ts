import type { Health } from '@callfold/adapters';
import type { Explaining } from './explain.ts';
import type { Figures } from './figures.ts';
import type { History } from './history.ts';
import type { Gauges } from './metrics.ts';
import type { Operations } from './operations.ts';
import type { Picture } from './picture.ts';
import type { Records } from './records.ts';
import type { Streams } from './streams.ts';
import type { ReadStates } from './subject.ts';
import type { Truth } from './watch.ts';

/** What the console's answers are made of: of now, or of a moment of a past day. */

export type AtWork = {
  readonly states: ReadStates;
  readonly picture: () => Picture | null;
  readonly truth: () => Truth;
  readonly records: Pick<Records, 'all' | 'away' | 'isFull'>;
  readonly figures: Figures;
  readonly history: Pick<History, 'of'>;
  readonly explaining: Explaining;
  readonly streams: Pick<Streams, 'open'> & { count(): number; readonly most: number };
  /** Null: there are no partitions here. */
  readonly operations: Pick<Operations, 'status' | 'deadLetters'> | null;
  /** It is of a moment that can be asked for; else it is now. */
  readonly isPast: boolean;
};

/** As a query names it. */
export type MomentQuery = { readonly at?: string | undefined; readonly speed?: string | undefined };

export type Work = {
  /** @throws ProblemError for a moment that cannot be had */
  of(query: MomentQuery): AtWork;
  readonly gauges: Gauges;
  health(): Health[];
  /** The console cannot read something. */
  trouble(message: string): void;
  stop(): Promise<void>;
};
