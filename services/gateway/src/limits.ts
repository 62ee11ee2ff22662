/** Everything that is held, waited for or counted at the gateway has a limit with a name. Times in ms. */
export const GATEWAY_LIMITS = {
  /** What a sender waits for the log; the shortest patience among senders is 5 s. */
  ackMs: 4_000,
  /** How long a body that is read as a whole waits for room below, before it is refused. */
  roomMs: 500,
  /** Bytes of bodies, lines and appends that are in the process at the same time, of all requests. */
  heldBytes: 67_108_864,
  /** Of a body that a hook takes: it is kept in the record, and a record has a limit too. */
  hookBytes: 1_000_000,
  /** Records and bytes that one request appends at once; the next ones are read meanwhile. */
  windowRecords: 1_000,
  windowBytes: 524_288,
  /** Refusals that one answer lists; with more nothing further is read. */
  refusals: 1_000,
  /** A sender that is silent for so long in the middle of a body. */
  silentMs: 10_000,
  /** After this much waiting for one body, a sender slower than `bytesPerSecond` is refused. */
  slowAfterMs: 20_000,
  bytesPerSecond: 512,
  /** Of a packed body: past the first `packedFreeBytes`, more than this from one byte is a bomb. */
  unpackedPerByte: 100,
  packedFreeBytes: 1_048_576,
  /** What a sender that was answered early may still send before its connection is closed. */
  lingerMs: 2_000,
  /** From a connection's start to the end of a request's headers. */
  headersMs: 10_000,
  /** A tenant may be this far ahead of its rate. */
  burstMs: 1_000,
  /** Requests under way may end within this when the service stops. */
  drainMs: 10_000,
  /** Between a signature's time and ours. */
  toleranceMs: 300_000,
} as const;

export type GatewayLimits = { readonly [Name in keyof typeof GATEWAY_LIMITS]: number };
