import { TOPICS } from '@callfold/core';

/** Where schemas have their ids from: a registry, or the code's own list for the embedded store. */
export type SchemaSource = {
  /** The schema with this id; null when the source has confirmed that there is none. Throws when it is away. */
  schema(id: number): Promise<object | null>;
  /** Makes the topic's current schema known and answers its id; the same one when it is known already. */
  register(topic: string): Promise<number>;
};

/** What `schema` answers for an id that exists but holds no Avro schema that can be used. */
export type Unusable = { readonly unusable: string };

export function isUnusable(schema: object): schema is Unusable {
  return 'unusable' in schema;
}

/** @returns ids by topic. Throws `Refused` when the source does not take a schema, another error when it is away. */
export async function registerAll(
  source: SchemaSource,
  topics: readonly string[] = TOPICS.map(({ name }) => name),
): Promise<ReadonlyMap<string, number>> {
  const ids = new Map<string, number>();
  // One after the other: a registry that gives ids out may have to make each of them.
  for (const topic of topics) ids.set(topic, await source.register(topic));
  return ids;
}
