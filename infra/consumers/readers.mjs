// @ts-check
/** Readers of call outcomes that nobody here wrote. Each answers the latest revision of every record, by its id. */

import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { cacheDir } from '../parts/index.mjs';
import { findJava } from '../parts/jars.mjs';
import { ROOT } from '../test/process.mjs';
import { latestOf } from './records.mjs';

const POM = fileURLToPath(new URL('pom.xml', import.meta.url));
const OUTPUT_MAX_BYTES = 1_024 * 1_048_576;
const LIMIT_MS = 240_000;
const FRAME_BYTES = 4;

const execute = promisify(execFile);

/** @typedef {import('./records.mjs').Rows} Rows */
/** @typedef {{ brokers: string, registryUrl: string, topic: string, revisions: number }} Topic */

/** @param {string} text */
const linesOf = (text) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));

/** @param {string} file @returns {Promise<Rows>} */
export async function readParquet(file) {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  const rows = await connection.runAndReadAll(`SELECT to_json(t)::VARCHAR AS line FROM read_parquet('${file}') t`);
  const lines = rows.getRowObjects().map(({ line }) => JSON.parse(String(line)));
  connection.closeSync();
  return latestOf(lines);
}

/** @param {import('../parts/index.mjs').Postgres} postgres @param {string} table @returns {Promise<Rows>} */
export async function readPostgres(postgres, table) {
  return latestOf(
    linesOf(await postgres.psql(`SET timezone = 'UTC'; SELECT row_to_json(t) FROM callfold.${table} t;`)),
  );
}

/** @returns {string | null} why it cannot be used */
export function whyNoKcat() {
  const found = spawnSync('kcat', ['-V'], { stdio: 'ignore' });
  return found.error ? 'kcat is not here (Debian, Ubuntu: `apt-get install kcat`)' : null;
}

/**
 * kcat reads the records; Debian's is built without Avro, so the registry's own client decodes what it prints: each
 * value behind its length, in four bytes, -1 for none.
 * @param {Topic} topic
 * @returns {Promise<Rows>}
 */
export async function readByKcat({ brokers, registryUrl, topic }) {
  const args = ['-C', '-b', brokers, '-t', topic, '-o', 'beginning', '-e', '-q', '-f', '%R%s'];
  const { stdout } = await execute('kcat', [...args, '-X', 'isolation.level=read_committed'], {
    encoding: 'buffer',
    maxBuffer: OUTPUT_MAX_BYTES,
    timeout: LIMIT_MS,
  });
  const registry = new SchemaRegistry({ host: registryUrl });
  const records = [];
  for (let at = 0; at < stdout.length; ) {
    const length = stdout.readInt32BE(at);
    at += FRAME_BYTES;
    if (length < 0) continue;
    records.push(await registry.decode(stdout.subarray(at, at + length)));
    at += length;
  }
  return latestOf(records);
}

/** Fetched with Maven once; later from the cache. */
function classPath() {
  const name = createHash('sha256').update(readFileSync(POM)).digest('hex').slice(0, 8);
  const file = join(cacheDir, `consumers-${name}.classpath`);
  const isWhole = () => existsSync(file) && readFileSync(file, 'utf8').trim().split(delimiter).every(existsSync);
  if (isWhole()) return readFileSync(file, 'utf8').trim();
  mkdirSync(cacheDir, { recursive: true });
  const args = ['-B', '-q', '-f', POM, `-Dcallfold.classpath=${file}`, 'generate-resources'];
  const { status, error, stdout } = spawnSync('mvn', args, { encoding: 'utf8', timeout: LIMIT_MS });
  if (status !== 0)
    throw new Error(`Maven could not fetch the Java consumer: ${error?.message ?? stdout.slice(-2_000)}`);
  return readFileSync(file, 'utf8').trim();
}

/**
 * Kafka's console consumer with Apicurio's Avro deserializer, which knows nothing of callfold.
 * @param {Topic} topic
 * @returns {Promise<Rows>}
 */
export async function readByJava({ brokers, registryUrl, topic, revisions }) {
  const registry = new URL('/apis/registry/v2', registryUrl).href;
  const properties = {
    'value.deserializer': 'io.apicurio.registry.serde.avro.AvroKafkaDeserializer',
    'value.deserializer.apicurio.registry.url': registry,
    'value.deserializer.apicurio.registry.as-confluent': 'true',
    'value.deserializer.apicurio.registry.use-id': 'contentId',
  };
  const java = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', classPath()];
  const consumer = 'org.apache.kafka.tools.consumer.ConsoleConsumer --from-beginning --isolation-level read_committed';
  const what = `--bootstrap-server ${brokers} --topic ${topic} --max-messages ${revisions} --timeout-ms 30000`;
  const how = Object.entries(properties).flatMap(([name, value]) => ['--formatter-property', `${name}=${value}`]);
  const args = [...java, ...consumer.split(' '), ...what.split(' '), ...how];
  const limits = { maxBuffer: OUTPUT_MAX_BYTES, timeout: LIMIT_MS };
  const { stdout } = await execute(findJava(), args, { encoding: 'utf8', ...limits });
  return latestOf(linesOf(stdout));
}

/**
 * docs/examples/consume.mjs, which ends with `complete` or with what is missing.
 * @param {Topic} topic
 * @returns {Promise<{ rows: Rows, said: string }>}
 */
export async function readByExample({ brokers, registryUrl, topic }) {
  const env = { ...process.env, CALLFOLD_KAFKA_BROKERS: brokers, CALLFOLD_REGISTRY_URL: registryUrl };
  const { stdout, stderr } = await execute(process.execPath, [join(ROOT, 'docs/examples/consume.mjs'), topic], {
    env: { ...env, KAFKAJS_NO_PARTITIONER_WARNING: '1' },
    encoding: 'utf8',
    maxBuffer: OUTPUT_MAX_BYTES,
    timeout: LIMIT_MS,
  });
  return { rows: latestOf(linesOf(stdout)), said: stderr.trim().split('\n').at(-1) ?? '' };
}
