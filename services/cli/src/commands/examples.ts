import type { Command } from 'commander';

/** What stands first in the help of a command: lines that can be taken as they are. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  '': [
    'callfold dev                          # try it: everything in one process, with a demo feed',
    'callfold fold events.ndjson           # what becomes of the calls in a file; needs nothing else',
    'callfold status                       # how it stands, what is wrong, and what helps',
    'callfold explain call CA-17           # why a call ended as it did',
  ],
  dev: [
    'callfold dev',
    'callfold dev --no-demo',
    'CALLFOLD_HTTP_PORT=9090 CALLFOLD_DATA_DIR=/srv/callfold callfold dev',
  ],
  serve: [
    'callfold serve gateway                                  # events over HTTP, at port 8080',
    'CALLFOLD_HTTP_PORT=8081 callfold serve projector        # on one machine each has a port of its own',
    'CALLFOLD_HTTP_PORT=8082 callfold serve outcomes',
    'CALLFOLD_HTTP_PORT=8083 callfold serve console',
  ],
  poll: ['callfold poll vonage         # where CALLFOLD_VONAGE_URL and those beside it are set: docs/polling.md'],
  fold: [
    'callfold fold events.ndjson',
    'zcat events.ndjson.gz | callfold fold --aggregates',
    'callfold fold --rejects refused.ndjson events.ndjson | callfold report -',
  ],
  import: [
    'callfold import --dry-run events.ndjson.gz',
    'callfold import --rejects refused.ndjson events.ndjson.gz',
    "callfold import --set source=atlas --column callId='Call ID' --column occurredAt=Ended --column status=Result calls.csv",
    'callfold import events.ndjson --resume',
  ],
  report: [
    'callfold report',
    'callfold report --from 2026-02-01T00:00:00+01:00 --to 2026-03-01T00:00:00+01:00 --zone Europe/Berlin --by agent,day',
    'callfold fold events.ndjson | callfold report - --json',
  ],
  export: [
    'callfold export call-outcomes --output calls.parquet',
    'callfold export call-outcomes --from 7d --format csv > week.csv',
    'callfold export chat-outcomes --all --from earliest',
  ],
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
  board: [
    'callfold board events.ndjson --day 1999-02-12',
    'callfold board events.ndjson.gz --speed 600',
    'CALLFOLD_CONSOLE_ZONE=Europe/Berlin callfold board --day 2026-02-28 --archive /srv/callfold-archive',
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
  dlq: [
    'callfold dlq list                                       # what nobody has dealt with',
    'callfold dlq show callfold.raw.atlas/1/4711             # why one was refused, and its bytes',
    'callfold dlq redrive --code unknown-schema              # what would be sent again',
  ],
  'dlq list': ['callfold dlq list', 'callfold dlq list --code too-late --since 2026-02-28T00:00:00Z'],
  'dlq show': ['callfold dlq show callfold.raw.atlas/1/4711', 'callfold dlq show 1/12 --json'],
  'dlq discard': ['callfold dlq discard --code not-avro --until 2026-02-28T12:00:00Z --execute'],
  erase: [
    'callfold erase --call CA-17',
    'callfold erase --call CA-17 --execute --confirm CA-17',
    "callfold erase --number '+49 151 2345678' --tenant acme",
  ],
  topics: ['callfold topics check', 'callfold topics apply', 'callfold topics apply --execute'],
  'topics check': ['callfold topics check'],
  'topics apply': ['callfold topics apply', 'callfold topics apply --execute'],
  'topics grow': [
    'callfold topics grow callfold.raw.atlas --partitions 16',
    'callfold topics grow callfold.raw.atlas --partitions 16 --execute --confirm callfold.raw.atlas',
  ],
  'topics acls': ['callfold topics acls > acls.sh'],
  'dlq redrive': ['callfold dlq redrive --source atlas', 'callfold dlq redrive --source atlas --execute'],
};

function commandAt(program: Command, path: string): Command {
  let command = program;
  for (const word of path.split(' ').filter((one) => one !== '')) {
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined) throw new Error(`There are examples of ${path}, and no such command.`);
    command = next;
  }
  return command;
}

/** Where it looks, which a newcomer cannot guess: behind the list of all commands. */
const WHERE = `
Where CALLFOLD_KAFKA_BROKERS, CALLFOLD_REGISTRY_URL and CALLFOLD_REDIS_URL are set, a command works on them; else on the
\`callfold dev\` that runs on this machine (CALLFOLD_HTTP_PORT, 8080 by default). callfold COMMAND --help has examples.`;

/** Who used a command wrongly is told of the help that this command has. */
export function addHints(command: Command, path: string): void {
  for (const one of command.commands) {
    const name = `${path} ${one.name()}`;
    one.showHelpAfterError(`(${name} --help shows how it is used)`);
    addHints(one, name);
  }
}

export function addExamples(program: Command): void {
  program.addHelpText('after', WHERE);
  for (const [path, lines] of Object.entries(EXAMPLES))
    commandAt(program, path).addHelpText('before', `Examples:\n${lines.map((line) => `  ${line}\n`).join('')}`);
}
