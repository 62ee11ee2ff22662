import type { At } from '@callfold/engine';

/**
 * The way from a port to the memory behind it, as a network would be: it may run the call late, twice or never, and may
 * lose its answer. What a client stamps on a call (an epoch, a commit's number) is stamped before the link, what a
 * server checks is checked in `run`.
 */
export type Link = <T>(call: string, at: At, run: () => T) => Promise<T>;

/** A link on which nothing is ever late or lost. */
export const directLink: Link = async (_call, _at, run) => run();

export const placeName = (at: At): string => `${at.topic}/${at.partition}`;
