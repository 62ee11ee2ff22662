import { DEFAULT_SETTINGS, rawTopic } from '@callfold/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXIT, WrongArgument } from '../src/command.ts';
import type { OffsetsOptions, OffsetsPlan } from '../src/offsets.ts';
import { offsetsOn, planOffsets } from '../src/offsets.ts';
import { onSite } from '../src/on-site.ts';
import type { TestSite } from './explain-site.ts';
import { eventOf, openTestSite, PARTITIONS, START } from './explain-site.ts';
import type { NearbyDev } from './nearby-dev.ts';
import { openNearbyDev } from './nearby-dev.ts';

const TOPIC = rawTopic('callcenter24');
const ONE = { topic: TOPIC, role: 'outcomes' } as const;
const MINUTE = 60_000;
const iso = (ms: number): string => new Date(ms).toISOString();

let log: TestSite;
let dev: NearbyDev;

beforeEach(async () => {
  log = await openTestSite();
  dev = await openNearbyDev(log.site);
});
afterEach(() => dev.close());

/** Ten records of one partition, a minute apart, and a role that has folded the first six. */
async function tenRecords(role: 'outcomes' | 'projector' = 'outcomes'): Promise<number> {
  const event = eventOf({ source: 'callcenter24', callId: 'c-1', occurredAt: iso(START), status: 'Call ended' });
  const at = log.placeOf(event);
  for (let minute = 0; minute < 10; minute += 1) {
    log.setSecond(minute * 60);
    log.append(event, at);
  }
  const store = log.ports.store(role);
  const { claim } = await store.claim(at, 'token');
  const nothing = { tables: new Map(), timers: new Map(), outboxFrom: 0, outbox: [], outboxTrim: 0 };
  const answer = await store.commit(at, claim, { expected: null, next: 6, meta: '', ...nothing });
  expect(answer).toEqual({ ok: true });
  return at.partition;
}

const plan = (options: OffsetsOptions, now = START + 10 * MINUTE): Promise<OffsetsPlan> =>
  planOffsets(log.site, DEFAULT_SETTINGS, options, now);

const run = (options: OffsetsOptions, json = false) =>
  dev.run((context) => onSite('offsets', options, context, offsetsOn), json);

