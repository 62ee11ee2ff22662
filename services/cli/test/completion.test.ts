import { spawnSync } from 'node:child_process';
import { Argument, Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { addGenerations } from '../src/commands/generations.ts';
import { withSources, withTargets } from '../src/commands/target-options.ts';
import { complete, SCRIPTS } from '../src/completion.ts';

function program(): Command {
  const root = new Command('callfold').option('--json');
  root.command('serve').addArgument(new Argument('<role>').choices(['projector', 'outcomes']));
  withTargets(root.command('status')).option('-w, --watch [seconds]');
  const replay = root.command('replay');
  withSources(replay.command('raw')).option('--to-topic <name>').addOption(new Option('--secret').hideHelp());
  replay.command('outcomes');
  root.command('inner', { hidden: true });
  addGenerations(root, () => Promise.resolve());
  return root;
}

const at = (...words: string[]): readonly string[] => complete(program(), words).choices;

describe('completion', () => {
  it('knows commands, those below them, and what they take', () => {
    expect(at('')).toEqual(['serve', 'status', 'replay', 'rebuild', 'diff', 'switch', 'drop']);
    expect(at('re')).toEqual(['replay', 'rebuild']);
    expect(at('replay', '')).toEqual(['raw', 'outcomes']);
    expect(at('serve', 'o')).toEqual(['outcomes']);
    expect(at('--json', 'serve', '')).toEqual(['projector', 'outcomes']);
    expect(at('serve', 'outcomes', '')).toEqual([]);
  });

  it('knows options, their values, and topics', () => {
    expect(at('status', '--')).toEqual(['--role', '--topic', '--partition', '--watch', '--json', '--help']);
    expect(at('status', '--topic', 'callfold.raw.c')).toEqual(['callfold.raw.callcenter24', 'callfold.raw.chatterfy']);
    expect(at('replay', 'raw', '--source', 'a')).toEqual(['atlas']);
    expect(at('replay', 'raw', '--partition', '')).toEqual([]);
    expect(at('replay', 'raw', '--partition', '3', '--s')).toEqual(['--source']);
  });

  it('asks for generations where one is to be named', () => {
    expect(complete(program(), ['switch', 'ne'])).toEqual({ choices: [], asked: 'generations' });
    expect(complete(program(), ['diff', '1', '']).asked).toBe('generations');
    expect(complete(program(), ['diff', '1', '2', '']).asked).toBeNull();
    expect(complete(program(), ['status', '']).asked).toBeNull();
  });
});

/** What a shell says with its script and a `callfold` that knows two roles, and generations nowhere. */
function said(shell: 'bash' | 'fish', known: string, ask: string): string[] {
  const { stdout, stderr } = spawnSync(shell, ['-c', `${known}\n${SCRIPTS[shell]}\n${ask}`], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

describe("a shell's script", () => {
  it('answers bash with what fits, and leaves files to it where nothing does', () => {
    const known = 'callfold() { [ "$4" = serve ] && printf "projector\\noutcomes\\n"; }';
    const found = (words: string, index: number): string[] =>
      said('bash', known, `COMP_WORDS=(${words}); COMP_CWORD=${index}; _callfold; printf '%s\n' "\${COMPREPLY[@]}"`);
    expect(found("callfold serve ''", 2)).toEqual(['projector', 'outcomes']);
    expect(found("callfold fold ''", 2)).toEqual([]);
    expect(SCRIPTS.bash).toContain('-o default');
  });

  // Skipped where it is not installed, because few machines have fish.
  it.skipIf(spawnSync('fish', ['--version']).error)('answers fish with what fits alone, and with files else', () => {
    const known = `function callfold; test "$argv" = "completion words -- serve "; and printf '%s\\n' projector outcomes; end`;
    const found = (line: string): string[] => said('fish', known, `complete -C '${line}'`);
    expect(found('callfold serve ')).toEqual(['projector', 'outcomes']);
    expect(found('callfold fold /etc/passw').join('\n')).toContain('/etc/passwd');
  });
});
