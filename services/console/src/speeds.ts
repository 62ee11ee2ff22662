/** Replay time that passes in a second, as it is offered; any whole number up to the last one is taken. */
export const SPEEDS = [1, 10, 60, 600] as const;
export const SPEED_MOST = 600;
export const SPEED_USUAL = 60;

/** Of a replay, as a reader is told it; times are ISO 8601. */
export type ReplayTold = {
  readonly from: string;
  readonly to: string;
  /** Replay time that passes in a second; 0: it stands still. */
  readonly speed: number;
  /** The speed that it has unless another is asked for. */
  readonly usual: number;
};
