// @ts-check
/** Tables for Postgres, and the upsert that keeps the highest revision. */

import { derivedContracts, isTime } from './columns.mjs';

/** @typedef {import('./columns.mjs').ValueType} ValueType */

/** @type {Readonly<Record<string, string>>} */
const SIMPLE = { string: 'text', boolean: 'boolean', int: 'integer', long: 'bigint', bytes: 'bytea' };

/** @param {ValueType} type @returns {string} */
export function postgresType(type) {
  if (isTime(type)) return 'timestamp(3) with time zone';
  if (typeof type === 'string') return SIMPLE[type] ?? unknownType(type);
  if (type.type === 'array' && typeof type.items === 'string') return `${postgresType(type.items)}[]`;
  // Lists of records, maps and records: as they are in JSON.
  return 'jsonb';
}

/** @param {ValueType} type @returns {never} */
function unknownType(type) {
  throw new Error(`no type of Postgres for ${JSON.stringify(type)}`);
}

/** Names are those of the record, so that a sink finds its columns; a mixed case wants quotes. @param {string} name */
const quoted = (name) => `"${name}"`;
/** @param {string} text */
const literal = (text) => `'${text.replaceAll("'", "''")}'`;

/** @param {import('./columns.mjs').Contract} contract */
function tableSql({ topic, table, schema, columns }) {
  const name = `callfold.${table}`;
  const lines = columns.map(
    (column) => `  ${quoted(column.name)} ${postgresType(column.type)}${column.nullable ? '' : ' NOT NULL'},`,
  );
  const comments = columns.map(
    (column) => `COMMENT ON COLUMN ${name}.${quoted(column.name)} IS ${literal(column.doc)};`,
  );
  const sets = columns
    .filter((column) => column.name !== 'outcomeId')
    .map((column) => `    ${quoted(column.name)} = excluded.${quoted(column.name)}`);
  return `CREATE TABLE ${name} (
${lines.join('\n')}
  PRIMARY KEY ("outcomeId")
);

COMMENT ON TABLE ${name} IS ${literal(`${topic}: ${schema.doc}`)};
${comments.join('\n')}

-- One record of ${topic} in its JSON form. A lower revision, or the same
-- one again, changes nothing.
CREATE FUNCTION callfold.upsert_${table}(record jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO ${name} SELECT * FROM jsonb_populate_record(NULL::${name}, record)
  ON CONFLICT ("outcomeId") DO UPDATE SET
${sets.join(',\n')}
  WHERE excluded."revision" > ${table}."revision"
$$;
`;
}

export function renderPostgres() {
  return `-- Written by \`npm run contracts\` from schemas/avro: edit those, not this file.
-- Tables of the derived records for Postgres 12 and newer. Columns have the records' own names;
-- docs/data-dictionary.md says what they mean, docs/consuming.md how to fill them.

CREATE SCHEMA callfold;

${derivedContracts().map(tableSql).join('\n')}`;
}
