// @ts-check
/** A console beside real parts, each of which can be killed and started again. */

import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readConfig } from '@callfold/adapters';
import { rawTopic } from '@callfold/core';
import { openKafkaRaw, quietLogger } from '../../services/cli/dist/wiring/kafka.js';
import { createCrew } from '../faults/crew.mjs';
import { openStage } from '../faults/stage.mjs';
import { ROOT } from '../test/process.mjs';
import { oneMoreWaits } from './day.mjs';
import { noonZone } from './stage.mjs';

const run = promisify(execFile);
const COMMAND = join(ROOT, 'services/cli/bin/callfold.js');
const GENERATION = '1';

/**
 * @param {string} dir for logs
 * @param {(line: string) => void} say
 */
export async function openParts(dir, say) {
  const stage = await openStage({ brokers: 1, redis: 'single' }, say);
  const { kafka, redis } = stage;
  const env = { ...stage.env(GENERATION), CALLFOLD_CONSOLE_ZONE: noonZone() };
  const crew = createCrew({ dir, env, say });
  const [broker] = kafka.nodes;
  const [server] = redis.servers;
  if (!broker || !server) throw new Error('there is no broker, or no Redis');
  const away = {
    'the broker': {
      words: /as of .*(is away|cannot be read)/,
      kill: () => broker.kill(),
      // It answers before its partitions have leaders; it is back when they do.
      async start() {
        await broker.start();
        await stage.endsOf(rawTopic('callcenter24'));
      },
    },
    Redis: { words: /as of .*is away/, kill: () => server.kill(), start: () => server.start() },
  };

  /** @param {readonly object[]} events */
  async function send(events) {
    const file = join(dir, 'events.ndjson');
    writeFileSync(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    await crew.callfold(['import', file]);
  }

  /** What a command says; `status` ends with 1 where something is wrong. @param {readonly string[]} args */
  async function callfold(args) {
    const options = { env: { ...process.env, ...env, NO_COLOR: '1' } };
    const { stdout } = await run(process.execPath, [COMMAND, ...args], options).catch((error) => {
      if (error.code === 1 && error.stdout) return error;
      throw error;
    });
    return String(stdout);
  }

  try {
    await stage.applyTopics(GENERATION);
    await send(oneMoreWaits(Date.now(), 'CA-1000'));
    await crew.start('projector');
    const shown = await crew.start('console');
    await crew.ready();
    return {
      url: shown.url,
      send,
      callfold,
      /** @returns {Promise<any>} */
      status: async () => JSON.parse(await callfold(['--json', 'status'])),
      /** @param {'projector' | 'outcomes'} role */
      async serve(role) {
        await crew.start(role);
        await crew.ready();
      },
      /** A record comes that nobody can read. */
      async poison() {
        const raw = await openKafkaRaw(readConfig(env), quietLogger(say));
        const text = (/** @type {string} */ one) => new TextEncoder().encode(one);
        const record = { key: text('default/poison'), value: text('{"not": "avro"}'), headers: [] };
        await raw.writer.append({ topic: rawTopic('callcenter24'), partition: 0 }, [record]);
        await raw.close();
      },
      away,
      async close() {
        await crew.kill();
        await stage.close({ keep: false });
      },
    };
  } catch (error) {
    await crew.kill();
    await stage.close({ keep: false });
    throw error;
  }
}
