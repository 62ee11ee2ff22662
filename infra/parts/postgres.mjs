// @ts-check
/** PostgreSQL, as a consumer's database: one server of its own folder and port, asked through psql. */

import { execFile, execFileSync } from 'node:child_process';
import { accessSync, chmodSync, chownSync, constants, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { launch } from './part.mjs';
import { freePorts, HOST } from './ports.mjs';

const DEBIAN = '/usr/lib/postgresql';
const PROGRAMS = ['initdb', 'postgres', 'psql'];
const USER = 'callfold';
const ANSWER_MAX_BYTES = 512 * 1_048_576;

/** For a server whose data nobody keeps. */
const SETTINGS = {
  listen_addresses: HOST,
  unix_socket_directories: '',
  fsync: 'off',
  full_page_writes: 'off',
  max_connections: '10',
};

/** @param {string} file */
function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The newest that has all programs: of the PATH, or where Debian puts them, which is not on it. */
function findPostgres() {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).toSorted((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(DEBIAN, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  return folders.find((folder) => PROGRAMS.every((name) => isProgram(join(folder, name)))) ?? null;
}

/**
 * The server refuses to run as root; Debian's package brings a user for it.
 * @returns {{ uid: number, gid: number } | null} null: whoever we are will do
 */
function otherUser() {
  if (process.getuid?.() !== 0) return null;
  const id = (/** @type {string} */ flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** @type {typeof import('./index.mjs').whyNoPostgres} */
export function whyNoPostgres() {
  const install = 'Install it (Debian, Ubuntu: `apt-get install postgresql`; macOS: `brew install postgresql`).';
  if (findPostgres() === null) return `PostgreSQL is not here. ${install}`;
  try {
    otherUser();
    return null;
  } catch {
    return `PostgreSQL does not run as root, and there is no user called postgres. ${install}`;
  }
}

/** @type {typeof import('./index.mjs').startPostgres} */
export async function startPostgres({ dir }) {
  const why = whyNoPostgres();
  const bin = findPostgres();
  if (why !== null || bin === null) throw new Error(why ?? 'PostgreSQL is not here.');
  const user = otherUser();
  const as = user ? [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'] : [];
  const asUser = (/** @type {string} */ name, /** @type {readonly string[]} */ args) =>
    user ? { command: 'setpriv', args: [...as, join(bin, name), ...args] } : { command: join(bin, name), args };
  const data = join(dir, 'data');
  mkdirSync(data, { recursive: true, mode: 0o700 });
  if (user) {
    chmodSync(dir, 0o755);
    chownSync(data, user.uid, user.gid);
  }
  const init = asUser('initdb', ['-D', data, '-U', USER, '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']);
  execFileSync(init.command, init.args, { cwd: dir, stdio: 'pipe' });
  const [port = 0] = await freePorts(1);
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = asUser('postgres', ['-D', data, '-p', String(port), ...settings]);

  /** @type {import('./index.mjs').Postgres['psql']} */
  function psql(sql) {
    const options = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-h', HOST, '-p', String(port), '-U', USER];
    return new Promise((settle, reject) => {
      const child = execFile(
        join(/** @type {string} */ (bin), 'psql'),
        [...options, '-d', 'postgres', '-f', '-'],
        { maxBuffer: ANSWER_MAX_BYTES },
        (error, out, said) => (error ? reject(new Error(`psql: ${said || error.message}`)) : settle(out)),
      );
      // A script that fails ends psql before it has read all; its exit code tells.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(sql);
    });
  }

  const part = await launch({
    name: 'PostgreSQL',
    dir,
    log: 'postgres.log',
    ...server,
    port,
    keep: false,
    answers: async () => (await psql('SELECT 1;')) === '1\n',
  });
  const { stop } = part;
  return Object.assign(part, {
    psql,
    url: `postgres://${USER}@${HOST}:${port}/postgres`,
    /** @type {import('./index.mjs').Part['stop']} */
    async stop({ wipe = false } = {}) {
      // At once, and orderly: after SIGKILL its shared memory would stay.
      await part.kill('SIGINT');
      await stop();
      if (wipe) rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  });
}
