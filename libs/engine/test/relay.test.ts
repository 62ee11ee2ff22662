import { DEAD_LETTERS, rawTopic } from '@callfold/core';
import { expect, it } from 'vitest';
import type { RelayOptions } from '../src/relay.ts';
import { createRelay } from '../src/relay.ts';

const AT = { topic: rawTopic('vonage'), partition: 0 };

it('sends nothing once it is stopped, though what it was about to send is ready only then', async () => {
  let sends = 0;
  let ready: (record: null) => void = () => undefined;
  const options = {
    at: AT,
    source: 'vonage',
    topics: [DEAD_LETTERS],
    publisher: { send: () => Promise.resolve(new Map([[DEAD_LETTERS, (sends += 1)]])) },
    log: {
      readOne: () =>
        new Promise<null>((resolve) => {
          ready = resolve;
        }),
    },
    codec: { encode: () => new Uint8Array() },
    observer: () => undefined,
    clock: { now: () => 0 },
    retry: (_doing: string, _signal: object, work: () => Promise<unknown>) => work(),
    signal: { aborted: false },
    sendRecords: 10,
    freshenMs: 60_000,
    sentUpTo: 0,
    published: {},
    isFenced: true,
    seqs: {},
    confirmOwner: () => Promise.resolve(),
    onFailure: (error: unknown) => expect.unreachable(String(error)),
  } as unknown as RelayOptions;
  const letter = { what: 'letter', topic: DEAD_LETTERS, seq: 0, origin: 7, code: 'no-value', reason: '' } as const;

  const stopped = createRelay(options);
  stopped.add(0, [letter], null);
  stopped.stop();
  for (let turn = 0; turn < 20; turn += 1) {
    ready(null);
    await Promise.resolve();
  }
  // Behind the fence of the partition's next owner, which may be this process by the same publisher.
  expect(sends).toBe(0);

  const working = createRelay(options);
  working.add(0, [letter], null);
  for (let turn = 0; turn < 20; turn += 1) {
    ready(null);
    await Promise.resolve();
  }
  expect(sends).toBe(1);
});
