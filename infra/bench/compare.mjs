#!/usr/bin/env node
// This branch beside another commit, on one machine, in turn: with --rounds 3 base, branch, branch, base, base, branch.
// Both are measured by this branch's yardstick: infra/bench is laid over the other's tree. Prints and judges nothing, but
// fails when a record is lost or made up.
//
//   npm run bench:compare BASE [-- --rounds N --events N --live N --only raw,projector,outcomes --json FILE]
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median, NAMES } from './report.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const YARDSTICK = ['infra/bench', 'infra/parts', 'infra/pom.xml', 'infra/random.mjs'];
const say = (line) => process.stdout.write(`${line}\n`);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    events: { type: 'string', default: '1000000' },
    live: { type: 'string', default: '5000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: 'raw,projector,call-outcomes,outcomes' },
    json: { type: 'string' },
  },
});

const run = (command, args, cwd) => execFileSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
const git = (...args) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();

function shaOf(base) {
  try {
    return git('rev-parse', '--short', '--verify', `${base}^{commit}`);
  } catch {
    throw new Error(`bench:compare: ${base} is no commit of this repository. Fetch it, or name another.`);
  }
}

/** The other commit, built, in a tree of its own; kept, so that the next comparison finds it. */
function treeOf(sha) {
  const dir = join(ROOT, '.infra', 'compare', sha);
  if (!existsSync(join(dir, 'node_modules'))) {
    say(`building ${sha} in ${dir}`);
    rmSync(dir, { recursive: true, force: true });
    git('worktree', 'prune');
    mkdirSync(join(dir, '..'), { recursive: true });
    git('worktree', 'add', '--detach', dir, sha);
    run('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund'], dir);
  }
  git('-C', dir, 'checkout', '--force', '--quiet', sha);
  run('npm', ['run', '--silent', 'build'], dir);
  for (const path of YARDSTICK) {
    rmSync(join(dir, path), { recursive: true, force: true });
    cpSync(join(ROOT, path), join(dir, path), { recursive: true });
  }
  mkdirSync(join(dir, '.infra'), { recursive: true });
  const cache = join(dir, '.infra', 'cache');
  if (!existsSync(cache)) symlinkSync(join(ROOT, '.infra', 'cache'), cache);
  return dir;
}

function measured(dir, file) {
  const { events, live, seed, only } = values;
  const size = ['--events', events, '--live', live, '--seed', seed];
  const args = ['--short', '--rounds', '1', ...size, '--only', only, '--no-page', '--json', file];
  run(process.execPath, [join(dir, 'infra', 'bench', 'run.mjs'), ...args], dir);
  const [load] = JSON.parse(readFileSync(file, 'utf8')).loads;
  return Object.fromEntries(load.summary.map((row) => [row.what, row]));
}

/** Branch over base, of one figure, by pairs that stood next to one another. */
function ratiosOf(pairs, what, field) {
  const all = pairs.map(({ base, branch }) => branch[what][field] / base[what][field]);
  return `${median(all).toFixed(2)} (${Math.min(...all).toFixed(2)} to ${Math.max(...all).toFixed(2)})`;
}

function main() {
  const [base] = positionals;
  if (base === undefined || positionals.length > 1) {
    process.stderr.write('Usage: npm run bench:compare BASE [-- --rounds N --events N --only NAMES --json FILE]\n');
    process.exitCode = 2;
    return;
  }
  const rounds = Number(values.rounds);
  if (!(rounds >= 1)) throw new Error(`bench:compare: --rounds is ${values.rounds}, and at least one is needed`);
  const sha = shaOf(base);
  const dir = treeOf(sha);
  const file = join(ROOT, '.infra', 'compare', `figures-${process.pid}.json`);
  const pairs = [];
  for (let round = 1; round <= rounds; round += 1) {
    // Each is first every other time, so that a machine that gets slower strikes both.
    const order = round % 2 === 1 ? ['base', 'branch'] : ['branch', 'base'];
    const pair = {};
    for (const side of order) pair[side] = measured(side === 'base' ? dir : ROOT, file);
    pairs.push(pair);
    const told = Object.keys(pair.branch).map(
      (what) =>
        `${what} ${Math.round(pair.base[what].perSecond / 1_000)} and ${Math.round(pair.branch[what].perSecond / 1_000)}`,
    );
    say(`round ${round}, thousand a second, ${sha} and this branch: ${told.join('; ')}`);
  }
  rmSync(file, { force: true });
  say(`\nThis branch over ${sha}, the median of ${pairs.length} pairs (and their range):`);
  for (const what of Object.keys(pairs[0].branch)) {
    const figures = [
      ['speed', 'perSecond'],
      ['processor time', 'cpuSeconds'],
      ['memory', 'peakMiB'],
    ].map(([name, field]) => `${name} ${ratiosOf(pairs, what, field)}`);
    say(`  ${NAMES[what].replaceAll('`', '')}: ${figures.join(', ')}`);
  }
  if (values.json) writeFileSync(values.json, `${JSON.stringify({ base: sha, pairs }, null, 2)}\n`);
  // Each run of either has checked its counts, and would have ended this.
  say(`${2 * pairs.length} passed, 0 failed`);
}

main();
