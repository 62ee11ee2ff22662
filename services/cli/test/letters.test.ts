import { readFileSync } from 'node:fs';
import { CODES, DEAD_LETTERS, rawTopic, TOPICS, utf8Bytes, utf8Text } from '@callfold/core';
import { createCodec, createLocalRegistry, createMemoryWorld } from '@callfold/adapters';
import type { Mark, Published, Publisher } from '@callfold/engine';
import {
  attemptsOf,
  doubtFrom,
  markOf,
  markRecord,
  originText,
  redrive,
  redriveOf,
  redriveRecord,
  redriveRefusal,
  redriveTarget,
} from '@callfold/engine';
import type { DeadLetter } from '@callfold/schemas';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../infra/random.mjs';
import { dlqList } from '../src/commands/dlq-list.ts';
import { dlqShow } from '../src/commands/dlq-show.ts';
import { lettersOf } from '../src/letters.ts';
import { discardAll } from '../src/redrive.ts';
import { openTestSite } from './explain-site.ts';
import { openNearbyDev } from './nearby-dev.ts';

/** What is decided of a dead letter, and that each is sent again once, wherever a run is cut short. */

const TOPIC = rawTopic('callcenter24');
const TARGET = { topic: TOPIC, partition: 0 };
const SEED = 20_260_228;

function letterOf(offset: number, fields: Partial<DeadLetter> = {}): DeadLetter {
  return {
    kind: 'dead-letter',
    code: 'not-avro',
    reason: 'the bytes do not decode',
    originTopic: TOPIC,
    originPartition: 0,
    originOffset: offset,
    originAppendedAt: 1_000,
    key: utf8Bytes(`key-${offset}`),
    value: utf8Bytes(`value-${offset}`),
    headers: [{ name: 'traceparent', value: utf8Bytes('00') }],
    attempts: 1,
    source: 'callcenter24',
    ...fields,
  };
}

const published = (record: ReturnType<typeof markRecord>): Published => ({ ...record, offset: 0 });

describe('a letter that is sent again', () => {
  it('has the bytes and headers it had, names its letter, and counts its attempts', () => {
    const once = redriveRecord(letterOf(7));
    expect([once.key, once.value].map((bytes) => utf8Text(bytes ?? new Uint8Array()))).toEqual(['key-7', 'value-7']);
    expect(redriveOf(once)).toBe(`${TOPIC}/0/7`);
    expect(attemptsOf(once.headers)).toBe(2);
    const twice = redriveRecord(letterOf(9, { headers: [...once.headers], attempts: attemptsOf(once.headers) }));
    expect(twice.headers.map(({ name }) => name)).toEqual(['traceparent', 'callfold-redrive-of', 'callfold-attempts']);
    expect([redriveOf(twice), attemptsOf(twice.headers)]).toEqual([`${TOPIC}/0/9`, 3]);
  });

  it.each(['0', '-1', 'x', '1.5', '99999999999'])('takes %s for no count of attempts', (said) => {
    expect(attemptsOf([{ name: 'callfold-attempts', value: utf8Bytes(said) }])).toBe(1);
  });

  it('is refused when it was tried three times, when its bytes are gone, and when it is of no raw topic', () => {
    expect(redriveRefusal(letterOf(1), false)).toBeNull();
    expect(redriveRefusal(letterOf(1, { attempts: 3 }), false)).toContain('--force');
    expect(redriveRefusal(letterOf(1, { attempts: 3 }), true)).toBeNull();
    expect(redriveRefusal(letterOf(1, { value: null, originAppendedAt: 0 }), true)).toBe('its bytes are gone');
    expect(redriveRefusal(letterOf(1, { originTopic: 'other' }), true)).toContain('none of the raw topics');
  });

  it('goes to where its subject belongs when it decodes, else to where it stood', async () => {
    const codec = createCodec(createLocalRegistry());
    await codec.register(TOPICS.map(({ name }) => name));
    expect(redriveTarget(letterOf(1, { originPartition: 3 }), codec, 8)).toEqual({ topic: TOPIC, partition: 3 });
    expect(redriveTarget(letterOf(1, { originPartition: 9 }), codec, 8)).toEqual({ topic: TOPIC, partition: 7 });
  });
});

describe('marks', () => {
  const marks: Mark[] = [
    { what: 'redriven', origin: `${TOPIC}/0/7` },
    { what: 'discarded', origin: `${TOPIC}/0/8` },
    { what: 'begin', target: `${TOPIC}/0`, from: 12 },
    { what: 'end', target: `${TOPIC}/0` },
  ];

  it('are read as they were written, and nothing else is one', () => {
    expect(marks.map((mark) => markOf(published(markRecord(mark))))).toEqual(marks);
    expect(markOf({ key: utf8Bytes('x'), value: utf8Bytes('y'), headers: [] })).toBeNull();
    expect(markOf({ key: utf8Bytes('x'), value: null, headers: [] })).toBeNull();
  });

  it('tell from where on a run that was cut short must be looked for, over several of them', () => {
    const [, , begin, end] = marks as [Mark, Mark, Mark, Mark];
    expect(doubtFrom([], TARGET)).toBeNull();
    expect(doubtFrom([begin], TARGET)).toBe(12);
    expect(doubtFrom([begin, end], TARGET)).toBeNull();
    expect(doubtFrom([begin, { what: 'begin', target: `${TOPIC}/0`, from: 40 }], TARGET)).toBe(12);
    expect(doubtFrom([begin], { topic: TOPIC, partition: 1 })).toBeNull();
  });
});

