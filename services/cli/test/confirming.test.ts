import { expect, it } from 'vitest';
import { WrongArgument } from '../src/command.ts';
import { checkConfirmed } from '../src/confirming.ts';

const GONE = 'What is dropped does not come back.';
const said = (answer: string) => (question: string) => {
  expect(question).toBe(`${GONE}\nType old one to do it: `);
  return Promise.resolve(answer);
};
const notAsked = (): never => {
  throw new Error('it asked');
};

it('asks nothing of a run that changes nothing, nor of one that said the name', async () => {
  await checkConfirmed({}, 'old one', GONE, notAsked);
  await checkConfirmed({ execute: true, confirm: 'old one' }, 'old one', GONE, notAsked);
});

it('asks somebody at a terminal, and takes the name alone', async () => {
  await checkConfirmed({ execute: true }, 'old one', GONE, said(' old one '));
  const no = checkConfirmed({ execute: true }, 'old one', GONE, said('y'));
  await expect(no).rejects.toThrow('Nothing was changed: that was not its name.');
});

it('tells a script the words that do it', async () => {
  const script = checkConfirmed({ execute: true }, 'old one', GONE, null);
  await expect(script).rejects.toThrow(new WrongArgument(`${GONE} Say the name once more: --confirm 'old one'`));
});

it('does nothing by the name of another one', async () => {
  const other = checkConfirmed({ execute: true, confirm: 'new' }, 'old one', GONE, notAsked);
  await expect(other).rejects.toThrow("--confirm new is another one. Say the name once more: --confirm 'old one'");
});
