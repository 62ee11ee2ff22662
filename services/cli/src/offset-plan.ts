import { createHash } from 'node:crypto';
import { rawTopic, SOURCES } from '@callfold/core';
import { Refused, ROLES, timeFrom } from '@callfold/engine';
import { WrongArgument } from './command.ts';
import { readOffset } from './points.ts';
import type { RoleName, Site } from './site.ts';

/**
 * Offsets of partitions as a file keeps them: a plan of `callfold offsets --json`, which knows of which log it was made
 * and is refused when that has changed, or the lines of Kafka's own tools, `topic,partition,offset`.
 */

export type Planned = {
  readonly role: RoleName;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Append time of the first record from there on, epoch ms; null: there was none. */
  readonly recordAt: number | null;
};

export type Listed = {
  /** Null: lines of another tool, which know nothing of the log. */
  readonly plan: string | null;
  readonly rows: readonly (Omit<Planned, 'recordAt' | 'role'> & { readonly role?: RoleName })[];
  /** Those of a plan. */
  readonly planned: readonly Planned[];
};

const ID_CHARACTERS = 12;

const nameOf = ({ topic, partition }: { topic: string; partition: number }): string => `${topic}/${partition}`;

/** The same offsets of the same records have the same id. */
export function planId(rows: readonly Planned[]): string {
  const told = rows.map(({ role, topic, partition, offset, recordAt }) => [role, topic, partition, offset, recordAt]);
  return createHash('sha256').update(JSON.stringify(told)).digest('hex').slice(0, ID_CHARACTERS);
}

/** @throws WrongArgument with the line that is wrong */
export function readListed(text: string): Listed {
  const trimmed = text.trim();
  if (trimmed.startsWith('{')) return readPlan(trimmed);
  const rows = trimmed.split(/\r?\n/).map((line, index) => {
    const where = `line ${index + 1} of the file`;
    const [topic = '', number = '', offsetText = '', more] = line
      .split(',')
      .map((one) => one.trim().replaceAll('"', ''));
    const offset = readOffset(offsetText);
    if (more !== undefined || !/^\d{1,9}$/.test(number) || typeof offset === 'string') {
      throw new WrongArgument(`${where} is not topic,partition,offset: ${JSON.stringify(line.slice(0, 200))}`);
    }
    if (!SOURCES.some((source) => rawTopic(source) === topic)) {
      throw new WrongArgument(`${where}: ${JSON.stringify(topic)} is none of ${SOURCES.map(rawTopic).join(', ')}.`);
    }
    return { topic, partition: Number(number), offset };
  });
  const twice = rows.find((row, index) => rows.findIndex((other) => nameOf(other) === nameOf(row)) !== index);
  if (twice) throw new WrongArgument(`The file has ${nameOf(twice)} twice.`);
  return { plan: null, rows, planned: [] };
}

function isPlanned(value: unknown): value is Planned {
  if (typeof value !== 'object' || value === null) return false;
  const { role, topic, partition, offset, recordAt } = value as Record<string, unknown>;
  return (
    ROLES.some((name) => name === role) &&
    SOURCES.some((source) => rawTopic(source) === topic) &&
    Number.isSafeInteger(partition) &&
    Number.isSafeInteger(offset) &&
    (recordAt === null || Number.isSafeInteger(recordAt))
  );
}

function readPlan(text: string): Listed {
  let value: { readonly plan?: unknown; readonly partitions?: unknown };
  try {
    value = JSON.parse(text) as typeof value;
  } catch (error) {
    throw new WrongArgument(`The file is no plan: ${error instanceof Error ? error.message : String(error)}`);
  }
  const { plan, partitions } = value;
  if (typeof plan !== 'string' || !Array.isArray(partitions) || !partitions.every(isPlanned)) {
    throw new WrongArgument('The file is no plan: it is made by `callfold offsets ... --json > FILE`.');
  }
  if (planId(partitions) !== plan) {
    throw new WrongArgument(`The file was changed by hand: plan ${plan} is another one. Make it anew.`);
  }
  return { plan, rows: partitions, planned: partitions };
}

/** @throws Refused when the log is not the one any more that the plan was made of */
export async function checkFresh(site: Site, { plan, planned }: Listed): Promise<void> {
  const stale: string[] = [];
  for (const { role, topic, partition, offset, recordAt } of planned) {
    const at = { topic, partition };
    const log = site.log(role);
    const partitions = await site.partitions(topic);
    if (partition >= partitions) {
      stale.push(`${nameOf(at)} is gone: the topic has ${partitions} partitions`);
      continue;
    }
    const { start, end } = await log.bounds(at);
    if (offset < start) stale.push(`${nameOf(at)} begins at offset ${start} now, the plan's ${offset} is gone`);
    else if (offset > end) stale.push(`${nameOf(at)} ends at offset ${end} now, before the plan's ${offset}`);
    else if (recordAt !== null && (await timeFrom(log, at, offset)) !== recordAt) {
      stale.push(`${nameOf(at)} has another record at offset ${offset} now: the topic was made anew`);
    }
  }
  if (stale.length === 0) return;
  throw new Refused(`Plan ${plan} is stale: ${stale.join('; ')}. Make it anew: \`callfold offsets ... --json\`.`);
}
