import type { Decode, Shape } from './avsc.ts';
import { createDecode } from './avsc.ts';
import { checkSchemaSize } from './schema-size.ts';
import type { SchemaSource } from './schema-source.ts';
import { isUnusable } from './schema-source.ts';

/** Schemas kept in memory; the oldest go first. A registry of this project has some dozens. */
const SCHEMAS_MAX = 10_000;
/** Ids known to be unknown. Broken records can name any id, one each. */
const UNKNOWN_MAX = 100_000;
/** After this an unknown id is asked for again: registries have replicas, and those lag. */
const UNKNOWN_AGAIN_MS = 60_000;
const QUESTIONS_AT_ONCE = 8;

type Known = {
  readonly schema: object;
  /** By shape, how it is read, or why it cannot be. */
  readonly readings: Map<Shape, Decode | string>;
};

/** What a schema source said, kept, so that decoding need not wait. */
export type KnownSchemas = {
  /** Whether `learn` has to be called for this id. */
  readonly isNew: (id: number) => boolean;
  /** Asks for the ids. Throws when the source is away; what was learnt by then is kept. */
  readonly learn: (ids: Iterable<number>) => Promise<void>;
  readonly add: (id: number, schema: object) => void;
  /** How values of this schema are read as the shape; a text says why they cannot be, null: there is no such schema. */
  readonly reading: (id: number, shape: Shape) => Decode | string | null;
};

/** @param now epoch ms. */
export function createKnownSchemas(source: SchemaSource, now: () => number): KnownSchemas {
  const known = new Map<number, Known>();
  /** When the source said that there is none. */
  const unknown = new Map<number, number>();
  const asked = new Map<number, Promise<void>>();

  function isNew(id: number): boolean {
    if (known.has(id) || id < 1) return false;
    const askedAt = unknown.get(id);
    return askedAt === undefined || now() - askedAt >= UNKNOWN_AGAIN_MS;
  }

  function add(id: number, schema: object): void {
    if (!known.has(id)) known.set(id, { schema, readings: new Map() });
    unknown.delete(id);
    forgetOldest(known, SCHEMAS_MAX);
  }

  async function ask(id: number): Promise<void> {
    const schema = await source.schema(id);
    if (schema) {
      add(id, schema);
    } else {
      unknown.delete(id);
      unknown.set(id, now());
      forgetOldest(unknown, UNKNOWN_MAX);
    }
  }

  /** Partitions that meet a new id at the same time share one question. */
  function askOnce(id: number): Promise<void> {
    const running = asked.get(id);
    if (running) return running;
    const question = ask(id).finally(() => asked.delete(id));
    asked.set(id, question);
    return question;
  }

  async function learn(ids: Iterable<number>): Promise<void> {
    const wanted = [...ids].filter(isNew);
    for (let i = 0; i < wanted.length; i += QUESTIONS_AT_ONCE) {
      await Promise.all(wanted.slice(i, i + QUESTIONS_AT_ONCE).map(askOnce));
    }
  }

  function reading(id: number, shape: Shape): Decode | string | null {
    const entry = known.get(id);
    if (entry) {
      const found = entry.readings.get(shape) ?? readingOf(entry.schema, shape);
      entry.readings.set(shape, found);
      return found;
    }
    if (id < 1 || unknown.has(id)) return null;
    throw new Error(`schema ${id} was not asked for yet: \`prepare\` comes before decoding`);
  }

  return { isNew, learn, add, reading };
}

function readingOf(schema: object, shape: Shape): Decode | string {
  if (isUnusable(schema)) return schema.unusable;
  try {
    checkSchemaSize(schema);
    return createDecode(schema, shape);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function forgetOldest(map: Map<number, unknown>, max: number): void {
  for (const id of map.keys()) {
    if (map.size <= max) return;
    map.delete(id);
  }
}
