// @ts-check
/** The same tables as a source of dbt, with their words and what holds of them as tests. */

import { stringify } from 'yaml';
import { derivedContracts } from './columns.mjs';
import { postgresType } from './postgres.mjs';

/** @param {import('./columns.mjs').Column} column */
function columnOf({ name, type, nullable, doc, values }) {
  const tests = [
    ...(name === 'outcomeId' ? ['unique'] : []),
    ...(nullable ? [] : ['not_null']),
    // Lists may grow with a new version of callfold: worth a look, no failure.
    ...(values && type === 'string' ? [{ accepted_values: { values, config: { severity: 'warn' } } }] : []),
  ];
  return {
    name,
    description: doc,
    data_type: postgresType(type),
    quote: true,
    ...(tests.length > 0 && { data_tests: tests }),
  };
}

export function renderDbt() {
  const source = {
    name: 'callfold',
    schema: 'callfold',
    description: 'What became of calls, chats and agents: one row a record, its highest revision.',
    tables: derivedContracts().map(({ topic, table, schema, columns }) => ({
      name: table,
      description: `${topic}: ${schema.doc}`,
      columns: columns.map(columnOf),
    })),
  };
  const head = `# Written by \`npm run contracts\` from schemas/avro: edit those, not this file.
# A source of dbt (1.8 and newer) over the tables of ../postgres.sql.
`;
  return head + stringify({ version: 2, sources: [source] }, { lineWidth: 0, aliasDuplicateObjects: false });
}
