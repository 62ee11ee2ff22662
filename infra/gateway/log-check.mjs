// @ts-check
/** What stands in the log, held against what was answered: by reading all of it. */

import { createCodec, createKafkaLog, createRegistry } from '@callfold/adapters';
import { rawTopic } from '@callfold/core';
import { connectionOf, quietLogger } from '../../services/cli/dist/wiring/kafka.js';
import { readConfig } from '@callfold/adapters/config';

const PAGE_RECORDS = 5_000;
const TOPIC = rawTopic('callcenter24');

/**
 * How many different events of each batch stand, by `run/batch`.
 * @param {Record<string, string>} env
 */
export async function eventsInLog(env) {
  const config = readConfig(env);
  const codec = createCodec(createRegistry({ url: config.registry?.url ?? '' }));
  const log = createKafkaLog({
    connection: connectionOf(
      config,
      quietLogger(() => {}),
    ),
    groupId: 'load',
  });
  /** @type {Map<string, Set<number>>} */
  const stands = new Map();
  let records = 0;
  try {
    const partitions = await log.partitions(TOPIC);
    for (let partition = 0; partition < partitions; partition += 1) {
      const at = { topic: TOPIC, partition };
      const { start, end } = await log.bounds(at);
      for (let offset = start; offset < end; ) {
        const page = await log.read(at, offset, PAGE_RECORDS);
        await codec.prepare(page.records);
        for (const { value } of page.records) {
          const event = value === null ? null : codec.decode('callcenter24', value);
          if (event === null || 'rejected' in event)
            throw new Error(`${TOPIC}/${partition} holds what is no event of ours`);
          const [run = '', batch = '', n = ''] = event.eventId.split('/');
          const name = `${run}/${batch}`;
          const seen = stands.get(name) ?? new Set();
          stands.set(name, seen.add(Number(n)));
          records += 1;
        }
        offset = page.next;
      }
    }
  } finally {
    await log.close();
  }
  return { stands, records };
}

/**
 * @param {import('./sender.mjs').Run} run
 * @param {Map<string, Set<number>>} stands
 */
export function compare({ name, events, answers }, stands) {
  let accepted = 0;
  let lost = 0;
  let otherwise = 0;
  let hanging = 0;
  let standsAnyway = 0;
  for (const [batch, answer] of answers) {
    const seen = stands.get(`${name}/${batch}`)?.size ?? 0;
    if (answer.status === 202) {
      accepted += events;
      lost += events - seen;
      // Whoever says 202 has to have taken all that was sent here: nothing of it is wrong.
      if (answer.accepted !== events) lost += events - answer.accepted;
      continue;
    }
    if (answer.status === 0) hanging += events;
    else otherwise += events;
    standsAnyway += seen;
  }
  return { accepted, lost, otherwise, hanging, standsAnyway };
}
