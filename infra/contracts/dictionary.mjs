// @ts-check
/** docs/data-dictionary.md: every field of every topic in words. */

import { contracts, columnsOf, isTime } from './columns.mjs';
import { postgresType } from './postgres.mjs';

/** @typedef {import('./columns.mjs').ValueType} ValueType */

/** @param {ValueType} type @returns {string} as Avro and JSON have it, for people */
function typeText(type) {
  if (isTime(type)) return 'time';
  if (typeof type === 'string') return type;
  if (type.type === 'array') return `list of ${typeText(type.items)}`;
  if (type.type === 'map') return `map of ${typeText(type.values)}`;
  if (type.type === 'record') return type.name;
  throw new Error(`no words for ${JSON.stringify(type)}`);
}

/** @param {ValueType} type @returns {import('./columns.mjs').RecordSchema | null} */
function recordIn(type) {
  if (typeof type === 'string') return null;
  if (type.type === 'record') return type;
  if (type.type === 'array') return recordIn(type.items);
  return type.type === 'map' ? recordIn(type.values) : null;
}

/** @param {string} text */
const cell = (text) => text.replaceAll('|', '\\|');

/**
 * @param {import('./columns.mjs').RecordSchema} schema
 * @param {string} prefix
 * @param {boolean} hasTable
 * @returns {string[]}
 */
function rows(schema, prefix, hasTable) {
  return columnsOf(schema).flatMap(({ name, type, nullable, doc, values }) => {
    const words = values ? ` One of ${values.map((value) => `\`${value}\``).join(', ')}.` : '';
    const inner = recordIn(type);
    const sql = hasTable ? ` ${prefix ? '' : postgresType(type)} |` : '';
    const line = `| \`${prefix}${name}\` | ${typeText(type)}${nullable ? ' or null' : ''} |${sql} ${cell(doc + words)} |`;
    return [line, ...(inner ? rows(inner, `${prefix}${name}.`, hasTable) : [])];
  });
}

/** @param {import('./columns.mjs').Contract} contract */
function section({ topic, table, schema, spec }) {
  const hasTable = spec.shape === 'table';
  const head = hasTable
    ? '| field | type | in Postgres | what it means |\n|---|---|---|---|'
    : '| field | type | what it means |\n|---|---|---|';
  const where = hasTable ? ` Table \`callfold.${table}\`.` : '';
  return `## ${topic}

${schema.doc}${where}

${head}
${rows(schema, '', hasTable).join('\n')}
`;
}

export function renderDictionary() {
  const all = contracts();
  const derived = all.filter(({ topic }) => !topic.startsWith('callfold.raw.'));
  const raw = all.filter(({ topic }) => topic.startsWith('callfold.raw.'));
  return `# Data dictionary

<!-- Written by \`npm run contracts\` from schemas/avro: edit those, not this file. -->

Every field of every topic. Names are the same in Avro, JSON, Parquet, CSV and Postgres. A \`time\` is a
\`timestamp-millis\` in Avro, ISO 8601 UTC with milliseconds in JSON and CSV, a timestamp in Parquet and Postgres. Lists
of values may grow with a new version: a reader keeps a word that it does not know. How to read the topics:
[consuming.md](consuming.md). Why a record says what it says: [outcomes.md](outcomes.md). The same for machines:
[contracts/asyncapi.yaml](contracts/asyncapi.yaml), [contracts/postgres.sql](contracts/postgres.sql),
[contracts/dbt/sources.yml](contracts/dbt/sources.yml).

${[...derived, ...raw].map(section).join('\n')}`;
}
