import { MessageChannel } from 'node:worker_threads';
import type { Health } from '@callfold/adapters';
import { Refused } from '@callfold/engine';
import { afterEach, expect, test, vi } from 'vitest';
import type { Member } from '../src/member.ts';
import { createStop } from '../src/stop.ts';
import type { Asking } from '../src/thread-link.ts';
import { answerAsks, askThread, tellFailure } from '../src/thread-link.ts';

const READY: Health[] = [{ name: 'group', ok: true, detail: '2 partitions' }];

function memberOf(parts: Partial<Member> = {}): Member {
  return {
    ready: async () => READY,
    services: async () => [],
    metrics: [],
    run: async () => undefined,
    ...parts,
  };
}

const open: MessageChannel[] = [];
afterEach(() => {
  for (const { port1 } of open.splice(0)) port1.close();
});

/** Both ends of a line, the first one asking. */
function lineTo(member: Member, onFailure: (error: Error) => void = () => undefined) {
  const channel = new MessageChannel();
  open.push(channel);
  const { stop, request } = createStop();
  answerAsks(channel.port2, member, request);
  const asking: Asking = askThread(channel.port1, onFailure);
  return { asking, stop, theirs: channel.port2 };
}

test('answers come to whoever asked, in whatever order they are ready', async () => {
  let tell = (_checks: Health[]): void => undefined;
  const slow = new Promise<Health[]>((resolve) => {
    tell = resolve;
  });
  const metrics = ['a 1\n', 'b 2\n'].map((text) => ({ contentType: 'text/plain', text: async () => text }));
  const { asking } = lineTo(memberOf({ ready: () => slow, metrics }));
  const ready = asking.ask('ready');
  expect(await asking.ask('metrics')).toBe('a 1\n\nb 2\n');
  expect(await asking.ask('statuses')).toEqual([]);
  tell(READY);
  expect(await ready).toEqual(READY);
});

test('the wish to stop reaches the member', async () => {
  const { asking, stop } = lineTo(memberOf());
  expect(stop.requested).toBe(false);
  asking.stop();
  await stop.wanted;
  expect(stop.requested).toBe(true);
});

test('a failure keeps what decides on the exit code', async () => {
  const told = vi.fn<(error: Error) => void>();
  const { asking, theirs } = lineTo(memberOf(), told);
  tellFailure(theirs, new Refused('the settings changed'));
  tellFailure(theirs, new RangeError('boom'));
  await asking.ask('ready');
  expect(told.mock.calls).toEqual([[new Refused('the settings changed')], [new Error('boom')]]);
  expect(told.mock.calls.map(([error]) => error instanceof Refused)).toEqual([true, false]);
});
