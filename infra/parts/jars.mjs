// @ts-check
/** Java, Maven, and the jars they need: found, fetched once, kept. */

import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { withLock } from './lock.mjs';
import { cacheDir, pomFile } from './paths.mjs';
import { VERSIONS, WAITS } from './settings.mjs';

const OR_DOCKER = 'With Docker instead: `docker compose up -d --wait`.';
const JAVA_HELP =
  `Install it (Debian, Ubuntu: \`apt-get install openjdk-${VERSIONS.javaAtLeast}-jre-headless\`; ` +
  `macOS: \`brew install openjdk@${VERSIONS.javaAtLeast}\`), or set JAVA_HOME to a newer one. ${OR_DOCKER}`;
const MAVEN_HELP =
  'Install it once (Debian, Ubuntu: `apt-get install maven`; macOS: `brew install maven`); it is needed only ' +
  `until the jars are in the cache. ${OR_DOCKER}`;

/**
 * Path of a Java that is new enough.
 * @param {NodeJS.ProcessEnv} env
 */
export function findJava(env = process.env) {
  const home = env['JAVA_HOME'];
  const java = home ? join(home, 'bin', 'java') : 'java';
  let said;
  try {
    said = execFileSync(java, ['--version'], { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const where = home ? `JAVA_HOME is ${home}` : 'on the PATH';
    // Java 8 does not know the option and ends with an error; a missing program is ENOENT.
    const missing = /** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT';
    const what = missing ? 'was not found' : 'is too old or does not run';
    throw new Error(`Java ${VERSIONS.javaAtLeast} or newer is needed; \`java\` (${where}) ${what}. ${JAVA_HELP}`, {
      cause: error,
    });
  }
  const major = Number(/^\S+ (\d+)/.exec(said)?.[1]);
  if (!(major >= VERSIONS.javaAtLeast)) {
    throw new Error(`Java ${VERSIONS.javaAtLeast} or newer is needed; ${java} is ${said.split('\n')[0]}. ${JAVA_HELP}`);
  }
  return java;
}

/**
 * @param {string} into
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<void>}
 */
function runMaven(into, env) {
  const args = ['-B', '-q', '-f', pomFile, `-Dcallfold.cache=${into}`, 'generate-resources'];
  return new Promise((done, fail) => {
    let said = '';
    const child = spawn('mvn', args, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: WAITS.downloadMs });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        said = (said + text).slice(-4_000);
      });
    }
    child.once('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      const what = error.code === 'ENOENT' ? '`mvn` is not on the PATH' : error.message;
      fail(new Error(`Maven is needed to fetch Kafka and the registry: ${what}. ${MAVEN_HELP}`));
    });
    child.once('close', (code, signal) => {
      if (code === 0) done();
      else fail(new Error(`Maven could not fetch Kafka and the registry (${signal ?? `exit code ${code}`}):\n${said}`));
    });
  });
}

/**
 * @param {string} dir
 * @returns {import('./index.mjs').Jars | null} null: not (or no longer) complete
 */
function complete(dir) {
  const classPathFile = join(dir, 'kafka.classpath');
  const registryDir = join(dir, 'registry');
  if (!existsSync(classPathFile) || !existsSync(registryDir)) return null;
  const classPath = readFileSync(classPathFile, 'utf8').trim();
  // The jars lie in the user's Maven repository, which may have been emptied.
  if (!classPath.split(delimiter).every((jar) => existsSync(jar))) return null;
  const runner = readdirSync(registryDir).find((name) => name.endsWith('-runner.jar'));
  return runner ? { classPath, registryJar: join(registryDir, runner) } : null;
}

/**
 * The class path of Kafka and the registry's jar; fetched with Maven when they are not there yet.
 * @param {{ say?: (line: string) => void, env?: NodeJS.ProcessEnv, cache?: string }} [options]
 * @returns {Promise<import('./index.mjs').Jars>}
 */
export async function findJars({ say = () => {}, env = process.env, cache = cacheDir } = {}) {
  const pom = createHash('sha256').update(readFileSync(pomFile)).digest('hex').slice(0, 8);
  const dir = join(cache, `kafka-${VERSIONS.kafka}-apicurio-${VERSIONS.apicurio}-${pom}`);
  const found = complete(dir);
  if (found) return found;
  mkdirSync(cache, { recursive: true });
  return withLock(join(cache, 'lock'), WAITS.downloadMs, async () => {
    const meanwhile = complete(dir);
    if (meanwhile) return meanwhile;
    say(`fetching Kafka ${VERSIONS.kafka} and Apicurio Registry ${VERSIONS.apicurio} with Maven (about 150 MB, once)`);
    const fresh = `${dir}.fetching`;
    rmSync(fresh, { recursive: true, force: true });
    await runMaven(fresh, env);
    rmSync(dir, { recursive: true, force: true });
    // Renamed when whole, so that an interrupted download never looks complete.
    renameSync(fresh, dir);
    const fetched = complete(dir);
    if (!fetched) throw new Error(`Maven ended well but ${dir} lacks Kafka's class path or the registry's jar.`);
    return fetched;
  });
}
