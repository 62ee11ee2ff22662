/** What the store and the start-up checks need of a Redis client: `ioredis.ts` makes one. */

export type Argument = string | number | Buffer;

export type RedisClient = {
  /** For people, without a password. */
  readonly where: string;
  readonly kind: 'server' | 'sentinel' | 'cluster';
  /**
   * Sends one command, once. Strings in the answer are UTF-8. The key that decides where it goes in a cluster is the
   * command's first. Throws what `explainError` makes of a failure; an unanswered command may have been done.
   */
  call(command: string, args: readonly Argument[]): Promise<unknown>;
  /** The same, with bytes in the answer. */
  callBuffer(command: string, args: readonly Argument[]): Promise<unknown>;
  /** The answer of every server that takes writes: one, or each master of a cluster. */
  callMasters(
    command: string,
    args: readonly Argument[],
  ): Promise<readonly { readonly where: string; readonly answer: unknown }[]>;
  close(): Promise<void>;
};