describe('a plan of offsets', () => {
  it.each<[OffsetsOptions, number, number]>([
    [{ toDatetime: iso(START + 2 * MINUTE) }, 2, -4],
    [{ toDatetime: iso(START + 2 * MINUTE + 1) }, 3, -3],
    [{ byDuration: 'PT3M' }, 7, 1],
    [{ byDuration: '9m' }, 1, -5],
    [{ shiftBy: '-2' }, 4, -2],
    [{ shiftBy: '3' }, 9, 3],
    [{ toOffset: '5' }, 5, -1],
    [{ toEarliest: true }, 0, -6],
    [{ toLatest: true }, 10, 4],
    [{ toCurrent: true }, 6, 0],
    [{}, 6, 0],
  ])('%j', async (options, offset, records) => {
    const partition = await tenRecords();
    const { partitions } = await plan({ ...ONE, partition, ...options });
    const recordAt = offset < 10 ? START + offset * MINUTE : null;
    expect(partitions).toHaveLength(1);
    expect(partitions[0]).toMatchObject({ position: 6, positionAt: START + 6 * MINUTE, offset, records, recordAt });
    const [low, high] = [Math.min(6, offset), Math.max(6, offset)];
    const between =
      low === high ? { first: null, last: null } : { first: START + low * MINUTE, last: START + (high - 1) * MINUTE };
    expect(partitions[0]?.between).toEqual(between);
  });

  it('tells what a fold of them would take, by a sample of enough of them', async () => {
    const partition = await tenRecords();
    expect((await plan({ ...ONE, partition, toEarliest: true })).fold).toBeNull();
    for (let n = 0; n < 1_000; n += 1) await log.tick({ topic: TOPIC, partition }, 700 + n);
    const { fold } = await plan({ ...ONE, partition, toLatest: true });
    expect(fold?.perSecond).toBeGreaterThan(0);
    expect((fold?.perSecond ?? 0) * (fold?.seconds ?? 0)).toBeCloseTo(1_004, 3);
    const { out } = await run({ ...ONE, partition, toLatest: true });
    expect(out).toMatch(/1,004 records lie after the positions; to fold them takes one process about \d+ s, at the/);
  });

  it('says where the log does not go so far', async () => {
    const partition = await tenRecords();
    log.world.topics.retain({ topic: TOPIC, partition }, 3);
    const beyond = async (options: OffsetsOptions): Promise<unknown> => {
      const [row] = (await plan({ ...ONE, partition, ...options })).partitions;
      return [row?.offset, row?.beyond];
    };
    expect(await beyond({ toDatetime: iso(START) })).toEqual([3, 'start']);
    expect(await beyond({ shiftBy: '-6' })).toEqual([3, 'start']);
    expect(await beyond({ toOffset: '99' })).toEqual([10, 'end']);
    expect(await beyond({ shiftBy: '4' })).toEqual([10, null]);
  });

  it('is of all partitions of both roles, unless told otherwise', async () => {
    await tenRecords();
    expect((await plan({ toEarliest: true })).partitions).toHaveLength(2 * 4 * PARTITIONS);
    expect((await plan({ role: 'projector', toEarliest: true })).partitions).toHaveLength(4 * PARTITIONS);
    expect((await plan({ topic: TOPIC, toEarliest: true })).partitions).toHaveLength(2 * PARTITIONS);
    await expect(plan({ partition: 99 })).rejects.toThrow(WrongArgument);
  });

  it('has the same id for the same offsets of the same records, and no other', async () => {
    const partition = await tenRecords();
    const { plan: id } = await plan({ ...ONE, partition, toOffset: '5' });
    expect((await plan({ ...ONE, partition, shiftBy: '-1' }, START)).plan).toBe(id);
    expect((await plan({ ...ONE, partition, toOffset: '4' })).plan).not.toBe(id);
  });

  it.each<[OffsetsOptions, RegExp]>([
    [{ toDatetime: '2026-01-05T09:00:00' }, /--to-datetime: .* has no zone: add Z or an offset/],
    [{ byDuration: 'P1M' }, /--by-duration: .* is no duration/],
    [{ shiftBy: 'x' }, /--shift-by: "x" is no number of records/],
    [{ toOffset: '-1' }, /--to-offset: "-1" is no offset/],
    [{ toEarliest: true, toLatest: true }, /Only one of --to-earliest, --to-latest/],
    [{ fromFile: 'callfold.raw.atlas,0' }, /line 1 of the file is not topic,partition,offset/],
    [{ fromFile: 'callfold.raw.nope,0,1' }, /"callfold.raw.nope" is none of/],
    [{ fromFile: 'callfold.raw.atlas,0,1\ncallfold.raw.atlas,0,2' }, /has callfold.raw.atlas\/0 twice/],
    [{ fromFile: '{"plan":"x"}' }, /is no plan/],
  ])('%j is refused', async (options, why) => {
    await expect(plan(options)).rejects.toThrow(why);
    await expect(plan(options)).rejects.toThrow(WrongArgument);
  });
});

