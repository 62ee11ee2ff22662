import { Argument, Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { addGenerations } from '../src/commands/generations.ts';
import { withSources, withTargets } from '../src/commands/target-options.ts';
import { complete } from '../src/completion.ts';

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
