import type { Command } from 'commander';

/** What stands first in the help of a command: lines that can be taken as they are. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  status: ['callfold status', 'callfold status --watch', 'callfold status --role outcomes --json'],
  verify: [
    'callfold verify',
    'callfold verify --topic callfold.raw.atlas --partition 0',
    'callfold verify --sample 100 --explain 3',
    'callfold verify --archive s3://cold-logs/callfold',
  ],
  explain: [
    'callfold explain call CA-17',
    'callfold explain call CA-17 --at 2026-02-28T09:30:00Z',
    'callfold explain agent anna --tenant acme --json',
  ],
  rebuild: ['callfold rebuild next', 'callfold rebuild next --rate 20000 --archive /srv/callfold-archive'],
  diff: ['callfold diff 1 next', 'callfold diff 1 next --json > differences.ndjson'],
  switch: ['callfold switch next', 'callfold switch next --execute --confirm next'],
  drop: ['callfold drop 1', 'callfold drop 1 --execute --confirm 1'],
  'replay outcomes': [
    'callfold replay outcomes --from 7d --to latest',
    'callfold replay outcomes --from 2026-02-01T00:00:00Z --to 2026-02-08T00:00:00Z --source atlas --execute --confirm outcomes',
    'callfold replay outcomes --from earliest --to latest --call CA-17 --json',
  ],
  'replay raw': [
    'callfold replay raw --from 1d --to latest --source atlas --to-topic atlas-again',
    'callfold replay raw --from 1d --to latest --source atlas --to-topic atlas-again --rate 2000 --execute --confirm atlas-again',
  ],
  archive: [
    'callfold archive --to /srv/callfold-archive',
    'callfold archive --to s3://cold-logs/callfold',
    'callfold archive --to /srv/callfold-archive --check',
  ],
  recover: [
    'callfold recover',
    'callfold recover --role outcomes --execute',
    'callfold recover --topic callfold.raw.atlas --execute --confirm callfold.raw.atlas',
  ],
  offsets: ['callfold offsets', 'callfold offsets --role outcomes --to-datetime 2026-02-28T09:30:00Z'],
  'dlq list': ['callfold dlq list', 'callfold dlq list --code too-late --since 2026-02-28T00:00:00Z'],
  'dlq redrive': ['callfold dlq redrive --source atlas', 'callfold dlq redrive --source atlas --execute'],
};

function commandAt(program: Command, path: string): Command {
  let command = program;
  for (const word of path.split(' ')) {
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined) throw new Error(`There are examples of ${path}, and no such command.`);
    command = next;
  }
  return command;
}

export function addExamples(program: Command): void {
  for (const [path, lines] of Object.entries(EXAMPLES))
    commandAt(program, path).addHelpText('before', `Examples:\n${lines.map((line) => `  ${line}\n`).join('')}`);
}