describe('a plan in a file', () => {
  const file = async (partition: number): Promise<string> =>
    (await run({ ...ONE, partition, toOffset: '5' }, true)).out;

  it('gives the same offsets again', async () => {
    const partition = await tenRecords();
    const text = await file(partition);
    const again = await plan({ fromFile: text });
    expect(again.partitions.map(({ role, offset }) => [role, offset])).toEqual([['outcomes', 5]]);
    expect(again.plan).toBe((JSON.parse(text) as OffsetsPlan).plan);
  });

  it('is refused when it was changed by hand', async () => {
    const partition = await tenRecords();
    const text = (await file(partition)).replace('"offset":5', '"offset":4');
    await expect(plan({ fromFile: text })).rejects.toThrow(/was changed by hand/);
  });

  it('is stale when the log lost those records, or has others there', async () => {
    const partition = await tenRecords();
    const text = await file(partition);
    log.world.topics.retain({ topic: TOPIC, partition }, 6);
    await expect(plan({ fromFile: text })).rejects.toThrow(/is stale: .* begins at offset 6 now, the plan's 5 is gone/);
    const other = await openTestSite();
    const stale = planOffsets(other.site, DEFAULT_SETTINGS, { fromFile: text }, START);
    await expect(stale).rejects.toThrow(/is stale: .* ends at offset 0 now/);
    for (let n = 0; n < 10; n += 1) {
      other.setSecond(1_000 + n);
      await other.tick({ topic: TOPIC, partition }, 1_000 + n);
    }
    const anew = planOffsets(other.site, DEFAULT_SETTINGS, { fromFile: text }, START);
    await expect(anew).rejects.toThrow(/has another record at offset 5 now: the topic was made anew/);
  });

  it("may be lines of Kafka's tools, which --export writes", async () => {
    const partition = await tenRecords();
    const { out } = await run({ ...ONE, partition, toOffset: '5', export: true });
    expect(out).toBe(`${TOPIC},${partition},5\n`);
    const { partitions } = await plan({ role: 'outcomes', fromFile: out });
    expect(partitions.map(({ offset }) => offset)).toEqual([5]);
    const unclear = run({ topic: TOPIC, partition, toCurrent: true, export: true });
    await expect(unclear).rejects.toThrow(/Say which is meant with --role/);
  });
});

describe('callfold offsets', () => {
  it('shows before and after, moves nothing, and names what does what is wanted', async () => {
    const partition = await tenRecords();
    const { exit, out, said } = await run({ ...ONE, partition, toDatetime: iso(START + 2 * MINUTE) });
    expect(exit).toBe(EXIT.done);
    expect(out).toMatch(/^ROLE .*POSITION .*OFFSET .*RECORDS .*SPAN/);
    expect(out).toMatch(
      /outcomes .* 6 {2}2026-01-05T09:06:00.000Z {2,}2 {2}2026-01-05T09:02:00.000Z {2,}-4 {2}3 min 0 s/,
    );
    expect(out).toMatch(/Plan [0-9a-f]{12}: 4 records lie before the positions\./);
    expect(said).toContain('Nothing was moved.');
    expect(said).toContain(
      `callfold replay outcomes --from 2026-01-05T09:02:00.000Z --to latest --source callcenter24 --partition ${partition}\n`,
    );
    expect(said).not.toContain('callfold rebuild');
    expect((await log.ports.store('outcomes').peek({ topic: TOPIC, partition }))?.next).toBe(6);
  });

  it('names the rebuild that begins at these offsets, of the projector', async () => {
    const { said } = await run({ topic: TOPIC, role: 'projector', toEarliest: true });
    expect(said).toBe('');
    await tenRecords('projector');
    const back = (await run({ topic: TOPIC, role: 'projector', toEarliest: true })).said;
    expect(back).toContain('  aggregates anew, beside the live ones    callfold rebuild next\n');
    expect(back).toContain('this command with --json > plan.json, then callfold rebuild next --from-file plan.json\n');
    expect(back).toContain(`callfold verify --topic ${TOPIC}\n`);
    expect(back).not.toContain('callfold replay');
  });

  it('going on is told to lose records, and --execute is refused', async () => {
    const partition = await tenRecords();
    const { exit, said } = await run({ ...ONE, partition, toLatest: true, execute: true });
    expect(exit).toBe(EXIT.precondition);
    expect(said).toContain('missing in their subjects for good');
    expect(said).toContain('callfold dlq list');
  });

  it('says nothing more where nothing lies in between', async () => {
    const partition = await tenRecords();
    const { out, said } = await run({ ...ONE, partition });
    expect(out).toContain('No record lies in between.');
    expect(said).toBe('');
  });

  it('wrong words are a usage error in this process too, and what dev does not know is told', async () => {
    await expect(run({ toOffset: 'x' })).rejects.toThrow(WrongArgument);
    const unknown = dev.run((context) => onSite('nothing', {}, context, async () => EXIT.done));
    await expect(unknown).rejects.toThrow(/does not know `nothing`: start it anew/);
  });
});
