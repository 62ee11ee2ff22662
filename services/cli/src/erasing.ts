import { systemClock } from '@callfold/adapters';
import type { Settings, Tombstone } from '@callfold/core';
import { ERASE_HEADER, ERASURE_RECORDS_MAX, erasureText, spanText, subjectKey, utf8Bytes } from '@callfold/core';
import type { At } from '@callfold/engine';
import { placeText, Refused, ROLES } from '@callfold/engine';
import { isoTime } from '@callfold/schemas';
import type { Context } from './command.ts';
import type { EraseFound } from './erase-search.ts';
import { lookAtStates, nameRecords } from './erase-search.ts';
import type { Site } from './site.ts';

/** What `callfold erase` writes, waits for, and says. */

const POLL_MS = 200;

/** Nothing is left that an erasure would take. */
export function isGone({ aggregates, named }: EraseFound): boolean {
  return named.size === 0 && aggregates.projector === 'erased' && aggregates.outcomes === 'erased';
}

function erasureRecord({ tenantId, subjectId }: EraseFound, named: readonly Tombstone[]) {
  const headers = [{ name: ERASE_HEADER, value: utf8Bytes(erasureText(named)) }];
  return { key: utf8Bytes(subjectKey(tenantId, subjectId)), value: null, headers };
}

/** Into the subject's own raw partition; a subject of very many records needs several. */
export async function writeErasures(site: Site, found: readonly EraseFound[]): Promise<number> {
  let written = 0;
  for (const one of found) {
    const named = [...one.named.values()];
    const records = [];
    for (let from = 0; from === 0 || from < named.length; from += ERASURE_RECORDS_MAX) {
      records.push(erasureRecord(one, named.slice(from, from + ERASURE_RECORDS_MAX)));
    }
    await site.writer.append(one.at, records);
    written += records.length;
  }
  return written;
}

async function waitFor(site: Site, at: At, upTo: number, stop: Context['stop'], waitMs: number): Promise<void> {
  for (const until = Date.now() + waitMs; !stop.requested; await systemClock.sleep(POLL_MS)) {
    const positions = await Promise.all(ROLES.map(async (role) => (await site.store(role).peek(at))?.next ?? 0));
    if (positions.every((next) => next >= upTo)) return;
    if (Date.now() < until) continue;
    const behind = ROLES.filter((_, index) => (positions[index] ?? 0) < upTo).join(' and ');
    throw new Refused(
      `${placeText(at)}: the erasure stands in the log before offset ${upTo}, and ${behind} has not come to it. ` +
        'It keeps: start the service (`callfold status`), then run this again to see what is left.',
    );
  }
}

/** Until both roles have folded the erasures and nothing stands any more. */
export async function untilGone(
  site: Site,
  found: readonly EraseFound[],
  settings: Settings,
  context: Context,
  waitMs: number,
): Promise<void> {
  const { stop, say } = context;
  for (const at of new Map(found.map((one) => [placeText(one.at), one.at])).values()) {
    await waitFor(site, at, (await site.log('outcomes').bounds(at)).end, stop, waitMs);
  }
  for (const until = Date.now() + waitMs; !stop.requested; await systemClock.sleep(POLL_MS)) {
    await nameRecords({ site, stop, say }, found, settings);
    for (const one of found) await lookAtStates(site, one);
    if (found.every(isGone)) return;
    if (Date.now() < until) continue;
    throw new Refused('The erasures are folded, and not all of their tombstones stand yet: run this again to see.');
  }
}

/** How long a topic keeps what is in it, epoch ms; null: for ever, or nobody said. */
export type Keeping = ReadonlyMap<string, number | null>;

function untilText(keeping: Keeping, topic: string, lastLoggedAt: number | null): string {
  const ms = keeping.get(topic) ?? null;
  if (ms === null) return 'for as long as its topic keeps records';
  const until = lastLoggedAt === null ? '' : `, so until about ${isoTime(lastLoggedAt + ms)}`;
  return `for ${spanText(ms)} after they were logged${until}`;
}

export function foundJson(one: EraseFound, keeping: Keeping): Record<string, unknown> {
  const { named, lastLoggedAt, at, ...rest } = one;
  const ms = keeping.get(at.topic) ?? null;
  return {
    ...rest,
    ...at,
    records: [...named.values()],
    rawUntil: lastLoggedAt === null || ms === null ? null : isoTime(lastLoggedAt + ms),
    gone: isGone(one),
  };
}

/** One subject, in words. */
export function foundText(one: EraseFound, keeping: Keeping, deadLetters: string): string {
  const { kind, source, tenantId, subjectId, at, raw, lastLoggedAt, aggregates, named, letters } = one;
  const lines = [`${kind} ${subjectId} of tenant ${tenantId}, told by ${source} (${placeText(at)}):`];
  const states = ROLES.map((role) => `${role} ${aggregates[role] === 'there' ? 'has it' : aggregates[role]}`);
  lines.push(`    state: ${states.join(', ')}`, `    ${named.size} derived records stand`);
  for (const { topic, outcomeId } of named.values()) lines.push(`        ${topic} ${outcomeId}`);
  if (raw > 0) lines.push(`    ${raw} raw events: their bytes stay ${untilText(keeping, at.topic, lastLoggedAt)}`);
  if (letters > 0) lines.push(`    ${letters} dead letters: their bytes stay ${untilText(keeping, deadLetters, null)}`);
  return `${lines.join('\n')}\n`;
}
