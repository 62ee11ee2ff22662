import { fingerprint } from '@callfold/core';
import type { Meta } from './checkpoint.ts';
import { decodeMeta, emptyMeta, hashOfRecord } from './checkpoint.ts';
import type { Entry } from './outbox.ts';
import { decodeEntry } from './outbox.ts';
import type { At, Claim, Signal, Stored } from './ports.ts';
import { Refused } from './ports.ts';
import { missingOf } from './relay.ts';
import { Left } from './retry.ts';
import type { EngineOptions } from './role.ts';
import type { Standing } from './standing.ts';
import { createStanding, readStanding } from './standing.ts';

/** What an owner starts from, once it may. */
export type Claimed = {
  readonly claim: Claim;
  /** As stored; null before the first commit. */
  readonly stored: number | null;
  readonly position: number;
  readonly end: number;
  readonly partitions: number;
  readonly meta: Meta;
  /** Outbox entries that do not stand in their topics yet, by number. */
  readonly unsent: readonly { readonly number: number; readonly entry: Entry }[];
  readonly standing: Standing | null;
};

const name = ({ topic, partition }: At): string => `${topic} partition ${partition}`;

function checkMeta(at: At, role: string, meta: Meta, settings: string, partitions: number): void {
  if (meta.partitions !== partitions) {
    throw new Refused(
      `${name(at)}: the topic has ${partitions} partitions, ${role}'s state was made with ${meta.partitions}. ` +
        'Subjects have moved to other partitions: rebuild the state (`callfold rebuild`).',
    );
  }
  if (meta.settings === settings) return;
  const [was, now] = [meta.settings.split(' '), settings.split(' ')];
  const gone = was.filter((one) => !now.includes(one)).join(', ');
  const come = now.filter((one) => !was.includes(one)).join(', ');
  throw new Refused(
    `${name(at)}: ${role}'s state was made with ${gone || `no ${come}`}, and it is different now. ` +
      'Set it back, or rebuild the state with the new settings (`callfold rebuild`).',
  );
}

async function checkLog(
  options: EngineOptions,
  at: At,
  next: number,
  meta: Meta,
  start: number,
  end: number,
): Promise<void> {
  if (next < start) {
    throw new Refused(
      `${name(at)}: ${start - next} records between the position ${next} and the log's start ${start} are gone ` +
        '(retention passed it, or the topic was made anew). Rebuild from what is left or from an archive (`callfold rebuild`).',
    );
  }
  if (next > end) {
    throw new Refused(
      `${name(at)}: the log ends at ${end}, before the position ${next}: it was truncated or the topic was made anew. ` +
        'Check the topic, then rebuild (`callfold rebuild`).',
    );
  }
  if (meta.last === null || meta.last.offset < start) return;
  const record = await options.ports.log.readOne(at, meta.last.offset);
  if (record && hashOfRecord(record) === meta.last.hash) return;
  throw new Refused(
    `${name(at)}: the record at offset ${meta.last.offset} is not the one that was folded: the topic was made anew or its end was ` +
      'rewritten. Check the topic, then rebuild (`callfold rebuild`).',
  );
}

/** The state is gone, and something shows that there was one. */
async function checkFirst(options: EngineOptions, at: At, topics: readonly string[]): Promise<void> {
  const { log, publisher } = options.ports;
  const lost = (witness: string): Refused =>
    new Refused(
      `${name(at)}: ${options.role.name} has no checkpoint in its store, but ${witness}. The store lost its state: ` +
        'run `callfold recover`, which folds again and publishes only what is missing.',
    );
  const witness = await log.witness(at);
  if (witness !== null) throw lost(`its group has read up to offset ${witness}`);
  if (!publisher) return;
  const { records } = await readStanding(publisher, at, topics, {});
  const first = records[0];
  if (first) throw lost(`${first.topic} holds records of this partition`);
}

/** Fences the earlier owners, and tells what of theirs stands. */
async function takeOver(options: EngineOptions, at: At, topics: readonly string[], meta: Meta) {
  const { publisher, store, codec } = options.ports;
  if (!publisher) return { meta, unsent: [], standing: null };
  await publisher.fence(at, topics);
  const [{ records, ends }, outbox] = await Promise.all([
    readStanding(publisher, at, topics, meta.published),
    store.outbox(at),
  ]);
  const entries = outbox
    .filter(({ number }) => number >= meta.outboxFirst && number < meta.outboxNext)
    .map(({ number, entry }) => ({ number, entry: decodeEntry(entry) }));
  const missing = new Set(
    missingOf(
      entries.map(({ entry }) => entry),
      records,
      at,
    ),
  );
  // Beyond what the state knows of: it lost the commits that these came from.
  const beyond = records.filter((record) => record.seq >= (meta.seqs[record.topic] ?? 0));
  // An owner of another version may have written them, with schemas not met here yet.
  await codec.prepare(beyond);
  const seqs: Record<string, number> = { ...meta.seqs };
  for (const { topic, seq } of beyond) seqs[topic] = Math.max(seqs[topic] ?? 0, seq + 1);
  return {
    meta: { ...meta, seqs, published: missing.size === 0 ? { ...meta.published, ...ends } : meta.published },
    unsent: entries.filter(({ entry }) => missing.has(entry)),
    standing: beyond.length > 0 ? createStanding(beyond, codec) : null,
  };
}

/**
 * The whole of the claim: epoch and token, the checkpoint held against log and settings, fence, read-back.
 * @throws Left when it is not wanted any more: taken all the same, the partition would be lost to its next owner.
 */
export async function claimPartition(
  options: EngineOptions,
  at: At,
  topics: readonly string[],
  token: string,
  above: number | undefined,
  signal: Signal,
): Promise<Claimed> {
  const { log, store } = options.ports;
  const goOn = (): void => {
    if (signal.aborted) throw new Left(`claiming ${name(at)}`);
  };
  goOn();
  const settings = fingerprint(options.settings);
  const [partitions, { start, end }, before] = await Promise.all([
    log.partitions(at.topic),
    log.bounds(at),
    store.peek(at),
  ]);
  if (before?.next === null || before === null) await checkFirst(options, at, topics);
  goOn();
  const stored: Stored = await store.claim(at, token, above);
  const known = stored.meta === null ? emptyMeta(settings, partitions) : decodeMeta(stored.meta);
  const position = stored.next ?? start;
  if (stored.next !== null) {
    checkMeta(at, options.role.name, known, settings, partitions);
    await checkLog(options, at, position, known, start, end);
  }
  const { meta, unsent, standing } = await takeOver(options, at, topics, known);
  return { claim: stored.claim, stored: stored.next, position, end, partitions, meta, unsent, standing };
}
