/** Events full of names and numbers, good and bad, through both services: none of them is in a log line. */

import { rawTopic, utf8Bytes } from '@callfold/core';
import { expect, it, vi } from 'vitest';
import { createLogger } from '../src/ops/log.ts';
import { logObserver } from '../src/ops/observer.ts';
import { event, openHarness, OUTCOMES, PROJECTOR, START } from './engine-harness.ts';

vi.setConfig({ testTimeout: 60_000 });

const CANARIES = ['CANARY-ID', 'Zebra Quux', '+49 170 1234567', '491701234567', 'canary@example.org', 'CANARY-TEXT'];
const HOUR = 3_600_000;

it('at any level', async () => {
  const h = await openHarness();
  const attributes = { number: '+49 170 1234567', mail: 'canary@example.org', 'Zebra Quux': '491701234567' };
  const call = { source: 'callcenter24', callId: 'CANARY-ID-1', occurredAt: START, attributes };
  const good = [
    event({ ...call, status: 'Participant join ([Zebra Quux])' }),
    event({ ...call, status: 'Zebra Quux called +49 170 1234567 back', eventId: 'CANARY-ID-2' }),
    event({ ...call, status: 'Call ended' }),
    event({ source: 'vonage', agentId: 'CANARY-ID-3', start: '2026-01-05T09:00:00Z', state: 'CANARY-TEXT' }),
    event({ source: 'chatterfy', chatId: 'CANARY-ID-4', occurredAt: START, status: 'CANARY-TEXT' }),
  ];
  h.publish(good);
  const [first] = good as [(typeof good)[number]];
  const bad = [
    h.codec.encodeRaw({ ...first, subjectId: 'CANARY-ID '.repeat(40) }),
    h.codec.encodeRaw({ ...first, tenantId: 'Zebra Quux' }),
    h.codec.encodeRaw({ ...first, occurredAt: 0 }),
    utf8Bytes('CANARY-TEXT of Zebra Quux, 491701234567'),
  ];
  const key = utf8Bytes('default/CANARY-ID-1');
  for (const value of bad) h.append({ topic: rawTopic('callcenter24'), partition: 0 }, { key, value });
  h.append(
    { topic: rawTopic('callcenter24'), partition: (h.placeOf(first).partition + 1) % 2 },
    { key, value: h.codec.encodeRaw(first) },
  );

  const services = [h.start(OUTCOMES), h.start(PROJECTOR)];
  expect(await h.clock.runUntil(h.settled(services), HOUR)).toBe(true);
  await h.stop(services);
  expect(h.letters()).toHaveLength(bad.length + 1);

  const lines: string[] = [];
  const observer = logObserver(createLogger('trace', 'outcomes', { write: (line) => void lines.push(line) }));
  for (const one of h.said) observer(one);
  const text = lines.join('');
  for (const name of ['record-rejected', 'unknown-word', 'batch-committed']) expect(text).toContain(name);
  for (const canary of CANARIES) {
    expect(text, canary).not.toContain(canary);
    expect(JSON.stringify([...h.said, ...h.letters()].concat()) + JSON.stringify(good), canary).toContain(canary);
  }
});
