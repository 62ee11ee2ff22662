import { expect, it } from 'vitest';
import { mendHeartbeat } from '../src/kafka/mends.ts';

it('sends heartbeats also after the wall clock was set back', async () => {
  /** As kafkajs has it: nothing goes out before the last one and a while. */
  function Group(this: { lastRequest: number }): void {
    this.lastRequest = Date.now() + 3_600_000;
  }
  Group.prototype = {
    async heartbeat(this: { lastRequest: number }, { interval }: { interval: number }) {
      return Date.now() >= this.lastRequest + interval;
    },
  };
  const group = new (Group as unknown as new () => { heartbeat(options: object): Promise<boolean> })();
  expect(await group.heartbeat({ interval: 0 })).toBe(false);
  mendHeartbeat(Group as unknown as Parameters<typeof mendHeartbeat>[0]);
  expect(await group.heartbeat({ interval: 0 })).toBe(true);
  expect(await group.heartbeat({ interval: 60_000 })).toBe(false);
});
