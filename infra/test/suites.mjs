// @ts-check
/** The suites of `npm test`, in order: cheap and telling ones first. */

import { auditResult } from './audit.mjs';
import { tool, runProcess, script } from './process.mjs';
import { runVitest } from './vitest-project.mjs';

/**
 * @typedef {{ passed: number, failed: number, skipped: number, notes: string[] }} Result
 *   `notes` are what a person must not overlook: said again after everything else.
 * @typedef {{
 *   ci: boolean,
 *   signal: AbortSignal,
 *   say: (line: string) => void,
 *   parts: () => Promise<Record<string, string>>,
 * }} Context `parts` starts the shared Kafka, registry and Redis once, and answers their addresses as environment.
 * @typedef {{
 *   name: string,
 *   what: string,
 *   byNameOnly?: boolean,
 *   run: (context: Context) => Promise<Result>,
 * }} Suite
 */

const MINUTE = 60_000;

/** Node's active long-term line; npm's `node` package brings the binary. */
const LTS = 'node@26';

/**
 * A tool that passes or fails as a whole: one test.
 * @param {string} name
 * @param {string} what
 * @param {string[]} command
 * @param {string} mend
 * @returns {Suite}
 */
function whole(name, what, command, mend) {
  return {
    name,
    what,
    async run({ signal }) {
      const [first = '', ...args] = command;
      const end = await runProcess(first === 'npx' ? first : tool(first), args, { signal, limitMs: 10 * MINUTE });
      const good = end.code === 0;
      return { passed: good ? 1 : 0, failed: good ? 0 : 1, skipped: 0, notes: good ? [] : [`${end.why}. ${mend}`] };
    },
  };
}

/**
 * A script of ours that counts for itself: its last line is `N passed, N failed`.
 * @param {string} name
 * @param {string} what
 * @param {string[]} command file of this repository, arguments
 * @param {{ limitMs: number, parts?: boolean, byNameOnly?: boolean }} how
 * @returns {Suite}
 */
function counted(name, what, command, { limitMs, parts = false, byNameOnly = false }) {
  return {
    name,
    what,
    byNameOnly,
    run: (context) => (parts ? withParts : plain)(context, (env) => script(command, { ...context, env, limitMs })),
  };
}

/** @type {(context: Context, run: (env: Record<string, string>) => Promise<Result>) => Promise<Result>} */
const plain = (_context, run) => run({});

/**
 * What needs the real parts. Where they cannot be had, it says so, and in CI that is a failure.
 * @param {Context} context
 * @param {(env: Record<string, string>) => Promise<Result>} run
 * @returns {Promise<Result>}
 */
async function withParts({ ci, say, parts }, run) {
  /** @type {Record<string, string>} */
  let env;
  try {
    env = await parts();
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    const why = `NOT RUN: real Kafka, registry and Redis could not be started.\n${reason}`;
    say(`!!! ${why}`);
    return { passed: 0, failed: ci ? 1 : 0, skipped: ci ? 0 : 1, notes: [why] };
  }
  return run(env);
}

/**
 * Known holes in what is shipped. Where the registry has no such question, that is said, and nothing was checked.
 * @type {Suite}
 */
const AUDIT = {
  name: 'audit',
  what: 'known vulnerabilities of the packages that are shipped, high and critical, as the registry has them',
  byNameOnly: true,
  async run({ signal }) {
    let text = '';
    const args = ['audit', '--omit=dev', '--audit-level=high', '--json'];
    const onLine = (/** @type {string} */ line) => {
      text += `${line}\n`;
    };
    const { code, why } = await runProcess('npm', args, { signal, limitMs: 5 * MINUTE, onLine });
    return auditResult(text, code, why);
  },
};

