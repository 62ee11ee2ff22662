import { resolve } from 'node:path';
import { Command } from 'commander';
import { expect, it } from 'vitest';
import { withArchive } from '../src/commands/target-options.ts';

it.each([
  ['logs/cold', resolve('logs/cold')],
  ['/srv/archive', '/srv/archive'],
  ['s3://bucket/prefix', 's3://bucket/prefix'],
])('an archive %s is the same wherever it is opened', (written, meant) => {
  const command = withArchive(new Command()).parse(['--archive', written], { from: 'user' });
  expect(command.opts()).toEqual({ archive: meant });
});
