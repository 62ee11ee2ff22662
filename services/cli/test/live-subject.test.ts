import { readConfig } from '@callfold/adapters';
import type { DerivedRecord } from '@callfold/core';
import {
  CALL_OUTCOMES,
  CHAT_HANDOFFS,
  CHAT_OUTCOMES,
  DEFAULT_SETTINGS,
  ORIGIN_HEADER,
  SEQ_HEADER,
  utf8Bytes,
} from '@callfold/core';
import type { Explained, SubjectQuery } from '@callfold/engine';
import { explainSubject } from '@callfold/engine';
import { expect, it } from 'vitest';
import type { LiveSubject } from '../src/live-subject.ts';
import { liveJson, liveText, lookAtLive } from '../src/live-subject.ts';
import { rawOf } from '../src/subject.ts';
import type { TestSite } from './explain-site.ts';
import { openTestSite, RULES } from './explain-site.ts';

const QUERY: SubjectQuery = { kind: 'call', id: 'c-1', tenantId: 'default' };

async function explained(log: TestSite, query = QUERY): Promise<Explained> {
  const [found] = await explainSubject(rawOf(log.site), query, RULES);
  if (!found) throw new Error('not found');
  return found;
}

async function look(log: TestSite, { query = QUERY, settings = DEFAULT_SETTINGS } = {}): Promise<LiveSubject> {
  return lookAtLive({
    site: log.site,
    settings,
    explained: await explained(log, query),
    isPast: query.at !== undefined,
    say: () => undefined,
  });
}

async function told(): Promise<{ log: TestSite; record: DerivedRecord; at: { topic: string; partition: number } }> {
  const log = await openTestSite();
  log.tell({ source: 'callcenter24', callId: 'c-1' }, [
    [0, 'Participant join (Contact)'],
    [8, 'Participant leave (Contact)'],
    [8, 'Call ended'],
  ]);
  const { place } = await explained(log);
  const at = { topic: place.topic, partition: place.partition };
  await log.tick(at, 60);
  const { explanation } = await explained(log);
  const record = explanation.timeline.flatMap(({ published }) => published)[0]?.record;
  if (!record) throw new Error('nothing was published');
  return { log, record, at };
}

function publish(
  log: TestSite,
  partition: number,
  seq: number,
  origin: string,
  record: DerivedRecord,
  topic: string = CALL_OUTCOMES,
): void {
  const value = log.site.codec.encode(topic, record);
  const headers = [
    { name: ORIGIN_HEADER, value: utf8Bytes(origin) },
    { name: SEQ_HEADER, value: utf8Bytes(String(seq)) },
  ];
  log.world.topics.append({ topic, partition }, [{ key: utf8Bytes(record.outcomeId), value, headers }]);
}

it('tells what stands of a subject, what caused it, and how today says otherwise', async () => {
  const { log, record, at } = await told();
  const origin = `${at.topic}/${at.partition}`;
  // By an older version it was short, and then it was not published again.
  publish(log, at.partition, 0, `${origin}/2`, { ...record, outcomeId: 'default/callcenter24/c-10' });
  publish(log, at.partition, 1, `${origin}/3`, { ...record, short: true } as DerivedRecord);
  const live = await look(log);
  expect(live.standing).toMatchObject([{ topic: CALL_OUTCOMES, seq: 1, origin: `${origin}/3`, correctedAt: null }]);
  const text = liveText(live);
  expect(text).toContain(`  ${CALL_OUTCOMES} seq 1, revision 1: `);
  expect(text).toContain(`      caused by ${origin}/3; today the log says: short true -> false\n`);
  expect(text).toContain('What readers see, by generation 1 (not folded yet): nothing\n');
  expect(text).toMatch(
    /\n {2}a rebuild by today's code and settings \(up to offset 4\): .*outcome nothing -> "abandoned"/,
  );
  expect(liveJson(live)).toMatchObject({ standing: [{ record: { outcome: 'abandoned', short: true } }] });
});

it('goes back to a moment: what stood by then, and what each generation gave of it', async () => {
  const { log, record, at } = await told();
  const origin = `${at.topic}/${at.partition}`;
  publish(log, at.partition, 0, `${origin}/3`, record);
  const seenAt = (offset: number): Promise<LiveSubject> => look(log, { query: { ...QUERY, at: { offset } } });
  const before = await seenAt(0);
  expect(before).toMatchObject({ asOf: 1, standing: [], sights: [{ state: 'live', position: 1 }, {}] });
  expect(before.sights.map(({ values }) => values?.['phase'])).toEqual(['waiting', 'waiting']);
  expect(liveText(before)).toContain(
    'What the log gave readers by then, by the settings of generation 1 (folded again up to offset 1): phase "waiting"',
  );
  const after = await seenAt(3);
  expect(after.standing.map(({ seq, otherwise }) => [seq, otherwise])).toEqual([[0, null]]);
  expect(after.sights.map(({ values }) => values?.['outcome'])).toEqual(['abandoned', 'abandoned']);
});

