// What figures are of no use without: machine, versions, commit.
import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { VERSIONS } from '../parts/index.mjs';

const GIB = 2 ** 30;

function said(command, args, cwd) {
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}

export function machineOf(root) {
  const [first] = cpus();
  const redis = /v=([\d.]+)/.exec(said('redis-server', ['--version'], root))?.[1] ?? VERSIONS.redis;
  const changed = said('git', ['status', '--porcelain', '--', 'libs', 'services', 'schemas', 'infra'], root) !== '';
  const machine = {
    cores: cpus().length,
    processor: first?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / GIB),
    node: process.version,
    kafka: VERSIONS.kafka,
    redis,
    commit: `${said('git', ['rev-parse', '--short', 'HEAD'], root) || 'unknown'}${changed ? ' with changes' : ''}`,
  };
  const { cores, processor, memoryGiB, node, kafka, commit } = machine;
  const text = `${cores} cores (${processor}), ${memoryGiB} GiB, Node ${node}, Kafka ${kafka}, Redis ${redis}, commit ${commit}`;
  return { ...machine, text };
}
