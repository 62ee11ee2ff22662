/** Everything that is held, waited for or counted at the console has a limit with a name. Times in ms. */
export const CONSOLE_LIMITS = {
  /** How often the change feeds are read. */
  pollMs: 250,
  /** How often it is looked how far the log is, and which generation is live. */
  confirmMs: 2_000,
  /** After what is away; it is tried again for ever. */
  retryMs: 1_000,
  /** Data that is confirmed later than this after the last time is stale, and said to be. */
  staleMs: 10_000,
  /** Live calls, chats and agents that are held; more are left out, and it is said that they are. */
  subjects: 200_000,
  /** Derived records that are held, and how far back by when the log took them: a day of 25 hours, told a day ahead. */
  records: 200_000,
  recordsMs: 50 * 3_600_000,
  /** How often records that count no more are let go. */
  forgetMs: 600_000,
  /** Figures are worked out again at most this often, and more rarely where they take long. */
  figuresMs: 1_000,
  /** Tenants whose figures are kept between. */
  figuresTenants: 1_000,
  /** How often the board's figures are noted for the last hour, and of how many tenants. */
  historyMs: 60_000,
  historyTenants: 50,
  /** Answers of a list: of one page unless told, and at most. */
  pageItems: 100,
  pageItemsMost: 1_000,
  /** Explanations that are made at once, how long one may be read for, and the events that a subject may have in it. */
  explanations: 4,
  explainMs: 15_000,
  /** A log that is silent for so long after that is away. */
  explainSilentMs: 3_000,
  explainEvents: 5_000,
  /** Changes that a stream may be resumed over. */
  ringChanges: 20_000,
  /** Changes in one event of a stream. */
  eventChanges: 500,
  /** Changes that are made ready at a time for all who missed the same; more, for each as it reads. */
  sharedChanges: 5_000,
  beatMs: 2_000,
  /** Streams open at once. */
  streams: 1_000,
  /** A stream's reader that takes nothing for so long is closed. */
  stuckMs: 30_000,
  /**
   * How old what operators see of partitions and dead letters may be: however many look, it is asked once; where a look
   * takes long, at most. While nobody looks, how often it is seen whether something is wrong; and how long an answer
   * waits for it.
   */
  lookMs: 5_000,
  lookRestMs: 15_000,
  lookIdleMs: 60_000,
  lookWaitMs: 3_000,
  /** Dead letters that are held, of each so many bytes, and marks whose letters were not read yet. */
  letters: 10_000,
  letterBytes: 512,
  letterMarks: 100_000,
  /** Past faults that are told. */
  faults: 100,
  /** Of a past day: how often a stream that plays goes on, how many may be open, and moments that are kept at hand. */
  replayTickMs: 250,
  replayStreams: 100,
  replayDesks: 4,
  /** Marks that a moment is looked for from: one for so many events, but no more in a day. */
  replayMarkEvents: 2_000,
  replayMarks: 48,
  /** Bytes of beats and figures that may wait for a stream's reader before it is closed. */
  streamBytes: 8_388_608,
} as const;

export type ConsoleLimits = { readonly [Name in keyof typeof CONSOLE_LIMITS]: number };