/** A run that dies before or after any of its calls. */
class Killed extends Error {
  override readonly name = 'Killed';
}

describe('redrive', () => {
  it('sends each letter once, killed before or after any call, again and again', async () => {
    const random = createRandom(SEED);
    for (let history = 0; history < 60; history += 1) {
      const world = createMemoryWorld({ clock: { now: () => 0 } });
      for (const { name } of TOPICS) world.topics.create(name, 1);
      const letters = Array.from({ length: 1 + random.whole(0, 450) }, (_, n) => letterOf(n));
      let isDone = false;
      for (let run = 0; run < 40 && !isDone; run += 1) {
        let calls = run === 39 ? Infinity : random.whole(0, 14);
        const publisher = world
          .ports(async (name, _at, work) => {
            if (name !== 'send' && name !== 'fence') return work();
            calls -= 1;
            if (calls < 0 && random.chance(0.5)) throw new Killed(name);
            const answer = work();
            if (calls < 0) throw new Killed(name);
            return answer;
          })
          .publisher();
        isDone = await runOnce(publisher, letters);
      }
      const again = world.topics.read(TARGET, 0, 1_000_000).records.map(redriveOf);
      expect(again, `seed ${SEED}, history ${history}`).toEqual(letters.map(originText));
      expect(await runOnce(world.ports().publisher(), letters)).toBe(true);
      expect(world.topics.read(TARGET, 0, 1_000_000).records).toHaveLength(letters.length);
    }
  });
});

async function runOnce(publisher: Publisher, letters: readonly DeadLetter[]): Promise<boolean> {
  async function* all() {
    yield* letters;
  }
  try {
    await redrive({
      target: TARGET,
      letters: all(),
      publisher,
      stop: { requested: false },
      progress: () => undefined,
    });
    return true;
  } catch (error) {
    if (error instanceof Killed) return false;
    throw error;
  }
}

describe('the page', () => {
  const page = readFileSync(new URL('../../../docs/dead-letters.md', import.meta.url), 'utf8');

  it('has every code with its meaning, and no other', () => {
    const rows = [...page.matchAll(/^\| `([a-z0-9-]+)` \| (.+) \|$/gm)].map(([, code, words]) => [code, words]);
    expect(Object.fromEntries(rows)).toEqual(CODES);
  });

  it('says of the topic what it is', () => {
    const limit = (name: string): number =>
      Number(TOPICS.find((one) => one.name === name)?.config['max.message.bytes']);
    expect(limit(DEAD_LETTERS) - limit(TOPIC)).toBe(65_536);
  });
});

describe('letters that are put aside', () => {
  async function withLetters() {
    const { site, world } = await openTestSite();
    for (const offset of [7, 8, 9]) {
      const value = site.codec.encode(DEAD_LETTERS, letterOf(offset));
      world.topics.append({ topic: DEAD_LETTERS, partition: offset % 2 }, [{ key: null, value, headers: [] }]);
    }
    async function left(): Promise<number> {
      let count = 0;
      for await (const _ of lettersOf(site, {})) count += 1;
      return count;
    }
    return { site, left };
  }
  const wanted = new Promise<void>(() => undefined);

  it('are all that were asked for, in every partition', async () => {
    const { site, left } = await withLetters();
    expect(await left()).toBe(3);
    expect(await discardAll(site, {}, { stop: { requested: false, wanted } })).toEqual({ count: 3, ended: false });
    expect(await left()).toBe(0);
  });

  it('are as many as it says when it is told to stop', async () => {
    const ends = new Set<number>();
    for (let asked = 0; asked <= 6; asked += 1) {
      const { site, left } = await withLetters();
      let times = 0;
      const stop = {
        wanted,
        get requested() {
          times += 1;
          return times > asked;
        },
      };
      const { count, ended } = await discardAll(site, {}, { stop });
      expect([await left(), ended]).toEqual([3 - count, count < 3]);
      ends.add(count);
    }
    expect([...ends]).toEqual(expect.arrayContaining([0, 3]));
    expect(ends.size).toBe(3);
  });
});

describe('callfold dlq on the embedded store', () => {
  it('lists those that nobody has dealt with, and shows all of one', async () => {
    const { site, world } = await openTestSite();
    const at = { topic: DEAD_LETTERS, partition: 0 };
    for (const offset of [7, 8]) {
      const value = site.codec.encode(DEAD_LETTERS, letterOf(offset));
      world.topics.append(at, [{ key: null, value, headers: [] }]);
    }
    world.topics.append(at, [markRecord({ what: 'discarded', origin: `${TOPIC}/0/8` })]);
    const dev = await openNearbyDev(site);
    const listed = await dev.run((context) => dlqList({}, context), true);
    expect(listed.said).toBe('1 dead letter.\n');
    expect(JSON.parse(listed.out)).toMatchObject({ originOffset: 7, code: 'not-avro', value: btoa('value-7') });
    expect((await dev.run((context) => dlqList({ code: 'too-late' }, context))).said).toBe('0 dead letters.\n');
    const shown = await dev.run((context) => dlqShow(`${TOPIC}/0/7`, context));
    expect(shown.out).toContain('  reason     the bytes do not decode\n');
    await expect(dev.run((context) => dlqShow(`${TOPIC}/0/9`, context))).rejects.toThrow('No dead letter of');
    await dev.close();
  });
});
