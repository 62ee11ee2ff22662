/** What the console can lack though it answers: then what it shows is a part, or older than the rest. */
export type Lack =
  /** There are more live subjects than are held. */
  | 'subjects-full'
  /** The derived records are being read for the first time, or anew: figures and lists are of those read so far. */
  | 'records-reading'
  /** The derived records cannot be read: figures and lists are as they were. */
  | 'records-away'
  /** There are more derived records than are held. */
  | 'records-full';

/** How true what is told is. */
export type Standing = {
  /** Epoch ms; null: nothing was read yet. */
  readonly asOf: number | null;
  /** Nothing is away. */
  readonly isWell: boolean;
  /** Empty: what is told is all that there is. */
  readonly lacks: readonly Lack[];
};