it('says nothing of a record that is what the log says', async () => {
  const { log, record, at } = await told();
  publish(log, at.partition, 0, `${at.topic}/${at.partition}/3`, record);
  const live = await look(log);
  expect(live.standing.map(({ otherwise }) => otherwise)).toEqual([null]);
});

it('holds a chat and its hand-off apart, whose ids are the same', async () => {
  const log = await openTestSite();
  log.tell({ source: 'chatterfy', chatId: 'x' }, [
    [0, 'Active'],
    [5, 'Manual'],
    [9, 'Finished'],
  ]);
  const query = { kind: 'chat', id: 'x', tenantId: 'default' } as const;
  const open = await explained(log, query);
  const at = { topic: open.place.topic, partition: open.place.partition };
  await log.tick(at, 600);
  const { explanation } = await explained(log, query);
  const records = explanation.timeline.flatMap(({ published }) => published.map(({ record }) => record));
  const lastOf = (kind: DerivedRecord['kind']): DerivedRecord => {
    const last = records.findLast((record) => record.kind === kind);
    if (!last) throw new Error(`no ${kind}`);
    return last;
  };
  const [chat, stay] = [lastOf('chat-outcome'), lastOf('chat-handoff')];
  expect(stay.outcomeId).toBe(chat.outcomeId);
  publish(
    log,
    at.partition,
    0,
    `${at.topic}/${at.partition}/2`,
    { ...chat, handoffs: 7 } as DerivedRecord,
    CHAT_OUTCOMES,
  );
  publish(log, at.partition, 0, `${at.topic}/${at.partition}/2`, stay, CHAT_HANDOFFS);
  const live = await look(log, { query });
  expect(live.standing.map(({ record, otherwise }) => [record?.kind, otherwise])).toEqual([
    ['chat-outcome', 'the log says: handoffs 7 -> 1'],
    ['chat-handoff', null],
  ]);
});

it('finds what stands of a subject where records name nobody', async () => {
  const { log, record, at } = await told();
  const { settings } = readConfig({ CALLFOLD_PII_KEY: 'a key of at least thirty-two characters' });
  const hidden = settings.disguise?.of(record);
  if (!hidden) throw new Error('no disguise');
  publish(log, at.partition, 0, `${at.topic}/${at.partition}/3`, hidden);
  const live = await look(log, { settings });
  expect(live.standing).toMatchObject([{ seq: 0, otherwise: null, record: { outcomeId: hidden.outcomeId } }]);
});

it('prints nothing that a terminal would take for a command', async () => {
  const { log, record, at } = await told();
  publish(log, at.partition, 0, `${at.topic}/${at.partition}/3`, {
    ...record,
    rawStatus: 'Call ended\u009b2J',
    attributes: { queue: '\u009b31m' },
  } as DerivedRecord);
  const text = liveText(await look(log));
  expect(text).toContain('\\u009b');
  expect(text).not.toContain('\u009b');
});

it('has what was caused where a subject was before it was moved, also up to a moment since', async () => {
  const { log, record, at } = await told();
  const elsewhere = (at.partition + 1) % 4;
  publish(log, at.partition, 0, `${at.topic}/${elsewhere}/70`, record);
  const found = await explained(log);
  const lookAt = (one: Explained, isPast: boolean): Promise<LiveSubject> =>
    lookAtLive({ site: log.site, settings: DEFAULT_SETTINGS, explained: one, isPast, say: () => undefined });
  expect((await lookAt(found, false)).standing).toMatchObject([{ seq: 0 }]);
  const moved = { ...found, place: { ...found.place, before: [{ partition: elsewhere, upTo: 71 }] } };
  for (const isPast of [false, true]) expect((await lookAt(moved, isPast)).standing).toMatchObject([{ seq: 0 }]);
  // What was caused behind that moment did not stand then.
  const earlier = { ...moved, place: { ...moved.place, before: [{ partition: elsewhere, upTo: 70 }] } };
  expect((await lookAt(earlier, true)).standing).toEqual([]);
});