/** @type {readonly Suite[]} */
export const SUITES = [
  whole(
    'build',
    'every package, as npm start builds it',
    ['turbo', 'run', 'build', '--output-logs=errors-only'],
    'See above.',
  ),
  whole('types', 'sources, tests and scripts, by the compiler', ['tsc', '-p', 'tsconfig.json'], 'See above.'),
  whole('lint', 'oxlint with types', ['oxlint', '.'], 'What it can mend itself: npm run lint -- --fix'),
  whole('format', 'biome', ['biome', 'format', '.'], 'It mends itself: npm run format'),
  {
    name: 'unit',
    what: 'everything that needs no broker, the rules of the house included',
    run: (context) => runVitest('unit', { ...context, env: {}, limitMs: 15 * MINUTE }),
  },
  {
    name: 'system',
    what: 'against real Kafka, registry and Redis, which are started and stopped here',
    run: (context) =>
      withParts(context, (env) =>
        runVitest('system', { ...context, env, limitMs: 30 * MINUTE, wholeFilesMustRun: context.ci }),
      ),
  },
  counted(
    'month',
    'a month of calls through fold, the embedded store, and real Kafka with processes killed: the same in all three',
    ['infra/month/run.mjs'],
    { limitMs: 20 * MINUTE, parts: true },
  ),
  counted(
    'month-report',
    'the figures of callfold report over a month beside those expected, to the digit',
    ['infra/month/report.mjs'],
    { limitMs: 10 * MINUTE },
  ),
  counted(
    'consumers',
    'kcat, a Java consumer, PostgreSQL and DuckDB on months of calls: the same records as callfold export',
    ['infra/consumers/run.mjs', '--calls', '300'],
    { limitMs: 15 * MINUTE },
  ),
  counted(
    'fuzz',
    'mutated Avro and JSON, from a seed: no crash, no hang, no memory without a bound, and every record accounted for',
    ['infra/fuzz/run.mjs'],
    { limitMs: 10 * MINUTE },
  ),
  counted(
    'faults',
    'faults on real processes under load: the telling ones; npm run faults has them all',
    ['infra/faults/run.mjs', '--short'],
    { limitMs: 60 * MINUTE },
  ),
  counted(
    'sim',
    'ten thousand histories of both services under faults, from one seed, each held against a fresh fold',
    ['infra/sim/run.mjs', '--seed', 'callfold', '--histories', '10000'],
    { limitMs: 30 * MINUTE },
  ),
  counted(
    'gateway',
    'the gateway under load, the broker killed in the middle: what was answered 202 is in the log',
    ['infra/gateway/run.mjs', '--short'],
    { limitMs: 10 * MINUTE },
  ),
  counted(
    'runbook',
    'the commands of a runbook, as its page has them, on real parts; npm run runbook has all',
    ['infra/runbooks/run.mjs', 'redis-lost'],
    { limitMs: 10 * MINUTE },
  ),
  counted(
    'e2e',
    'the wallboard in headless Chromium: right, honest when it is old, and for everybody',
    ['infra/e2e/run.mjs'],
    { limitMs: 10 * MINUTE },
  ),
  counted('start', 'what npm start runs, from its start to Ctrl-C', ['infra/test/start.mjs'], { limitMs: 5 * MINUTE }),
  // Those below run by name only: CI runs them after `npm test`, a developer when it matters.
  counted('npm-start', 'npm start itself, as the README gives it', ['infra/test/start.mjs', '--npm'], {
    limitMs: 10 * MINUTE,
    byNameOnly: true,
  }),
  counted('newcomer', "a newcomer's first event by curl, to its outcome, timed", ['infra/gateway/newcomer.mjs'], {
    limitMs: 10 * MINUTE,
    byNameOnly: true,
  }),
  counted('image', 'the steps of the Dockerfile in a folder, and what the image would run', ['infra/image/run.mjs'], {
    limitMs: 20 * MINUTE,
    byNameOnly: true,
  }),
  counted('upgrade', 'a rolling upgrade from an earlier version and back, under load', ['infra/upgrade/run.mjs'], {
    limitMs: 30 * MINUTE,
    byNameOnly: true,
  }),
  counted(
    'load-console',
    'the console with 2,000 live calls and 1,000 changes a second: what a browser and 200 viewers cost',
    ['infra/console/run.mjs', '--short'],
    { limitMs: 15 * MINUTE, byNameOnly: true },
  ),
  counted('rebalance', 'the pause of each partition while instances come, go and are killed', ['infra/scale/run.mjs'], {
    limitMs: 15 * MINUTE,
    byNameOnly: true,
  }),
  counted(
    'story',
    'a rule is changed under 10,000 events a second, and back: all that it says is true',
    ['infra/story/run.mjs'],
    {
      limitMs: 30 * MINUTE,
      byNameOnly: true,
    },
  ),
  counted('mutants', 'each guard taken out in turn: a named test must fail', ['infra/mutants/run.mjs'], {
    limitMs: 30 * MINUTE,
    byNameOnly: true,
  }),
  counted('bench', 'ours and the peers, printed and never judged', ['infra/bench/run.mjs', '--short', '--no-page'], {
    limitMs: 30 * MINUTE,
    byNameOnly: true,
  }),
  counted(
    'peers',
    'outcomes of Kafka Streams and Flink beside ours, record by record, over a log with disorder and repeats',
    ['infra/bench/sameness.mjs'],
    { limitMs: 15 * MINUTE, byNameOnly: true },
  ),
  counted(
    'bench-compare',
    'this commit beside the one before it, printed and never judged',
    ['infra/bench/compare.mjs', 'HEAD^', '--rounds', '1', '--events', '100000', '--only', 'projector,call-outcomes'],
    { limitMs: 15 * MINUTE, byNameOnly: true },
  ),
  AUDIT,
  {
    ...whole(
      'lts',
      `the unit suite on ${LTS}, fetched by npx`,
      ['npx', '-y', '-p', LTS, '--', 'node', 'node_modules/vitest/vitest.mjs', 'run', '--project', 'unit'],
      'Compare with: npm run test:unit',
    ),
    byNameOnly: true,
  },
];
