/** Every limit of the embedded store. Bytes and counts; times say their unit. */
export const EMBEDDED_LIMITS = {
  /** Bytes of live data at which appends and commits stop. The file itself may be somewhat larger. */
  liveBytes: 64 * 1_073_741_824,
  /** Records stand on disk in blocks of about this size, one record never in two. Below the client's 32 KiB buffer. */
  blockBytes: 32_000,
  /** One raw append is cut into transactions of about this much. */
  appendBytes: 8 * 1_048_576,
  /** One read answers no more than about this, whatever `maxRecords` says. */
  readBytes: 8 * 1_048_576,
  /** Records of one batch to a handler. */
  batchRecords: 4_000,
  /** Records of one read-back of a derived partition. */
  readBackRecords: 1_000,
  /** Jobs that share one transaction, and so one flush to the disk. */
  jobsPerTransaction: 512,
  /** Bytes that the jobs of one transaction write together, or one job alone. */
  bytesPerTransaction: 32 * 1_048_576,
  /** Jobs that may wait; more are refused until some are done. */
  waitingJobs: 20_000,
  /** Fields of one slice of a scan. */
  scanFields: 1_000,
  /** Blocks that one transaction of a trim looks at. */
  trimBlocks: 256,
  /** Bytes of a field or timer key that stand in a key of the store; longer ones end in their hash. */
  keyTailBytes: 1_900,
  topics: 65_535,
  partitions: 1_024,
  /** A lock that another machine holds counts as given up when it was not renewed for this long. */
  lockStaleMs: 10_000,
  lockRenewMs: 2_000,
} as const;
