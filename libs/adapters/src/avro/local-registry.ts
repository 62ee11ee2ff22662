import { createHash } from 'node:crypto';
import { FROZEN, isTopic, SCHEMAS } from '@callfold/schemas';
import { canonicalText } from './avsc.ts';
import type { SchemaSource } from './schema-source.ts';

/**
 * The embedded store's: no network, and the same id for the same schema on every machine and in every version, because
 * it is made of the schema itself. It knows every schema that was ever shipped.
 */
export function createLocalRegistry(): SchemaSource {
  const schemas = new Map<number, object>();
  for (const schema of [...Object.values(FROZEN).flat(), ...Object.values(SCHEMAS)]) {
    const id = idOfSchema(schema);
    const other = schemas.get(id);
    if (other && canonicalText(other) !== canonicalText(schema)) {
      throw new Error(`two schemas share the local id ${id}: rename a field of the newer, ${schema.name}`);
    }
    schemas.set(id, schema);
  }
  return {
    schema: (id) => Promise.resolve(schemas.get(id) ?? null),
    register(topic) {
      if (!isTopic(topic)) return Promise.reject(new Error(`no schema for topic ${topic}`));
      return Promise.resolve(idOfSchema(SCHEMAS[topic]));
    },
  };
}

/** The first 31 bits of a hash: ids are positive 32-bit numbers on the wire. */
function idOfSchema(schema: object): number {
  return createHash('sha256').update(canonicalText(schema)).digest().readInt32BE(0) & 0x7fff_ffff;
}
