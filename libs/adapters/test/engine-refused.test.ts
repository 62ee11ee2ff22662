import { DEFAULT_SETTINGS, rawTopic, utf8Bytes } from '@callfold/core';
import { describe, expect, it } from 'vitest';
import type { Harness } from './engine-harness.ts';
import { call, openHarness, OUTCOMES, PROJECTOR, START } from './engine-harness.ts';

const HOUR = 3_600_000;
const AT = { topic: rawTopic('callcenter24'), partition: 0 };

/** Both services fold some calls and stop, something befalls the log, they start again: one partition is refused. */
async function refusals(befall: (h: Harness, end: number) => void): Promise<readonly string[]> {
  const h = await openHarness();
  h.publish(Array.from({ length: 10 }, (_, n) => call(`c-${n}`, START)).flat());
  const first = [h.start(PROJECTOR), h.start(OUTCOMES)];
  expect(await h.clock.runUntil(h.settled(first), HOUR)).toBe(true);
  await h.stop(first);
  const { end } = h.world.topics.bounds(AT);
  expect(end).toBeGreaterThan(4);
  befall(h, end);
  const second = [h.start(PROJECTOR, DEFAULT_SETTINGS), h.start(OUTCOMES, DEFAULT_SETTINGS)];
  await h.clock.runUntil(() => false, 60_000);
  const refused = second.flatMap((service) => service.status().filter((one) => one.refused !== null));
  expect(refused.map(({ at }) => at)).toEqual([AT, AT]);
  await h.stop(second);
  return refused.map((one) => one.refused ?? '');
}

describe('a position is refused, with what to do,', () => {
  it('which retention has passed', async () => {
    const said = await refusals((h, end) => {
      h.append(AT, { key: null, value: utf8Bytes('gone before it was read') });
      h.append(AT, { key: null, value: utf8Bytes('kept') });
      h.world.topics.retain(AT, end + 1);
    });
    for (const message of said) expect(message).toMatch(/retention passed it.*callfold recover/);
  });

  it('which the log ends before', async () => {
    const said = await refusals((h, end) => h.world.topics.truncate(AT, end - 2));
    for (const message of said) expect(message).toMatch(/it was truncated.*callfold recover/);
  });

  it('whose last record is another one', async () => {
    const said = await refusals((h, end) => {
      h.world.topics.truncate(AT, end - 2);
      for (let n = 0; n < 4; n += 1) h.append(AT, { key: null, value: utf8Bytes(`rewritten ${n}`) });
    });
    for (const message of said) expect(message).toMatch(/is not the one that was folded.*callfold recover/);
  });

  it('but not where retention comes up to it while it is claimed', async () => {
    let comes = (): void => undefined;
    const h = await openHarness((_part, name) => {
      if (name === 'readOne') comes();
      return 'none';
    });
    h.publish(Array.from({ length: 10 }, (_, n) => call(`c-${n}`, START)).flat());
    const first = h.start(PROJECTOR);
    expect(await h.clock.runUntil(h.settled([first]), HOUR)).toBe(true);
    await h.stop([first]);
    comes = () => h.world.topics.retain(AT, h.world.topics.bounds(AT).end);
    const second = h.start(PROJECTOR);
    await h.clock.runUntil(() => false, 60_000);
    expect(h.world.topics.bounds(AT).start).toBeGreaterThan(4);
    expect(second.status().filter(({ refused }) => refused !== null)).toEqual([]);
    await h.stop([second]);
  });
});
