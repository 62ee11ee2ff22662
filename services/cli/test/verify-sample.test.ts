/** `callfold verify` of some subjects at a time: a sample, and the parts of a long log. */

import { readConfig } from '@callfold/adapters';
import { CALL_OUTCOMES, ERASE_HEADER, erasureText, subjectKey, utf8Bytes } from '@callfold/core';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../src/command.ts';
import type { Row, Sample } from '../src/verifying.ts';
import type { World } from './verify-world.ts';
import { AT, findingsOf, opened, run, START, TOPIC } from './verify-world.ts';

function erase({ world, clock }: World, key: string, text: string): void {
  const headers = [{ name: ERASE_HEADER, value: utf8Bytes(text) }];
  world.topics.append(AT, [{ key: utf8Bytes(key), value: null, headers }], clock.now());
}

describe('a verification of some subjects at a time', () => {
  it('compares a sample, which its seed gives again, and the order of all', async () => {
    const { world } = await opened(40);
    const counts = async (seed: number): Promise<number[]> =>
      (await run(world, { topic: TOPIC, sample: 4, seed }, true)).out
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as Row).same);
    const first = await counts(1);
    expect(await counts(1)).toEqual(first);
    for (const count of first) {
      expect(count).toBeGreaterThan(0);
      expect(count).toBeLessThan(40);
    }
    const others = await Promise.all([2, 3, 4, 5].map(counts));
    expect(others.some((one) => one[0] !== first[0])).toBe(true);
    const stood = world.world.topics.read({ ...AT, topic: CALL_OUTCOMES }, 2, 1).records;
    world.world.topics.append({ ...AT, topic: CALL_OUTCOMES }, stood);
    expect((await run(world, { topic: TOPIC, sample: 1_000_000, seed: 1 })).exit).toBe(EXIT.differences);
  });

  it('compares the same subjects in a sample of records that name nobody', async () => {
    const { settings } = readConfig({ CALLFOLD_PII_KEY: 'a key of at least thirty-two characters' });
    const { world } = await opened(40, 1, settings);
    const rows = await world.verify(world.site, { oneIn: 4, seed: 1 });
    expect(findingsOf(rows)).toEqual([]);
    const [aggregates, records] = rows.map(({ same }) => same);
    expect(aggregates).toBe(records);
    expect(records).toBeGreaterThan(0);
    expect(records).toBeLessThan(40);
  });

  it('takes of erased subjects, and of what nobody can erase, what the sample has and no more', async () => {
    const { world, services } = await opened(20);
    for (let n = 0; n < 20; n += 1) erase(world, subjectKey('default', `c-${n}`), erasureText([]));
    for (let n = 0; n < 20; n += 1) erase(world, subjectKey('default', `c-${n}`), 'of nobody');
    for (let n = 0; n < 20; n += 1) world.publish(`c-${n}`);
    await world.rest(services);
    expect(findingsOf(await world.verify())).toEqual([]);
    for (const seed of [1, 2, 3]) expect(findingsOf(await world.verify(world.site, { oneIn: 4, seed }))).toEqual([]);
  });

  it('compares a long log in parts: what is the same and what is wrong is told once, as of all at once', async () => {
    const { world, services } = await opened(30);
    const { topics } = world.world;
    for (let n = 0; n < 30; n += 3)
      erase(world, subjectKey('default', `c-${n}`), n % 2 === 0 ? 'of nobody' : erasureText([]));
    for (let n = 0; n < 30; n += 1) world.publish(`c-${n}`);
    topics.append(AT, [{ key: utf8Bytes('default/c-1'), value: utf8Bytes('no event'), headers: [] }], START);
    await world.rest(services);
    const inParts = async (sample: Sample = null): Promise<readonly Row[]> => {
      const whole = await world.verify(world.site, sample);
      for (const partRecords of [100, 20, 7]) {
        const rows = await world.verify(world.site, sample, { partRecords });
        expect(rows.map((row) => ({ ...row, findings: [] }))).toEqual(whole.map((row) => ({ ...row, findings: [] })));
        expect(findingsOf(rows).toSorted()).toEqual(findingsOf(whole).toSorted());
      }
      return whole;
    };
    expect(findingsOf(await inParts())).toEqual([]);
    await inParts({ oneIn: 2, seed: 1 });
    const derived = { ...AT, topic: CALL_OUTCOMES };
    topics.append(derived, topics.read(derived, 2, 1).records);
    topics.append(derived, topics.read(derived, 5, 1).records);
    expect(findingsOf(await inParts()).join()).toMatch(/duplicated callfold.call-outcomes of .* seq \d/);
  });
});
