/**
 * Writes src/generated.ts from avro/ and frozen/: `npm run generate -w schemas`.
 * `npm run freeze -w schemas` first copies every schema that no frozen version equals to the next version: frozen
 * versions that were shipped are never edited, because records written with them stand in topics for years.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const AVRO = join(HERE, 'avro');
const FROZEN = join(HERE, 'frozen');
export const TARGET = join(HERE, 'src', 'generated.ts');
const WIDTH = 118;

/** @returns {{ topic: string, file: string, text: string, schema: any }[]} in order of topic. */
export function currentSchemas() {
  const names = readdirSync(AVRO).filter((name) => name.endsWith('.avsc'));
  return names.sort().map((name) => {
    const text = readFileSync(join(AVRO, name), 'utf8');
    return { topic: `callfold.${name.slice(0, -'.avsc'.length)}`, file: name, text, schema: parse(text, name) };
  });
}

/** @returns {{ version: number, path: string, text: string, schema: any }[]} of one topic, oldest first. */
export function frozenSchemas(topic) {
  const dir = join(FROZEN, topic.slice('callfold.'.length));
  let names = [];
  try {
    names = readdirSync(dir);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  const found = names.map((name) => {
    const version = /^v([1-9][0-9]*)\.avsc$/.exec(name);
    if (!version) throw new Error(`${join(dir, name)}: frozen schemas are named v1.avsc, v2.avsc, and so on`);
    const path = join(dir, name);
    const text = readFileSync(path, 'utf8');
    return { version: Number(version[1]), path, text, schema: parse(text, path) };
  });
  return found.sort((a, b) => a.version - b.version);
}

function parse(text, path) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${path} is not JSON: ${error.message}`, { cause: error });
  }
}

/** A schema less what readers and writers of bytes do not need. */
function bare(type) {
  if (Array.isArray(type)) return type.map(bare);
  if (typeof type !== 'object') return type;
  const { doc: _doc, 'callfold.values': _values, ...rest } = type;
  if (rest.type === 'record')
    return { ...rest, fields: rest.fields.map((field) => ({ ...bare(field), type: bare(field.type) })) };
  if (rest.type === 'array') return { ...rest, items: bare(rest.items) };
  if (rest.type === 'map') return { ...rest, values: bare(rest.values) };
  return rest;
}

const isTime = (type) => type?.logicalType === 'timestamp-millis';

/** Every record defined in a schema, inner ones first. */
function recordsIn(type) {
  if (Array.isArray(type)) return type.flatMap(recordsIn);
  if (typeof type !== 'object') return [];
  if (type.type === 'record') return [...type.fields.flatMap((field) => recordsIn(field.type)), type];
  return recordsIn(type.items ?? type.values ?? 'null');
}

function typescript(type, values) {
  if (Array.isArray(type)) {
    const [first, ...others] = type;
    if (first !== 'null' || others.length !== 1)
      throw new Error(`a union must be null and one type: ${JSON.stringify(type)}`);
    return `${typescript(others[0], values)} | null`;
  }
  if (type === 'string' && values) return values.map((value) => `'${value}'`).join(' | ');
  if (typeof type === 'string') {
    const simple = { string: 'string', boolean: 'boolean', int: 'number', long: 'number', bytes: 'Uint8Array' };
    return simple[type] ?? type;
  }
  if (isTime(type)) return 'number';
  if (type.type === 'record') return type.name;
  if (type.type === 'map') return `Readonly<Record<string, ${typescript(type.values, values)}>>`;
  if (type.type === 'array') {
    const items = typescript(type.items, values);
    return `readonly ${items.includes('|') ? `(${items})` : items}[]`;
  }
  throw new Error(`no TypeScript type for ${JSON.stringify(type)}`);
}

function comment(doc, indent) {
  const lines = [];
  let line = '';
  for (const word of doc.replaceAll('*/', '* /').split(' ')) {
    if (line && indent.length + 3 + line.length + 1 + word.length > WIDTH - 4) {
      lines.push(line);
      line = word;
    } else {
      line = line ? `${line} ${word}` : word;
    }
  }
  lines.push(line);
  if (lines.length === 1) return `${indent}/** ${line} */\n`;
  return `${indent}/**\n${lines.map((one) => `${indent} * ${one}\n`).join('')}${indent} */\n`;
}

function property({ name, type, doc, 'callfold.values': values }) {
  const text = typescript(type, values);
  const line = `  readonly ${name}: ${text};\n`;
  if (line.length <= WIDTH) return comment(doc, '  ') + line;
  const choices = text.split(' | ').map((one) => `\n    | ${one}`);
  return `${comment(doc, '  ')}  readonly ${name}:${choices.join('')};\n`;
}

function timeFields(record, prefix = '') {
  return record.fields.flatMap(({ name, type }) => {
    const inner = Array.isArray(type) ? type[1] : type;
    if (isTime(inner)) return [prefix + name];
    const nested = inner.type === 'array' ? inner.items : inner;
    return nested.type === 'record' ? timeFields(nested, `${prefix}${name}.`) : [];
  });
}

/** The JSON form of one value, as source text; null where it is the value itself. */
function jsonOf(type, value) {
  if (Array.isArray(type)) {
    const inner = jsonOf(type[1], value);
    return inner && `${value} === null ? null : ${inner}`;
  }
  if (isTime(type)) return `isoTime(${value})`;
  if (type === 'bytes') return `toBase64(${value})`;
  if (type.type === 'record') return jsonFields(type) ? `${jsonName(type)}(${value})` : null;
  if (type.type === 'array') return jsonOf(type.items, 'one') && `${value}.map((one) => ${jsonOf(type.items, 'one')})`;
  if (type.type === 'map' && jsonOf(type.values, 'one'))
    throw new Error('a map of times or bytes has no JSON form yet');
  return null;
}

const jsonName = (record) => `json${record.name}`;
const jsonFields = (record) => record.fields.some(({ type }) => jsonOf(type, 'r') !== null);

/** Written out as a literal: filled by name in a loop it takes ten times as long. */
function jsonWriter(record) {
  const lines = record.fields.map(({ name, type }) => `    ${name}: ${jsonOf(type, `r.${name}`) ?? `r.${name}`},\n`);
  const head = `function ${jsonName(record)}(r: ${record.name}): Record<string, unknown> {`;
  return `${head}\n  return {\n${lines.join('')}  };\n}\n`;
}

/** One line a field, so that a change shows as the lines it changes. */
function literal(schema) {
  const { fields, ...head } = schema;
  const lines = fields.map((field) => `      ${JSON.stringify(field)},\n`);
  return `{\n    ${JSON.stringify(head).slice(1, -1)},\n    "fields": [\n${lines.join('')}    ],\n  }`;
}

/** The whole of src/generated.ts. */
export function render() {
  const all = currentSchemas();
  const records = new Map();
  for (const record of all.flatMap(({ schema }) => recordsIn(schema))) {
    const known = records.get(record.name);
    if (known && JSON.stringify(known) !== JSON.stringify(record)) {
      throw new Error(`record ${record.name} is defined twice, differently: it has one meaning in all topics`);
    }
    records.set(record.name, record);
  }
  const types = [...records.values()].map(
    (record) => `${comment(record.doc, '')}export type ${record.name} = {\n${record.fields.map(property).join('')}};\n`,
  );
  const byTopic = (value) => all.map((one) => `  '${one.topic}': ${value(one)},\n`).join('');
  return `// biome-ignore-all format: written by generate.mjs; \`npm run generate -w schemas\` renews it.
/** Generated from the Avro schemas: edit those, not this file. Times are epoch milliseconds in UTC. */

import { toBase64 } from './base64.ts';
import type { RecordSchema } from './record-schema.ts';
import { isoTime } from './time.ts';

${types.join('\n')}
/** Every topic that has a schema, with its record. */
export type RecordByTopic = {
${all.map(({ topic, schema }) => `  readonly '${topic}': ${schema.name};\n`).join('')}};

export type Topic = keyof RecordByTopic;

/** Paths of the fields that hold times. */
export const TIME_FIELDS: Readonly<Record<Topic, readonly string[]>> = {
${byTopic(
  ({ schema }) =>
    `[${timeFields(schema)
      .map((path) => `'${path}'`)
      .join(', ')}]`,
)}};

${[...records.values()].filter(jsonFields).map(jsonWriter).join('\n')}
/** The JSON form by topic: times as ISO 8601 UTC, bytes as base64. */
export const JSON_WRITERS: { readonly [T in Topic]: (record: RecordByTopic[T]) => Record<string, unknown> } = {
${byTopic(({ schema }) => jsonName(schema))}};

/** The schemas as they are registered. */
export const SCHEMAS: Readonly<Record<Topic, RecordSchema>> = {
${byTopic(({ schema }) => literal(schema))}};

/** Every version that was ever shipped, oldest first, less its words: what old records were written with. */
export const FROZEN: Readonly<Record<Topic, readonly RecordSchema[]>> = {
${byTopic(
  ({ topic }) =>
    `[\n${frozenSchemas(topic)
      .map(({ schema }) => `    ${JSON.stringify(bare(schema))},\n`)
      .join('')}  ]`,
)}};
`;
}

/** Copies each schema that its newest frozen version does not equal. @returns {string[]} the files written. */
function freeze() {
  return currentSchemas().flatMap(({ topic, text, schema }) => {
    const newest = frozenSchemas(topic).at(-1);
    if (newest && JSON.stringify(bare(newest.schema)) === JSON.stringify(bare(schema))) return [];
    const path = join(FROZEN, topic.slice('callfold.'.length), `v${(newest?.version ?? 0) + 1}.avsc`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: 'wx' });
    return [path];
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--freeze')) for (const path of freeze()) process.stderr.write(`froze ${path}\n`);
  writeFileSync(TARGET, render());
  process.stderr.write(`wrote ${TARGET}\n`);
}
