import type { DerivedRecord } from '@callfold/core';
import { CALL_OUTCOMES, DEFAULT_SETTINGS, ORIGIN_HEADER, SEQ_HEADER, utf8Bytes } from '@callfold/core';
import { expect, it } from 'vitest';
import { liveJson, liveText, lookAtLive } from '../src/live-subject.ts';
import { explainSubject } from '../src/subject.ts';
import type { TestSite } from './explain-site.ts';
import { openTestSite, RULES } from './explain-site.ts';

const QUERY = { kind: 'call', id: 'c-1', tenantId: 'default' } as const;

async function told(): Promise<{ log: TestSite; record: DerivedRecord; at: { topic: string; partition: number } }> {
  const log = await openTestSite();
  log.tell({ source: 'callcenter24', callId: 'c-1' }, [
    [0, 'Participant join (Contact)'],
    [8, 'Participant leave (Contact)'],
    [8, 'Call ended'],
  ]);
  const [found] = await explainSubject(log.site, QUERY, RULES);
  if (!found) throw new Error('not found');
  const at = { topic: found.place.topic, partition: found.place.partition };
  await log.tick(at, 60);
  const [settled] = await explainSubject(log.site, QUERY, RULES);
  const record = settled?.explanation.timeline.flatMap(({ published }) => published)[0]?.record;
  if (!record) throw new Error('nothing was published');
  return { log, record, at };
}

function publish(log: TestSite, partition: number, seq: number, origin: string, record: DerivedRecord): void {
  const value = log.site.codec.encode(CALL_OUTCOMES, record);
  const headers = [
    { name: ORIGIN_HEADER, value: utf8Bytes(origin) },
    { name: SEQ_HEADER, value: utf8Bytes(String(seq)) },
  ];
  log.world.topics.append({ topic: CALL_OUTCOMES, partition }, [{ key: utf8Bytes(record.outcomeId), value, headers }]);
}

it('tells what stands of a subject, what caused it, and how today says otherwise', async () => {
  const { log, record, at } = await told();
  const origin = `${at.topic}/${at.partition}`;
  // By an older version it was short, and then it was not published again.
  publish(log, at.partition, 0, `${origin}/2`, { ...record, outcomeId: 'default/callcenter24/c-10' });
  publish(log, at.partition, 1, `${origin}/3`, { ...record, short: true } as DerivedRecord);
  const [explained] = await explainSubject(log.site, QUERY, RULES);
  if (!explained) throw new Error('not found');
  const live = await lookAtLive({ site: log.site, settings: DEFAULT_SETTINGS, explained, say: () => undefined });
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

it('says nothing of a record that is what the log says', async () => {
  const { log, record, at } = await told();
  publish(log, at.partition, 0, `${at.topic}/${at.partition}/3`, record);
  const [explained] = await explainSubject(log.site, QUERY, RULES);
  if (!explained) throw new Error('not found');
  const live = await lookAtLive({ site: log.site, settings: DEFAULT_SETTINGS, explained, say: () => undefined });
  expect(live.standing.map(({ otherwise }) => otherwise)).toEqual([null]);
});
