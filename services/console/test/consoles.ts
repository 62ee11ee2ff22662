import { afterEach } from 'vitest';
import { openConsole } from './console-harness.ts';

/** Consoles of one test, closed after it, and the keys with which they may be asked. */

export type TestConsole = Awaited<ReturnType<typeof openConsole>>;

export const KEYS = {
  CALLFOLD_CONSOLE_KEYS: '{"acme":["acme-acme-acme-1"],"globex":["globex-globex-1-"],"*":["everything-1234-"]}',
};
export const as = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });
export const ACME = as('acme-acme-acme-1');
export const GLOBEX = as('globex-globex-1-');
export const ALL = as('everything-1234-');

const opened: TestConsole[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

/** Before its parts are there. */
export async function openEmpty(...given: Parameters<typeof openConsole>): Promise<TestConsole> {
  const made = await openConsole(...given);
  opened.push(made);
  return made;
}

export async function open(...given: Parameters<typeof openConsole>): Promise<TestConsole> {
  const made = await openEmpty(...given);
  made.begin();
  return made;
}
